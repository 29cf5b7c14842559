package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"lienthong/client"
	"lienthong/exchange/notation"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) inboxCommand() *cobra.Command {
	var limit int
	var overdue, all bool
	c := a.nodeFlags(&cobra.Command{
		Use:   "inbox",
		Short: "List what has come, newest first, and what it is worth (văn bản đến)",
		Args:  args(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.inbox(c.Context(), limit, overdue, all) },
	})
	c.Flags().BoolVar(&overdue, "overdue", false, "only what is late to be acknowledged or answered, the longest first (quá hạn)")
	c.Flags().BoolVar(&all, "all", false, "also what was recalled or superseded (kể cả đã thu hồi, đã thay thế)")
	c.Flags().IntVarP(&limit, "limit", "n", 50, "at most so many")
	return c
}

func (a *app) inbox(ctx context.Context, limit int, overdue, all bool) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	agency, err := profile.agency()
	if err != nil {
		return err
	}
	lists, none := []lienthongv1.Overdue{0}, a.t("nothing has come", "chưa có văn bản đến")
	if overdue {
		lists = []lienthongv1.Overdue{lienthongv1.Overdue_OVERDUE_ACKNOWLEDGE, lienthongv1.Overdue_OVERDUE_ANSWER}
		none = a.t("nothing is late", "không có văn bản quá hạn")
	}
	seen := map[string]bool{} // late in both ways
	show, t := a.printDeliveryLine, a.inboxTable()
	if t != nil {
		show = func(d *lienthongv1.Delivery) error { t.addDelivery(d); return nil }
	}
	for _, what := range lists {
		if err := a.listInbox(ctx, c, &lienthongv1.ListDeliveriesRequest{Agency: agency, Overdue: what, All: all}, limit, seen, show); err != nil {
			return err
		}
	}
	if len(seen) == 0 && !a.json {
		a.printf("%s\n", none)
	} else if t != nil {
		t.print()
	}
	return nil
}

// listInbox shows one list until limit are seen.
func (a *app) listInbox(ctx context.Context, c *client.Client, ask *lienthongv1.ListDeliveriesRequest, limit int, seen map[string]bool, show func(*lienthongv1.Delivery) error) error {
	for token := ""; len(seen) < limit; {
		ask.PageToken, ask.PageSize = token, int32(min(limit-len(seen), 500))
		page, err := c.Deliveries.ListDeliveries(ctx, ask)
		if err != nil {
			return err
		}
		for _, d := range page.GetDeliveries() {
			if seen[d.GetName()] {
				continue
			}
			seen[d.GetName()] = true
			if err := show(d); err != nil {
				return err
			}
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	return nil
}

func (a *app) printDeliveryLine(d *lienthongv1.Delivery) error {
	if a.json {
		return a.printProto(d)
	}
	m := d.GetDocument().GetMetadata()
	a.printf("%s  %-18s %-14s %-14s %s\n", vnMicro(d.GetDocument().GetCreated()), documentNumber(m),
		a.verdictText(d.GetVerdict()), a.statusText(d.GetStatus()), m.GetSubject())
	a.printf("%s%s\n", strings.Repeat(" ", 21), d.GetName())
	for _, text := range []string{a.kindText(d.GetDocument()), a.copyText(d.GetCopy(), d.GetTakeBack(), d.GetReason())} {
		if text != "" {
			a.printf("%s%s\n", strings.Repeat(" ", 21), text)
		}
	}
	if late := a.deadlineText(d.GetDeadlines(), d.GetStatus()); late != "" {
		a.printf("%s%s\n", strings.Repeat(" ", 21), late)
	}
	a.printWarnings(d.GetDocument())
	return nil
}

// documentNumber is số/ký hiệu as printed on the letter.
func documentNumber(m *lienthongv1.DocumentMetadata) string {
	return notation.Join(m.GetNumber(), m.GetSymbol())
}
