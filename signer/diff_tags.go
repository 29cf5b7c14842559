package signer

import "lienthong/signer/pdf"

// formElement is an element of the structure tree that stands for a new widget.
type formElement struct {
	ref    pdf.Ref
	widget *newWidget
	key    int64 // the widget's /StructParent
}

// structure compares the structure trees. At the top of the tree, behind all that is
// there, it may gain an element for each widget that this revision adds for a
// signature, and the parent tree the numbers that lead to them. Everything else in it
// says what the content is, how it is read aloud and in which order: that is content.
func (c *comparison) structure() {
	_, old, errOld := c.old.Catalog()
	root, now, errNew := c.new.Catalog()
	if errOld != nil || errNew != nil || old == nil || now == nil {
		return // which the catalog says
	}
	a, b := old.Get("StructTreeRoot"), now.Get("StructTreeRoot")
	path := "/Root/StructTreeRoot"
	dl := c.deltas[refNumber(b)]
	switch {
	case !c.same(a, b) && (dl == nil || !sameRef(a, b)):
		c.content(root, path, "the structure tree is added, taken away or replaced")
		return
	case dl == nil:
		return
	}
	x, okA := dl.old.(*pdf.Dict)
	y, okB := dl.new.(*pdf.Dict)
	if !okA || !okB || len(y.Duplicates()) > 0 {
		return // what no rule takes is content
	}
	forms, why := c.grownTree(dl.ref, x, y)
	if !why.none() {
		c.content(dl.ref, path, "%s", why)
	}
	c.take(dl.ref.Number, "structure tree") // named here, if it is content
	if !why.none() {
		return
	}
	for _, f := range forms {
		c.take(f.ref.Number, "structure tree")
		c.record(ChangesSignature, f.ref, path, "the widget of a signature becomes part of the structure tree")
	}
}

// grownTree returns the elements that the root of the structure tree gains, or says
// why it changes in another way.
func (c *comparison) grownTree(root pdf.Ref, old, now *pdf.Dict) (forms []formElement, why saying) {
	for _, k := range bothKeys(old, now) {
		switch k {
		case "K", "ParentTree", "ParentTreeNextKey":
		default:
			if !c.same(old.Get(k), now.Get(k)) {
				return nil, said("/%s changes", k)
			}
		}
	}
	forms, why = c.newElements(root, old.Get("K"), now.Get("K"))
	if !why.none() {
		return nil, why
	}
	if why := c.grownParents(root, old.Get("ParentTree"), now.Get("ParentTree"), forms); !why.none() {
		return nil, why
	}
	x, _ := old.Int("ParentTreeNextKey")
	y, ok := now.Int("ParentTreeNextKey")
	if now.Has("ParentTreeNextKey") && (!ok || y < x) || old.Has("ParentTreeNextKey") && !ok {
		return nil, said("/ParentTreeNextKey is set from %d to %d", x, y)
	}
	for _, f := range forms {
		if ok && f.key >= y {
			return nil, said("/ParentTreeNextKey is %d, and the number %d is in use", y, f.key)
		}
	}
	return forms, saying{}
}

// newElements compares the elements at the top of the tree.
func (c *comparison) newElements(root pdf.Ref, a, b pdf.Object) (forms []formElement, why saying) {
	old, errA := topElements(c.old, a)
	now, errB := topElements(c.new, b)
	if errA != nil || errB != nil || len(now) < len(old) {
		return nil, said("elements at its top are taken away or cannot be read")
	}
	c.d.charge(len(now)/objectCost + 1)
	for i := range old {
		if !c.unchanged(old[i], now[i]) {
			return nil, said("elements at its top are changed or put in another order")
		}
	}
	for _, e := range now[len(old):] {
		f, why := c.formElement(root, e)
		if !why.none() {
			return nil, said("an element is added at its top, and %s", why)
		}
		for _, g := range forms {
			if g.widget == f.widget {
				return nil, said("two elements are added for one widget")
			}
		}
		forms = append(forms, f)
	}
	for _, o := range []pdf.Object{a, b} {
		if n := refNumber(o); n > 0 && isArray(c.old, c.new, n) {
			c.take(n, "top of the structure tree", root.Number)
		}
	}
	return forms, saying{}
}

// isArray: an object that is an array in either view.
func isArray(old, now *pdf.View, n int) bool {
	for _, v := range []*pdf.View{old, now} {
		if _, ok := read(v, pdf.Ref{Number: n}).(pdf.Array); ok {
			return true
		}
	}
	return false
}

