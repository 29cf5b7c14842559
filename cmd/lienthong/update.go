package main

import (
	"context"

	"github.com/spf13/cobra"

	"lienthong/client"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// changeFlags are what a later version of a letter differs in.
type changeFlags struct {
	add, remove, annexes, replaces        []string
	number, symbol, subject, due, summary string
	date, reason, staff, requestID        string
}

func (f *changeFlags) on(c *cobra.Command) *cobra.Command {
	fl := c.Flags()
	fl.StringVar(&f.reason, "reason", "", "why; the receivers read it")
	fl.StringArrayVar(&f.add, "add", nil, "receiver that gets the letter from now on, id or code, repeatable")
	fl.StringArrayVar(&f.remove, "remove", nil, "receiver that gets a recall, id or code, repeatable")
	fl.StringArrayVar(&f.annexes, "annex", nil, "a further file of the new version, repeatable")
	fl.StringVar(&f.number, "number", "", "number (số), if it is another")
	fl.StringVar(&f.symbol, "symbol", "", "symbol (ký hiệu), if it is another")
	fl.StringVar(&f.subject, "subject", "", "subject (trích yếu), if it is another")
	fl.StringVar(&f.summary, "summary", "", "summary, if it is another")
	fl.StringVar(&f.date, "date", "", "date of issue, yyyy-mm-dd, if it is another")
	fl.StringVar(&f.due, "due", "", "date by which an answer is wanted, yyyy-mm-dd, if it is another")
	fl.StringVar(&f.staff, "staff", "", "id of the person for whom this is done")
	fl.StringVar(&f.requestID, "request-id", "", "the same id and content is sent once")
	return c
}

func (a *app) updateCommand() *cobra.Command {
	var f changeFlags
	return f.on(a.nodeFlags(&cobra.Command{
		Use:   "update DOCUMENT --reason TEXT [SIGNED.pdf]",
		Short: "Send the next version of a letter (cập nhật)",
		Long: `Send the next version of a letter to all that have it: with another file, other
registration data, or to other receivers. What is not named stays as it was.`,
		Example: `  lienthong update 0192… --reason "Sửa thời hạn" --due 2026-12-15
  lienthong update 0192… --reason "Gửi bổ sung" --add H55.08`,
		Args: args(1, 2),
		RunE: func(c *cobra.Command, in []string) error { return a.update(c.Context(), in, f) },
	}))
}

func (a *app) replaceCommand() *cobra.Command {
	var f changeFlags
	c := f.on(a.nodeFlags(&cobra.Command{
		Use:   "replace DOCUMENT --reason TEXT SIGNED.pdf",
		Short: "Send a letter that takes the place of another (thay thế)",
		Long: `Send a letter that takes the place of one that was sent before, and of others with
--also: for each receiver, of those that it has. Old ones are marked, and not deleted.`,
		Example: `  lienthong replace 0192… --reason "Thay thế văn bản 45" --number 52 new.pdf`,
		Args:    args(2, 2),
		RunE:    func(c *cobra.Command, in []string) error { return a.replace(c.Context(), in, f) },
	}))
	c.Flags().StringArrayVar(&f.replaces, "also", nil, "a further letter whose place it takes, repeatable")
	return c
}

// nextVersion is what update and replace send.
type nextVersion struct {
	name     string
	metadata *lienthongv1.DocumentMetadata
	files    []*lienthongv1.OutgoingFile
	add      []*lienthongv1.OutgoingRecipient
}

func (a *app) update(ctx context.Context, in []string, f changeFlags) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	m, err := a.nextVersion(ctx, c, profile, in, &f)
	if err != nil {
		return err
	}
	answer, err := c.Documents.IssueUpdate(ctx, &lienthongv1.IssueUpdateRequest{Name: m.name, Metadata: m.metadata, Files: m.files, Add: m.add, Remove: f.remove,
		Reason: f.reason, Staff: staffOf(f.staff), RequestId: f.requestID})
	if err != nil {
		return err
	}
	return a.printSent(answer.GetDocument())
}

func (a *app) replace(ctx context.Context, in []string, f changeFlags) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	m, err := a.nextVersion(ctx, c, profile, in, &f)
	if err != nil {
		return err
	}
	for i, name := range f.replaces {
		if f.replaces[i], err = documentName(profile, name); err != nil {
			return err
		}
	}
	answer, err := c.Documents.IssueReplacement(ctx, &lienthongv1.IssueReplacementRequest{Name: m.name, Metadata: m.metadata, Files: m.files, Add: m.add, Remove: f.remove,
		Reason: f.reason, Staff: staffOf(f.staff), RequestId: f.requestID, Replaces: f.replaces})
	if err != nil {
		return err
	}
	return a.printSent(answer.GetDocument())
}

// nextVersion uploads the files and brings the registration data up to date.
func (a *app) nextVersion(ctx context.Context, c *client.Client, profile clientProfile, in []string, f *changeFlags) (nextVersion, error) {
	name, err := documentName(profile, in[0])
	if err != nil {
		return nextVersion{}, err
	}
	out := nextVersion{name: name}
	agency, err := profile.agency()
	if err != nil {
		return out, err
	}
	for i, path := range append(in[1:len(in):len(in)], f.annexes...) {
		role := lienthongv1.FileRole_FILE_ROLE_ANNEX
		if i == 0 && len(in) > 1 {
			role = lienthongv1.FileRole_FILE_ROLE_MAIN
		}
		file, err := a.upload(ctx, c, agency, path)
		if err != nil {
			return out, err
		}
		out.files = append(out.files, &lienthongv1.OutgoingFile{Role: role, Name: file.GetName(), MediaType: file.GetMediaType(), Sha256: file.GetSha256()})
	}
	for _, code := range f.add {
		out.add = append(out.add, &lienthongv1.OutgoingRecipient{Agency: code, Role: lienthongv1.RecipientRole_RECIPIENT_ROLE_TO})
	}
	before, err := c.Documents.GetDocument(ctx, &lienthongv1.GetDocumentRequest{Name: name})
	if err != nil {
		return out, err
	}
	out.metadata = f.metadata(before.GetDocument().GetMetadata())
	return out, nil
}

// metadata is the registration data with what was named; nil if nothing was.
func (f *changeFlags) metadata(m *lienthongv1.DocumentMetadata) *lienthongv1.DocumentMetadata {
	changed := false
	for _, field := range []struct {
		to    *string
		value string
	}{{&m.Number, f.number}, {&m.Symbol, f.symbol}, {&m.Subject, f.subject}, {&m.Summary, f.summary}, {&m.IssuedDate, f.date}, {&m.DueDate, f.due}} {
		if field.value != "" {
			*field.to, changed = field.value, true
		}
	}
	if f.number != "" || f.symbol != "" || f.date != "" {
		m.DocumentId = "" // made anew from these
	}
	if !changed {
		return nil
	}
	return m
}
