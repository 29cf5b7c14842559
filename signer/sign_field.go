package signer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lienthong/signer/pdf"
)

// A target is the field that the signature goes into.
type target struct {
	name  string    // full name
	ref   pdf.Ref   // of the field; new if dict is nil
	dict  *pdf.Dict // of an existing field
	shown bool      // an existing field is its own widget
	page  pdf.Page
	rect  [4]float64 // in the page's own coordinates
	look  pdf.Ref    // appearance stream, zero if invisible
	text  string     // what it says, for those who cannot see it
}

// Flags of an annotation and of the form (ISO 32000-2, tables 167 and 225).
const (
	flagPrint          = 1 << 2
	flagLocked         = 1 << 7
	flagSignaturesLive = 1 << 0 // SignaturesExist
	flagAppendOnly     = 1 << 1
)

// chooseField finds the field that the options name, or a free name for one.
func (p *plan) chooseField() error {
	fields, err := p.view.Fields()
	if err != nil {
		return fmt.Errorf("sign: read the form: %w", err)
	}
	p.sig = p.update.Reserve()
	taken := make(map[string]bool, len(fields))
	for i := range fields {
		f := &fields[i]
		taken[f.FullName] = true
		if p.opts.Field == "" || f.FullName != p.opts.Field {
			continue
		}
		if p.field.dict != nil {
			return fmt.Errorf("sign: field %q is there twice", f.FullName)
		}
		if err := p.useField(f); err != nil {
			return err
		}
	}
	if p.field.dict != nil {
		return nil
	}
	return p.newField(taken)
}

func (p *plan) useField(f *pdf.Field) error {
	value, err := p.view.Resolve(f.Value)
	_, empty := value.(pdf.Null)
	switch {
	case err != nil:
		return fmt.Errorf("sign: field %q: %w", f.FullName, err)
	case f.Type != "Sig":
		return fmt.Errorf("sign: field %q is of type /%s, not a signature field", f.FullName, f.Type)
	case !empty:
		return fmt.Errorf("sign: field %q is signed already: name another one, or none", f.FullName)
	case f.Ref.IsZero() || len(f.Kids) > 0:
		return fmt.Errorf("sign: field %q is malformed: a signature field must be an indirect object without child fields", f.FullName)
	}
	if len(f.Widgets) > 1 || len(f.Widgets) == 1 && f.Widgets[0] != f.Ref {
		// Two common readers take such a field for an unsigned one, or its
		// signature for a forbidden change.
		return fmt.Errorf("sign: field %q has a widget apart from it, which is not supported: name another field, or none", f.FullName)
	}
	p.field = target{name: f.FullName, ref: f.Ref, dict: f.Dict, shown: len(f.Widgets) == 1}
	if err := p.readSeedValues(); err != nil {
		return err
	}
	return p.placeInField()
}

// newField names a field that is not there and finds its page.
func (p *plan) newField(taken map[string]bool) error {
	name := p.opts.Field
	if strings.Contains(name, ".") {
		return fmt.Errorf("sign: no field %q, and the name of a new one must not contain a full stop", name)
	}
	for i := 1; name == ""; i++ {
		if free := "Signature" + strconv.Itoa(i); !taken[free] {
			name = free
		}
	}
	p.field = target{name: name, ref: p.update.Reserve()}
	return p.placeOnPage()
}

// writeField puts the signature into the field, and a new field into the form
// and onto its page.
func (p *plan) writeField() error {
	f := &p.field
	if f.dict != nil {
		return p.fillField()
	}
	rect := pdf.Array{pdf.Integer(0), pdf.Integer(0), pdf.Integer(0), pdf.Integer(0)}
	dict := pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("Annot")},
		pdf.Entry{Key: "Subtype", Value: pdf.Name("Widget")},
		pdf.Entry{Key: "FT", Value: pdf.Name("Sig")},
		pdf.Entry{Key: "T", Value: pdf.TextString(f.name)},
		pdf.Entry{Key: "F", Value: pdf.Integer(flagPrint | flagLocked)},
		pdf.Entry{Key: "Rect", Value: rect},
		pdf.Entry{Key: "P", Value: f.page.Ref},
		pdf.Entry{Key: "V", Value: p.sig},
	)
	if !f.look.IsZero() {
		p.show(dict)
	}
	if err := p.tag(placedWidget{f.ref, dict, f.page.Ref, f.text}); err != nil {
		if err := p.refuse("its structure tree cannot take the element of a visible signature (%v): sign an empty field that the file has, or invisibly", err); err != nil {
			return err
		}
	}
	p.blank(dict)
	p.update.Set(f.ref, dict)
	if err := p.addToPage(); err != nil {
		return err
	}
	p.orderFirstPage()
	return p.writeForm(f.ref)
}

// fillField gives an existing field its value, and its widget a look.
func (p *plan) fillField() error {
	f := &p.field
	dict := f.dict.Clone()
	dict.Set("V", p.sig)
	if !f.look.IsZero() {
		p.show(dict)
	}
	p.update.Set(f.ref, dict)
	return p.writeForm(pdf.Ref{})
}

