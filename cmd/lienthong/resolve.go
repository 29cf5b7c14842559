package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) resolveCommand() *cobra.Command {
	return a.nodeFlags(&cobra.Command{
		Use:   "resolve CODE...",
		Short: "Say how letters for each code would go, before any is sent",
		Long: `Say for each code or id whether letters for it would be taken and where they go next:
the next hop, or the successor of an agency that has ended, or what may have been meant
by a code that is not known; group:NAME is all members of a group. The status is 1 if a letter for all of them would be refused.`,
		Args: args(1, -1),
		RunE: func(c *cobra.Command, in []string) error { return a.resolveCodes(c.Context(), in) },
	})
}

func (a *app) resolveCodes(ctx context.Context, codes []string) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	m := &lienthongv1.ResolveRecipientsRequest{Codes: codes}
	if slices.ContainsFunc(codes, func(code string) bool { return strings.HasPrefix(code, "group:") }) {
		if m.GroupsOf, err = profile.agency(); err != nil {
			return err
		}
	}
	answer, err := c.Documents.ResolveRecipients(ctx, m)
	if err != nil {
		return err
	}
	bad := false
	for _, r := range answer.GetRecipients() {
		bad = bad || r.GetResult() != "ok"
		if a.json {
			if err := a.printProto(r); err != nil {
				return err
			}
			continue
		}
		a.printResolved(r)
	}
	if bad {
		return quiet(exitNo)
	}
	return nil
}

func (a *app) printResolved(r *lienthongv1.ResolvedRecipient) {
	a.printf("%-20s ", r.GetCode())
	switch r.GetResult() {
	case "ok":
		a.printf(a.t("to %s: %s", "đi %s: %s"), r.GetNextHop(), r.GetName())
		if r.GetHub() {
			a.printf("%s", a.t("  (a centre for interconnection: no agency of its own)", "  (trục/hub liên thông, không phải cơ quan nhận)"))
		}
	case "ended":
		a.printf(a.t("closed: %s", "đã đóng: %s"), r.GetName())
		if r.GetSuccessor() != "" {
			a.printf(a.t("; its successor is %s, id %s", "; cơ quan kế thừa %s, mã nội bộ %s"), r.GetSuccessorCode(), r.GetSuccessor())
		}
	case "unknown_group":
		a.printf("%s", a.t("no group of this name", "không có nhóm này"))
	case "no_route":
		a.printf(a.t("no route: %s (home node %q)", "không có đường: %s (nút %q)"), r.GetName(), r.GetHomeNode())
	default:
		a.printf("%s", a.t("unknown", "không có trong danh bạ"))
		for i, s := range r.GetNear() {
			lead := ", "
			if i == 0 {
				lead = a.t("; perhaps ", "; có thể là ")
			}
			a.printf("%s%s (%s)", lead, s.GetCode(), s.GetName())
		}
	}
	a.printf("\n")
}
