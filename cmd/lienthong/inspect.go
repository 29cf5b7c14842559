package main

import (
	"context"
	"fmt"
	"sort"

	"github.com/spf13/cobra"

	"lienthong/signer/pdf"
)

func (a *app) inspectCommand() *cobra.Command {
	var revision int
	var output string
	c := &cobra.Command{
		Use:   "inspect FILE.pdf",
		Short: "Show the revisions, fields and signatures of a PDF file (xem cấu trúc)",
		Long: `Show the revisions of a PDF file, its form fields, its signatures and what each
covers. Nothing is judged here: that is what validate does.

With --revision the file as it was at that revision is written to -o: the first
bytes of the file, to the end of the revision. What a signature covers is so seen
without what was appended to it later.`,
		Example: `  lienthong inspect letter.pdf
  lienthong inspect letter.pdf --revision 2 -o as-signed.pdf`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, files []string) error {
			if c.Flags().Changed("revision") || output != "" {
				return a.extract(files[0], revision, output)
			}
			return a.inspect(c.Context(), files[0])
		},
	}
	c.Flags().IntVar(&revision, "revision", 0, "write the file as of this revision, counted from 1, to -o")
	c.Flags().StringVarP(&output, "output", "o", "", "file to write")
	return c
}

// inspection is the JSON of inspect.
type inspection struct {
	File       string              `json:"file"`
	Size       int64               `json:"size"`
	Version    string              `json:"version"`
	Encrypted  bool                `json:"encrypted"`
	Linearized bool                `json:"linearized"`
	Pages      int                 `json:"pages"`
	Revisions  []inspectedRevision `json:"revisions"`
	Fields     []inspectedField    `json:"fields"`
	Signatures []inspectedSig      `json:"signatures"`
}

type inspectedRevision struct {
	Number  int    `json:"number"`
	XRef    string `json:"xref"`
	End     int64  `json:"end"`
	Objects int    `json:"objects"`
}

type inspectedField struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type inspectedSig struct {
	Field     string  `json:"field"`
	Type      string  `json:"type"`
	SubFilter string  `json:"sub_filter"`
	Revision  int     `json:"revision"`
	ByteRange []int64 `json:"byte_range,omitempty"`
	Covers    int64   `json:"covers"`            // bytes from the start of the file
	Problem   string  `json:"problem,omitempty"` // why the byte range is not sound
}

func (a *app) inspect(_ context.Context, path string) error {
	in, err := openDocument(path)
	if err != nil {
		return err
	}
	defer in.Close()
	f, err := pdf.Open(in, pdf.DefaultLimits())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	report, err := examine(path, f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if a.json {
		return a.printJSON(report)
	}
	a.printInspection(report)
	return nil
}

func examine(path string, f *pdf.File) (*inspection, error) {
	version, _ := f.Header()
	r := &inspection{File: path, Size: f.Source().Size(), Version: version, Encrypted: f.Encrypted(), Linearized: f.Linearized()}
	revisions := make(map[int]pdf.Revision)
	for _, rev := range f.Revisions() {
		r.Revisions = append(r.Revisions, inspectedRevision{rev.Number, rev.Kind.String(), rev.End, len(f.Written(rev.Number))})
		revisions[rev.Number] = rev
	}
	if r.Encrypted {
		return r, nil // names and values are ciphertext
	}
	view := f.Latest()
	pages, err := view.Pages()
	if err != nil {
		return nil, err
	}
	r.Pages = len(pages)
	fields, err := view.Fields()
	if err != nil {
		return nil, err
	}
	for _, field := range fields {
		r.Fields = append(r.Fields, inspectedField{field.FullName, string(field.Type)})
	}
	signatures, err := view.Signatures()
	if err != nil {
		return nil, err
	}
	for _, s := range signatures {
		r.Signatures = append(r.Signatures, examineSignature(s, revisions[s.First]))
	}
	sort.SliceStable(r.Signatures, func(i, j int) bool { return r.Signatures[i].Revision < r.Signatures[j].Revision })
	return r, nil
}

func examineSignature(s pdf.SignatureField, rev pdf.Revision) inspectedSig {
	out := inspectedSig{Field: s.Field.FullName, Type: string(s.Type), SubFilter: string(s.SubFilter), Revision: s.First}
	br, err := pdf.ParseByteRange(s.ByteRange)
	if err != nil {
		out.Problem = err.Error()
		return out
	}
	out.ByteRange = br[:]
	// A revision ends before or after its last end of line; writers differ.
	end := rev.End
	if br[3] >= 0 && br[3] <= end && rev.EndsAt(br[2]+br[3]) {
		end = br[2] + br[3]
	}
	if err := br.Check(s.Contents.Span, end); err != nil {
		out.Problem = err.Error()
		return out
	}
	out.Covers = end
	return out
}

func (a *app) printInspection(r *inspection) {
	a.printf("%s: PDF %s, %s", r.File, r.Version, bytesText(r.Size))
	if r.Linearized {
		a.printf(", %s", a.t("linearized", "tuyến tính hóa"))
	}
	if r.Encrypted {
		a.printf(", %s\n", a.t("encrypted", "đã mã hóa"))
	} else {
		a.printf(a.t(", %d pages\n", ", %d trang\n"), r.Pages)
	}
	for _, rev := range r.Revisions {
		a.printf(a.t("  revision %d: to byte %d, %d objects, xref %s\n", "  phiên bản %d: đến byte %d, %d đối tượng, xref %s\n"),
			rev.Number, rev.End, rev.Objects, rev.XRef)
	}
	for _, field := range r.Fields {
		a.printf(a.t("  field %q, type %s\n", "  trường %q, kiểu %s\n"), field.Name, field.Type)
	}
	if len(r.Signatures) == 0 && !r.Encrypted {
		a.printf("  %s\n", a.t("no signatures", "chưa có chữ ký"))
	}
	for _, s := range r.Signatures {
		a.printf(a.t("  signature %q (%s), revision %d", "  chữ ký %q (%s), phiên bản %d"), s.Field, s.SubFilter, s.Revision)
		switch {
		case s.Problem != "":
			a.printf(": %s\n", s.Problem)
		case s.Covers == r.Size:
			a.printf("%s\n", a.t(": covers the whole file", ": bao phủ toàn bộ tệp"))
		default:
			a.printf(a.t(": covers the first %d bytes; %d follow\n", ": bao phủ %d byte đầu; sau đó còn %d byte\n"), s.Covers, r.Size-s.Covers)
		}
	}
}
