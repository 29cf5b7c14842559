package signer

import (
	"strings"

	"lienthong/signer/content"
	"lienthong/signer/pdf"
)

// addition is text that a revision put on a page.
type addition struct {
	revision int
	page     pdf.Ref
	text     string
}

// maxPainted bounds the pages that one revision changed and that are compared by
// what they show.
const maxPainted = 8

// additions looks for text that a revision with a signature put on pages: tools
// that write the number and the date of a letter while they seal it do so. The
// revision is content in any case; what was written is for people to read.
func (c *comparison) additions() {
	if c.worst != ChangesContent || !c.signs() {
		return
	}
	old, errOld := c.old.Pages()
	now, errNow := c.new.Pages()
	if errOld != nil || errNow != nil || len(old) != len(now) {
		return
	}
	c.d.charge(2 * len(old))
	looked := 0
	for i := range old {
		if old[i].Ref != now[i].Ref || !c.repainted(&old[i]) {
			continue
		}
		if looked++; looked > maxPainted {
			return
		}
		if text, ok := c.addedText(&old[i], &now[i]); ok {
			c.step.added = append(c.step.added, addition{c.step.revision, old[i].Ref, text})
		}
	}
}

// signs reports whether the revision holds a signature.
func (c *comparison) signs() bool {
	for _, it := range c.d.items {
		if it.revision == c.step.revision && !it.timestamp {
			return true
		}
	}
	return false
}

// repainted reports whether the revision changed the page, or its content.
func (c *comparison) repainted(p *pdf.Page) bool {
	contents := p.Dict.Get("Contents")
	if c.deltas[p.Ref.Number] != nil || c.deltas[refNumber(contents)] != nil {
		return true
	}
	list, err := c.old.Array(contents)
	for _, e := range list {
		if c.deltas[refNumber(e)] != nil {
			return true
		}
	}
	return err != nil
}

// addedText is the text of the new page that the old one does not have, if the
// new one still has all that the old one had.
func (c *comparison) addedText(old, now *pdf.Page) (string, bool) {
	before, ok := c.painted(c.old, old)
	if !ok {
		return "", false
	}
	after, ok := c.painted(c.new, now)
	if !ok {
		return "", false
	}
	left := make(map[content.Box]int)
	for _, b := range before.Boxes {
		left[b]++
	}
	var words []string
	for _, b := range after.Boxes {
		switch {
		case left[b] > 0:
			left[b]--
		case b.Kind == content.Text && b.Text == "":
			words = append(words, "…")
		case b.Kind == content.Text:
			words = append(words, b.Text)
		}
	}
	for _, n := range left {
		if n > 0 {
			return "", false
		}
	}
	return strings.Join(words, " "), len(words) > 0
}

func (c *comparison) painted(v *pdf.View, p *pdf.Page) (content.Painting, bool) {
	r, done := c.d.reader(v)
	defer done()
	if r == nil {
		return content.Painting{}, false
	}
	painting := r.Page(p)
	return painting, painting.Unknown == ""
}

// registrations names text that came with a passing signature of an agency.
func (c *check) registrations() {
	for _, a := range c.added {
		if it := c.agencyAt(a.revision); it != nil {
			c.note(ruleRegistered, Warning, refText(a.page), "revision %d, that of the signature in %q, writes on the page: %q", a.revision, it.out.Field, cutText(a.text))
		}
	}
}

// cutText keeps the first words of a text.
func cutText(s string) string {
	const most = 200
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "…"
}
