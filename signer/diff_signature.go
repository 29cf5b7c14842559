package signer

import (
	"sort"

	"lienthong/signer/pdf"
)

func sortInts(list []int) { sort.Ints(list) }

// newWidget is what a signature shows, of a field that a revision adds or signs.
type newWidget struct {
	ref     pdf.Ref
	dict    *pdf.Dict
	field   *pdf.Field
	earlier bool // the field was there before, and so was its place on the page
	page    int  // object number of the page that lists it, 0 while unknown
}

// widgetKeys are the entries that the field and widget of a further signature may
// have. An action (/A, /AA) or optional content (/OC) would make it show or do
// something else later.
var widgetKeys = map[pdf.Name]bool{
	"Type": true, "Subtype": true, "FT": true, "T": true, "TU": true, "TM": true, "Ff": true, "V": true, "DV": true,
	"Rect": true, "F": true, "P": true, "AP": true, "AS": true, "MK": true, "DA": true, "Q": true, "H": true, "BS": true,
	"Border": true, "Lock": true, "SV": true, "Parent": true, "Kids": true, "M": true, "NM": true, "StructParent": true,
	"C": true, "CA": true, "DR": true, "Contents": true,
}

// newField judges a field that a revision adds: a signature field that this
// revision signs, or a parent of such fields.
func (c *comparison) newField(f *pdf.Field) {
	path := "field " + f.FullName
	dl := c.deltas[f.Ref.Number]
	switch {
	case dl == nil || dl.known:
		c.content(f.Ref, path, "an object that was there before is made a field")
		return
	case !isDict(dl.new):
		c.content(f.Ref, path, "the new field is not a dictionary")
		return
	}
	for _, k := range f.Dict.Keys() {
		if !widgetKeys[k] {
			c.content(f.Ref, path, "the new field has the entry /%s", k)
			return
		}
	}
	if len(f.Dict.Duplicates()) > 0 {
		c.content(f.Ref, path, "the new field has an entry twice")
		return
	}
	if f.Type == "" && len(f.Kids) > 0 && isNull(f.Value) {
		c.take(f.Ref.Number, "parent of new fields")
		if n := refNumber(f.Dict.Get("Kids")); n > 0 {
			c.take(n, "parent of new fields", f.Ref.Number)
		}
		return // its fields are judged one by one, and a widget of its own is none of them
	}
	if f.Type != "Sig" || isNull(f.Value) {
		c.content(f.Ref, path, "a field of type %q is added that this revision does not sign", f.Type)
		return
	}
	class := c.signedField(f, false)
	if class == "" {
		return
	}
	c.take(f.Ref.Number, "new signature field")
	c.record(class, f.Ref, path, "a further signature and its field are added")
}

func isDict(o pdf.Object) bool { _, ok := o.(*pdf.Dict); return ok }

// signedField takes what belongs to a signature that this revision makes, and
// returns its class; "" if it is not acceptable, which is then recorded.
func (c *comparison) signedField(f *pdf.Field, earlier bool) Changes {
	path := "field " + f.FullName
	it := c.itemOf(f)
	if it == nil {
		c.content(f.Ref, path, "its signature was not made by this revision")
		return ""
	}
	owners := []int{f.Ref.Number}
	for _, w := range f.Widgets {
		owners = append(owners, w.Number)
	}
	c.takeTree(c.new, f.Value, "signature", owners...)
	for _, k := range []pdf.Name{"Lock", "SV", "MK", "DR", "BS", "Border"} {
		c.takeTree(c.new, f.Dict.Get(k), "signature field", owners...)
	}
	if n := refNumber(f.Dict.Get("Kids")); n > 0 {
		c.take(n, "signature field", owners...)
	}
	visible := false
	for _, ref := range f.Widgets {
		w := c.takeWidget(f, ref, earlier, owners)
		if w == nil {
			return ""
		}
		visible = visible || w.visible()
	}
	if it.timestamp && !visible {
		return ChangesLTV
	}
	return ChangesSignature
}

// itemOf finds the signature that the revision wrote into a field.
func (c *comparison) itemOf(f *pdf.Field) *item {
	for _, it := range c.d.items {
		if it.revision == c.step.revision && it.field.Ref == f.Ref {
			return it
		}
	}
	return nil
}

func (c *comparison) takeWidget(f *pdf.Field, ref pdf.Ref, earlier bool, owners []int) *newWidget {
	d, err := c.new.Dict(ref)
	if err != nil || d == nil {
		c.content(ref, "field "+f.FullName, "its widget cannot be read")
		return nil
	}
	dl := c.deltas[ref.Number]
	if ref != f.Ref {
		switch {
		case !earlier && (dl == nil || dl.known):
			c.content(ref, "field "+f.FullName, "an object that was there before is made its widget")
			return nil
		case !earlier:
			c.take(ref.Number, "new signature field")
		}
	}
	for _, k := range d.Keys() {
		if !widgetKeys[k] && (dl == nil || !dl.known) && dl != nil {
			c.content(ref, "field "+f.FullName, "its widget has the entry /%s", k)
			return nil
		}
	}
	c.takeTree(c.new, d.Get("AP"), "appearance of a signature", owners...)
	for _, k := range []pdf.Name{"MK", "BS", "Border"} {
		c.takeTree(c.new, d.Get(k), "appearance of a signature", owners...)
	}
	w := &newWidget{ref: ref, dict: d, field: f, earlier: earlier && c.showed(ref)}
	c.widgets[ref.Number] = w
	return w
}

// showed reports whether a widget had its place on a page before.
func (c *comparison) showed(ref pdf.Ref) bool {
	d, ok := c.d.read(c.old, ref).(*pdf.Dict)
	return ok && (&newWidget{dict: d}).visible()
}

// rect is the widget's rectangle, lower left corner first.
func (w *newWidget) rect(v *pdf.View) ([4]float64, bool) { return rectOf(v, w.dict.Get("Rect")) }

func rectOf(v *pdf.View, o pdf.Object) (r [4]float64, ok bool) {
	a, err := v.Array(o)
	if err != nil || len(a) != 4 {
		return r, false
	}
	for i, e := range a {
		e, err := v.Resolve(e)
		if err != nil {
			return r, false
		}
		switch n := e.(type) {
		case pdf.Integer:
			r[i] = float64(n)
		case pdf.Real:
			r[i] = n.Value
		default:
			return r, false
		}
	}
	if r[0] > r[2] {
		r[0], r[2] = r[2], r[0]
	}
	if r[1] > r[3] {
		r[1], r[3] = r[3], r[1]
	}
	return r, true
}

// visible: it takes room on a page, and no flag hides it from the screen.
func (w *newWidget) visible() bool {
	if f, ok := w.dict.Get("F").(pdf.Integer); ok && f&(2|32) != 0 {
		return false
	}
	a, ok := w.dict.Get("Rect").(pdf.Array)
	if !ok {
		return !isNull(w.dict.Get("Rect")) // behind a reference: taken as visible
	}
	var n [4]float64
	for i, e := range a {
		if i > 3 {
			return true
		}
		switch e := e.(type) {
		case pdf.Integer:
			n[i] = float64(e)
		case pdf.Real:
			n[i] = e.Value
		default:
			return true
		}
	}
	return len(a) == 4 && n[0] != n[2] && n[1] != n[3]
}
