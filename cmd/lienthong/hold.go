package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) holdCommand() *cobra.Command {
	c := group("hold", "Keep letters from being erased, and see what would be (lưu giữ)",
		a.holdAddCommand(), a.holdReleaseCommand(), a.holdListCommand(), a.holdPlanCommand())
	c.Long = `Keep letters from being erased by the node's retention policy (retention.documents,
retention.transit_files), whatever it says, until the hold is released. For auditors and
administrators of a node; who placed it, why, and who released it is kept.`
	return c
}

func (a *app) holdAddCommand() *cobra.Command {
	m := &lienthongv1.AddHoldRequest{}
	var staff string
	c := a.nodeAddressFlags(&cobra.Command{
		Use:   "add [ID] --reason TEXT",
		Short: "Hold a letter, a document with all its versions, or an agency's letters",
		Long: `Hold a letter: ID is that of a document or a delivery, as show, inbox and outbox print it.
With --agency all letters from and to that agency are held, those that come included.
What was erased before is refused (ERASED): a hold does not bring it back.`,
		Example: `  lienthong hold add 019a3c6e-… --thread --reason "thanh tra theo QĐ 12/QĐ-TTr"
  lienthong hold add --agency H55.12 --reason "vụ án 05/2026"`,
		Args: args(0, 1),
		RunE: func(c *cobra.Command, in []string) error {
			if len(in) == 1 {
				m.Letter = in[0][strings.LastIndex(in[0], "/")+1:]
			}
			if (m.Letter == "") == (m.Correspondent == "") {
				return fail(exitUsage, errors.New("name a letter, or --agency, and not both"), c.CommandPath()+" -h")
			}
			m.Staff = staffOf(staff)
			return a.withRetention(c.Context(), func(s lienthongv1.RetentionServiceClient) error {
				answer, err := s.AddHold(c.Context(), m)
				if err != nil {
					return err
				}
				return a.printHold(answer.GetHold())
			})
		},
	})
	c.Flags().BoolVar(&m.Thread, "thread", false, "all versions of the document, and those that come")
	c.Flags().StringVar(&m.OriginNode, "origin", "", "id of the node where the letter was sent, for one that only passes through here")
	c.Flags().StringVar(&m.Correspondent, "agency", "", "id or code of an agency")
	c.Flags().StringVar(&m.Reason, "reason", "", "why, for whoever comes after")
	c.Flags().StringVar(&staff, "staff", "", "id of the person for whom this is done")
	_ = c.MarkFlagRequired("reason") // fails for flags that are not there
	return c
}

func (a *app) holdReleaseCommand() *cobra.Command {
	m := &lienthongv1.ReleaseHoldRequest{}
	var staff string
	c := a.nodeAddressFlags(&cobra.Command{
		Use:   "release HOLD --reason TEXT",
		Short: "End a hold: what is old goes within 30 days",
		Args:  args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			m.Hold, m.Staff = in[0], staffOf(staff)
			return a.withRetention(c.Context(), func(s lienthongv1.RetentionServiceClient) error {
				answer, err := s.ReleaseHold(c.Context(), m)
				if err != nil {
					return err
				}
				return a.printHold(answer.GetHold())
			})
		},
	})
	c.Flags().StringVar(&m.Reason, "reason", "", "why, for whoever comes after")
	c.Flags().StringVar(&staff, "staff", "", "id of the person for whom this is done")
	_ = c.MarkFlagRequired("reason")
	return c
}

func (a *app) holdListCommand() *cobra.Command {
	m := &lienthongv1.ListHoldsRequest{}
	c := a.nodeAddressFlags(&cobra.Command{
		Use:   "list",
		Short: "List holds, newest first",
		Args:  args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withRetention(c.Context(), func(s lienthongv1.RetentionServiceClient) error { return a.holdList(c.Context(), s, m) })
		},
	})
	c.Flags().BoolVar(&m.Released, "all", false, "those that were released, too")
	return c
}

