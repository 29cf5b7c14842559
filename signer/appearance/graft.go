package appearance

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"lienthong/signer/pdf"
)

// graft moves the only page of a file into u as a form XObject, with the fonts
// and images that it uses. The text on it is made of letters.
func graft(u *pdf.Update, file []byte, letters []rune, c Content) (pdf.Ref, error) {
	f, err := pdf.Open(bytes.NewReader(file), pdf.DefaultLimits())
	if err != nil {
		return pdf.Ref{}, err
	}
	g := &grafter{update: u, view: f.Latest(), moved: make(map[pdf.Ref]pdf.Ref), letters: letters, face: c.face, restrict: c.Restrict}
	pages, err := g.view.Pages()
	if err != nil {
		return pdf.Ref{}, err
	}
	if len(pages) != 1 {
		return pdf.Ref{}, fmt.Errorf("%d pages, want 1", len(pages))
	}
	o, err := g.view.Resolve(pages[0].Dict.Get("Contents"))
	if err != nil {
		return pdf.Ref{}, err
	}
	content, ok := o.(*pdf.Stream)
	if !ok {
		return pdf.Ref{}, errors.New("the page has no content")
	}
	fonts, err := g.resources(pages[0].Resources)
	if err != nil {
		return pdf.Ref{}, err
	}
	form, err := g.stream(content, maxDepth)
	if err != nil {
		return pdf.Ref{}, err
	}
	form.Dict.Set("Type", pdf.Name("XObject"))
	form.Dict.Set("Subtype", pdf.Name("Form"))
	form.Dict.Set("BBox", numbers(0, 0, c.Width, c.Height))
	if m := matrix(c); m != nil {
		form.Dict.Set("Matrix", m)
	}
	form.Dict.Set("Resources", fonts)
	return u.Add(form), nil
}

// matrix turns the form against the page, so that it stands upright on the
// screen. Viewers fit the turned box into the annotation's rectangle.
func matrix(c Content) pdf.Array {
	switch c.Rotate {
	case 90:
		return numbers(0, 1, -1, 0, c.Height, 0)
	case 180:
		return numbers(-1, 0, 0, -1, c.Width, c.Height)
	case 270:
		return numbers(0, -1, 1, 0, 0, c.Width)
	}
	return nil
}

func numbers(values ...float64) pdf.Array {
	a := make(pdf.Array, len(values))
	for i, v := range values {
		if v == float64(int64(v)) {
			a[i] = pdf.Integer(int64(v))
		} else {
			a[i] = pdf.Real{Value: v}
		}
	}
	return a
}

// A grafter copies objects from one file into an update, each once.
type grafter struct {
	update   *pdf.Update
	view     *pdf.View
	moved    map[pdf.Ref]pdf.Ref
	letters  []rune
	face     string
	restrict Restrictions
}

const maxDepth = 32

// resources copies what the page uses, and nothing else that is there.
func (g *grafter) resources(o pdf.Object) (pdf.Object, error) {
	old, err := g.view.Dict(o)
	if err != nil || old == nil {
		return pdf.NewDict(), err
	}
	kept := pdf.NewDict()
	for _, key := range []pdf.Name{"Font", "XObject", "ExtGState"} {
		d, err := g.view.Dict(old.Get(key))
		if err != nil {
			return nil, err
		}
		if d != nil && d.Len() > 0 {
			kept.Set(key, d)
		}
	}
	if g.restrict.Calibrated {
		kept.Set("ColorSpace", calibrated())
	}
	return g.object(kept, maxDepth)
}

func (g *grafter) object(o pdf.Object, depth int) (pdf.Object, error) {
	if depth == 0 {
		return nil, errors.New("the drawing is nested too deeply")
	}
	switch o := o.(type) {
	case pdf.Ref:
		return g.reference(o, depth-1)
	case pdf.Array:
		out := make(pdf.Array, len(o))
		for i := range o {
			var err error
			if out[i], err = g.object(o[i], depth-1); err != nil {
				return nil, err
			}
		}
		return out, nil
	case *pdf.Dict:
		return g.dict(o, depth-1)
	case *pdf.Stream:
		return g.stream(o, depth-1)
	}
	return o, nil
}

func (g *grafter) reference(old pdf.Ref, depth int) (pdf.Object, error) {
	if ref, ok := g.moved[old]; ok {
		return ref, nil
	}
	ref := g.update.Reserve()
	g.moved[old] = ref
	o, err := g.view.Object(old)
	if err != nil {
		return nil, err
	}
	o, err = g.object(o, depth)
	if err != nil {
		return nil, err
	}
	g.update.Set(ref, o)
	return ref, nil
}

// dict copies a dictionary, and completes those of fonts.
func (g *grafter) dict(old *pdf.Dict, depth int) (*pdf.Dict, error) {
	out := pdf.NewDict()
	for _, key := range old.Keys() {
		switch key {
		case "BaseFont", "FontName":
			out.Set(key, subsetName(g.letters, g.face))
			continue
		case "ToUnicode":
			out.Set(key, g.update.Add(pdf.NewStream(pdf.NewDict(), toUnicode(g.letters))))
			continue
		case "SMask":
			if g.restrict.Opaque {
				mask, err := stencil(g.view, old.Get(key))
				if err != nil {
					return nil, err
				}
				out.Set("Mask", g.update.Add(mask))
				continue
			}
		}
		value, err := g.object(old.Get(key), depth)
		if err != nil {
			return nil, err
		}
		out.Set(key, value)
	}
	if g.restrict.Listed && old.Has("FontFile2") {
		out.Set("CIDSet", g.update.Add(cidSet(g.letters)))
	}
	return out, nil
}

func (g *grafter) stream(old *pdf.Stream, depth int) (*pdf.Stream, error) {
	raw, err := old.Raw(g.view)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(raw)
	if err != nil {
		return nil, err
	}
	dict, err := g.dict(old.Dict, depth)
	if err != nil {
		return nil, err
	}
	return pdf.NewStream(dict, data), nil
}
