package signer

import (
	"strconv"
	"strings"

	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

// A textWidget is where a prepared text field shows its value.
type textWidget struct {
	page          pdf.Page
	width, height float64    // as a reader sees it
	seen          [4]float64 // rectangle on the page, as a reader sees it
	size          float64    // of the letters
	centre        bool
}

// textWidget reads an empty text field that was prepared.
func (p *plan) textWidget(f *pdf.Field) (textWidget, error) {
	var w textWidget
	switch {
	case f.Type != "Tx":
		return w, registerError("field %q is of type /%s, not a text field", f.FullName, f.Type)
	case !isNull(f.Value):
		return w, registerError("field %q is filled in already", f.FullName)
	case f.Ref.IsZero() || len(f.Kids) > 0 || len(f.Widgets) != 1 || f.Widgets[0] != f.Ref:
		return w, registerError("field %q is not one object with one place on a page, as lienthong prepare makes it", f.FullName)
	}
	rect, ok := rectOf(p.view, f.Dict.Get("Rect"))
	flags, _ := f.Dict.Int("F")
	if !ok || rect[0] >= rect[2] || rect[1] >= rect[3] || flags&(1|2|32) != 0 {
		return w, registerError("field %q does not show on the page", f.FullName)
	}
	page, ok := p.pageOf(f)
	if !ok {
		return w, registerError("field %q is on no page", f.FullName)
	}
	w = textWidget{page: page, seen: seenRect(page, rect)}
	w.width, w.height = w.seen[2]-w.seen[0], w.seen[3]-w.seen[1]
	w.size = sizeIn(f.Dict.Get("DA")) * unit(page)
	if w.size <= 0 || w.size > w.height {
		w.size = min(textSize, w.height/appearance.LineHeight)
	}
	q, _ := f.Dict.Int("Q")
	w.centre = q == 1
	return w, nil
}

// pageOf is the page whose annotations have the field.
func (p *plan) pageOf(f *pdf.Field) (pdf.Page, bool) {
	pages, err := p.view.Pages()
	if err != nil {
		return pdf.Page{}, false
	}
	for _, page := range pages {
		annots, err := p.view.Array(page.Dict.Get("Annots"))
		if err != nil {
			continue
		}
		for _, o := range annots {
			if o == pdf.Object(f.Ref) {
				return page, true
			}
		}
	}
	return pdf.Page{}, false
}

// sizeIn is the size of the font in a default appearance; 0 if there is none.
func sizeIn(o pdf.Object) float64 {
	s, _ := o.(pdf.String)
	words := strings.Fields(string(s.Value))
	for i, word := range words {
		if word == "Tf" && i > 0 {
			size, _ := strconv.ParseFloat(words[i-1], 64)
			return size
		}
	}
	return 0
}

// fill gives a text field its value, and the appearance that shows it. Nothing else
// of it changes.
func (p *plan) fill(f *pdf.Field, w textWidget, value string, italic bool) error {
	look, err := appearance.DrawLine(p.update, appearance.Line{Text: value, Width: w.width, Height: w.height, Size: w.size,
		Rotate: w.page.Rotate, Centre: w.centre, Italic: italic, Restrict: p.claim.restrictions()})
	if err != nil {
		return registerError("field %q: %v", f.FullName, err)
	}
	dict := f.Dict.Clone()
	dict.Set("V", pdf.TextString(value))
	dict.Set("AP", pdf.NewDict(pdf.Entry{Key: "N", Value: look}))
	p.update.Set(f.Ref, dict)
	p.registered.names = append(p.registered.names, f.FullName)
	return nil
}
