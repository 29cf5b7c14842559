package edxml

import (
	"bytes"
	"fmt"
	"io"
)

// A Kind is what a message is.
type Kind int

// Kinds of messages.
const (
	KindDocument Kind = 1
	KindStatus   Kind = 2
)

func (k Kind) String() string {
	switch k {
	case KindDocument:
		return "document"
	case KindStatus:
		return "status"
	}
	return fmt.Sprintf("kind %d", int(k))
}

// A Message is a whole message, as it is spelled.
type Message struct {
	tree *node
	kind Kind
	lim  Limits
	size int
}

// Read reads a message. It reads at most lim.Message bytes and one more.
func Read(r io.Reader, lim Limits) (*Message, error) {
	data, err := io.ReadAll(io.LimitReader(r, lim.Message+1))
	if err != nil {
		return nil, fmt.Errorf("edxml: read: %w", err)
	}
	return Parse(data, lim)
}

// Parse reads a message. What it refuses it refuses with an [*Error]. The message
// keeps a copy of data.
func Parse(data []byte, lim Limits) (*Message, error) {
	if int64(len(data)) > lim.Message {
		return nil, refuse(ReasonSize, "", "the message has more than %d bytes, which are the limit", lim.Message)
	}
	tree, err := scan(string(data), lim)
	if err != nil {
		return nil, err
	}
	m := &Message{tree: tree, lim: lim, size: len(data)}
	root := m.root()
	header := root.find("edXMLEnvelope", "edXMLHeader", "MessageHeader")
	switch {
	case !root.is("edXML"):
		return nil, refuse(ReasonNotEdXML, "", "the root is element %q of namespace %q, want edXML of %q", root.local, root.space, Namespace)
	case header == nil:
		return nil, refuse(ReasonNotEdXML, "", "there is no edXMLEnvelope/edXMLHeader/MessageHeader")
	case header.child("StatusCode") != nil:
		m.kind = KindStatus
	case header.child("To") != nil || root.find("edXMLEnvelope", "edXMLHeader", "TraceHeaderList", "Bussiness") != nil:
		m.kind = KindDocument
	default:
		return nil, refuse(ReasonNotEdXML, "", "neither a document (no To, no Bussiness) nor a status (no StatusCode)")
	}
	return m, m.count()
}

// count bounds what stands once for each attachment.
func (m *Message) count() error {
	for _, path := range [][]string{{"AttachmentEncoded"}, {"edXMLEnvelope", "edXMLBody", "edXMLManifest"}} {
		if n := m.root().find(path...); n != nil {
			items := 0
			for _, c := range n.children {
				if c.kind == elementNode {
					items++
				}
			}
			if items > m.lim.Attachments {
				return refuse(ReasonCount, path[len(path)-1], "%d elements, at most %d", items, m.lim.Attachments)
			}
		}
	}
	return nil
}

func (m *Message) root() *node {
	for _, n := range m.tree.children {
		if n.kind == elementNode {
			return n
		}
	}
	return m.tree
}

// Kind tells what the message is.
func (m *Message) Kind() Kind { return m.kind }

// Signed reports that the message has an element Signature. Nothing can be said of
// what it signs: see the package comment.
func (m *Message) Signed() bool {
	header := m.root().find("edXMLEnvelope", "edXMLHeader")
	for _, n := range header.children {
		if n.kind == elementNode && n.local == "Signature" {
			return true
		}
	}
	return false
}

// Write writes the message; one that was read comes out byte for byte.
func (m *Message) Write(w io.Writer) error { return m.tree.write(w) }

// Bytes is what Write writes.
func (m *Message) Bytes() []byte {
	var b bytes.Buffer
	b.Grow(m.size)
	if err := m.Write(&b); err != nil {
		return nil // a buffer takes everything
	}
	return b.Bytes()
}

// Document gives the fields of a document, or nil if the message is a status.
func (m *Message) Document() *Document {
	if m.kind != KindDocument {
		return nil
	}
	d := &Document{}
	d.Extra = m.fields(d.shape)
	return d
}

// Status gives the fields of a status, or nil if the message is a document.
func (m *Message) Status() *Status {
	if m.kind != KindStatus {
		return nil
	}
	s := &Status{}
	s.Extra = m.fields(s.shape)
	return s
}

func (m *Message) fields(shape func(*codec)) []Extra {
	r := newRun(false, nil)
	c := r.codec(m.root(), "")
	shape(c)
	c.rest()
	return r.extra
}

// Message makes a message of a document, spelled as the axis's senders do.
func (d *Document) Message() (*Message, error) { return made(d.shape, d.Extra) }

// Message makes a message of a status.
func (s *Status) Message() (*Message, error) { return made(s.shape, s.Extra) }

// made builds a message and reads it again: what cannot be read is not written.
func made(shape func(*codec), extra []Extra) (*Message, error) {
	tree, err := build(shape, extra)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := tree.write(&b); err != nil {
		return nil, fmt.Errorf("edxml: write: %w", err)
	}
	// Spelled anew, with indentation and with references for < and >, a message may
	// be larger than the one it was read from.
	lim := DefaultLimits()
	lim.Message, lim.Nodes, lim.Text, lim.Tag = 4*lim.Message, 4*lim.Nodes, 6*lim.Text, 8*lim.Tag
	return Parse(b.Bytes(), lim)
}
