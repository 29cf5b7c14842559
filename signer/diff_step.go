package signer

import (
	"bytes"
	"fmt"
	"strconv"

	"lienthong/signer/pdf"
)

// delta is an object whose body a revision changed, added or took away.
type delta struct {
	ref      pdf.Ref
	old, new pdf.Object // Null where there is none
	known    bool       // the document referred to its number before
	taken    bool       // a rule explains it
	owners   []int      // if taken and known: only these, and what they own, may refer to it
	rule     string
}

// comparison is one step in the making.
type comparison struct {
	d        *differ
	old, new *pdf.View
	deltas   map[int]*delta
	step     step
	worst    Changes            // of the step so far
	widgets  map[int]*newWidget // widgets of signatures that this revision adds
	budget   int                // of deep comparisons

	oldFields, newFields map[int]*pdf.Field
	formOwners           []int
}

// step compares revision n with the one after it.
func (d *differ) step(n int) step {
	c := &comparison{
		d: d, old: d.file.View(n), new: d.file.View(n + 1), deltas: make(map[int]*delta),
		step: step{revision: n + 1}, worst: ChangesNone, widgets: make(map[int]*newWidget),
	}
	c.findDeltas()
	if d.spent || len(c.deltas) > maxDeltas {
		c.content(pdf.Ref{}, "", "there are too many objects to compare")
		return c.step
	}
	c.budget = maxCompared
	if len(c.deltas) > 0 || !bytes.Equal(pdf.Canonical(c.old.Trailer().Get("Root")), pdf.Canonical(c.new.Trailer().Get("Root"))) {
		c.trailer()
		c.catalog()
		c.pages()
		c.structure()
		c.annotations()
	}
	c.absorbNew()
	c.checkOwners()
	c.rest()
	c.additions()
	if d.spent {
		c.content(pdf.Ref{}, "", "there are too many objects to compare")
	}
	return c.step
}

// findDeltas reads the bodies, old and new, of what the revision lists.
func (c *comparison) findDeltas() {
	for _, w := range c.d.file.Written(c.step.revision) {
		if c.d.charge(1); c.d.spent || len(c.deltas) > maxDeltas {
			return
		}
		n := w.Ref.Number
		// What the document refers to is the generation that was in use. The entry that
		// frees it has the next one.
		ref, used := c.old.InUse(n)
		if !used {
			ref = w.Ref
		}
		now, reused := c.new.InUse(n)
		reused = reused && used && now != ref
		if n == 0 || !reused && c.old.SameBody(c.new, ref) {
			continue
		}
		c.budget = maxCompared // for this object
		dl := &delta{ref: ref, known: c.d.mentioned(n)}
		dl.old = c.d.read(c.old, ref)
		dl.new = c.d.read(c.new, ref)
		if reused { // some readers find the new body by the old reference, and some nothing
			dl.new = pdf.Name("unreadable: generation " + strconv.Itoa(now.Generation))
		}
		if oldNull, newNull := isNull(dl.old), isNull(dl.new); oldNull && newNull || !oldNull && !newNull && c.identical(dl) {
			continue
		}
		c.deltas[n] = dl
	}
}

// read returns an object, Null where it is not there. One that cannot be read is
// told apart from Null, so that damage is not taken for absence.
func read(v *pdf.View, ref pdf.Ref) pdf.Object {
	o, err := v.Object(ref)
	if err != nil {
		return pdf.Name("unreadable: " + err.Error())
	}
	if o == nil {
		return pdf.Null{}
	}
	return o
}

func isNull(o pdf.Object) bool {
	if o == nil {
		return true
	}
	_, ok := o.(pdf.Null)
	return ok
}

// identical: another spelling of the same object.
func (c *comparison) identical(dl *delta) bool {
	return c.equal(dl.old, dl.new, 100) // by depth 0: references must be the same
}

// equal compares an object of the old view with one of the new. At depth 0 and
// below references may differ where what they lead to is the same.
func (c *comparison) equal(a, b pdf.Object, depth int) bool {
	if c.budget--; c.budget < 0 || depth > 130 {
		return false
	}
	switch x := a.(type) {
	case *pdf.Stream:
		y, ok := b.(*pdf.Stream)
		return ok && c.equal(x.Dict, y.Dict, depth) && c.sameData(x, y)
	case *pdf.Dict:
		y, ok := b.(*pdf.Dict)
		if !ok || len(x.Duplicates())+len(y.Duplicates()) > 0 {
			return false
		}
		for _, k := range bothKeys(x, y) {
			if !c.equal(x.Get(k), y.Get(k), depth+1) {
				return false
			}
		}
		return true
	case pdf.Array:
		y, ok := b.(pdf.Array)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !c.equal(x[i], y[i], depth+1) {
				return false
			}
		}
		return true
	}
	switch x := a.(type) {
	case pdf.Ref:
		if y, ok := b.(pdf.Ref); ok && x == y {
			return true
		}
	case pdf.Name, pdf.Integer, pdf.Bool:
		if _, ref := b.(pdf.Ref); !ref {
			return a == b
		}
	}
	_, refA := a.(pdf.Ref)
	_, refB := b.(pdf.Ref)
	if refA || refB {
		if depth >= 100 {
			return false
		}
		ra, errA := c.old.Resolve(a)
		rb, errB := c.new.Resolve(b)
		return errA == nil && errB == nil && c.equal(ra, rb, depth+1)
	}
	return bytes.Equal(pdf.Canonical(a), pdf.Canonical(b))
}

