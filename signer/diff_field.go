package signer

import (
	"lienthong/signer/pdf"
)

// field compares one field and its widgets.
func (c *comparison) field(f, g *pdf.Field) {
	numbers := []int{f.Ref.Number}
	for _, w := range f.Widgets {
		if w != f.Ref {
			numbers = append(numbers, w.Number)
		}
	}
	touched := false
	for _, n := range numbers {
		touched = touched || c.deltas[n] != nil
	}
	if !touched {
		return
	}
	e := &fieldEdit{c: c, name: f.FullName, signature: f.Type == "Sig", owners: numbers}
	e.value = !c.same(f.Value, g.Value) || c.deltas[refNumber(g.Value)] != nil
	e.button = f.Type == "Btn" && f.Flags&(1<<16) != 0
	e.signed = e.signature && isNull(f.Value) && !isNull(g.Value)
	for _, n := range numbers {
		if dl := c.deltas[n]; dl != nil {
			e.compare(dl)
		}
	}
	e.conclude(g)
}

// fieldEdit is what a revision did to one existing field.
type fieldEdit struct {
	c         *comparison
	name      string
	signature bool
	button    bool // a push button, whose appearance is no value
	value     bool // its value changed
	signed    bool // it was empty, and is signed now
	form      bool // something that belongs to filling in changed
	bad       bool
	owners    []int // the field's and its widgets' objects
}

func (e *fieldEdit) content(dl *delta, k pdf.Name, why saying) {
	e.bad = true
	e.c.content(dl.ref, "field "+e.name+"/"+string(k), "%s", why)
}

// compare judges the changed keys of the field's dictionary or of a widget's.
func (e *fieldEdit) compare(dl *delta) {
	c := e.c
	c.take(dl.ref.Number, "field")
	old, okA := dl.old.(*pdf.Dict)
	now, okB := dl.new.(*pdf.Dict)
	if !okA || !okB || len(now.Duplicates()) > 0 {
		e.content(dl, "", said("the field is taken away or cannot be read"))
		return
	}
	for _, k := range bothKeys(old, now) {
		a, b := old.Get(k), now.Get(k)
		if (k == "P" || k == "Parent") && c.same(a, b) {
			continue // what it points back to is judged by itself
		}
		if c.same(a, b) && !(k == "AP" && c.touches(b, 2)) && c.deltas[refNumber(b)] == nil {
			continue
		}
		if why := e.key(k, a, b); !why.none() {
			e.content(dl, k, why)
		}
	}
}

// key says why a key of an existing field may not change.
func (e *fieldEdit) key(k pdf.Name, a, b pdf.Object) saying {
	c := e.c
	switch k {
	case "V":
		return e.newValue(a, b)
	case "AP":
		if !e.value {
			return said("the appearance changes, and the value does not")
		}
		if n := refNumber(a); n > 0 && c.d.shared(n) {
			return said("the appearance dictionary that it had is in use elsewhere too")
		}
		e.form = true
		c.takeAppearance(e.name, a, b, e.owners)
		return saying{}
	case "AS", "RV", "I", "TI":
		if !e.value {
			return said("the state that is shown changes, and the value does not")
		}
		e.form = true
		c.takeTree(c.new, b, "value of field "+e.name, e.owners...)
		return saying{}
	case "Ff":
		x, _ := a.(pdf.Integer)
		y, ok := b.(pdf.Integer)
		if !ok || y != x|1 { // locked by its own signature or another's
			return said("the flags of the field change")
		}
		e.form = e.form || !e.signed
		return saying{}
	case "M":
		e.form = e.form || !e.signed
		return saying{}
	case "DA", "MK", "Q":
		if !e.value {
			return said("the way the field is drawn changes, and its value does not")
		}
		e.form = e.form || !e.signed
		c.takeTree(c.new, b, "appearance of field "+e.name, e.owners...)
		return saying{}
	case "Kids":
		return e.kids(a, b)
	case "P":
		if isNull(a) {
			return saying{}
		}
	case "Type", "Subtype", "F", "Rect", "Lock", "BS", "Border", "H", "NM", "TU", "StructParent":
		if e.signed && (isNull(a) || k == "F" && visibleFlags(b)) {
			c.takeTree(c.new, b, "signed field "+e.name, e.owners...)
			return saying{}
		}
	}
	return said("this entry of the field changes")
}

// takeAppearance explains what the old and the new appearance dictionary lead to.
// A dictionary that only the field refers to is part of the field.
func (c *comparison) takeAppearance(name string, a, b pdf.Object, owners []int) {
	rule := "appearance of field " + name
	for _, o := range []pdf.Object{a, b} {
		if n := refNumber(o); n > 0 && !c.d.shared(n) {
			owners = append(owners[:len(owners):len(owners)], n)
		}
	}
	c.takeTree(c.old, a, rule, owners...)
	c.takeTree(c.new, b, rule, owners...)
	if d, err := c.old.Dict(a); err == nil && d != nil {
		c.takeTree(c.old, d, rule, owners...)
	}
	if d, err := c.new.Dict(b); err == nil && d != nil {
		c.takeTree(c.new, d, rule, owners...)
	}
}

// visibleFlags: annotation flags that do not hide a widget.
func visibleFlags(o pdf.Object) bool {
	f, ok := o.(pdf.Integer)
	return ok && f&(1|2|32) == 0 // Invisible, Hidden, NoView
}

func (e *fieldEdit) newValue(a, b pdf.Object) saying {
	c := e.c
	switch {
	case e.button:
		return said("a push button has no value")
	case !e.signature:
		e.form = true
		c.takeTree(c.old, a, "value of field "+e.name, e.owners...)
		c.takeTree(c.new, b, "value of field "+e.name, e.owners...)
		return saying{}
	case !e.signed && isNull(b):
		return said("the signature is taken away")
	case !e.signed:
		return said("the signature is replaced")
	}
	return saying{}
}

// kids: a parent of fields may gain fields; those are judged by themselves. It
// loses none, and a field that shows a value gains no widget.
func (e *fieldEdit) kids(a, b pdf.Object) saying {
	c := e.c
	old, _ := c.old.Array(a)
	now, _ := c.new.Array(b)
	if kept(old, now) < len(old) {
		return said("a part of the field is taken away")
	}
	was := make(map[pdf.Ref]bool)
	for _, o := range old {
		if r, ok := o.(pdf.Ref); ok {
			was[r] = true
		}
	}
	for _, o := range now {
		r, ok := o.(pdf.Ref)
		if ok && (was[r] || c.newFields[r.Number] != nil && c.oldFields[r.Number] == nil) {
			continue
		}
		return said("the field gains a widget")
	}
	if n := refNumber(b); n > 0 {
		c.take(n, "parts of field "+e.name, e.owners...)
	}
	return saying{}
}

// conclude records what was done to the field.
func (e *fieldEdit) conclude(g *pdf.Field) {
	c := e.c
	switch {
	case e.bad:
	case e.signed:
		class := c.signedField(g, true)
		if class == "" {
			return
		}
		c.record(class, g.Ref, "field "+e.name, "the empty signature field is signed")
		c.step.changes[len(c.step.changes)-1].field = e.name
	case e.form || e.value:
		c.record(ChangesForm, g.Ref, "field "+e.name, "the field is filled in")
		c.step.changes[len(c.step.changes)-1].field = e.name
		c.filled(g)
	}
}
