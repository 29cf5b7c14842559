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
		c.content(root, "/Root/AcroForm", "keys %s stand in the form more than once", quoteNames(dup))
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
		if why := c.resources(a, b); !why.none() {
			c.content(root, path, "%s", why)
		}
	default:
		c.content(root, path, "this entry of the form changes")
	}
}

// resources: the form's resources may gain entries. What is there stays, since
// appearances on the page are drawn with it.
func (c *comparison) resources(a, b pdf.Object) saying {
	old, _ := c.old.Dict(a)
	now, err := c.new.Dict(b)
	if err != nil || now == nil {
		return said("the resources of the form are taken away")
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
			return said("resource /%s changes", k)
		}
		if xs == nil {
			xs = pdf.NewDict()
		}
		for _, name := range xs.Keys() {
			if !c.same(xs.Get(name), ys.Get(name)) {
				return said("resource /%s/%s changes", k, name)
			}
		}
	}
	c.takeTree(c.new, b, "resources of the form", c.formOwners...)
	return saying{}
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
	c.d.charge(3 * (len(c.oldFields) + len(c.newFields)))
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
