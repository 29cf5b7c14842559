package signer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
	"lienthong/signer/place"
)

const (
	fieldRoot    = "lienthong"
	draftFont    = "LienthongTimes" // in the resources of the form
	textSize     = 13.0             // points, where no line says otherwise
	flagReadOnly = 1 << 0           // of a field
)

// A draftField is one field to be put in.
type draftField struct {
	name   string
	page   int // from 1
	blank  blank
	inPage [4]float64
	text   bool
	tip    string // what it is for, for those who cannot see it
}

func (d *draftPlan) without(name string) bool { return slices.Contains(d.opts.Without, name) }

func (d *draftPlan) findNumber() error {
	const tip = "Số, ký hiệu văn bản"
	if d.without(FieldNumber) {
		return nil
	}
	if d.opts.Number != nil {
		return d.add(draftField{name: FieldNumber, text: true, tip: tip}, *d.opts.Number)
	}
	width, _ := seenSize(d.pages[0])
	found, err := findNumber(d.lines, width)
	switch {
	case err != nil:
		return d.missing(err)
	case found.blank == nil:
		d.made.Number = found.printed
		return nil
	}
	d.warnDotted(found.dotted, "number")
	return d.addBlank(FieldNumber, tip, found.blank)
}

// warnDotted: a field covers nothing, so what is printed in a blank stays.
func (d *draftPlan) warnDotted(dotted bool, what string) {
	if dotted {
		d.made.Warnings = append(d.made.Warnings, fmt.Sprintf("the blank for the %s has dots, which stay under it: leave spaces in the draft instead", what))
	}
}

func (d *draftPlan) findDate() error {
	const tip = "Ngày, tháng, năm ban hành"
	if d.without(FieldDate) {
		return nil
	}
	if d.opts.Date != nil {
		return d.add(draftField{name: FieldDate, text: true, tip: tip}, *d.opts.Date)
	}
	width, _ := seenSize(d.pages[0])
	found, err := findDate(d.lines, width)
	if err != nil {
		return d.missing(err)
	}
	if found.whole() {
		d.made.Date = found.String()
	}
	d.warnDotted(found.dotted, "date")
	for part, b := range found.blanks {
		if b == nil {
			continue
		}
		if err := d.addBlank(dateParts[part].field, dateParts[part].tip, b); err != nil {
			return err
		}
	}
	return nil
}

// dateParts are the fields of a date that is printed in part.
var dateParts = [3]struct{ field, tip string }{
	{fieldDay, "Ngày ban hành"}, {fieldMonth, "Tháng ban hành"}, {fieldYear, "Năm ban hành"},
}

func (d *draftPlan) findSeal() error {
	if d.without(FieldSeal) {
		return nil
	}
	at := d.opts.Seal
	if at == nil {
		last := len(d.pages)
		r, err := d.sealBeside(d.see(d.reader(), d.pages[last-1], last))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNoBlank, err)
		}
		at = &Placement{Page: last, Rect: r}
	}
	return d.add(draftField{name: FieldSeal, tip: "Chữ ký số của cơ quan"}, *at)
}

// sealBeside is the place of a seal of usual size beside the handwriting that is to
// come.
func (d *draftPlan) sealBeside(page *place.Page) (place.Rect, error) {
	block, err := place.FindBlock(page)
	if err != nil {
		return place.Rect{}, err
	}
	return place.Seal(page, block, place.Mark{Width: defaultSeal * place.Millimetre, Height: defaultSeal * place.Millimetre})
}

func (d *draftPlan) addBlank(name, tip string, b *blank) error {
	return d.add(draftField{name: name, text: true, tip: tip, blank: *b}, Placement{Page: 1, Rect: b.rect})
}

