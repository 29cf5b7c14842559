package edxml

import (
	"fmt"
	"strings"
)

// rest keeps what no field took of an element that was read, or places what was
// kept at the end of one that is written.
func (c *codec) rest() {
	if c.run.writing {
		c.place()
		return
	}
	for _, a := range c.node.attrs {
		if a.declares() || a.prefix == "" && c.attrs[a.local] {
			continue
		}
		name := a.local
		if a.prefix != "" {
			name = a.prefix + ":" + name
		}
		c.run.extra = append(c.run.extra, Extra{Path: c.path, Attribute: name, Value: a.value, Namespace: a.space})
	}
	leaf := c.node.leaf()
	for _, n := range c.node.children {
		switch {
		case n.kind == elementNode && !c.taken[n]:
			c.run.extra = append(c.run.extra, Extra{Path: c.path, XML: fragment(n, strings.HasPrefix(c.path, "edXMLEnvelope"))})
		case n.kind != elementNode && !leaf && !c.taken[n]:
			if t := strings.TrimSpace(n.text()); t != "" {
				c.run.extra = append(c.run.extra, Extra{Path: c.path, XML: textEscaper.Replace(t)})
			}
		}
	}
}

// place writes the extras of this element, if their XML is sound: they may come
// from a file that somebody edited.
func (c *codec) place() {
	for _, i := range c.run.at[c.path] {
		e := c.run.extra[i]
		c.run.placed++
		if e.Attribute != "" {
			c.placeAttribute(e)
			continue
		}
		if _, err := scan("<x>"+e.XML+"</x>", DefaultLimits()); err != nil {
			c.run.fail(refuse(ReasonExtra, e.Path, "%v", err))
			continue
		}
		c.add(&node{kind: textNode, start: e.XML})
	}
}

func (c *codec) placeAttribute(e Extra) {
	prefix, _, ok := splitName(e.Attribute)
	if !ok || badChar(e.Value) >= 0 || badChar(e.Namespace) >= 0 || c.attrs[e.Attribute] || len(c.attrs) >= DefaultLimits().Attributes {
		c.run.fail(refuse(ReasonExtra, e.Path, "%.40q=%.40q is no attribute, or stands twice, or is one too many", e.Attribute, e.Value))
		return
	}
	c.attrs[e.Attribute] = true
	if d := declaration(prefix, e.Namespace); !strings.Contains(c.node.start, " xmlns:"+prefix+"=") {
		c.node.start += d
	}
	c.node.start += fmt.Sprintf(` %s="%s"`, e.Attribute, attrEscaper.Replace(e.Value))
}

// named is the namespace of an attribute with a prefix. A prefix that nobody
// declared gets one, since readers with namespaces refuse it otherwise.
func (a attr) named() string {
	if a.space == "" {
		return "urn:edxml:" + a.prefix
	}
	return a.space
}

// declaration declares the prefix of an attribute.
func declaration(prefix, space string) string {
	if prefix == "" || prefix == "xml" {
		return ""
	}
	return fmt.Sprintf(` xmlns:%s="%s"`, prefix, attrEscaper.Replace(attr{prefix: prefix, space: space}.named()))
}

func (r *run) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// finish reports extras that found no place.
func (r *run) finish() error {
	if r.err == nil && r.placed < len(r.extra) {
		return refuse(ReasonExtra, "", "%d of %d extras name a path that the message does not have", len(r.extra)-r.placed, len(r.extra))
	}
	return r.err
}

// fragment writes an element so that it means the same wherever it is put into a
// message: in edXML's namespace with the prefix edXML or none, in others with a
// declaration of its own.
func fragment(n *node, envelope bool) string {
	var b strings.Builder
	writeFragment(&b, n, Namespace, envelope)
	return b.String()
}

func writeFragment(b *strings.Builder, n *node, around string, envelope bool) {
	if n.kind != elementNode {
		b.WriteString(n.start)
		return
	}
	name, declare, inner := n.local, "", around
	switch {
	case n.ours() && n.prefix == "edXML" && envelope:
		name = "edXML:" + n.local
	case n.ours() && around != Namespace:
		declare, inner = Namespace, Namespace
	case !n.ours() && n.space != around:
		declare, inner = n.space, n.space
	}
	b.WriteString("<" + name)
	if declare != "" {
		fmt.Fprintf(b, ` xmlns="%s"`, attrEscaper.Replace(declare))
	}
	declared := map[string]bool{}
	for _, a := range n.attrs {
		if a.declares() {
			continue
		}
		if a.prefix == "" {
			fmt.Fprintf(b, ` %s="%s"`, a.local, attrEscaper.Replace(a.value))
			continue
		}
		if !declared[a.prefix] {
			declared[a.prefix] = true
			b.WriteString(declaration(a.prefix, a.space))
		}
		fmt.Fprintf(b, ` %s:%s="%s"`, a.prefix, a.local, attrEscaper.Replace(a.value))
	}
	if len(n.children) == 0 {
		b.WriteString("/>")
		return
	}
	b.WriteString(">")
	for _, c := range n.children {
		writeFragment(b, c, inner, envelope)
	}
	b.WriteString("</" + name + ">")
}
