package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os/user"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lienthong/certs"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

type userFlags struct {
	config, name  string
	certs, grants []string
	disable       bool
}

func (a *app) userCommand() *cobra.Command {
	var f userFlags
	add := &cobra.Command{
		Use:   "add ID --config FILE --cert FILE --grant ROLE:AGENCY",
		Short: "Add a user, or change one: certificates, roles",
		Long: `Add a user (a person or a program) to the node's own store, or replace one of the
same id. A user is known by the public key of a client certificate. Roles are
clerk, signer and reader, each for an agency, and auditor and admin for the node.
The node must not be running: it has its store to itself.`,
		Example: `  lienthong user add qlvb --config ward.yaml --cert qlvb.pem --grant clerk:H55.1 --grant signer:H55.1
  lienthong user add thanh-tra --config ward.yaml --cert thanh-tra.pem --grant auditor`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.userAdd(c.Context(), in[0], f) },
	}
	add.Flags().StringVar(&f.name, "name", "", "name, for people")
	add.Flags().StringArrayVar(&f.certs, "cert", nil, "client certificate in PEM or DER, repeatable")
	add.Flags().StringArrayVar(&f.grants, "grant", nil, "ROLE:AGENCY, or auditor, admin; repeatable")
	add.Flags().BoolVar(&f.disable, "disable", false, "keep the user, and let nothing in")
	list := &cobra.Command{
		Use:   "list --config FILE",
		Short: "List users with their roles",
		Args:  args(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.userList(c.Context(), f.config) },
	}
	for _, c := range []*cobra.Command{add, list} {
		c.Flags().StringVar(&f.config, "config", "", "YAML file of the node")
	}
	return group("user", "Users of a node (người dùng)", add, list)
}

// withNode opens a node that is not running, for what its operator does to it.
func (a *app) withNode(ctx context.Context, path string, do func(*node) error) (err error) {
	if path == "" {
		return fail(exitUsage, errors.New("no configuration"), "name the node's: --config FILE")
	}
	cfg, err := loadConfig(path, a.env)
	if err != nil {
		return err
	}
	n, err := a.openNode(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	return do(n)
}

func (a *app) userAdd(ctx context.Context, id string, f userFlags) error {
	return a.withNode(ctx, f.config, func(n *node) error {
		list, err := n.service.Principals(ctx)
		if err != nil {
			return err
		}
		p := exchange.Principal{ID: id, Created: a.now().UnixMicro()}
		if at := slices.IndexFunc(list, func(had exchange.Principal) bool { return had.ID == id }); at >= 0 {
			p = list[at]
		}
		p.Disabled = f.disable
		if f.name != "" {
			p.Name = f.name
		}
		if len(f.certs) > 0 {
			if p.Keys, err = publicKeys(f.certs); err != nil {
				return err
			}
		}
		if len(f.grants) > 0 {
			if p.Grants, err = grants(f.grants, n.service.Directory()); err != nil {
				return err
			}
		}
		if len(p.Keys) == 0 {
			return fail(exitUsage, fmt.Errorf("user %q has no certificate", id), "--cert FILE")
		}
		if err := n.service.PutPrincipal(ctx, operator(), p); err != nil {
			return err
		}
		return a.printUser(p, n.service.Directory())
	})
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

func grants(texts []string, dir *exchange.Directory) ([]exchange.Grant, error) {
	forAgency := []exchange.Role{exchange.RoleClerk, exchange.RoleSigner, exchange.RoleReader}
	forNode := []exchange.Role{exchange.RoleAuditor, exchange.RoleAdmin}
	var out []exchange.Grant
	for _, text := range texts {
		name, code, _ := strings.Cut(text, ":")
		role := exchange.Role(name)
		switch {
		case slices.Contains(forNode, role) && code == "":
			out = append(out, exchange.Grant{Role: role})
			continue
		case !slices.Contains(forAgency, role) || code == "":
			return nil, failf(exitUsage, "--grant %q: want clerk:AGENCY, signer:AGENCY, reader:AGENCY, auditor or admin", text)
		}
		agency, ok := dir.Agency(code)
		if !ok {
			return nil, fail(exitUsage, fmt.Errorf("--grant %q: agency %q is not in the directory", text, code), "lienthong agency list")
		}
		out = append(out, exchange.Grant{Role: role, Agency: agency.ID})
	}
	return out, nil
}

// operator is who acts at the node itself, by the name of the operating system.
func operator() journal.Actor {
	a := journal.Actor{Principal: "operator"}
	if u, err := user.Current(); err == nil {
		a.Staff = u.Username
	}
	return a
}

func (a *app) userList(ctx context.Context, config string) error {
	return a.withNode(ctx, config, func(n *node) error {
		list, err := n.service.Principals(ctx)
		if err != nil {
			return err
		}
		for _, p := range list {
			if err := a.printUser(p, n.service.Directory()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *app) printUser(p exchange.Principal, dir *exchange.Directory) error {
	var held []string
	for _, g := range p.Grants {
		text := string(g.Role)
		if agency, ok := dir.Agency(g.Agency); ok {
			text += ":" + exchange.CodeAt(agency, a.now())
		}
		held = append(held, text)
	}
	if a.json {
		return a.printJSON(map[string]any{"id": p.ID, "name": p.Name, "disabled": p.Disabled, "grants": held})
	}
	a.printf("%-20s %s  %s", p.ID, strings.Join(held, " "), p.Name)
	if p.Disabled {
		a.printf("  (%s)", a.t("disabled", "đã khóa"))
	}
	a.printf("\n")
	return nil
}
