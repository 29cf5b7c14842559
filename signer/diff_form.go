package signer

import (
	"lienthong/signer/pdf"
)

// acroForm compares the interactive forms: their own entries, then every field.
func (c *comparison) acroForm(root pdf.Ref, a, b pdf.Object) {
	old, errA := c.old.Dict(a)
	now, errB := c.new.Dict(b)
	switch {
	case old == nil && now == nil:
		return
	case errA != nil || errB != nil:
		c.content(root, "/Root/AcroForm", "the form cannot be read")
		return
	case now == nil:
		c.content(root, "/Root/AcroForm", "the form is taken away")
		return
	case old == nil:
		old = pdf.NewDict()
	}
	c.formOwners = []int{root.Number}
	if n := refNumber(b); n > 0 {
		c.formOwners = append(c.formOwners, n)
		if n == refNumber(a) || c.deltas[n] != nil && !c.deltas[n].known {
			c.take(n, "form")
		}
	}
	if dup := now.Duplicates(); len(dup) > 0 {
		c.content(root, "/Root/AcroForm", "keys %q stand in the form more than once", dup)
	}
	for _, k := range bothKeys(old, now) {
		c.formKey(root, k, old.Get(k), now.Get(k))
	}
	if len(c.deltas) > 0 {
		c.fields()
	}
}

func (c *comparison) formKey(root pdf.Ref, k pdf.Name, a, b pdf.Object) {
	if k == "Fields" {
		c.fieldList(root, a, b)
		return
	}
	if c.deltas[refNumber(b)] == nil && c.same(a, b) && !(k == "DR" && c.touches(b, 3)) {
		return
	}
	path := "/Root/AcroForm/" + string(k)
	switch k {
	case "SigFlags":
		x, _ := a.(pdf.Integer)
		y, ok := b.(pdf.Integer)
		if !ok || y&x != x || y < 0 || y > 3 {
			c.content(root, path, "set from %d to %d", x, y)
		}
	case "DA", "Q":
		if !isNull(a) {
			c.content(root, path, "the default appearance of fields changes")
		}
	case "NeedAppearances":
		// Set, it has viewers draw every field by its value, also one whose signed
		// appearance shows something else.
		if b != pdf.Object(pdf.Bool(false)) && !isNull(b) {
			c.content(root, path, "appearances are to be drawn anew")
		}
	case "DR":
		if why := c.resources(a, b); why != "" {
			c.content(root, path, "%s", why)
		}
	default:
		c.content(root, path, "this entry of the form changes")
	}
}

// resources: the form's resources may gain entries. What is there stays, since
// appearances on the page are drawn with it.
func (c *comparison) resources(a, b pdf.Object) string {
	old, _ := c.old.Dict(a)
	now, err := c.new.Dict(b)
	if err != nil || now == nil {
		return "the resources of the form are taken away"
	}
	if old == nil {
		old = pdf.NewDict()
	}
	for _, k := range bothKeys(old, now) {
		x, y := old.Get(k), now.Get(k)
		if c.same(x, y) && c.deltas[refNumber(y)] == nil {
			continue
		}
		xs, _ := c.old.Dict(x)
		ys, _ := c.new.Dict(y)
		if ys == nil {
			if k == "ProcSet" {
				continue // obsolete and ignored (ISO 32000-2, 14.2)
			}
			return "resource /" + string(k) + " changes"
		}
		if xs == nil {
			xs = pdf.NewDict()
		}
		for _, name := range xs.Keys() {
			if !c.same(xs.Get(name), ys.Get(name)) {
				return "resource /" + string(k) + "/" + string(name) + " changes"
			}
		}
	}
	c.takeTree(c.new, b, "resources of the form", c.formOwners...)
	return ""
}

// fieldList compares /Fields: what is there stays, in its order.
func (c *comparison) fieldList(root pdf.Ref, a, b pdf.Object) {
	old, _ := c.old.Array(a)
	now, _ := c.new.Array(b)
	if n := refNumber(b); n > 0 {
		c.take(n, "list of fields", c.formOwners...)
	}
	if kept(old, now) < len(old) {
		c.content(root, "/Root/AcroForm/Fields", "%d of %d fields are taken out of the form or put in another order", len(old)-kept(old, now), len(old))
	}
}

// kept counts how many elements of old follow one another in now.
func kept(old, now pdf.Array) int {
	i := 0
	for _, e := range now {
		if i < len(old) && sameRef(old[i], e) {
			i++
		}
	}
	return i
}

func sameRef(a, b pdf.Object) bool {
	x, ok := a.(pdf.Ref)
	y, ok2 := b.(pdf.Ref)
	return ok && ok2 && x == y
}

