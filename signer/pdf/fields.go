package pdf

import "fmt"

// A Field is a node of the interactive form's tree (ISO 32000-2, 12.7.4).
type Field struct {
	Ref      Ref // zero for a field that is no indirect object
	Dict     *Dict
	FullName string // partial names from the root joined by '.', in UTF-8
	Type     Name   // /FT, inherited: Btn, Tx, Ch, Sig
	Flags    int64  // /Ff, inherited
	Value    Object // /V, inherited, not resolved
	Parent   Ref    // the field above it in the walk
	Kids     []Ref  // fields below it
	Widgets  []Ref  // its annotations: itself where it is merged with its only one
}

type fieldWalk struct {
	v      *View
	seen   visited
	fields []Field
	names  int // bytes of all full names
}

// maxNames bounds the bytes of all full names: each field of a hostile form
// may repeat the long name of its parent.
const maxNames = 16 << 20

// Fields returns every field of the form, parents before kids, in the order of
// the tree. A field that is met twice, or fields nested beyond [Limits].Depth,
// are errors.
func (v *View) Fields() ([]Field, error) {
	_, root, err := v.Catalog()
	if err != nil {
		return nil, err
	}
	form, err := v.Dict(root.Get("AcroForm"))
	if err != nil || form == nil {
		return nil, err
	}
	list, err := v.Array(form.Get("Fields"))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	w := fieldWalk{v: v, seen: newVisited(v.file.revs[v.rev-1].highest)}
	for _, o := range list {
		d, err := w.open(o)
		if err == nil && d != nil {
			ref, _ := o.(Ref)
			_, err = w.field(ref, d, Field{Value: Null{}}, 0)
		}
		if err != nil {
			return nil, fmt.Errorf("pdf: form: %w", err)
		}
	}
	return w.fields, nil
}

// open returns the dictionary of a field or widget, which must be new.
func (w *fieldWalk) open(o Object) (*Dict, error) {
	ref, _ := o.(Ref)
	o, err := w.v.Resolve(o)
	if err != nil {
		return nil, err
	}
	d, ok := o.(*Dict)
	if !ok {
		return nil, nil
	}
	if !ref.IsZero() && !w.seen.add(ref.Number) {
		return nil, &SyntaxError{d.span.Start, fmt.Sprintf("object %d is met twice", ref.Number)}
	}
	return d, nil
}

// field adds the field d, which inherits from parent, and those below it.
func (w *fieldWalk) field(ref Ref, d *Dict, parent Field, depth int) (index int, err error) {
	if depth > w.v.file.lim.Depth {
		return 0, fmt.Errorf("%w: fields nest more than %d deep", ErrLimit, w.v.file.lim.Depth)
	}
	f := Field{Ref: ref, Dict: d, FullName: parent.FullName, Type: parent.Type, Flags: parent.Flags, Value: parent.Value, Parent: parent.Ref}
	if err := w.attributes(&f); err != nil {
		return 0, err
	}
	if index = len(w.fields); index >= w.v.file.lim.Tree {
		return 0, fmt.Errorf("%w: more than %d fields", ErrLimit, w.v.file.lim.Tree)
	}
	w.fields = append(w.fields, f)
	kids, err := w.v.Array(d.Get("Kids"))
	if err != nil {
		return 0, err
	}
	for _, o := range kids {
		kid, err := w.open(o)
		if err != nil {
			return 0, err
		}
		ref, _ := o.(Ref)
		switch {
		case kid == nil:
		case kid.Has("T"): // a kid with a name of its own is a field
			if _, err := w.field(ref, kid, f, depth+1); err != nil {
				return 0, err
			}
			w.fields[index].Kids = append(w.fields[index].Kids, ref)
		default:
			w.fields[index].Widgets = append(w.fields[index].Widgets, ref)
		}
	}
	if len(kids) == 0 && d.Name("Subtype") == "Widget" {
		w.fields[index].Widgets = []Ref{ref}
	}
	return index, nil
}

// attributes sets what f has of its own.
func (w *fieldWalk) attributes(f *Field) error {
	t, err := w.v.Resolve(f.Dict.Get("T"))
	if err != nil {
		return err
	}
	if s, ok := t.(String); ok {
		name := DecodeText(s)
		if f.FullName != "" {
			name = f.FullName + "." + name
		}
		if w.names += len(name); w.names > maxNames {
			return fmt.Errorf("%w: names of fields take more than %d bytes", ErrLimit, maxNames)
		}
		f.FullName = name
	}
	ft, err := w.v.Resolve(f.Dict.Get("FT"))
	if err != nil {
		return err
	}
	if n, ok := ft.(Name); ok {
		f.Type = n
	}
	ff, err := w.v.Resolve(f.Dict.Get("Ff"))
	if err != nil {
		return err
	}
	if n, ok := ff.(Integer); ok {
		f.Flags = int64(n)
	}
	if f.Dict.Has("V") {
		f.Value = f.Dict.Get("V")
	}
	return nil
}
