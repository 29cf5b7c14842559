package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/edxml"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) edxmlSendCommand() *cobra.Command {
	var anyway bool
	c := a.nodeFlags(&cobra.Command{
		Use:   "send FILE.edxml",
		Short: "Send the letter of a message by a node (gửi văn bản từ tệp edXML)",
		Long: `Send what a message holds as a letter: its files, its registration data, to the
agencies that it names. The agency that you act for must be the one that it is from.
The same message is sent once, however often this is said.

A message with something wrong in it is refused with all that is, unless --anyway.
Only new documents are sent so; recall, update and replacement act on a letter that
the node knows, and statuses on one that came: they have commands of their own.`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.edxmlSend(c.Context(), in[0], anyway) },
	})
	c.Flags().BoolVar(&anyway, "anyway", false, "send also what has problems by the rules of the axis")
	return c
}

func (a *app) edxmlFetchCommand() *cobra.Command {
	var out string
	var wrap bool
	c := a.nodeFlags(&cobra.Command{
		Use:   "fetch DELIVERY|DOCUMENT -o FILE.edxml",
		Short: "Get a letter from a node as a message (tải văn bản thành tệp edXML)",
		Args:  args(1, 1),
		RunE:  func(c *cobra.Command, in []string) error { return a.edxmlFetch(c.Context(), in[0], out, wrap) },
	})
	c.Flags().StringVarP(&out, "output", "o", "", "file to write")
	c.Flags().BoolVar(&wrap, "wrap", false, "put each file into a ZIP wrapper, as the axis's SDK does")
	return c
}

func (a *app) edxmlSend(ctx context.Context, path string, anyway bool) error {
	letter, id, err := a.letterOf(path, anyway)
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
		agency = letter.From.Code
	}
	if err := sameAgency(ctx, c, agency, letter.From.Code); err != nil {
		return err
	}
	m := &lienthongv1.SendDocumentRequest{Agency: agency, Metadata: letter.Metadata.Proto(), Urgency: lienthongv1.Urgency(letter.Urgency),
		Staff: letter.Staff.Proto(), RequestId: id}
	for _, r := range letter.Recipients {
		m.Recipients = append(m.Recipients, &lienthongv1.OutgoingRecipient{Agency: r.Agency.Code, Role: lienthongv1.RecipientRole(r.Role)})
	}
	for _, f := range letter.Files {
		file, err := c.Upload(ctx, agency, f.Name, f.MediaType, bytes.NewReader(f.Data), int64(len(f.Data)), nil)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, &lienthongv1.OutgoingFile{Role: lienthongv1.FileRole(f.Role), Name: f.Name, MediaType: f.MediaType, Sha256: file.GetSha256()})
	}
	answer, err := c.Documents.SendDocument(ctx, m)
	if err != nil {
		return err
	}
	return a.printSent(answer.GetDocument())
}

// letterOf reads the letter of a message, with a request id that follows from its bytes.
func (a *app) letterOf(path string, anyway bool) (*edxml.Letter, string, error) {
	data, err := readMessage(path)
	if err != nil {
		return nil, "", err
	}
	message, err := edxml.Parse(data, edxml.DefaultLimits())
	if err != nil {
		return nil, "", fail(exitUsage, fmt.Errorf("%s: %w", path, err))
	}
	document := message.Document()
	if document == nil {
		return nil, "", fail(exitUsage, fmt.Errorf("%s: a %s, want a document", path, message.Kind()), "statuses are reported by: lienthong status")
	}
	letter, problems, err := document.Letter(a.now().In(hanoi).Format(time.DateOnly), edxml.DefaultLimits())
	if err != nil {
		return nil, "", fail(exitUsage, fmt.Errorf("%s: %w", path, err))
	}
	if letter.Kind != envelope.KindDocument || len(letter.Relations) > 0 {
		return nil, "", fail(exitUsage, fmt.Errorf("%s: operation %q, or an answer to another document: want a new document (0)", path, document.Business.Type))
	}
	if len(problems) > 0 && !anyway {
		var all []error
		for _, p := range problems {
			all = append(all, errors.New(p.String()))
		}
		return nil, "", fail(exitNo, fmt.Errorf("%s: %w", path, errors.Join(all...)), "send it all the same: --anyway")
	}
	return letter, edxml.RequestID(envelope.Sum(data)), nil
}