// formElement says why an element is not just the place of a new widget. It has no
// words of its own, which would be read aloud for something else.
func (c *comparison) formElement(root pdf.Ref, o pdf.Object) (f formElement, why saying) {
	ref, _ := o.(pdf.Ref)
	dl := c.deltas[ref.Number]
	if dl == nil || dl.known || dl.taken {
		return f, said("it was there before")
	}
	d, ok := dl.new.(*pdf.Dict)
	if !ok || len(d.Duplicates()) > 0 {
		return f, said("it is no dictionary")
	}
	if why := onlyKeys(d, "Type", "S", "P", "Pg", "K", "Lang"); !why.none() {
		return f, why
	}
	if _, ok := d.Get("Lang").(pdf.String); d.Has("Lang") && !ok {
		return f, said("its /Lang is no text")
	}
	object, ok := d.Get("K").(*pdf.Dict)
	if list, isList := d.Get("K").(pdf.Array); isList && len(list) == 1 {
		object, ok = list[0].(*pdf.Dict)
	}
	if !ok || len(object.Duplicates()) > 0 || object.Name("Type") != "OBJR" {
		return f, said("it has more than a widget")
	}
	if why := onlyKeys(object, "Type", "Obj", "Pg"); !why.none() {
		return f, why
	}
	w := c.widgets[object.Ref("Obj").Number]
	if w == nil || w.ref != object.Ref("Obj") || !c.isNew(w.ref) {
		return f, said("it is not for a widget that this revision adds for a signature")
	}
	pages := d.Has("Pg") && d.Ref("Pg").Number != w.page || object.Has("Pg") && object.Ref("Pg").Number != w.page
	key, hasKey := w.dict.Int("StructParent")
	switch {
	case d.Name("S") != "Form":
		return f, said("it is of type /%s", d.Name("S"))
	case d.Ref("P") != root:
		return f, said("it names another one as its parent")
	case pages || w.page == 0:
		return f, said("it names another page than its widget's")
	case !hasKey:
		return f, said("its widget does not lead to it")
	}
	return formElement{ref, w, key}, saying{}
}

func (c *comparison) isNew(ref pdf.Ref) bool {
	dl := c.deltas[ref.Number]
	return dl != nil && !dl.known
}

func onlyKeys(d *pdf.Dict, keys ...pdf.Name) saying {
next:
	for _, k := range d.Keys() {
		for _, allowed := range keys {
			if k == allowed {
				continue next
			}
		}
		return said("it has the entry /%s", k)
	}
	return saying{}
}

// grownParents compares the parent trees: what was there stays, and there is a
// number more for each new element and for nothing else.
func (c *comparison) grownParents(root pdf.Ref, a, b pdf.Object, forms []formElement) saying {
	old, errA := readParentTree(c.old, a)
	now, errB := readParentTree(c.new, b)
	if errA != nil {
		return said("its parent tree was not sound before: %v", errA)
	}
	if errB != nil {
		return said("its parent tree is not sound: %v", errB)
	}
	c.d.charge(len(old.keys)/objectCost + len(now.keys)/objectCost + 2)
	if len(now.keys) != len(old.keys)+len(forms) {
		return said("its parent tree grows by %d numbers, and there are %d new widgets", len(now.keys)-len(old.keys), len(forms))
	}
	for i, k := range old.keys {
		if now.keys[i] != k || !c.unchanged(old.values[i], now.values[i]) {
			return said("number %d of its parent tree changes", k)
		}
	}
	for i, k := range now.keys[len(old.keys):] {
		if !leads(forms, k, now.values[len(old.keys)+i]) {
			return said("number %d of its parent tree does not lead to the element of its widget", k)
		}
	}
	c.takeNodes(root, old, now)
	return saying{}
}

// unchanged compares one of many values, the work on which counts for the file: a
// parent tree may hold more than one object's share of it.
func (c *comparison) unchanged(a, b pdf.Object) bool {
	if sameRef(a, b) {
		return true
	}
	left := c.budget
	c.budget = maxCompared
	same := c.same(a, b)
	c.d.budget -= maxCompared - c.budget
	c.d.spent = c.d.spent || c.d.budget < 0
	c.budget = left
	return same && !c.d.spent
}

func leads(forms []formElement, key int64, value pdf.Object) bool {
	for _, f := range forms {
		if f.key == key && sameRef(f.ref, value) {
			return true
		}
	}
	return false
}

// takeNodes explains the nodes of the parent tree, to which only the root of the
// structure tree and other nodes may refer.
func (c *comparison) takeNodes(root pdf.Ref, trees ...*parentTree) {
	owners := []int{root.Number}
	for _, t := range trees {
		for _, n := range t.nodes {
			if n > 0 {
				owners = append(owners, n)
			}
		}
	}
	for _, n := range owners[1:] {
		c.take(n, "parent tree", owners...) // if it changed
	}
}