// add gives a field its place on a page.
func (d *draftPlan) add(f draftField, place Placement) error {
	if place.Page == -1 {
		place.Page = len(d.pages)
	}
	if place.Page < 1 || place.Page > len(d.pages) {
		return fmt.Errorf("draft: field %q: no page %d in a file of %d pages", f.name, place.Page, len(d.pages))
	}
	page, ok := d.owned[place.Page]
	if !ok {
		var err error
		if page, err = d.update.OwnPage(d.pages[place.Page-1]); err != nil {
			return fmt.Errorf("draft: page %d: %w", place.Page, err)
		}
		d.owned[place.Page] = page
	}
	d.plan.opts.Place, d.field.page = &place, page
	if err := d.setRect(place.Page, place.Rect); err != nil {
		return fmt.Errorf("draft: field %q: %s", f.name, strings.TrimPrefix(err.Error(), "sign: "))
	}
	if f.text && f.blank.size == 0 {
		f.blank.size = min(textSize, (place.Rect[3]-place.Rect[1])/appearance.LineHeight)
	}
	f.blank.size /= unit(page) // a font's size is in units of its page
	f.page, f.inPage = place.Page, d.field.rect
	d.fields = append(d.fields, f)
	d.made.Fields = append(d.made.Fields, DraftField{f.name, place})
	return nil
}

// write puts the fields into the form and onto their pages.
func (d *draftPlan) write() error {
	if len(d.fields) == 0 {
		return fmt.Errorf("%w: the draft prints its number and date, and no field for the seal is asked for: nothing is to be done", ErrNoBlank)
	}
	root := d.update.Reserve()
	groups := make(map[string]*pdf.Dict) // fields without a value, by full name
	groups[fieldRoot] = pdf.NewDict(pdf.Entry{Key: "T", Value: pdf.TextString(fieldRoot)})
	refs := map[string]pdf.Ref{fieldRoot: root}
	order := []string{fieldRoot}
	var widgets []placedWidget
	onPage := make(map[int][]pdf.Object) // by number
	for _, f := range d.fields {
		parent, partial := f.name[:strings.LastIndexByte(f.name, '.')], f.name[strings.LastIndexByte(f.name, '.')+1:]
		if groups[parent] == nil { // one level below the root
			refs[parent] = d.update.Reserve()
			groups[parent] = pdf.NewDict(pdf.Entry{Key: "T", Value: pdf.TextString(strings.TrimPrefix(parent, fieldRoot+"."))},
				pdf.Entry{Key: "Parent", Value: root})
			order = append(order, parent)
			adopt(groups[fieldRoot], refs[parent])
		}
		w := placedWidget{d.update.Reserve(), d.widget(f, partial, refs[parent]), d.owned[f.page].Ref, f.tip}
		adopt(groups[parent], w.ref)
		widgets = append(widgets, w)
		onPage[f.page] = append(onPage[f.page], w.ref)
	}
	if err := d.tagFields(widgets); err != nil {
		return err
	}
	for _, name := range order {
		d.update.Set(refs[name], groups[name])
	}
	for number, list := range onPage {
		if err := d.addAnnotations(d.owned[number], list...); err != nil {
			return err
		}
	}
	return d.writeDraftForm(root)
}

// tagFields makes the fields part of the structure of a tagged file, in which nothing
// has to change then when they are filled and signed.
func (d *draftPlan) tagFields(widgets []placedWidget) error {
	if err := d.tag(widgets...); err != nil {
		return fmt.Errorf("draft: %w", d.claim.broken("its structure tree cannot take the elements of fields (%v): save the draft with a sound one, or without the claim", err))
	}
	for _, w := range widgets {
		d.update.Set(w.ref, w.dict)
	}
	if _, ok := d.owned[1]; !ok {
		d.orderFirstPage()
	}
	return nil
}

func adopt(parent *pdf.Dict, kid pdf.Ref) {
	kids, _ := parent.Get("Kids").(pdf.Array)
	parent.Set("Kids", append(kids, kid))
}