func fieldMap(v *pdf.View) (map[int]*pdf.Field, error) {
	list, err := v.Fields()
	m := make(map[int]*pdf.Field, len(list))
	for i := range list {
		m[list[i].Ref.Number] = &list[i]
	}
	return m, err
}

// fields compares every field of the old form with the new one, and judges those
// that are added.
func (c *comparison) fields() {
	var errA, errB error
	c.oldFields, errA = fieldMap(c.old)
	c.newFields, errB = fieldMap(c.new)
	c.d.charge(len(c.oldFields) + len(c.newFields))
	if errA != nil || errB != nil {
		c.content(pdf.Ref{}, "/Root/AcroForm/Fields", "the fields cannot be read")
		return
	}
	for _, n := range sortedKeys(c.oldFields) {
		f, g := c.oldFields[n], c.newFields[n]
		switch {
		case g == nil:
			c.content(f.Ref, "field "+f.FullName, "the field is taken away")
		case g.FullName != f.FullName || g.Type != f.Type:
			c.content(f.Ref, "field "+f.FullName, "the field is made %q of type %q", g.FullName, g.Type)
		default:
			c.field(f, g)
		}
	}
	for _, n := range sortedKeys(c.newFields) {
		if c.oldFields[n] == nil {
			c.newField(c.newFields[n])
		}
	}
}

func sortedKeys(m map[int]*pdf.Field) []int {
	keys := make([]int, 0, len(m))
	for n := range m {
		keys = append(keys, n)
	}
	sortInts(keys)
	return keys
}

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

func (e *fieldEdit) content(dl *delta, k pdf.Name, why string) {
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
		e.content(dl, "", "the field is taken away or cannot be read")
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
		if why := e.key(k, a, b); why != "" {
			e.content(dl, k, why)
		}
	}
}

// key says why a key of an existing field may not change.
func (e *fieldEdit) key(k pdf.Name, a, b pdf.Object) string {
	c := e.c
	switch k {
	case "V":
		return e.newValue(a, b)
	case "AP":
		if !e.value {
			return "the appearance changes, and the value does not"
		}
		if n := refNumber(a); n > 0 && c.d.shared(n) {
			return "the appearance dictionary that it had is in use elsewhere too"
		}
		e.form = true
		c.takeAppearance(e.name, a, b, e.owners)
		return ""
	case "AS", "RV", "I", "TI":
		if !e.value {
			return "the state that is shown changes, and the value does not"
		}
		e.form = true
		c.takeTree(c.new, b, "value of field "+e.name, e.owners...)
		return ""
	case "Ff":
		x, _ := a.(pdf.Integer)
		y, ok := b.(pdf.Integer)
		if !ok || y != x|1 { // locked by its own signature or another's
			return "the flags of the field change"
		}
		e.form = e.form || !e.signed
		return ""
	case "M":
		e.form = e.form || !e.signed
		return ""
	case "DA", "MK", "Q":
		if !e.value {
			return "the way the field is drawn changes, and its value does not"
		}
		e.form = e.form || !e.signed
		c.takeTree(c.new, b, "appearance of field "+e.name, e.owners...)
		return ""
	case "Kids":
		return e.kids(a, b)
	case "P":
		if isNull(a) {
			return ""
		}
	case "Type", "Subtype", "F", "Rect", "Lock", "BS", "Border", "H", "NM", "TU", "StructParent":
		if e.signed && (isNull(a) || k == "F" && visibleFlags(b)) {
			c.takeTree(c.new, b, "signed field "+e.name, e.owners...)
			return ""
		}
	}
	return "this entry of the field changes"
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

func (e *fieldEdit) newValue(a, b pdf.Object) string {
	c := e.c
	switch {
	case e.button:
		return "a push button has no value"
	case !e.signature:
		e.form = true
		c.takeTree(c.old, a, "value of field "+e.name, e.owners...)
		c.takeTree(c.new, b, "value of field "+e.name, e.owners...)
		return ""
	case !e.signed && isNull(b):
		return "the signature is taken away"
	case !e.signed:
		return "the signature is replaced"
	}
	return ""
}

// kids: a parent of fields may gain fields; those are judged by themselves. It
// loses none, and a field that shows a value gains no widget.
func (e *fieldEdit) kids(a, b pdf.Object) string {
	c := e.c
	old, _ := c.old.Array(a)
	now, _ := c.new.Array(b)
	if kept(old, now) < len(old) {
		return "a part of the field is taken away"
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
		return "the field gains a widget"
	}
	if n := refNumber(b); n > 0 {
		c.take(n, "parts of field "+e.name, e.owners...)
	}
	return ""
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
	}
}
