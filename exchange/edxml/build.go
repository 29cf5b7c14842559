package edxml

import "strings"

// make opens an element with the prefix that its place wants: edXML in the
// envelope, none outside.
func (c *codec) make(name string) *node {
	if strings.HasPrefix(c.path, "edXMLEnvelope") {
		return prefixed(name, "")
	}
	return &node{kind: elementNode, local: name, space: Namespace, start: "<" + name}
}

func prefixed(name, declaration string) *node {
	return &node{kind: elementNode, prefix: "edXML", local: name, space: Namespace, start: "<edXML:" + name + declaration}
}

// put gives an element a text.
func (c *codec) put(text string) {
	if i := badChar(text); i >= 0 {
		c.run.fail(refuse(ReasonEncoding, c.path, "byte %#x of the value is not UTF-8, or no character of XML", text[i]))
		return
	}
	if text != "" {
		c.node.children = append(c.node.children, &node{kind: textNode, start: textEscaper.Replace(text)})
	}
}

// add hangs an element that is complete, or a text, into this one. Until then the
// start tag lacks its end, so that attributes can come.
func (c *codec) add(n *node) {
	if n.kind == elementNode {
		seal(n)
	}
	c.node.children = append(c.node.children, n)
}

func seal(n *node) {
	name := strings.TrimPrefix(n.prefix+":"+n.local, ":")
	n.start, n.end = n.start+">", "</"+name+">"
}

// indent puts elements on lines of their own, as samples do. Elements with text
// stay as they are.
func indent(n *node, depth int) {
	elements := false
	for _, c := range n.children {
		if c.kind == textNode && !strings.HasPrefix(c.start, "<") {
			return
		}
		elements = true
	}
	if !elements {
		return
	}
	blank := "\n" + strings.Repeat("  ", depth+1)
	out := make([]*node, 0, 2*len(n.children)+1)
	for _, c := range n.children {
		out = append(out, &node{kind: textNode, start: blank}, c)
		if c.kind == elementNode {
			indent(c, depth+1)
		}
	}
	n.children = append(out, &node{kind: textNode, start: blank[:len(blank)-2]})
}

// build makes a message from a shape.
func build(shape func(*codec), extra []Extra) (*node, error) {
	r := newRun(true, extra)
	root := &node{kind: elementNode, local: "edXML", space: Namespace, start: `<edXML xmlns="` + Namespace + `"`}
	c := r.codec(root, "")
	shape(c)
	c.rest()
	if err := r.finish(); err != nil {
		return nil, err
	}
	seal(root)
	indent(root, 0)
	return &node{kind: docNode, start: `<?xml version="1.0" encoding="UTF-8"?>` + "\n", end: "\n", children: []*node{root}}, nil
}
