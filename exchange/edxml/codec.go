package edxml

import (
	"fmt"
	"strings"
)

// A codec is one element while a message is read into fields, or made from them.
// Reading takes children by name, in any order, and what nobody took is extra.
type codec struct {
	run   *run
	path  string
	node  *node
	taken map[*node]bool // children that a field has
	next  map[string]int // where to look for the next child of a name
	attrs map[string]bool
}

// A run is one reading or writing of a message.
type run struct {
	writing bool
	extra   []Extra          // reading: what was found; writing: what is to be placed
	at      map[string][]int // writing: which of it stands where
	placed  int              // writing: how much of it was
	under   map[string]bool  // writing: the paths that extra stands at or below
	err     error
}

func newRun(writing bool, extra []Extra) *run {
	r := &run{writing: writing, extra: extra, at: map[string][]int{}, under: map[string]bool{"": len(extra) > 0}}
	for i, e := range extra {
		r.at[e.Path] = append(r.at[e.Path], i)
		for path := e.Path; path != ""; path = path[:max(0, strings.LastIndexByte(path, '/'))] {
			r.under[path] = true
		}
	}
	return r
}

func (r *run) codec(n *node, path string) *codec {
	return &codec{run: r, path: path, node: n, taken: map[*node]bool{}, next: map[string]int{}, attrs: map[string]bool{}}
}

func (c *codec) below(name string) string {
	if c.path == "" {
		return name
	}
	return c.path + "/" + name
}

// take finds the next child with a name that no field has yet.
func (c *codec) take(name string, leaf bool) *node {
	for i := c.next[name]; i < len(c.node.children); i++ {
		if n := c.node.children[i]; n.is(name) && (!leaf || n.leaf()) {
			c.next[name], c.taken[n] = i+1, true
			return n
		}
	}
	c.next[name] = len(c.node.children)
	return nil
}

// text is an element that holds a text.
func (c *codec) text(name string, value *string) {
	path := c.below(name)
	if !c.run.writing {
		if n := c.take(name, true); n != nil {
			*value = strings.TrimSpace(n.text())
			c.run.codec(n, path).rest()
		}
		return
	}
	if *value != "" || c.run.under[path] {
		sub := c.run.codec(c.make(name), path)
		sub.put(*value)
		sub.rest()
		c.add(sub.node)
	}
}

// texts are elements of one name that each hold a text.
func (c *codec) texts(name string, values *[]string) {
	list(c, name, values, func(c *codec, v *string) {
		if c.run.writing {
			c.put(*v)
			return
		}
		*v = strings.TrimSpace(c.node.text())
		for _, n := range c.node.children {
			c.taken[n] = n.kind != elementNode
		}
	})
}

// group is an element that holds others; it is written if it must be, or is not empty.
func (c *codec) group(name string, required bool, f func(*codec)) {
	c.element(c.make, name, required, f)
}

// declared is a group that declares the prefix for all in it, as samples do.
func (c *codec) declared(name string, f func(*codec)) {
	c.element(func(name string) *node { return prefixed(name, ` xmlns:edXML="`+Namespace+`"`) }, name, true, f)
}

func (c *codec) element(open func(string) *node, name string, required bool, f func(*codec)) {
	path := c.below(name)
	if !c.run.writing {
		if n := c.take(name, false); n != nil {
			sub := c.run.codec(n, path)
			f(sub)
			sub.rest()
		}
		return
	}
	sub := c.run.codec(open(name), path)
	f(sub)
	sub.rest()
	if required || len(sub.node.children) > 0 || c.run.under[path] {
		c.add(sub.node)
	}
}

// list is an element that stands once for each item.
func list[T any](c *codec, name string, items *[]T, f func(*codec, *T)) {
	if !c.run.writing {
		for n := c.take(name, false); n != nil; n = c.take(name, false) {
			var item T
			sub := c.run.codec(n, fmt.Sprintf("%s[%d]", c.below(name), len(*items)+1))
			f(sub, &item)
			sub.rest()
			*items = append(*items, item)
		}
		return
	}
	for i := range *items {
		sub := c.run.codec(c.make(name), fmt.Sprintf("%s[%d]", c.below(name), i+1))
		f(sub, &(*items)[i])
		sub.rest()
		c.add(sub.node)
	}
}

// attribute is an attribute without a prefix.
func (c *codec) attribute(name string, value *string) {
	if c.run.writing {
		if *value != "" {
			c.node.start += fmt.Sprintf(` %s="%s"`, name, attrEscaper.Replace(*value))
		}
		return
	}
	for _, a := range c.node.attrs {
		if a.prefix == "" && a.local == name {
			*value, c.attrs[name] = a.value, true
		}
	}
}

// encoded is the base64 of an attachment, the one prefixed element outside of the
// envelope, so it declares the prefix itself.
func (c *codec) encoded(value *string) {
	const name = "ContentTransferEncoded"
	if !c.run.writing {
		c.text(name, value)
		return
	}
	sub := c.run.codec(prefixed(name, ` xmlns:edXML="`+Namespace+`"`), c.below(name))
	sub.put(*value)
	sub.rest()
	c.add(sub.node)
}
