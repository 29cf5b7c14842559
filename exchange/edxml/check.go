package edxml

import (
	"bytes"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// A Check is what came of reading a message, writing it and reading it again.
type Check struct {
	Kind  string   `json:"kind"`
	Same  bool     `json:"same_bytes"` // writing gave the bytes that were read
	Lost  []string `json:"lost"`       // values that the fields, written, do not give back
	Extra []string `json:"extra"`      // what has no field, and is kept
	Files []FileOf `json:"files"`
	// Damage says what the attachments had lost before they came.
	Damage []string `json:"damage"`
	Signed bool     `json:"signature_element"` // present; never checked
}

// A FileOf is a file of an attachment.
type FileOf struct {
	Attachment int    `json:"attachment"` // from 0
	Name       string `json:"name"`
	Entry      string `json:"entry,omitempty"`
	Size       int    `json:"size"`
	SHA256     string `json:"sha256"`
}

// Whole reports that nothing was lost.
func (c *Check) Whole() bool { return c.Same && len(c.Lost) == 0 && len(c.Damage) == 0 }

// CheckMessage reads data, writes it in both ways that there are, as it is spelled
// and from its fields, reads what was written and compares.
func CheckMessage(data []byte, lim Limits) (*Check, error) {
	m, err := Parse(data, lim)
	if err != nil {
		return nil, err
	}
	// Empty lists, so that JSON has [] and not null.
	out := &Check{Kind: m.Kind().String(), Signed: m.Signed(), Lost: []string{}, Extra: []string{}, Files: []FileOf{}, Damage: []string{}}
	written := m.Bytes()
	again, err := Parse(written, lim)
	out.Same = err == nil && bytes.Equal(data, written) && len(lost(m, again)) == 0
	rebuilt, extra, err := m.rebuild()
	if err != nil {
		out.Lost = append(out.Lost, fmt.Sprintf("cannot be written from its fields: %v", err))
	} else {
		out.Lost = append(out.Lost, lost(m, rebuilt)...)
	}
	for _, e := range extra {
		out.Extra = append(out.Extra, fmt.Sprintf("%s: %.60s", e.Path, e.XML+e.Attribute))
	}
	if d := m.Document(); d != nil {
		out.files(d, lim)
	}
	return out, nil
}

func (c *Check) files(d *Document, lim Limits) {
	for i, opened := range d.open(lim) {
		if opened.err != nil {
			c.Damage = append(c.Damage, strings.TrimPrefix(opened.err.Error(), "edxml: "))
		}
		for _, f := range opened.files {
			c.Files = append(c.Files, FileOf{i, f.Name, f.Entry, len(f.Data), f.SHA256()})
		}
	}
}

// rebuild writes a message from its fields alone.
func (m *Message) rebuild() (*Message, []Extra, error) {
	if d := m.Document(); d != nil {
		again, err := d.Message()
		return again, d.Extra, err
	}
	s := m.Status()
	again, err := s.Message()
	return again, s.Extra, err
}

// lost lists the values of one message that another does not have. A value is the
// text of an element, or an attribute, with the path of names to it; its order
// among its brothers counts only where they have one name.
func lost(from, to *Message) []string {
	have := map[string][]string{}
	to.root().values("", have)
	want := map[string][]string{}
	from.root().values("", want)
	var out []string
	for path, values := range want {
		rest := have[path]
		for _, v := range values {
			for len(rest) > 0 && rest[0] != v {
				rest = rest[1:]
			}
			if len(rest) == 0 {
				out = append(out, fmt.Sprintf("%s: %.60q", strings.Trim(strconv.Quote(path), `"`), v))
				break
			}
			rest = rest[1:]
		}
	}
	sort.Strings(out)
	return out
}

// values collects what n and all below it say. White space around texts says
// nothing, and an element that is empty says what a missing one does.
func (n *node) values(above string, into map[string][]string) {
	path := above + "/" + n.local
	if !n.ours() {
		path = above + "/{" + n.space + "}" + n.local
	}
	for _, a := range n.attrs {
		if !a.declares() {
			key := path + "/@" + a.local
			if a.prefix != "" {
				key = path + "/@{" + a.named() + "}" + a.local
			}
			into[key] = append(into[key], a.value)
		}
	}
	for _, c := range n.children {
		if c.kind == elementNode {
			c.values(path, into)
		}
	}
	text := n.text()
	if n.is("ContentTransferEncoded") {
		text = strings.Join(strings.Fields(text), "")
	}
	if text = strings.TrimSpace(text); text != "" {
		into[path] = append(into[path], text)
	}
}