// sameAgency compares two names of an agency by what the node's directory knows.
func sameAgency(ctx context.Context, c *client.Client, own, from string) error {
	var ids [2]string
	for i, name := range []string{own, from} {
		answer, err := c.Directory.GetAgency(ctx, &lienthongv1.GetAgencyRequest{Agency: name})
		if err != nil {
			return fmt.Errorf("agency %q: %w", name, err)
		}
		ids[i] = answer.GetAgency().GetId()
	}
	if ids[0] != ids[1] {
		return fail(exitNo, fmt.Errorf("the message is from %q, and you act for %q", from, own))
	}
	return nil
}

func (a *app) edxmlFetch(ctx context.Context, name, out string, wrap bool) error {
	if out == "" {
		return fail(exitUsage, errors.New("no file to write to"), "-o FILE.edxml")
	}
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	document, _, err := find(ctx, c, profile, name)
	if err != nil {
		return err
	}
	letter, err := letterFromNode(ctx, c, document)
	if err != nil {
		return err
	}
	organisation := func(ref envelope.AgencyRef) edxml.Organisation {
		out := edxml.Organisation{OrganID: ref.Code}
		if answer, err := c.Directory.GetAgency(ctx, &lienthongv1.GetAgencyRequest{Agency: ref.ID}); err == nil {
			out.Name = answer.GetAgency().GetName()
		}
		return out
	}
	converted, err := letter.Document(organisation, edxml.FormatTime(time.UnixMicro(document.GetCreated())), wrap)
	if err != nil {
		return fail(exitNo, err)
	}
	message, err := converted.Message()
	if err != nil {
		return fail(exitNo, err)
	}
	return writeOutput(out, "", writer(message.Bytes()))
}

// letterFromNode gets a letter with all its files, each of which is compared with the
// digest that its sender signed.
func letterFromNode(ctx context.Context, c *client.Client, d *lienthongv1.Document) (*edxml.Letter, error) {
	agency := strings.Split(d.GetName(), "/")[1]
	letter := &edxml.Letter{Kind: envelope.Kind(d.GetKind()), Urgency: envelope.Urgency(d.GetUrgency()), From: envelope.AgencyRefFromProto(d.GetOriginAgency()),
		Metadata: envelope.MetadataFromProto(d.GetMetadata()), Staff: envelope.StaffFromProto(d.GetStaff())}
	for _, s := range d.GetDeliveries() {
		letter.Recipients = append(letter.Recipients, envelope.RecipientFromProto(s.GetRecipient()))
	}
	left := edxml.DefaultLimits().Message
	for _, f := range d.GetFiles() {
		digest, err := envelope.DigestFromBytes(f.GetSha256())
		if err != nil {
			return nil, fail(exitUndecided, err)
		}
		// Base64 makes four bytes of three.
		if left -= int64(f.GetSize()) / 3 * 4; left < 0 {
			return nil, fail(exitNo, fmt.Errorf("the files are larger than a message may be (%s)", bytesText(edxml.DefaultLimits().Message)), "lienthong fetch gets the files themselves")
		}
		var data bytes.Buffer
		if _, err := c.Download(ctx, agency, digest, &data, nil); err != nil {
			return nil, err
		}
		letter.Files = append(letter.Files, exchange.OutgoingFile{Role: envelope.FileRole(f.GetRole()), Name: f.GetName(), MediaType: f.GetMediaType(), Data: data.Bytes()})
	}
	return letter, nil
}
