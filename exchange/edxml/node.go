package edxml

import (
	"io"
	"strings"
)

// Namespace is that of edXML messages.
const Namespace = "http://www.mic.gov.vn/TBT/QCVN_102_2016"

type nodeKind int

const (
	docNode nodeKind = iota // holds the prolog, the root element and what follows
	elementNode
	textNode
	cdataNode
	commentNode
	instructionNode // with the XML declaration
)

// A node is a part of a message together with its spelling: start and end are as
// they were written, so that writing a tree gives the bytes that were read.
type node struct {
	kind          nodeKind
	prefix, local string
	space         string // the namespace that the prefix stands for; empty if none does
	attrs         []attr
	children      []*node
	start, end    string // an element's tags; all of any other node is start
}

type attr struct {
	prefix, local, value string
	space                string // what the prefix stands for; empty without one
}

// declares reports whether the attribute is a namespace declaration.
func (a attr) declares() bool { return a.prefix == "xmlns" || a.prefix == "" && a.local == "xmlns" }

// ours reports whether a node belongs to edXML: its namespace does, or it has none.
func (n *node) ours() bool { return n.space == Namespace || n.space == "" }

// is reports whether n is the element of edXML with this name.
func (n *node) is(name string) bool { return n.kind == elementNode && n.local == name && n.ours() }

// child returns the first element with a name, or nil.
func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.is(name) {
			return c
		}
	}
	return nil
}

// find walks down by names and returns nil where one is missing.
func (n *node) find(path ...string) *node {
	for _, name := range path {
		if n = n.child(name); n == nil {
			return nil
		}
	}
	return n
}

// leaf reports that an element holds no other element.
func (n *node) leaf() bool {
	for _, c := range n.children {
		if c.kind == elementNode {
			return false
		}
	}
	return true
}

// text is the text directly in n, references resolved, line ends as XML wants them.
func (n *node) text() string {
	switch n.kind {
	case textNode:
		s, err := unescape(lines(n.start))
		if err != nil {
			return "" // the scanner lets no such text through
		}
		return s
	case cdataNode:
		return lines(strings.TrimSuffix(strings.TrimPrefix(n.start, "<![CDATA["), "]]>"))
	case docNode, commentNode, instructionNode:
		return ""
	}
	if len(n.children) == 1 {
		return n.children[0].plain()
	}
	var b strings.Builder
	for _, c := range n.children {
		b.WriteString(c.plain())
	}
	return b.String()
}

func (n *node) plain() string {
	if n.kind == elementNode {
		return ""
	}
	return n.text()
}

// write writes the tree as it is spelled. Depth is bounded where trees are made.
func (n *node) write(w io.Writer) error {
	if _, err := io.WriteString(w, n.start); err != nil {
		return err
	}
	for _, c := range n.children {
		if err := c.write(w); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, n.end)
	return err
}

// lines makes every line end a line feed (XML 1.0, 2.11).
func lines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}
