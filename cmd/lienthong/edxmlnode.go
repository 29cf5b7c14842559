package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"lienthong/exchange"
	"lienthong/exchange/edxml"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) edxmlSendCommand() *cobra.Command {
	var anyway bool
	c := a.nodeFlags(&cobra.Command{
		Use:   "send FILE.edxml",
		Short: "Do by a node what a message asks for (gửi, thu hồi, cập nhật, thay thế, báo trạng thái từ tệp edXML)",
		Long: `Give a message to a node, which does what it asks for: it sends a new document (0),
recalls (1), updates (2) or replaces (3) one that was sent, reports a status (01 to
06, 15, 16) about one that came, or asks for one back (13). The message goes along,
so that its receiver gets every byte of it. The agency that you act for must be the
one that it is from. The same message is one act, however often this is said.

A message with something wrong in it is refused with all that is, unless --anyway.`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.edxmlSend(c.Context(), in[0], anyway) },
	})
	c.Flags().BoolVar(&anyway, "anyway", false, "take also what has problems by the rules of the axis")
	return c
}

func (a *app) edxmlFetchCommand() *cobra.Command {
	var out string
	var wrap bool
	var status uint32
	c := a.nodeFlags(&cobra.Command{
		Use:   "fetch DELIVERY|DOCUMENT -o FILE.edxml",
		Short: "Get a letter or a status from a node as a message (tải văn bản, trạng thái thành tệp edXML)",
		Long: `Get a letter that came or was sent, or with --status what its receiver has
reported, as a message: the very bytes that its sender wrote, where it came as one,
else one that is made of it.`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			return a.edxmlFetch(c.Context(), &lienthongv1.ExportMessageRequest{Name: in[0], Status: status, Wrap: wrap}, out)
		},
	})
	c.Flags().StringVarP(&out, "output", "o", "", "file to write")
	c.Flags().BoolVar(&wrap, "wrap", false, "where a message is made, put each file into a ZIP wrapper, as the axis's SDK does")
	c.Flags().Uint32Var(&status, "status", 0, "of a delivery, its newest status of this code (1 to 6, 15, 16) and not the letter")
	return c
}

func (a *app) edxmlSend(ctx context.Context, path string, anyway bool) error {
	data, from, err := messageFrom(path)
	if err != nil {
		return err
	}
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	agency := profile.Agency
	if agency == "" {
		agency = from
	}
	answer, err := c.ImportMessage(ctx, agency, data, anyway)
	var refused *exchange.Error
	if errors.As(err, &refused) && refused.Reason == "EDXML" {
		return fail(exitNo, fmt.Errorf("%s: %w", path, err), "take it all the same: --anyway")
	}
	if err != nil {
		return err
	}
	if answer.GetDocument() != nil {
		return a.printSent(answer.GetDocument())
	}
	if a.json {
		return a.printJSON(struct {
			Delivery string `json:"delivery"`
		}{answer.GetDelivery()})
	}
	a.printf(a.t("reported: %s\n", "đã báo: %s\n"), answer.GetDelivery())
	return nil
}

// messageFrom reads a message, and the code of the agency that it says it is from.
func messageFrom(path string) (data []byte, from string, err error) {
	if data, err = readMessage(path); err != nil {
		return nil, "", err
	}
	message, err := edxml.Parse(data, edxml.DefaultLimits())
	if err != nil {
		return nil, "", fail(exitUsage, fmt.Errorf("%s: %w", path, err))
	}
	if s := message.Status(); s != nil {
		return data, s.From.OrganID, nil
	}
	return data, message.Document().From.OrganID, nil
}

func (a *app) edxmlFetch(ctx context.Context, request *lienthongv1.ExportMessageRequest, out string) error {
	if out == "" {
		return fail(exitUsage, errors.New("no file to write to"), "-o FILE.edxml")
	}
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	document, deliveries, err := find(ctx, c, profile, request.GetName())
	if err != nil {
		return err
	}
	one := len(deliveries) == 1 && strings.HasSuffix(deliveries[0].GetName(), request.GetName())
	switch {
	case one || request.GetStatus() != 0 && len(deliveries) == 1:
		request.Name = deliveries[0].GetName()
	case request.GetStatus() != 0:
		return fail(exitUsage, fmt.Errorf("%q went to %d receivers: name the delivery whose status is wanted", request.GetName(), len(deliveries)), "lienthong show")
	default:
		request.Name = document.GetName()
	}
	return writeOutput(out, "", func(f *os.File) error {
		_, err := c.ExportMessage(ctx, request, f)
		return err
	})
}
