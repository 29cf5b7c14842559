package signer

import (
	"bytes"
	"fmt"
	"sort"

	"lienthong/signer/pdf"
)

// Sub-filters that are judged (ISO 32000-2, table 260).
const (
	subFilterCAdES     pdf.Name = "ETSI.CAdES.detached"
	subFilterPKCS7     pdf.Name = "adbe.pkcs7.detached"
	subFilterTimestamp pdf.Name = "ETSI.RFC3161"
)

func sortItems(items []*item) {
	sort.SliceStable(items, func(i, j int) bool {
		a, b := items[i], items[j]
		if a.revision != b.revision {
			return a.revision < b.revision
		}
		return a.sig.Contents.Span.Start < b.sig.Contents.Span.Start
	})
}

// fileStructure looks at what no revision accounts for.
func (c *check) fileStructure() {
	if span, blank, err := c.file.Trailing(); err == nil && !blank && span.Len() > 0 {
		result := Warning
		if data, err := c.file.Bytes(pdf.Span{Start: span.Start, End: min(span.End, span.Start+1<<20)}); err != nil ||
			span.Len() > 1<<20 || bytes.Contains(data, []byte("obj")) {
			result = Failed
		}
		c.note(ruleTrailing, result, "", "bytes %d to %d follow the last revision and are part of none", span.Start, span.End)
	}
	if r := c.file.Repair(); r != nil {
		c.note(ruleRepaired, Warning, "", "%s", r)
	}
	if _, offset := c.file.Header(); offset > 0 {
		c.note(ruleHeader, Warning, "", "%d bytes stand before the %%PDF header", offset)
	}
	for n := 1; n <= len(c.revisions); n++ {
		c.strays(n)
	}
}

// strays reports what hides between the objects of a revision. Another body for a
// listed object can be switched in by a reader that repairs the file its own way.
func (c *check) strays(n int) {
	if len(c.items) == 0 || n > strayRevisions {
		return
	}
	strays, err := c.file.Strays(n)
	if err != nil {
		return
	}
	for i, s := range strays {
		if i == 3 {
			c.note(ruleHidden, Warning, "", "revision %d: %d more", n, len(strays)-i)
			return
		}
		what := said("bytes that belong to no object")
		switch {
		case s.Overlap:
			what = said("an object that begins inside another one")
		case s.Twin:
			what = said("a second body of object %s", s.Ref)
		case !s.Ref.IsZero():
			what = said("a body of object %s that the revision does not list", s.Ref)
		}
		c.note(ruleHidden, Warning, refText(s.Ref), "revision %d holds %s, at bytes %d to %d", n, what, s.Span.Start, s.Span.End)
	}
}

// strayRevisions bounds the search for hidden bytes, which reads the file.
const strayRevisions = 64

func refText(r pdf.Ref) string {
	if r.IsZero() {
		return ""
	}
	return r.String()
}

// structure checks one signature dictionary and the bytes that it covers.
func (c *check) structure(it *item) {
	c.dictionary(it)
	c.coverage(it)
	c.contents(it)
}

func (c *check) dictionary(it *item) {
	d := it.sig.Dict
	if d == nil {
		it.format(ruleDictionary, "the field's value is no dictionary, or cannot be read")
		return
	}
	if dup := d.Duplicates(); len(dup) > 0 {
		it.format(ruleDuplicate, "the signature dictionary has %s more than once; readers differ on which one counts", quoteNames(dup))
	}
	switch it.sig.Type {
	case "Sig", "DocTimeStamp":
	case "":
		if it.timestamp {
			it.add(ruleDictionary, Warning, "a time-stamp without /Type /DocTimeStamp")
		}
	default:
		it.format(ruleDictionary, "/Type is %q, want Sig or DocTimeStamp", it.sig.Type)
	}
	if f, ok := d.Get("Filter").(pdf.Name); !ok || f == "" {
		it.add(ruleDictionary, Warning, "no /Filter, which is required")
	}
	switch sub := it.sig.SubFilter; {
	case sub == subFilterTimestamp:
		if it.sig.Type == "Sig" {
			it.add(ruleDictionary, Warning, "a time-stamp under /Type /Sig")
		}
	case it.sig.Type == "DocTimeStamp":
		it.format(ruleSubFilter, "a document time-stamp of sub-filter %q, want %s", sub, subFilterTimestamp)
	case sub == subFilterCAdES, sub == subFilterPKCS7:
	case !legacy[sub].none():
		it.add(ruleSubFilter, Warning, "%s", legacy[sub])
	case sub == "":
		it.format(ruleSubFilter, "no /SubFilter")
	default:
		it.fail(ruleSubFilter, Indeterminate, Generic, "sub-filter %q is not supported; want %s or %s", sub, subFilterCAdES, subFilterPKCS7)
	}
}

