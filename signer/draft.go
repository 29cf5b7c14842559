package signer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

// Names of the fields that [PrepareDraft] puts into a draft, below one field without
// a value. They are stable. Where a draft prints a part of its date, the date is up
// to three fields below [FieldDate], one for each part that is blank.
const (
	FieldNumber = "lienthong.number"
	FieldDate   = "lienthong.date"
	FieldSeal   = "lienthong.seal"

	fieldDay   = FieldDate + ".day"
	fieldMonth = FieldDate + ".month"
	fieldYear  = FieldDate + ".year"
)

// DraftOptions say where the empty fields of a draft go. At is required.
//
// Number and date come after the personal signature (Decree 30/2020/NĐ-CP, Art. 14
// to 18), so that they must not touch the content of the page: they are fields which
// the authorised person signs empty, and the agency fills when it seals.
type DraftOptions struct {
	Number *Placement // nil: the blank after "Số:" in the head of page 1
	Date   *Placement // nil: the blanks of "…, ngày … tháng … năm …" there
	Seal   *Placement // nil: left of the signing block on the last page
	// Without leaves fields out, by their names.
	Without []string
	At      time.Time
	Repair  bool       // as of [SignOptions]
	Limits  pdf.Limits // of reading the input; zero fields mean the default
}

// A DraftField is a field that was put into a draft.
type DraftField struct {
	Name string
	Placement
}

// A Drafted says what [PrepareDraft] wrote.
type Drafted struct {
	Digest [32]byte // SHA-256 of the whole output
	Size   int64    // bytes
	Fields []DraftField
	// Number and Date are what the draft prints already, so that there is no field for
	// it. Of a date with blanks Date is empty.
	Number, Date string
	Warnings     []string
}

// Errors of [PrepareDraft] that a caller may want to tell apart.
var (
	ErrDraftSigned = errors.New("draft: the file is signed already: fields are put in before the first signature")
	ErrDraftFields = errors.New("draft: the file has the fields already")
	ErrDraftForm   = errors.New("draft: the file has a form that does not go together with fields for number, date and seal")
	ErrNoBlank     = errors.New("draft: the place is not found")
)

// PrepareDraft writes to out the bytes of in, untouched, and one appended revision
// with empty fields for the number, the date and the agency's signature. The last has
// a lock: who signs in it locks all of them (ISO 32000-2, 12.7.5.5).
//
// The fields for number and date are read-only, so that no viewer lets people type
// into them or draws them anew; [Sign] fills them, and signs in the third, in one
// revision. A file that claims PDF/A or PDF/UA stays conforming. The errors are
// [ErrEncrypted], [ErrNotAllowed], [ErrCertified], [ErrConformity], those above, and
// those of [pdf.Open].
func PrepareDraft(ctx context.Context, in pdf.Source, opts DraftOptions, out io.Writer) (*Drafted, error) {
	if opts.At.IsZero() {
		return nil, errors.New("draft: no time")
	}
	p, err := openPlan(in, SignOptions{At: opts.At, Repair: opts.Repair, Limits: opts.Limits, Profile: appearance.Custom})
	if err != nil {
		return nil, err
	}
	d := &draftPlan{plan: p, opts: opts, owned: make(map[int]pdf.Page)}
	for _, step := range []func() error{d.acceptable, d.findNumber, d.findDate, d.findSeal, d.write} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	p.update.SetID(revisionID(p.file, opts.At, []byte("draft")))
	appended, err := p.update.Build()
	if err != nil {
		return nil, fmt.Errorf("draft: %w", err)
	}
	h := sha256.New()
	w := io.MultiWriter(out, h)
	if err := copyInput(ctx, in, w); err != nil {
		return nil, err
	}
	if _, err := w.Write(appended.Data); err != nil {
		return nil, fmt.Errorf("draft: write the output: %w", err)
	}
	h.Sum(d.made.Digest[:0])
	d.made.Size = in.Size() + int64(len(appended.Data))
	d.made.Warnings = append(d.made.Warnings, p.repaired()...)
	return &d.made, nil
}

// A draftPlan is the revision that a draft needs.
type draftPlan struct {
	*plan
	opts   DraftOptions
	pages  []pdf.Page
	lines  []printedLine // of the head of page 1
	unread string        // why there may be more of them
	fields []draftField
	owned  map[int]pdf.Page // by number: as the update has them
	made   Drafted
}

// acceptable refuses files that are no draft, or whose form would not show what the
// fields hold.
func (d *draftPlan) acceptable() error {
	signatures, err := d.view.Signatures()
	switch {
	case err != nil:
		return fmt.Errorf("draft: read the signatures: %w", err)
	case len(signatures) > 0:
		return fmt.Errorf("%w: %q is there", ErrDraftSigned, signatures[0].Field.FullName)
	case !d.allowed.AddFields():
		return fmt.Errorf("%w: /P is %d, want bits 4 and 6 to add fields", ErrNotAllowed, d.allowed.P)
	}
	if perms, err := d.view.Dict(d.catalog.Get("Perms")); err != nil || perms.Has("DocMDP") {
		return fmt.Errorf("%w: /Perms names a certification", ErrCertified)
	}
	if d.claim.access > 1 {
		return fmt.Errorf("draft: %w", d.claim.broken("new fields have no place in the structure of such a file: save the draft as PDF/UA-1, or without the claim"))
	}
	form, err := d.view.Dict(d.catalog.Get("AcroForm"))
	if err != nil {
		return fmt.Errorf("draft: read the form: %w", err)
	}
	if form.Has("XFA") {
		return fmt.Errorf("%w: it is laid out by XFA: save the draft as a plain PDF", ErrDraftForm)
	}
	if need, err := d.view.Resolve(form.Get("NeedAppearances")); err != nil || need == pdf.Object(pdf.Bool(true)) {
		return fmt.Errorf("%w: it has viewers draw fields anew (/NeedAppearances): save the draft with a program that draws them", ErrDraftForm)
	}
	fields, err := d.view.Fields()
	if err != nil {
		return fmt.Errorf("draft: read the form: %w", err)
	}
	for i := range fields {
		if fields[i].FullName == fieldRoot {
			return fmt.Errorf("%w: %q is there", ErrDraftFields, fields[i].FullName)
		}
	}
	return d.readPages()
}

func (d *draftPlan) readPages() error {
	var err error
	if d.pages, err = d.view.Pages(); err != nil {
		return fmt.Errorf("draft: read the pages: %w", err)
	}
	if len(d.pages) == 0 {
		return errors.New("draft: the file has no pages")
	}
	lines, unread := printedLines(d.view, d.pages[0])
	_, height := seenSize(d.pages[0])
	d.lines, d.unread = head(lines, height), unread
	return nil
}

// missing is the error of a place that is not found in the text.
func (d *draftPlan) missing(err error) error {
	if d.unread != "" {
		err = fmt.Errorf("%w (not all text of the page could be read: %s)", err, d.unread)
	}
	return fmt.Errorf("%w: %w", ErrNoBlank, err)
}
