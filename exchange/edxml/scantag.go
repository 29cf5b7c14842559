package edxml

import "strings"

// tagEnd finds the > that ends a start tag; those in quotes do not.
func tagEnd(s string) int {
	quote := byte(0)
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i
		}
	}
	return -1
}

func (s *scanner) startTag(rest string) error {
	end := tagEnd(rest[:min(len(rest), s.lim.Tag)])
	if end < 0 {
		if len(rest) > s.lim.Tag {
			return s.fail(ReasonText, "a tag of more than %d bytes, or without an end", s.lim.Tag)
		}
		return s.fail(ReasonSyntax, "a tag without an end")
	}
	inner := rest[1:end]
	inner, empty := strings.CutSuffix(inner, "/")
	name := inner
	if i := strings.IndexAny(inner, " \t\r\n"); i >= 0 {
		name = inner[:i]
	}
	n := &node{kind: elementNode, start: rest[:end+1]}
	var ok bool
	if n.prefix, n.local, ok = splitName(name); !ok {
		return s.fail(ReasonSyntax, "%.40q is no name of an element", name)
	}
	var err error
	if n.attrs, err = s.attributes(inner[len(name):]); err != nil {
		return err
	}
	if len(s.open) == 1 && s.root {
		return s.fail(ReasonSyntax, "a second root element %q", n.local)
	}
	s.root = true
	if len(s.open) > s.lim.Depth {
		return s.fail(ReasonDepth, "elements nested deeper than %d", s.lim.Depth)
	}
	if err := s.add(n); err != nil {
		return err
	}
	s.open = append(s.open, n)
	n.space = s.resolve(n.prefix)
	for i, a := range n.attrs {
		if a.prefix != "" && a.prefix != "xmlns" {
			n.attrs[i].space = s.resolve(a.prefix)
		}
	}
	if empty {
		s.open = s.open[:len(s.open)-1]
	}
	s.at += end + 1
	return nil
}

// resolve finds the namespace of a prefix. A prefix that nobody declared stands
// for none: some senders forget to.
func (s *scanner) resolve(prefix string) string {
	if prefix == "xml" {
		return "http://www.w3.org/XML/1998/namespace"
	}
	for i := len(s.open) - 1; i > 0; i-- {
		for _, a := range s.open[i].attrs {
			if a.prefix == "xmlns" && a.local == prefix || prefix == "" && a.prefix == "" && a.local == "xmlns" {
				return a.value
			}
		}
	}
	return ""
}

func (s *scanner) endTag(rest string) error {
	end := strings.IndexByte(rest[:min(len(rest), s.lim.Tag)], '>')
	if end < 0 {
		return s.fail(ReasonSyntax, "an end tag without an end")
	}
	name := strings.TrimRight(rest[2:end], " \t\r\n")
	n := s.top()
	prefix, local, ok := splitName(name)
	if !ok || len(s.open) == 1 || n.prefix != prefix || n.local != local {
		return s.fail(ReasonSyntax, "end tag %.40q, want that of %q", name, n.local)
	}
	n.end = rest[:end+1]
	s.open = s.open[:len(s.open)-1]
	s.at += end + 1
	return nil
}

// maxName is the longest name of an element or attribute, in bytes.
const maxName = 200

// splitName splits prefix:local.
func splitName(name string) (prefix, local string, ok bool) {
	// Names are put together to paths: a long one would be copied for all below it.
	if len(name) > maxName {
		return "", "", false
	}
	prefix, local, found := strings.Cut(name, ":")
	if !found {
		return "", name, validName(name)
	}
	return prefix, local, validName(prefix) && validName(local)
}

// attributes reads what stands in a tag after its name.
func (s *scanner) attributes(rest string) ([]attr, error) {
	var out []attr
	for {
		trimmed := strings.TrimLeft(rest, " \t\r\n")
		if trimmed == "" {
			return out, nil
		}
		eq := strings.IndexByte(trimmed, '=')
		if eq < 0 || len(trimmed) == len(rest) {
			return nil, s.fail(ReasonSyntax, "%.40q in a tag is no attribute", trimmed)
		}
		var a attr
		var ok bool
		if a.prefix, a.local, ok = splitName(strings.TrimRight(trimmed[:eq], " \t\r\n")); !ok {
			return nil, s.fail(ReasonSyntax, "%.40q is no name of an attribute", trimmed[:eq])
		}
		value := strings.TrimLeft(trimmed[eq+1:], " \t\r\n")
		if value == "" || value[0] != '"' && value[0] != '\'' {
			return nil, s.fail(ReasonSyntax, "the value of attribute %q has no quotes", a.local)
		}
		end := strings.IndexByte(value[1:], value[0])
		if end < 0 {
			return nil, s.fail(ReasonSyntax, "the value of attribute %q has no end", a.local)
		}
		var err error
		if a.value, err = s.attrValue(value[1 : 1+end]); err != nil {
			return nil, err
		}
		for _, b := range out {
			if a.prefix == b.prefix && a.local == b.local {
				return nil, s.fail(ReasonSyntax, "attribute %q stands twice in a tag", a.local)
			}
		}
		if out = append(out, a); len(out) > s.lim.Attributes {
			return nil, s.fail(ReasonCount, "more than %d attributes in a tag", s.lim.Attributes)
		}
		rest = value[end+2:]
	}
}

func (s *scanner) attrValue(raw string) (string, error) {
	if badChar(raw) >= 0 {
		return "", s.fail(ReasonEncoding, "the value %.20q is not UTF-8, or holds what is no character of XML", raw)
	}
	if strings.IndexByte(raw, '<') >= 0 {
		return "", s.fail(ReasonSyntax, "a < in the value of an attribute")
	}
	// A line end or tab that is written as such is a space (XML 1.0, 3.3.3).
	raw = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ").Replace(raw)
	return unescape(raw)
}