// coverage compares /ByteRange with the hole of this very /Contents and with the
// end of the revision that wrote the dictionary.
func (c *check) coverage(it *item) {
	if it.sig.Dict == nil {
		return
	}
	r, err := pdf.ParseByteRange(it.sig.ByteRange)
	if err != nil {
		it.format(ruleByteRange, "%v", err)
		return
	}
	span := it.sig.Contents.Span
	if span.IsZero() {
		it.format(ruleHole, "/Contents is no string that stands directly in the file")
		return
	}
	if it.revision < 1 || it.revision > len(c.revisions) {
		it.format(ruleByteRange, "the dictionary belongs to no revision")
		return
	}
	want := c.revisions[it.revision-1].End
	end := c.blankEnd(r, want)
	if err := r.Check(span, end); err != nil {
		it.format(ruleByteRange, "%v", err)
		return
	}
	if start := c.revisions[it.revision-1].Start; span.Start < start || span.End > want {
		it.format(ruleByteRange, "/Contents stands at byte %d, outside revision %d, which wrote the dictionary", span.Start, it.revision)
		return
	}
	it.rng, it.end, it.sound = r, end, true
	it.add(ruleByteRange, Passed, "covers bytes 0 to %d but for %d to %d", end, span.Start, span.End)
	it.out.Coverage = CoverageRevision
	if it.revision == len(c.revisions) {
		if end == c.file.Source().Size() || c.blank(pdf.Span{Start: min(end, want), End: c.file.Source().Size()}) {
			it.out.Coverage = CoverageWhole
		}
	}
}

// blankEnd is where the range of a revision that ends at want may end: there, or
// apart from it by white space only. Signers differ on whether the line end after
// %%EOF, or blank lines after it, belong to what they sign.
func (c *check) blankEnd(r pdf.ByteRange, want int64) int64 {
	const most = 64
	size := c.file.Source().Size()
	if r[2] > size || r[3] > size-r[2] {
		return want
	}
	end := r[2] + r[3]
	gap := pdf.Span{Start: min(end, want), End: max(end, want)}
	if end != want && gap.Len() <= most && c.blank(gap) {
		return end
	}
	return want
}

// blank reports whether a span holds white space only.
func (c *check) blank(s pdf.Span) bool {
	if s.Len() <= 0 {
		return s.Len() == 0
	}
	if s.Len() > 1<<16 {
		return false
	}
	data, err := c.file.Bytes(s)
	return err == nil && len(bytes.Trim(data, "\x00\t\n\f\r ")) == 0
}

// contents checks how the signature value is written: exactly <hex>.
func (c *check) contents(it *item) {
	if it.sig.Dict == nil {
		return
	}
	s, ok := it.sig.Dict.Get("Contents").(pdf.String)
	if !ok {
		it.format(ruleHole, "/Contents is not a string that stands in the dictionary")
		return
	}
	if s.Span.IsZero() {
		return // coverage has said so
	}
	if s.Span.Len() > maxContents {
		it.format(ruleHole, "/Contents takes %d bytes, want at most %d", s.Span.Len(), int64(maxContents))
		return
	}
	raw, err := c.file.Bytes(s.Span)
	if err != nil || len(raw) < 2 || raw[0] != '<' || raw[len(raw)-1] != '>' {
		it.format(ruleHole, "/Contents is not written as hexadecimal digits between < and >")
		return
	}
	if why := looseHex(raw[1 : len(raw)-1]); !why.none() {
		it.loose(ruleEncoding, c.policy, "%s", why)
	}
	it.value = s.Value
}

// maxContents bounds the signature value: 8 MiB of hexadecimal digits is more
// than any certificate chain with its revocation lists has been seen to need.
const maxContents = 8 << 20

// loose records what is only a warning unless the policy is strict.
func (it *item) loose(r rule, p *Policy, format string, args ...any) {
	if p.StrictEncoding {
		it.format(r, format, args...)
		return
	}
	it.add(r, Warning, format, args...)
}

// looseHex says in which way hexadecimal digits are not written as a signer
// would: that leaves room to write on in bytes that no signature covers.
func looseHex(digits []byte) saying {
	lower, upper, other := 0, 0, 0
	for _, b := range digits {
		switch {
		case b >= '0' && b <= '9':
		case b >= 'a' && b <= 'f':
			lower++
		case b >= 'A' && b <= 'F':
			upper++
		default:
			other++
		}
	}
	switch {
	case other > 0:
		return said("%d bytes between the hexadecimal digits of /Contents are none", other)
	case len(digits)%2 != 0:
		return said("/Contents has %d hexadecimal digits, an odd number", len(digits))
	case lower > 0 && upper > 0:
		return said("/Contents mixes %d lower-case and %d upper-case hexadecimal digits", lower, upper)
	}
	return saying{}
}

// quoteNames is a list of names, each in quotes.
func quoteNames(names []pdf.Name) string { return fmt.Sprintf("%q", names) }

// oneARevision refuses a second signature whose range ends with the same
// revision: each would cover the other's hole, so only the last one written can
// be sound, and hashing many of them would cost a multiple of the file.
func (c *check) oneARevision() {
	count := make(map[int]int)
	for _, it := range c.items {
		if it.sound {
			if count[it.revision]++; count[it.revision] > 2 {
				it.sound = false
				it.out.Coverage = CoverageBroken
				it.format(ruleByteRange, "revision %d holds more than two signatures", it.revision)
			}
		}
	}
}