// widget is a field that is its own annotation. It has an appearance that shows
// nothing: a viewer that finds none would draw one.
func (d *draftPlan) widget(f draftField, partial string, parent pdf.Ref) *pdf.Dict {
	page, r := d.owned[f.page], f.inPage
	width, height := r[2]-r[0], r[3]-r[1]
	rect := pdf.Array{pdf.Real{Value: r[0]}, pdf.Real{Value: r[1]}, pdf.Real{Value: r[2]}, pdf.Real{Value: r[3]}}
	look := pdf.NewStream(pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("XObject")}, pdf.Entry{Key: "Subtype", Value: pdf.Name("Form")},
		pdf.Entry{Key: "BBox", Value: pdf.Array{pdf.Integer(0), pdf.Integer(0), pdf.Real{Value: width}, pdf.Real{Value: height}}},
		pdf.Entry{Key: "Resources", Value: pdf.NewDict()},
	), []byte("/Tx BMC\nEMC\n"))
	out := pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("Annot")},
		pdf.Entry{Key: "Subtype", Value: pdf.Name("Widget")},
		pdf.Entry{Key: "FT", Value: pdf.Name("Sig")},
		pdf.Entry{Key: "T", Value: pdf.TextString(partial)},
		pdf.Entry{Key: "Parent", Value: parent},
		pdf.Entry{Key: "TU", Value: pdf.TextString(f.tip)},
		pdf.Entry{Key: "F", Value: pdf.Integer(flagPrint | flagLocked)},
		pdf.Entry{Key: "Rect", Value: rect},
		pdf.Entry{Key: "P", Value: page.Ref},
		pdf.Entry{Key: "AP", Value: pdf.NewDict(pdf.Entry{Key: "N", Value: d.update.Add(look)})},
	)
	if !f.text {
		out.Set("Lock", d.update.Add(d.lock()))
		return out
	}
	out.Set("FT", pdf.Name("Tx"))
	out.Set("Ff", pdf.Integer(flagReadOnly))
	out.Set("DA", pdf.String{Value: fmt.Appendf(nil, "/%s %s Tf 0 g", draftFont, strconv.FormatFloat(f.blank.size, 'f', 2, 64))})
	if f.blank.centre {
		out.Set("Q", pdf.Integer(1))
	}
	if page.Rotate != 0 {
		out.Set("MK", pdf.NewDict(pdf.Entry{Key: "R", Value: pdf.Integer(page.Rotate)}))
	}
	return out
}

// lock is what the agency's signature locks: the fields, by name.
func (d *draftPlan) lock() *pdf.Dict {
	var names []string
	for _, f := range d.fields {
		names = append(names, f.name)
	}
	return lockOn(names)
}

// writeDraftForm adds the fields to the form, with a font that /DA can name. What
// the form has stays.
func (d *draftPlan) writeDraftForm(root pdf.Ref) error {
	return d.writeForm(root, func(form *pdf.Dict) error {
		resources, err := d.view.Dict(form.Get("DR"))
		if err != nil {
			return fmt.Errorf("draft: read the form's resources: %w", err)
		}
		fonts, err := d.view.Dict(resources.Get("Font"))
		if err != nil {
			return fmt.Errorf("draft: read the form's fonts: %w", err)
		}
		resources, fonts = cloneOrNew(resources), cloneOrNew(fonts)
		// Not embedded, and never drawn with: each filled field has its own font.
		fonts.Set(draftFont, d.update.Add(pdf.NewDict(
			pdf.Entry{Key: "Type", Value: pdf.Name("Font")}, pdf.Entry{Key: "Subtype", Value: pdf.Name("Type1")},
			pdf.Entry{Key: "BaseFont", Value: pdf.Name("Times-Roman")}, pdf.Entry{Key: "Encoding", Value: pdf.Name("WinAnsiEncoding")})))
		resources.Set("Font", fonts)
		form.Set("DR", resources)
		return nil
	})
}

func cloneOrNew(d *pdf.Dict) *pdf.Dict {
	if d == nil {
		return pdf.NewDict()
	}
	return d.Clone()
}
