package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"lienthong/signer"
)

// prepareFlags say where the empty fields of a draft go.
type prepareFlags struct {
	number, date, seal string
	without            []string
	output             string
	repair, atNode     bool
}

// draftFields are the fields by the names that --without knows.
var draftFields = map[string]string{"number": signer.FieldNumber, "date": signer.FieldDate, "seal": signer.FieldSeal}

func (a *app) prepareCommand() *cobra.Command {
	var f prepareFlags
	c := a.nodeFlags(&cobra.Command{
		Use:   "prepare DRAFT.pdf -o OUT.pdf",
		Short: "Put empty fields for number, date and seal into a draft (chuẩn bị dự thảo để ký)",
		Long: `Put empty fields into a draft before its first signature: for the number and the
date, which come after the personal signature (Decree 30/2020/NĐ-CP, Art. 14 to 18),
and for the signature of the agency. The authorised person signs them empty; the
agency fills the first two and signs the third in one step:

  lienthong sign --profile agency --number 45/BC-UBND --date 2026-11-26 …

The places are found in the text: the blank of "Số:      /BC-UBND" and those of
"…, ngày      tháng      năm 2026" in the head of page 1, and for the seal left of the
signing block on the last page. What the draft prints already gets no field. Places
are given as page,x,y,w,h in points from the lower left corner; page -1 is the last.`,
		Example: `  lienthong prepare draft.pdf -o prepared.pdf
  lienthong prepare --number-at 1,140,662,60,15 --seal-at -1,308,340,102,102 draft.pdf -o prepared.pdf
  lienthong prepare --without date draft.pdf -o prepared.pdf`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.prepare(c.Context(), in[0], f) },
	})
	fl := c.Flags()
	fl.StringVar(&f.number, "number-at", "", `where the number goes (default: the blank after "Số:")`)
	fl.StringVar(&f.date, "date-at", "", `where the whole date goes (default: the blanks of "ngày … tháng … năm …")`)
	fl.StringVar(&f.seal, "seal-at", "", "where the agency signs (default: left of the signing block)")
	fl.StringSliceVar(&f.without, "without", nil, "leave a field out: number, date or seal, repeatable")
	fl.StringVarP(&f.output, "output", "o", "", "file to write")
	fl.BoolVar(&f.repair, "repair", false, "prepare a damaged file too: what is appended has a complete cross-reference section")
	fl.BoolVar(&f.atNode, "at-node", false, "have the node prepare it, and keep the result there as a file of the agency")
	return c
}

func (a *app) prepare(ctx context.Context, path string, f prepareFlags) error {
	opts, err := a.draftOptions(f)
	if err != nil {
		return err
	}
	if f.atNode {
		return a.prepareAtNode(ctx, path, f, opts)
	}
	in, err := openDocument(path)
	if err != nil {
		return err
	}
	defer in.Close()
	var made *signer.Drafted
	err = writeOutput(f.output, path, func(out *os.File) error {
		made, err = signer.PrepareDraft(ctx, in, opts, out)
		return prepareError(path, err)
	})
	if err != nil {
		return err
	}
	return a.printDrafted(f.output, made)
}

func (a *app) draftOptions(f prepareFlags) (signer.DraftOptions, error) {
	opts := signer.DraftOptions{At: a.now(), Repair: f.repair}
	if f.output == "" {
		return opts, fail(exitUsage, errors.New("no output"), "name the file to write: -o OUT.pdf")
	}
	for _, p := range []struct {
		flag, value string
		place       **signer.Placement
	}{{"--number-at", f.number, &opts.Number}, {"--date-at", f.date, &opts.Date}, {"--seal-at", f.seal, &opts.Seal}} {
		if p.value == "" {
			continue
		}
		place, err := parsePlace(p.flag, p.value)
		if err != nil {
			return opts, err
		}
		*p.place = place
	}
	for _, name := range f.without {
		field, ok := draftFields[name]
		if !ok {
			return opts, failf(exitUsage, "--without %q: want number, date or seal", name)
		}
		opts.Without = append(opts.Without, field)
	}
	return opts, nil
}

// prepareError says which file it was about, and what to do.
func prepareError(path string, err error) error {
	if err == nil {
		return nil
	}
	wrapped := fmt.Errorf("%s: %w", path, err)
	switch {
	case errors.Is(err, signer.ErrNoBlank):
		return fail(exitNo, wrapped, "give the place: --number-at, --date-at or --seal-at page,x,y,w,h; or leave the field out: --without number,date,seal")
	case errors.Is(err, signer.ErrDraftSigned), errors.Is(err, signer.ErrDraftFields), errors.Is(err, signer.ErrCertified):
		return fail(exitNo, wrapped, "look at it: lienthong inspect "+path)
	case errors.Is(err, signer.ErrConformity):
		return fail(exitNo, wrapped, "save the draft anew, or without the claim to PDF/UA")
	case errors.Is(err, signer.ErrDraftForm), errors.Is(err, signer.ErrNotAllowed):
		return fail(exitNo, wrapped)
	}
	return wrapped
}

func (a *app) printDrafted(path string, made *signer.Drafted) error {
	a.warn(path, made.Warnings)
	if a.json {
		fields := []map[string]any{}
		for _, f := range made.Fields {
			fields = append(fields, map[string]any{"name": f.Name, "page": f.Page, "rect": f.Rect})
		}
		return a.printJSON(map[string]any{"file": path, "sha256": fmt.Sprintf("%x", made.Digest), "size": made.Size, "fields": fields,
			"number": made.Number, "date": made.Date})
	}
	var names []string
	for _, f := range made.Fields {
		names = append(names, f.Name)
	}
	a.printf(a.t("%s: empty fields %s\n", "%s: đã thêm trường trống %s\n"), path, strings.Join(names, ", "))
	for _, printed := range []struct{ en, vi, text string }{{"number", "số", made.Number}, {"date", "ngày tháng", made.Date}} {
		if printed.text != "" {
			a.printf(a.t("  the draft prints its %s already: %s\n", "  dự thảo đã in sẵn %s: %s\n"), a.t(printed.en, printed.vi), printed.text)
		}
	}
	return nil
}
