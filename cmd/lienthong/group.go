package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lienthong/client"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) groupCommand() *cobra.Command {
	c := group("group", "Keep groups of recipients, for send --to group:NAME (nhóm nơi nhận)",
		a.groupListCommand(), a.groupSetCommand(), a.groupRemoveCommand())
	c.Long = `Keep groups of recipients of the agency at its node, for --to group:NAME and --cc
group:NAME. Who is a member is decided when a letter is sent; an agency that is named
twice gets it once. A member that has ended is named, and nothing is sent to anybody.`
	return c
}

func (a *app) groupListCommand() *cobra.Command {
	return a.nodeFlags(&cobra.Command{
		Use:   "list [NAME]",
		Short: "List the groups, or the members of one and how each is reached",
		Args:  args(0, 1),
		RunE: func(c *cobra.Command, in []string) error {
			return a.withAgency(c.Context(), func(n *client.Client, agency string) error {
				if len(in) == 0 {
					return a.listGroups(c.Context(), n, agency)
				}
				return a.showGroup(c.Context(), n, agency, in[0])
			})
		},
	})
}

func (a *app) groupSetCommand() *cobra.Command {
	var file, staff string
	c := a.nodeFlags(&cobra.Command{
		Use:   "set NAME CODE...",
		Short: "Make a group, or give one other members",
		Example: `  lienthong group set "Các sở" H55.08 H55.12
  lienthong group set "Các xã" --file cac-xa.txt`,
		Args: args(1, -1),
		RunE: func(c *cobra.Command, in []string) error {
			members, err := a.groupMembers(in[1:], file)
			if err != nil {
				return err
			}
			return a.withAgency(c.Context(), func(n *client.Client, agency string) error {
				answer, err := n.Groups.PutGroup(c.Context(), &lienthongv1.PutGroupRequest{Agency: agency, Group: in[0], Members: members, Staff: staffOf(staff)})
				if err != nil {
					return err
				}
				if a.json {
					return a.printProto(answer.GetGroup())
				}
				a.printf(a.t("%s: %d members\n", "%s: %d cơ quan\n"), answer.GetGroup().GetGroup(), len(answer.GetGroup().GetMembers()))
				return nil
			})
		},
	})
	c.Flags().StringVar(&file, "file", "", "file with ids or codes, one a line; what follows # is passed over")
	c.Flags().StringVar(&staff, "staff", "", "id of the person for whom this is done")
	return c
}

func (a *app) groupRemoveCommand() *cobra.Command {
	var staff string
	c := a.nodeFlags(&cobra.Command{
		Use:   "remove NAME",
		Short: "End a group; letters that were sent to it stay as they are",
		Args:  args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			return a.withAgency(c.Context(), func(n *client.Client, agency string) error {
				if _, err := n.Groups.RemoveGroup(c.Context(), &lienthongv1.RemoveGroupRequest{Agency: agency, Group: in[0], Staff: staffOf(staff)}); err != nil {
					return err
				}
				a.printf(a.t("%s: removed\n", "%s: đã bỏ\n"), in[0])
				return nil
			})
		},
	})
	c.Flags().StringVar(&staff, "staff", "", "id of the person for whom this is done")
	return c
}

// maxGroupFile bounds a file of codes, bytes.
const maxGroupFile = 1 << 20

// groupMembers are those of the command line and those of a file.
func (a *app) groupMembers(codes []string, file string) ([]string, error) {
	if file != "" {
		data, err := readLimited(file, maxGroupFile)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(data)) {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.TrimSpace(line); line != "" {
				codes = append(codes, line)
			}
		}
	}
	if len(codes) == 0 {
		return nil, fail(exitUsage, fmt.Errorf("no members"), "name them by code, or in a file: --file FILE", "lienthong group remove NAME ends a group")
	}
	return codes, nil
}

func (a *app) listGroups(ctx context.Context, c *client.Client, agency string) error {
	t := a.table(a.t("group", "nhóm"), a.t("members", "số cơ quan"), a.t("cannot be reached", "không gửi được"), a.t("changed", "cập nhật"), a.t("by", "người cập nhật"))
	for m := (&lienthongv1.ListGroupsRequest{Agency: agency, PageSize: 500}); ; {
		page, err := c.Groups.ListGroups(ctx, m)
		if err != nil {
			return err
		}
		for _, g := range page.GetGroups() {
			if a.json {
				if err := a.printProto(g); err != nil {
					return err
				}
				continue
			}
			bad := 0
			for _, r := range g.GetMembers() {
				if r.GetResult() != "ok" {
					bad++
				}
			}
			t.add(g.GetGroup(), fmt.Sprint(len(g.GetMembers())), fmt.Sprint(bad), vnMicro(g.GetChanged()), g.GetBy())
		}
		if m.PageToken = page.GetNextPageToken(); m.PageToken == "" {
			break
		}
	}
	switch {
	case a.json:
	case len(t.rows) == 1:
		a.printf("%s\n", a.t("no groups", "chưa có nhóm"))
	default:
		t.print()
	}
	return nil
}

func (a *app) showGroup(ctx context.Context, c *client.Client, agency, name string) error {
	answer, err := c.Groups.ListGroups(ctx, &lienthongv1.ListGroupsRequest{Agency: agency, Group: name})
	if err != nil {
		return err
	}
	for _, g := range answer.GetGroups() {
		if a.json {
			return a.printProto(g)
		}
		for _, r := range g.GetMembers() {
			a.printResolved(r)
		}
	}
	return nil
}
