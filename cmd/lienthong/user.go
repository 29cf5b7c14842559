package main

import (
	"context"
	"crypto/sha256"
	"strings"

	"github.com/spf13/cobra"

	"lienthong/certs"
	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

type userFlags struct {
	config, name  string
	certs, grants []string
	disable       bool
}

func (a *app) userCommand() *cobra.Command {
	var f userFlags
	add := &cobra.Command{
		Use:   "add ID --cert FILE --grant ROLE:AGENCY",
		Short: "Add a user, or change one: certificates, roles",
		Long: `Add a user (a person or a program) to a node, or replace what is named of one of the
same id. A user is known by the public key of a client certificate, or by API tokens
("lienthong token create"). Roles are clerk, signer and reader, each for an agency, and
auditor and admin for the node.

Administrators do this on the running node. The first of them is added with --config FILE,
at the node itself, while it is not running: it has its store to itself.`,
		Example: `  lienthong user add admin --config ward.yaml --cert admin.pem --grant admin
  lienthong user add qlvb --as admin.yaml --cert qlvb.pem --grant clerk:H55.1 --grant signer:H55.1`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			if f.config != "" {
				return a.userAddOffline(c.Context(), in[0], f)
			}
			return a.userAdd(c.Context(), in[0], f)
		},
	}
	add.Flags().StringVar(&f.name, "name", "", "name, for people")
	add.Flags().StringArrayVar(&f.certs, "cert", nil, "client certificate in PEM or DER, repeatable")
	add.Flags().StringArrayVar(&f.grants, "grant", nil, "ROLE:AGENCY, or auditor, admin; repeatable")
	add.Flags().BoolVar(&f.disable, "disable", false, "keep the user, and let nothing in")
	list := &cobra.Command{
		Use:   "list",
		Short: "List users with their roles",
		Args:  args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if f.config != "" {
				return a.userListOffline(c.Context(), f.config)
			}
			return a.userList(c.Context())
		},
	}
	for _, c := range []*cobra.Command{add, list} {
		c.Flags().StringVar(&f.config, "config", "", "YAML file of a node that is not running")
		a.nodeAddressFlags(c)
	}
	return group("user", "Users of a node (người dùng)", add, list, a.userGrantCommand(), a.userDisableCommand(), a.userEnableCommand(), a.userRefusedCommand())
}

func (a *app) userGrantCommand() *cobra.Command {
	var add, remove []string
	c := a.nodeAddressFlags(&cobra.Command{
		Use:   "grant ID --add ROLE:AGENCY --remove ROLE:AGENCY",
		Short: "Give roles to a user and take others, and leave the rest",
		Args:  args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			return a.withUser(c.Context(), func(ctx context.Context, to *client.Client) (*lienthongv1.User, error) {
				answer, err := to.Identity.GrantRoles(ctx, &lienthongv1.GrantRolesRequest{User: in[0], Add: roleGrants(add), Remove: roleGrants(remove)})
				return answer.GetUser(), err
			})
		},
	})
	c.Flags().StringArrayVar(&add, "add", nil, "ROLE:AGENCY, or auditor, admin; repeatable")
	c.Flags().StringArrayVar(&remove, "remove", nil, "ROLE:AGENCY, or auditor, admin; repeatable")
	c.MarkFlagsOneRequired("add", "remove")
	return c
}

func (a *app) userDisableCommand() *cobra.Command {
	return a.nodeAddressFlags(&cobra.Command{
		Use:   "disable ID",
		Short: "Let a user in no more, nor its tokens, from the next call on",
		Args:  args(1, 1),
		RunE:  func(c *cobra.Command, in []string) error { return a.setDisabled(c.Context(), in[0], true) },
	})
}

func (a *app) userEnableCommand() *cobra.Command {
	return a.nodeAddressFlags(&cobra.Command{
		Use:   "enable ID",
		Short: "Let a user in again who was disabled",
		Args:  args(1, 1),
		RunE:  func(c *cobra.Command, in []string) error { return a.setDisabled(c.Context(), in[0], false) },
	})
}

func (a *app) setDisabled(ctx context.Context, id string, disabled bool) error {
	return a.updateUser(ctx, &lienthongv1.UpdateUserRequest{User: &lienthongv1.User{Id: id, Disabled: disabled},
		Fields: []lienthongv1.UserField{lienthongv1.UserField_USER_FIELD_DISABLED}})
}

