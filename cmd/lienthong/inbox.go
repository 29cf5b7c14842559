package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) inboxCommand() *cobra.Command {
	var limit int
	c := a.nodeFlags(&cobra.Command{
		Use:   "inbox",
		Short: "List what has come, newest first, and what it is worth (văn bản đến)",
		Args:  args(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.inbox(c.Context(), limit) },
	})
	c.Flags().IntVarP(&limit, "limit", "n", 50, "at most so many")
	return c
}

func (a *app) inbox(ctx context.Context, limit int) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	agency, err := profile.agency()
	if err != nil {
		return err
	}
	shown := 0
	for token := ""; shown < limit; {
		page, err := c.Deliveries.ListDeliveries(ctx, &lienthongv1.ListDeliveriesRequest{Agency: agency, PageToken: token, PageSize: int32(min(limit-shown, 500))})
		if err != nil {
			return err
		}
		for _, d := range page.GetDeliveries() {
			if err := a.printDeliveryLine(d); err != nil {
				return err
			}
		}
		shown += len(page.GetDeliveries())
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	if shown == 0 && !a.json {
		a.printf("%s\n", a.t("nothing has come", "chưa có văn bản đến"))
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
	return nil
}

// documentNumber is số/ký hiệu as printed on the letter.
func documentNumber(m *lienthongv1.DocumentMetadata) string {
	return m.GetNumber() + "/" + m.GetSymbol()
}
