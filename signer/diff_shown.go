package signer

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"lienthong/signer/content"
	"lienthong/signer/pdf"
)

// The checks on what is filled in after a signature.
var (
	ruleRegistration = rule{"registration", "Decree 30/2020/NĐ-CP Art. 33", "number and date, filled in by the agency as it signed", "số, ngày tháng do cơ quan điền khi ký số"}
	ruleFilled       = rule{"filled-fields", "ISO 32000-2 12.7.4", "form fields filled in after signing", "trường biểu mẫu được điền sau khi ký"}
	ruleShown        = rule{"field-appearance", "ISO 32000-2 12.7.4.3", "what a field shows and what it says", "nội dung hiển thị và giá trị của trường biểu mẫu"}
)

// filledField is a field that a revision filled in, for people.
type filledField struct {
	revision int
	ref      pdf.Ref
	name     string
	value    string
}

// filled keeps what a field says now, and holds what it shows against it.
func (c *comparison) filled(g *pdf.Field) {
	value, err := c.new.Resolve(g.Value)
	text := ""
	switch v := value.(type) {
	case pdf.String:
		text = pdf.DecodeText(v)
	case pdf.Name:
		text = string(v)
	}
	if len(c.step.filled) <= maxNamed {
		c.step.filled = append(c.step.filled, filledField{c.step.revision, g.Ref, g.FullName, text})
	}
	if _, rich := value.(*pdf.Stream); err != nil || rich || g.Type != "Tx" || g.Flags&flagPassword != 0 {
		return
	}
	for _, ref := range g.Widgets {
		if d, err := c.new.Dict(ref); err == nil && d != nil {
			c.compareShown(g, ref, d, text)
		}
	}
}

// Flags of a text field (ISO 32000-2, table 231).
const (
	flagMultiline = 1 << 12
	flagPassword  = 1 << 13
)

// compareShown: people read the appearance of a text field, programs its value. Both
// have to say the same, or who fills it in can show one number and state another.
func (c *comparison) compareShown(g *pdf.Field, ref pdf.Ref, widget *pdf.Dict, value string) {
	look, err := c.new.Dict(widget.Get("AP"))
	if err != nil || look == nil || isNull(look.Get("N")) {
		return // viewers draw it from the value
	}
	before, known := c.shownBefore(ref) // with a reader of its own, whose work counts
	reader, done := c.d.reader(c.new)
	defer done()
	if reader == nil {
		c.note(ruleShown, ref, "field %q: what it shows was not compared with its value: that takes too long", g.FullName)
		return
	}
	p := reader.Annotation(widget)
	shown, why := shownText(p)
	want := bare(value)
	path := "field " + g.FullName
	if covered := c.hides(reader, ref, p); !covered.none() {
		c.content(ref, path, "the appearance of the field covers %s", covered)
		return
	}
	switch {
	case look.Has("R") || look.Has("D"):
		c.content(ref, path, "the text field has another appearance under the mouse")
	case why.none() && shown == want:
	case why.format == imageShown:
		c.content(ref, path, "the text field shows an image, and its value is %q", cutText(value))
	case !why.none():
		c.note(ruleShown, ref, "field %q: what it shows was not compared with its value %q: %s", g.FullName, cutText(value), why)
	case shown == "" || c.formatted(g, widget) || g.Flags&flagMultiline != 0 && strings.HasPrefix(want, shown) || known && shown == before:
		// A value that nobody sees, one that is set out in another way, the beginning of one
		// that is too long for its box, or text that was there: odd, and no lie.
		c.note(ruleShown, ref, "field %q shows %q, and its value is %q", g.FullName, cutText(shown), cutText(value))
	default:
		c.content(ref, path, "the field shows %q, and its value is %q", cutText(shown), cutText(value))
	}
}

// shownBefore is the text that a widget showed in the revision before, if that can be
// told. Where it is the same, only the value was filled in, and people see what they
// saw.
func (c *comparison) shownBefore(ref pdf.Ref) (text string, known bool) {
	widget, err := c.old.Dict(ref)
	if err != nil || widget == nil {
		return "", false
	}
	reader, done := c.d.reader(c.old)
	defer done()
	if reader == nil {
		return "", false
	}
	text, why := shownText(reader.Annotation(widget))
	return text, why.none()
}

// hides tells what text or image of the page lies below what the appearance paints
// beside its text: a ground that was not there when the page was signed. Lines of dots
// or underscores to write on are no text.
func (c *comparison) hides(reader *content.Reader, ref pdf.Ref, look content.Painting) saying {
	var grounds [][4]float64
	for _, b := range look.Boxes {
		if b.Kind == content.Plain && b.Rect[0] < b.Rect[2] && b.Rect[1] < b.Rect[3] {
			grounds = append(grounds, b.Rect)
		}
	}
	page := c.pageOf(ref)
	if len(grounds) == 0 || page == nil {
		return saying{}
	}
	for _, b := range reader.Page(page).Boxes {
		for _, r := range grounds {
			switch {
			case !overlap(within(r), b.Rect) || b.Kind == content.Plain:
			case b.Kind == content.Image:
				return said(imageShown)
			case b.Kind == content.Text && coversLetters(within(r), b, page):
				return said("the text %s", quote(b.Text))
			}
		}
	}
	return saying{}
}