// show gives a widget its appearance, and a new one its rectangle and the text
// for those who cannot see it.
func (p *plan) show(widget *pdf.Dict) {
	f := &p.field
	widget.Set("AP", pdf.NewDict(pdf.Entry{Key: "N", Value: f.look}))
	if f.dict != nil {
		if p.claim.access > 0 && isNull(widget.Get("TU")) {
			widget.Set("TU", pdf.TextString(f.text))
		}
		return
	}
	rect := make(pdf.Array, 4)
	for i, x := range f.rect {
		rect[i] = pdf.Real{Value: x}
	}
	widget.Set("Rect", rect)
	widget.Set("TU", pdf.TextString(f.text))
}

// addToPage puts a new widget on its page.
func (p *plan) addToPage() error { return p.addAnnotations(p.field.page, p.field.ref) }

// addAnnotations puts new widgets on a page: into the array of annotations where
// that is an object of its own, else into a copy of the page.
func (p *plan) addAnnotations(page pdf.Page, added ...pdf.Object) error {
	annots, err := p.view.Array(page.Dict.Get("Annots"))
	if err != nil {
		return fmt.Errorf("sign: read the page's annotations: %w", err)
	}
	if annots, err = p.ownObjects(annots); err != nil {
		return err
	}
	annots = append(annots, added...)
	ref, apart := page.Dict.Get("Annots").(pdf.Ref)
	if apart = apart && len(annots) > len(added); apart {
		p.update.Set(ref, annots)
	}
	if apart && !p.ordered(page.Dict) {
		return nil
	}
	dict, err := p.pageNow(page.Ref)
	if err != nil {
		return err
	}
	if !apart {
		dict.Set("Annots", annots)
	}
	if p.ordered(page.Dict) {
		dict.Set("Tabs", pdf.Name("S"))
	}
	p.update.Set(page.Ref, dict)
	return nil
}

// pageNow returns a copy of a page as it will be: it may have been mended.
func (p *plan) pageNow(ref pdf.Ref) (*pdf.Dict, error) {
	o, err := p.update.Object(ref)
	d, ok := o.(*pdf.Dict)
	if err != nil || !ok {
		return nil, fmt.Errorf("sign: object %d is no page (error %v)", ref.Number, err)
	}
	return d.Clone(), nil
}

// ownObjects returns a copy of an array, a page's annotations or the form's fields,
// in which each dictionary that is part of the array is an object of its own, as the
// standard would have it: pyHanko takes the array for tampered with, or cannot read
// it, when the next signature adds to it. In a file that has signatures already it
// stays as it is, or it would be tampered with indeed.
func (p *plan) ownObjects(list pdf.Array) (pdf.Array, error) {
	list = slices.Clone(list)
	if !slices.ContainsFunc(list, isDirect) {
		return list, nil
	}
	if earlier, err := p.view.Signatures(); err != nil || len(earlier) > 0 {
		return list, err
	}
	for i, o := range list {
		if isDirect(o) {
			list[i] = p.update.Add(o)
		}
	}
	return list, nil
}

// isDirect reports whether o is a dictionary where a reference to one belongs.
func isDirect(o pdf.Object) bool { _, ok := o.(*pdf.Dict); return ok }

// writeForm adds a new field to the form, and says that the file is signed. Of
// the objects that hold the form, only the innermost that changes is rewritten.
// Edits may change the form itself.
func (p *plan) writeForm(field pdf.Ref, edits ...func(form *pdf.Dict) error) error {
	old, err := p.view.Dict(p.catalog.Get("AcroForm"))
	if err != nil {
		return fmt.Errorf("sign: read the form: %w", err)
	}
	form, changed := pdf.NewDict(), false
	if old != nil {
		form = old.Clone()
	}
	if !field.IsZero() {
		fields, err := p.view.Array(form.Get("Fields"))
		if err != nil {
			return fmt.Errorf("sign: read the form's fields: %w", err)
		}
		if fields, err = p.ownObjects(fields); err != nil {
			return err
		}
		fields = append(fields, field)
		if ref, ok := form.Get("Fields").(pdf.Ref); ok && len(fields) > 1 {
			p.update.Set(ref, fields)
		} else {
			form.Set("Fields", fields)
			changed = true
		}
	}
	for _, edit := range edits {
		if err := edit(form); err != nil {
			return err
		}
		changed = true
	}
	flags, _ := form.Int("SigFlags")
	if want := flags | flagSignaturesLive | flagAppendOnly; want != flags {
		form.Set("SigFlags", pdf.Integer(want))
		changed = true
	}
	if !changed {
		return nil
	}
	if ref, ok := p.catalog.Get("AcroForm").(pdf.Ref); ok && old != nil {
		p.update.Set(ref, form)
		return nil
	}
	p.editCatalog(func(c *pdf.Dict) {
		if old == nil {
			c.Set("AcroForm", p.update.Add(form))
		} else {
			c.Set("AcroForm", form)
		}
	})
	return nil
}

// editCatalog changes the catalog, which other steps may have changed before.
func (p *plan) editCatalog(edit func(*pdf.Dict)) {
	p.catalog = p.catalog.Clone()
	edit(p.catalog)
	p.update.Set(p.root, p.catalog)
}
