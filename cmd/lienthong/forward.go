package main

import (
	"context"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) forwardCommand() *cobra.Command {
	var to, cc []string
	var m lienthongv1.ForwardDocumentRequest
	var staff string
	c := a.nodeFlags(&cobra.Command{
		Use:   "forward DELIVERY --to CODE…",
		Short: "Send a letter that came on to others, as it came (chuyển tiếp)",
		Long: `Send a letter that came on to others: the same files and registration data. It is
validated for the agency that issued it. A recall of the original does not reach it.`,
		Example: `  lienthong forward agencies/a-prov/deliveries/0192… --to H55.08`,
		Args:    args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			m.Staff = staffOf(staff)
			for _, code := range to {
				m.Recipients = append(m.Recipients, &lienthongv1.OutgoingRecipient{Agency: code, Role: lienthongv1.RecipientRole_RECIPIENT_ROLE_TO})
			}
			for _, code := range cc {
				m.Recipients = append(m.Recipients, &lienthongv1.OutgoingRecipient{Agency: code, Role: lienthongv1.RecipientRole_RECIPIENT_ROLE_COPY})
			}
			return a.forward(c.Context(), in[0], &m)
		},
	})
	c.Flags().StringArrayVar(&to, "to", nil, "recipient, id or code, repeatable (kính gửi)")
	c.Flags().StringArrayVar(&cc, "cc", nil, "recipient for information, repeatable (để biết)")
	c.Flags().StringVar(&staff, "staff", "", "id of the person for whom this is done")
	c.Flags().StringVar(&m.RequestId, "request-id", "", "the same id and content is sent once")
	return c
}

func (a *app) forward(ctx context.Context, name string, m *lienthongv1.ForwardDocumentRequest) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if m.Name, err = deliveryName(profile, name); err != nil {
		return err
	}
	answer, err := c.Documents.ForwardDocument(ctx, m)
	if err != nil {
		return err
	}
	return a.printSent(answer.GetDocument())
}
