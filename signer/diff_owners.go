package signer

import (
	"sort"
	"strings"

	"lienthong/signer/pdf"
)

// take explains the delta of an object, if it has one. A known object may be
// referred to by its owners only.
func (c *comparison) take(n int, rule string, owners ...int) *delta {
	dl := c.deltas[n]
	if dl != nil && !dl.taken {
		dl.taken, dl.rule, dl.owners = true, rule, owners
	}
	return dl
}

// takeTree explains what a value of the new view (and, for what went away, the
// value that it had in the old view) leads to: new objects, and changed ones that
// only the owners refer to. It stops at objects that did not change.
func (c *comparison) takeTree(v *pdf.View, o pdf.Object, rule string, owners ...int) {
	var queue []pdf.Ref
	seen := make(map[int]bool)
	collect := func(o pdf.Object) {
		c.d.refs(o, nil, 0, func(r pdf.Ref, at *trail) {
			for t := at; t != nil; t = t.up {
				switch t.key {
				case "P", "Parent", "Data", "Popup", "IRT":
					return // back to what is judged elsewhere
				}
			}
			if c.deltas[r.Number] != nil && !seen[r.Number] {
				seen[r.Number] = true
				c.take(r.Number, rule, owners...)
				queue = append(queue, r)
			}
		})
	}
	collect(o)
	for len(queue) > 0 {
		r := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		collect(c.body(v, r))
	}
}

// body is the object in a view, from the comparison where it has it: reading a
// signature again means to decode its digits again.
func (c *comparison) body(v *pdf.View, r pdf.Ref) pdf.Object {
	if dl := c.deltas[r.Number]; dl != nil && dl.ref == r {
		if v == c.new {
			return dl.new
		}
		return dl.old
	}
	return c.d.read(v, r)
}

// absorbNew notes what the new bodies of reachable objects refer to.
func (c *comparison) absorbNew() {
	load := func(r pdf.Ref) (pdf.Object, bool) {
		if dl := c.deltas[r.Number]; dl != nil && dl.ref == r {
			return dl.new, true
		}
		return c.d.knownAt(c.new, r)
	}
	c.d.absorb(c.new, load, 0, c.new.Trailer())
	for _, dl := range c.sorted() {
		if c.d.mentioned(dl.ref.Number) && dl.known {
			c.d.absorb(c.new, load, dl.ref.Number, dl.new)
		}
	}
}

func (c *comparison) sorted() []*delta {
	list := make([]*delta, 0, len(c.deltas))
	for _, dl := range c.deltas {
		list = append(list, dl)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].ref.Number < list[j].ref.Number })
	return list
}

// checkOwners makes sure that no permitted change reaches the document by another
// path than the one that permits it.
func (c *comparison) checkOwners() {
	for _, dl := range c.sorted() {
		if !dl.taken || !dl.known || dl.owners == nil {
			continue
		}
		for _, e := range c.d.edges[dl.ref.Number] {
			if !c.owned(dl, e) {
				c.content(dl.ref, c.d.pathTo(c.new, dl.ref.Number), "changed as %s, but %s refers to it too", ruleText(dl.rule), c.d.holderText(e, dl.ref.Number))
				break
			}
		}
	}
}

func (c *comparison) owned(dl *delta, e edge) bool {
	for _, o := range dl.owners {
		if int(e.holder) == o {
			return true
		}
	}
	holder := c.deltas[int(e.holder)]
	return holder != nil && holder.taken && holder.rule == dl.rule && sameOwners(holder.owners, dl.owners)
}

func sameOwners(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// ruleText is what an object was taken for: words of this package, and maybe a field.
func ruleText(rule string) saying {
	if of, name, ok := strings.Cut(rule, "field "); ok {
		return saying{of + "field %s", []any{name}}
	}
	return saying{format: rule}
}

func (d *differ) holderText(e edge, n int) saying {
	v := d.file.View(int(e.revision))
	if e.holder == 0 {
		return said("the trailer by %s", findRef(v.Trailer(), n))
	}
	return said("object %d by %s", e.holder, findRef(d.bodyOf(v, int(e.holder)), n))
}