// same reports whether a value means the same in both views. Where it leads to the
// same objects, those have deltas of their own if they changed.
func (c *comparison) same(a, b pdf.Object) bool { return c.equal(a, b, 0) }

// sameData compares the data of two streams, as far as the budget for it goes.
func (c *comparison) sameData(x, y *pdf.Stream) bool {
	rx, errX := x.Raw(c.old)
	ry, errY := y.Raw(c.new)
	if errX != nil || errY != nil || rx.Size() != ry.Size() {
		return false
	}
	if c.d.data -= rx.Size(); c.d.data < 0 {
		return false
	}
	same, err := pdf.SameData(x, c.old, y, c.new)
	return err == nil && same
}

func bothKeys(x, y *pdf.Dict) []pdf.Name {
	keys := x.Keys()
	for _, k := range y.Keys() {
		if !x.Has(k) {
			keys = append(keys, k)
		}
	}
	return keys
}

// content records a change that nothing permits.
func (c *comparison) content(ref pdf.Ref, path, format string, args ...any) {
	c.record(ChangesContent, ref, path, format, args...)
}

func (c *comparison) record(class Changes, ref pdf.Ref, path, format string, args ...any) {
	if len(c.step.changes) >= maxChanges && classOrder[class] <= classOrder[c.worst] {
		return
	}
	c.worst = worse(c.worst, class)
	c.step.changes = append(c.step.changes, change{class: class, ref: ref, path: path, detail: said(format, args...)})
}

// maxCompared bounds the values that are compared of one object, and by the rules
// of one revision.
const maxCompared = 200_000

// maxDeltas bounds the objects that one revision may change: they are held in
// memory. No office changes so many in a signed letter.
const maxDeltas = 100_000

// maxChanges is how many changes of one revision are kept; one that is worse than
// those is kept in any case.
const maxChanges = 500

// note records a warning about the file.
func (c *comparison) note(r rule, ref pdf.Ref, format string, args ...any) {
	c.step.notes = append(c.step.notes, finding(r, Warning, refText(ref), "revision %d: %s", c.step.revision, said(format, args...)))
}

// rest: what no rule took.
func (c *comparison) rest() {
	unreached := 0
	for _, dl := range c.sorted() {
		switch {
		case dl.taken:
		case dl.known || c.d.mentioned(dl.ref.Number):
			c.content(dl.ref, c.d.pathTo(c.new, dl.ref.Number), "%s", describeDelta(dl))
		case isContainer(dl.old) && streamType(dl.old) == "ObjStm":
			c.content(dl.ref, "", "rewrites a stream that holds other objects")
		case !isContainer(dl.new) && !isNull(dl.new) && !isContainer(dl.old):
			if unreached++; unreached == 1 {
				c.note(ruleUnreached, dl.ref, "%s is added and nothing refers to it", typeName(dl.new))
			}
		}
	}
	if unreached > 1 {
		c.note(ruleUnreached, pdf.Ref{}, "%d objects are added that nothing refers to", unreached)
	}
}

// isContainer: an object stream or a cross-reference stream, which no object
// refers to.
func isContainer(o pdf.Object) bool {
	t := streamType(o)
	return t == "ObjStm" || t == "XRef"
}

func streamType(o pdf.Object) pdf.Name {
	if s, ok := o.(*pdf.Stream); ok {
		return s.Dict.Name("Type")
	}
	return ""
}

func describeDelta(dl *delta) saying {
	switch {
	case isNull(dl.new):
		return said("%s is taken away", typeName(dl.old))
	case isNull(dl.old):
		return said("%s is put where the signed document refers to nothing", typeName(dl.new))
	}
	return said("%s is changed to %s", typeName(dl.old), typeName(dl.new))
}

// typeName is what a person would call an object.
func typeName(o pdf.Object) saying {
	var d *pdf.Dict
	kind := said("a dictionary")
	switch o := o.(type) {
	case *pdf.Dict:
		d = o
	case *pdf.Stream:
		d, kind = o.Dict, said("a stream")
	case pdf.Array:
		return said("an array")
	case pdf.Null:
		return said("nothing")
	default:
		return said("a value")
	}
	var types string
	for _, k := range []pdf.Name{"Type", "Subtype", "FT"} {
		if n := d.Name(k); n != "" {
			types += fmt.Sprintf(" /%s /%s", k, n)
		}
	}
	if types == "" {
		return kind
	}
	return said("%s%s", kind, types)
}