// coversLetters: of a word such as "....../QĐ-UBND" the dots may be covered.
func coversLetters(r [4]float64, b content.Box, page *pdf.Page) bool {
	r = seenRect(*page, r)
	covered := b.Text == "" || b.Rough
	for _, g := range runOf(b, *page).glyphs {
		inside := g.x0 < r[2] && r[0] < g.x1 && g.base-g.size/4 < r[3] && r[1] < g.base+g.size
		covered = covered || inside && !strings.ContainsRune("._… ", g.r)
	}
	return covered
}

// within is a rectangle without its rim, which may reach into what stands beside it.
func within(r [4]float64) [4]float64 {
	for i := range 2 {
		g := min(grain, (r[i+2]-r[i])/10)
		r[i], r[i+2] = r[i]+g, r[i+2]-g
	}
	return r
}

// pageOf is the page that lists an annotation, or nil.
func (c *comparison) pageOf(ref pdf.Ref) *pdf.Page {
	list, err := c.old.Pages()
	c.d.charge(len(list))
	if err != nil {
		return nil
	}
	for i := range list {
		annots, err := c.old.Array(list[i].Dict.Get("Annots"))
		if err == nil && slices.Contains(annots, pdf.Object(ref)) {
			return &list[i]
		}
	}
	return nil
}

const imageShown = "an image"

// shownText is the text of an appearance without its white space, or why it cannot
// be told.
func shownText(p content.Painting) (text string, why saying) {
	var b strings.Builder
	for _, box := range p.Boxes {
		switch {
		case box.Kind == content.Image:
			return "", said(imageShown)
		case box.Kind == content.Drawing:
			why = said("a drawing, which may be letters")
		case box.Kind == content.Text && box.Text == "":
			why = said("its font does not say which letters it shows")
		case box.Kind == content.Text:
			b.WriteString(box.Text)
		}
	}
	if p.Unknown != "" {
		why = technical(p.Unknown)
	}
	return bare(b.String()), why
}

// bare is a text without white space, its letters and marks put together.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, norm.NFC.String(s))
}

// formatted reports whether a script of the signed document makes of the value what
// is shown, such as the points between thousands.
func (c *comparison) formatted(g *pdf.Field, widget *pdf.Dict) bool {
	for _, d := range []*pdf.Dict{g.Dict, widget} {
		if actions, err := c.new.Dict(d.Get("AA")); err == nil && actions.Has("F") {
			return true
		}
	}
	return false
}

// registered names what was filled in after a signature: by the agency while it
// signed, or by anybody.
func (c *check) registered(steps []step) {
	for i := range steps {
		list := steps[i].filled
		if len(list) == 0 {
			continue
		}
		c.filledIn = append(c.filledIn, filling{steps[i].revision, list[0].ref, fillings(list)})
	}
}

// filling is what a revision filled in.
type filling struct {
	revision int
	field    pdf.Ref // the first
	text     saying
}

// fillings lists fields and what they say now.
func fillings(list []filledField) saying {
	last := min(len(list), maxNamed) - 1
	text := wordsFor(list[last])
	if len(list) > maxNamed {
		text = said("%s, %s", text, said("and more"))
	}
	for last--; last >= 0; last-- {
		text = said("%s, %s", wordsFor(list[last]), text)
	}
	return text
}

func quote(s string) string { return `"` + cutText(s) + `"` }

// wordsFor is what people call a field that was prepared, or its name, and its value.
func wordsFor(f filledField) saying {
	value := quote(f.value)
	switch f.name {
	case FieldNumber:
		return said("number %s", value)
	case FieldDate:
		return said("date %s", value)
	case fieldDay:
		return said("day %s", value)
	case fieldMonth:
		return said("month %s", value)
	case fieldYear:
		return said("year %s", value)
	}
	return said("%s %s", quote(f.name), value)
}

// quoteFilled reports what was filled in, once it is known who signed with it.
func (c *check) quoteFilled() {
	for _, a := range c.filledIn {
		if it := c.agencyAt(a.revision); it != nil {
			c.note(ruleRegistration, Passed, refText(a.field), "revision %d, that of the signature in %q, fills in %s", a.revision, it.out.Field, a.text)
			continue
		}
		if it := c.passingAt(a.revision, ""); it != nil {
			c.note(ruleFilled, Warning, refText(a.field), "revision %d, that of the signature in %q, of whose agency nothing is known here, fills in %s", a.revision, it.out.Field, a.text)
			continue
		}
		c.note(ruleFilled, Warning, refText(a.field), "revision %d, which is not that of a passing signature of an agency, fills in %s", a.revision, a.text)
	}
}

// agencyAt is the passing signature of an agency that a revision holds, or nil.
func (c *check) agencyAt(revision int) *item { return c.passingAt(revision, RoleAgency) }

// passingAt is the passing signature that a revision holds, of a role, or of one that
// nobody could tell, or nil.
func (c *check) passingAt(revision int, role string) *item {
	for _, it := range c.items {
		if it.revision == revision && !it.timestamp && it.out.Role == role && weight(it.out.Indication) <= weight(TotalPassed) {
			return it
		}
	}
	return nil
}
