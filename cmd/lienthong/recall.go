package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) recallCommand() *cobra.Command {
	var m lienthongv1.RecallDocumentRequest
	var takeBack bool
	var staff string
	c := a.nodeFlags(&cobra.Command{
		Use:   "recall DOCUMENT --reason TEXT",
		Short: "Recall a letter that was sent, or ask for it back (thu hồi, lấy lại)",
		Long: `Recall a letter, in all its versions. What has not left this node is stopped;
a recall follows the rest, stops it where it was not offered on, and freezes the
receiver's copy. With --take-back the receiver's clerk is asked (13) and agrees (15)
or refuses (16).`,
		Example: `  lienthong recall agencies/a-ward/documents/0192… --reason "Ban hành nhầm"
  lienthong recall 0192… --take-back --from H55 --reason "Gửi nhầm bản dự thảo"`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			m.Mode, m.Staff = lienthongv1.RecallMode_RECALL_MODE_RECALL, staffOf(staff)
			if takeBack {
				m.Mode = lienthongv1.RecallMode_RECALL_MODE_TAKE_BACK
			}
			return a.recall(c.Context(), in[0], &m)
		},
	})
	c.Flags().BoolVar(&takeBack, "take-back", false, "ask the receivers, who agree or refuse (lấy lại)")
	c.Flags().StringVar(&m.Reason, "reason", "", "why; the receivers read it")
	c.Flags().StringArrayVar(&m.Recipients, "from", nil, "only from this receiver, id or code, repeatable")
	c.Flags().StringVar(&staff, "staff", "", "id of the person for whom this is done")
	c.Flags().StringVar(&m.RequestId, "request-id", "", "the same id and content acts once")
	return c
}

func (a *app) recall(ctx context.Context, name string, m *lienthongv1.RecallDocumentRequest) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if m.Name, err = documentName(profile, name); err != nil {
		return err
	}
	answer, err := c.Documents.RecallDocument(ctx, m)
	if err != nil {
		return err
	}
	d := answer.GetDocument()
	if d.GetKind() == lienthongv1.EnvelopeKind_ENVELOPE_KIND_RECALL || a.json {
		return a.printSent(d)
	}
	a.printf(a.t("stopped before it left: %s\n", "đã dừng trước khi gửi: %s\n"), d.GetName())
	return nil
}

// documentName completes an id to the name of a document.
func documentName(p clientProfile, name string) (string, error) {
	if strings.Contains(name, "/documents/") {
		return name, nil
	}
	if strings.Contains(name, "/") {
		return "", fail(exitUsage, fmt.Errorf("%q names no letter that was sent", name), "lienthong outbox")
	}
	agency, err := p.agency()
	return "agencies/" + agency + "/documents/" + name, err
}