// userAdd changes what was named: the rest of a user who is there stays.
func (a *app) userAdd(ctx context.Context, id string, f userFlags) error {
	m := &lienthongv1.UpdateUserRequest{User: &lienthongv1.User{Id: id, Name: f.name, Grants: roleGrants(f.grants), Disabled: f.disable}, AllowMissing: true,
		Fields: []lienthongv1.UserField{lienthongv1.UserField_USER_FIELD_DISABLED}}
	keys, err := publicKeys(f.certs)
	if err != nil {
		return err
	}
	for _, key := range keys {
		m.User.Keys = append(m.User.Keys, key[:])
	}
	for _, part := range []struct {
		given bool
		field lienthongv1.UserField
	}{{f.name != "", lienthongv1.UserField_USER_FIELD_NAME}, {len(keys) > 0, lienthongv1.UserField_USER_FIELD_KEYS}, {len(f.grants) > 0, lienthongv1.UserField_USER_FIELD_GRANTS}} {
		if part.given {
			m.Fields = append(m.Fields, part.field)
		}
	}
	return a.updateUser(ctx, m)
}

func (a *app) updateUser(ctx context.Context, m *lienthongv1.UpdateUserRequest) error {
	return a.withUser(ctx, func(ctx context.Context, to *client.Client) (*lienthongv1.User, error) {
		answer, err := to.Identity.UpdateUser(ctx, m)
		return answer.GetUser(), err
	})
}

// withUser asks a node for a change of a user, and prints the user as it is then.
func (a *app) withUser(ctx context.Context, ask func(context.Context, *client.Client) (*lienthongv1.User, error)) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	user, err := ask(ctx, c)
	if err != nil {
		return err
	}
	return a.printUser(user.GetId(), user.GetName(), user.GetDisabled(), grantTexts(user.GetGrants()))
}

func (a *app) userList(ctx context.Context) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	t := a.userTable()
	defer t.end()
	for token := ""; ; {
		page, err := c.Identity.ListUsers(ctx, &lienthongv1.ListUsersRequest{PageSize: 200, PageToken: token})
		if err != nil {
			return err
		}
		for _, u := range page.GetUsers() {
			if t != nil {
				t.addUser(u.GetId(), u.GetName(), u.GetDisabled(), grantTexts(u.GetGrants()))
				continue
			}
			if err := a.printUser(u.GetId(), u.GetName(), u.GetDisabled(), grantTexts(u.GetGrants())); err != nil {
				return err
			}
		}
		if token = page.GetNextPageToken(); token == "" {
			return nil
		}
	}
}

// publicKeys reads what users are known by: a renewed certificate with the same key
// is the same user.
func publicKeys(files []string) ([]envelope.Digest, error) {
	var out []envelope.Digest
	for _, file := range files {
		list, err := certs.LoadCertificates(file)
		if err != nil {
			return nil, fail(exitUsage, err)
		}
		if len(list) == 0 {
			return nil, failf(exitUsage, "%s: no certificate", file)
		}
		out = append(out, envelope.Digest(sha256.Sum256(list[0].RawSubjectPublicKeyInfo))) // a chain may follow
	}
	return out, nil
}

// splitGrant takes "clerk:H55" apart.
func splitGrant(text string) (exchange.Role, string) {
	role, agency, _ := strings.Cut(text, ":")
	return exchange.Role(role), agency
}

// roleGrants are roles as they are asked of a node, which says what is wrong with them.
func roleGrants(texts []string) []*lienthongv1.RoleGrant {
	var out []*lienthongv1.RoleGrant
	for _, text := range texts {
		role, agency := splitGrant(text)
		out = append(out, &lienthongv1.RoleGrant{Role: lienthongv1.Role(lienthongv1.Role_value["ROLE_"+strings.ToUpper(string(role))]), Agency: agency})
	}
	return out
}

func grantTexts(list []*lienthongv1.RoleGrant) []string {
	var out []string
	for _, g := range list {
		text := strings.ToLower(strings.TrimPrefix(g.GetRole().String(), "ROLE_"))
		if g.GetAgency() != "" {
			text += ":" + g.GetAgency()
		}
		out = append(out, text)
	}
	return out
}

func (a *app) printUser(id, name string, disabled bool, grants []string) error {
	if a.json {
		return a.printJSON(map[string]any{"id": id, "name": name, "disabled": disabled, "grants": grants})
	}
	a.printf("%-20s %s  %s", id, strings.Join(grants, " "), name)
	if disabled {
		a.printf("  (%s)", a.t("disabled", "đã khóa"))
	}
	a.printf("\n")
	return nil
}
