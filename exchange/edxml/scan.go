package edxml

import (
	"fmt"
	"strings"
)

// A scanner reads XML without document types into nodes that share the memory of
// the input. It is not a general reader: encoding/xml copies every text and
// forgets how it was spelled, and both matter for attachments of 50 MB.
type scanner struct {
	in    string
	at    int
	lim   Limits
	nodes int
	open  []*node // the path from the document to where we are
	root  bool    // the root element was seen
}

// scan reads a whole message.
func scan(in string, lim Limits) (*node, error) {
	if strings.HasPrefix(in, "\xff\xfe") || strings.HasPrefix(in, "\xfe\xff") {
		return nil, refuse(ReasonEncoding, "", "the message is UTF-16, want UTF-8")
	}
	doc := &node{kind: docNode}
	s := &scanner{in: in, lim: lim, open: []*node{doc}}
	if rest, ok := strings.CutPrefix(in, "\ufeff"); ok {
		doc.start, s.at = in[:len(in)-len(rest)], len(in)-len(rest)
	}
	if err := s.declaration(); err != nil {
		return nil, err
	}
	for s.at < len(s.in) {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	if len(s.open) > 1 {
		return nil, s.fail(ReasonSyntax, "the message ends inside element %q", s.top().local)
	}
	if !s.root {
		return nil, s.fail(ReasonSyntax, "no element")
	}
	return doc, nil
}

func (s *scanner) top() *node { return s.open[len(s.open)-1] }

func (s *scanner) fail(reason, format string, args ...any) error {
	return refuse(reason, fmt.Sprintf("byte %d", s.at), format, args...)
}

// declaration reads <?xml …?>, which must name UTF-8 if it names an encoding.
func (s *scanner) declaration() error {
	rest := s.in[s.at:]
	if !strings.HasPrefix(rest, "<?xml") || len(rest) < 6 || !space(rest[5]) {
		return nil
	}
	end := strings.Index(rest[:min(len(rest), s.lim.Tag)], "?>")
	if end < 0 {
		return s.fail(ReasonSyntax, "the XML declaration has no end")
	}
	n := &node{kind: instructionNode, start: rest[:end+2]}
	// A declaration is written like attributes, but without the namespaces.
	attrs, err := s.attributes(rest[5:end])
	if err != nil {
		return err
	}
	for i, a := range attrs {
		switch {
		case a.prefix == "" && a.local == "version" && i == 0 && strings.HasPrefix(a.value, "1."):
			if a.value != "1.0" {
				return s.fail(ReasonSyntax, "XML version %.10q, want 1.0", a.value)
			}
		case a.prefix == "" && a.local == "encoding" && i > 0:
			if !strings.EqualFold(a.value, "utf-8") {
				return s.fail(ReasonEncoding, "the message says that it is %.40q, want UTF-8", a.value)
			}
		case a.prefix == "" && a.local == "standalone" && i > 0 && (a.value == "yes" || a.value == "no"):
		default:
			return s.fail(ReasonSyntax, "the XML declaration has %.40q=%.40q", a.local, a.value)
		}
	}
	if len(attrs) == 0 {
		return s.fail(ReasonSyntax, "the XML declaration names no version")
	}
	s.at += end + 2
	return s.add(n)
}

// add hangs a node into the element that is open.
func (s *scanner) add(n *node) error {
	if s.nodes++; s.nodes > s.lim.Nodes {
		return s.fail(ReasonCount, "more than %d elements, texts and comments", s.lim.Nodes)
	}
	s.top().children = append(s.top().children, n)
	return nil
}

// step reads one node, or one end tag.
func (s *scanner) step() error {
	rest := s.in[s.at:]
	switch {
	case rest[0] != '<':
		return s.characters(rest)
	case strings.HasPrefix(rest, "</"):
		return s.endTag(rest)
	case strings.HasPrefix(rest, "<!--"):
		return s.comment(rest)
	case strings.HasPrefix(rest, "<![CDATA["):
		return s.cdata(rest)
	case strings.HasPrefix(rest, "<!DOCTYPE"):
		return s.fail(ReasonDTD, "a document type declaration: messages have none, and it can make a reader swell or fetch files")
	case strings.HasPrefix(rest, "<!"):
		return s.fail(ReasonDTD, "a declaration %.12q: messages have none", rest)
	case strings.HasPrefix(rest, "<?"):
		return s.instruction(rest)
	}
	return s.startTag(rest)
}

func (s *scanner) characters(rest string) error {
	end := strings.IndexByte(rest, '<')
	if end < 0 {
		end = len(rest)
	}
	raw := rest[:end]
	if len(s.open) == 1 {
		if strings.Trim(raw, " \t\r\n") != "" {
			return s.fail(ReasonSyntax, "text outside the root element: %.20q", raw)
		}
	} else if err := s.checkText(raw); err != nil {
		return err
	}
	if strings.Contains(raw, "]]>") {
		return s.fail(ReasonSyntax, "]]> in a text")
	}
	if _, err := unescape(raw); err != nil {
		return err
	}
	n := &node{kind: textNode, start: raw}
	if err := s.add(n); err != nil {
		return err
	}
	s.at += end
	return nil
}

// checkText bounds a text, by what it is: that of an attachment, or any other.
func (s *scanner) checkText(raw string) error {
	if s.top().is("ContentTransferEncoded") {
		// Base64 has 4 characters for 3 bytes; lines and indentation are allowed for.
		if int64(len(raw)) > s.lim.Attachment/3*4+s.lim.Attachment/16+1024 {
			return s.fail(ReasonAttachmentSize, "an attachment of %d characters of base64, at most %d bytes are taken", len(raw), s.lim.Attachment)
		}
	} else if len(raw) > s.lim.Text {
		return s.fail(ReasonText, "a text of %d bytes in element %q, at most %d", len(raw), s.top().local, s.lim.Text)
	}
	if i := badChar(raw); i >= 0 {
		return s.fail(ReasonEncoding, "byte %#x in element %q is not UTF-8, or no character of XML", raw[i], s.top().local)
	}
	return nil
}

func (s *scanner) cdata(rest string) error {
	end := strings.Index(rest, "]]>")
	if end < 0 || len(s.open) == 1 {
		return s.fail(ReasonSyntax, "a CDATA section without an end, or outside the root element")
	}
	if err := s.checkText(rest[:end]); err != nil {
		return err
	}
	n := &node{kind: cdataNode, start: rest[:end+3]}
	s.at += end + 3
	return s.add(n)
}

func (s *scanner) comment(rest string) error {
	end := strings.Index(rest[4:], "--")
	if end < 0 || !strings.HasPrefix(rest[4+end:], "-->") {
		return s.fail(ReasonSyntax, "a comment without an end, or with -- in it")
	}
	return s.aside(commentNode, rest[:4+end+3])
}

func (s *scanner) instruction(rest string) error {
	end := strings.Index(rest[2:], "?>") + 2
	if end < 2 {
		return s.fail(ReasonSyntax, "a processing instruction without an end")
	}
	target := rest[2:end]
	if i := strings.IndexAny(target, " \t\r\n"); i >= 0 {
		target = target[:i]
	}
	if !validName(target) || strings.EqualFold(target, "xml") {
		return s.fail(ReasonSyntax, "a processing instruction for %.20q", target)
	}
	return s.aside(instructionNode, rest[:end+2])
}

// aside keeps what is no content.
func (s *scanner) aside(kind nodeKind, raw string) error {
	if len(raw) > s.lim.Text {
		return s.fail(ReasonText, "a comment or instruction of %d bytes, at most %d", len(raw), s.lim.Text)
	}
	if i := badChar(raw); i >= 0 {
		return s.fail(ReasonEncoding, "byte %#x in a comment or instruction is not UTF-8, or no character of XML", raw[i])
	}
	s.at += len(raw)
	return s.add(&node{kind: kind, start: raw})
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
