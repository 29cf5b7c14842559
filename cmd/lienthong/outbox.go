package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) outboxCommand() *cobra.Command {
	var limit int
	c := a.nodeFlags(&cobra.Command{
		Use:   "outbox",
		Short: "List what was sent, newest first, and where it is (văn bản đi)",
		Args:  args(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.outbox(c.Context(), limit) },
	})
	c.Flags().IntVarP(&limit, "limit", "n", 50, "at most so many")
	return c
}

func (a *app) outbox(ctx context.Context, limit int) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	agency, err := profile.agency()
	if err != nil {
		return err
	}
	shown, show, t := 0, a.printDocumentLines, a.outboxTable()
	if t != nil {
		show = func(d *lienthongv1.Document) error { t.addDocument(d); return nil }
	}
	for token := ""; shown < limit; {
		page, err := c.Documents.ListDocuments(ctx, &lienthongv1.ListDocumentsRequest{Agency: agency, PageToken: token, PageSize: int32(min(limit-shown, 500))})
		if err != nil {
			return err
		}
		for _, d := range page.GetDocuments() {
			if err := show(d); err != nil {
				return err
			}
		}
		shown += len(page.GetDocuments())
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	if shown == 0 && !a.json {
		a.printf("%s\n", a.t("nothing was sent", "chưa có văn bản đi"))
	} else if t != nil {
		t.print()
	}
	return nil
}

func (a *app) printDocumentLines(d *lienthongv1.Document) error {
	if a.json {
		return a.printProto(d)
	}
	m := d.GetMetadata()
	a.printf("%s  %-18s %s\n                     %s\n", vnMicro(d.GetCreated()), documentNumber(m), m.GetSubject(), d.GetName())
	if text := a.kindText(d); text != "" {
		a.printf("                     %s\n", text)
	}
	a.printWarnings(d)
	for _, s := range d.GetDeliveries() {
		a.printSummary(s)
	}
	return nil
}

func (a *app) printSummary(s *lienthongv1.DeliverySummary) {
	a.printf("                     %s\n", a.summaryText(s))
}

// summaryText says where a letter is that went to one recipient.
func (a *app) summaryText(s *lienthongv1.DeliverySummary) string {
	text := "→ " + s.GetRecipientName() + ": " + a.stateText(s.GetState())
	if s.GetVerdict() != "" {
		text += ", " + a.verdictText(s.GetVerdict())
	}
	if s.GetStatus() != 0 {
		text += ", " + a.statusText(s.GetStatus())
	}
	if more := a.copyText(s.GetCopy(), s.GetTakeBack(), s.GetReason()); more != "" {
		text += ", " + more
	}
	if s.GetCustodian() != "" && s.GetState() != lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED {
		text += fmt.Sprintf(a.t(" (at %s)", " (tại %s)"), s.GetCustodian())
	}
	if s.GetDeadlines().GetOverdue() != lienthongv1.Overdue_OVERDUE_UNSPECIFIED {
		text += ", " + a.deadlineText(s.GetDeadlines(), s.GetStatus())
	}
	return text
}