func (a *app) holdList(ctx context.Context, s lienthongv1.RetentionServiceClient, m *lienthongv1.ListHoldsRequest) error {
	t := a.holdTable()
	defer t.end()
	for {
		page, err := s.ListHolds(ctx, m)
		if err != nil {
			return err
		}
		for _, h := range page.GetHolds() {
			if t != nil {
				t.addHold(h)
				continue
			}
			if err := a.printHold(h); err != nil {
				return err
			}
		}
		if m.PageToken = page.GetNextPageToken(); m.PageToken == "" {
			return nil
		}
	}
}

func (a *app) holdPlanCommand() *cobra.Command {
	var date string
	c := a.nodeAddressFlags(&cobra.Command{
		Use:   "plan",
		Short: "List what the retention policy would let go, and change nothing",
		Args:  args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			at := a.now()
			if date != "" {
				var err error
				if at, err = time.Parse(time.DateOnly, date); err != nil {
					return fail(exitUsage, fmt.Errorf("--at %q: want a date such as 2037-01-02", date))
				}
			}
			return a.withRetention(c.Context(), func(s lienthongv1.RetentionServiceClient) error { return a.holdPlan(c.Context(), s, at) })
		},
	})
	c.Flags().StringVar(&date, "at", "", "as if it were this day, yyyy-mm-dd; today if not given")
	return c
}

func (a *app) holdPlan(ctx context.Context, s lienthongv1.RetentionServiceClient, at time.Time) error {
	stream, err := s.PlanRetention(ctx, &lienthongv1.PlanRetentionRequest{At: at.UnixMicro()})
	if err != nil {
		return err
	}
	documents, held := 0, 0
	for {
		p, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if documents++; len(p.GetHolds()) > 0 {
			held++
		}
		if err := a.printPlanned(p); err != nil {
			return err
		}
	}
	if !a.json {
		a.printf(a.t("%d documents, %d of them held; nothing was changed\n", "%d văn bản, %d đang được lưu giữ; chưa thay đổi gì\n"), documents, held)
	}
	return nil
}

func (a *app) printPlanned(p *lienthongv1.PlanRetentionResponse) error {
	if a.json {
		return a.printProto(p)
	}
	for _, l := range p.GetLetters() {
		a.printf("%s  %-13s %-6s %s  %s · %s", l.GetEnvelopeId(), p.GetWhat(), l.GetType(), vnMicro(p.GetEndedAt()), l.GetAgencyId(), l.GetOriginNode())
		if len(p.GetHolds()) > 0 {
			a.printf(a.t("  HELD by %s", "  LƯU GIỮ theo %s"), strings.Join(p.GetHolds(), ", "))
		}
		a.printf("\n")
	}
	return nil
}

func (a *app) printHold(h *lienthongv1.LegalHold) error {
	if a.json {
		return a.printProto(h)
	}
	a.printf("%s  %s\n    %s, %s: %s\n", h.GetId(), a.heldText(h), vnMicro(h.GetPlacedAt()), h.GetPlacedBy(), h.GetReason())
	if h.GetReleasedAt() > 0 {
		a.printf(a.t("    released %s, %s: %s\n", "    kết thúc %s, %s: %s\n"), vnMicro(h.GetReleasedAt()), h.GetReleasedBy(), h.GetReleaseReason())
	}
	return nil
}

// heldText says what a hold keeps.
func (a *app) heldText(h *lienthongv1.LegalHold) string {
	what := a.t("letters of agency ", "văn bản của cơ quan ") + h.GetAgencyId()
	switch h.GetKind() {
	case lienthongv1.HoldKind_HOLD_KIND_LETTER:
		what = a.t("letter ", "văn bản ") + h.GetEnvelopeId() + " · " + h.GetOriginNode()
	case lienthongv1.HoldKind_HOLD_KIND_THREAD:
		what = a.t("all versions of ", "mọi bản của ") + h.GetThread()
	}
	return what
}

func (a *app) withRetention(ctx context.Context, act func(lienthongv1.RetentionServiceClient) error) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return act(c.Retention)
}
