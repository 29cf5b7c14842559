package signer

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"time"

	"lienthong/signer/cms"
	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// item is one signature dictionary on its way through the checks.
type item struct {
	out       Signature
	sig       pdf.SignatureDict
	field     pdf.Field
	revision  int  // that wrote the dictionary, and whose end it must cover
	timestamp bool // a document time-stamp

	rng      pdf.ByteRange
	end      int64 // of the covered bytes
	sound    bool  // rng was compared with the file and holds
	value    []byte
	signed   *cms.SignedData
	broken   error               // why the value is no SignedData
	token    *tsp.Token          // of a document time-stamp
	carried  []*x509.Certificate // in the signature dictionary: of adbe.x509.rsa_sha1, as bare and rest
	bare     []byte              // the value itself
	rest     []byte              // what follows it in /Contents
	cert     *x509.Certificate
	tokens   []*stamp            // signature time-stamps, as they stand in the signature
	content  []*stamp            // content time-stamps, which the signer signed: it was not there before
	chain    []*x509.Certificate // leaf to anchor, once judged
	judgedAt time.Time           // that was judged
	own      *era                // what its own time-stamp proves
	hash     crypto.Hash
	digest   []byte
}

// stamp is one signature time-stamp.
type stamp struct {
	out   Signature
	token *tsp.Token
}

// add records a finding.
func (it *item) add(r rule, result Result, format string, args ...any) {
	it.out.Findings = append(it.out.Findings, finding(r, result, it.object(), format, args...))
}

// fail records a finding that decides: the signature cannot pass any more.
func (it *item) fail(r rule, i Indication, sub SubIndication, format string, args ...any) {
	it.add(r, Failed, format, args...)
	it.out.conclude(i, sub)
}

// format is fail for what breaks a rule of form.
func (it *item) format(r rule, format string, args ...any) {
	it.fail(r, TotalFailed, FormatFailure, format, args...)
}

func (it *item) object() string {
	switch {
	case !it.sig.Ref.IsZero():
		return it.sig.Ref.String()
	case !it.field.Ref.IsZero():
		return it.field.Ref.String()
	}
	return ""
}

func (it *item) failed() bool { return it.out.Indication == TotalFailed }

// conclude takes over a worse indication. The first of equal weight stays: the
// checks run from the form outwards, so that the earliest cause is named.
func (s *Signature) conclude(i Indication, sub SubIndication) {
	if weight(i) > weight(s.Indication) {
		s.Indication, s.SubIndication = i, sub
	}
}

func weight(i Indication) int {
	switch i {
	case TotalFailed:
		return 3
	case Indeterminate:
		return 2
	case TotalPassed:
		return 1
	}
	return 0
}

// collect finds the signatures of the newest revision through its form, then
// those of every earlier revision that are not there any more, and signature
// dictionaries that belong to no field at all.
func (c *check) collect() error {
	known := make(map[string]bool)
	newest, err := c.signaturesOf(c.file.Latest())
	if err != nil {
		c.unread = true
		c.note(ruleForm, Failed, "", "cannot be read: %v", err)
	}
	fields := make(map[string]*item)
	places := make(map[pdf.Location]bool)
	for i := range newest {
		if at, ok := c.file.Latest().Location(newest[i].Ref); ok && !newest[i].Direct {
			places[at] = true
		}
		it := c.newItem(&newest[i])
		known[identity(it.sig)] = true
		fields[it.out.Field] = it
		c.items = append(c.items, it)
	}
	for n := len(c.revisions) - 1; n >= 1; n-- {
		if len(c.file.Written(n+1)) == 0 && c.file.View(n).Trailer().Ref("Root") == c.file.View(n+1).Trailer().Ref("Root") {
			continue
		}
		if c.looked > maxLooked {
			c.note(ruleVanished, Failed, "", "too many fields in too many revisions to look for signatures that were removed before revision %d", n)
			break
		}
		if c.sameSignatures(c.file.View(n), places) {
			continue
		}
		older, err := c.signaturesOf(c.file.View(n))
		if err != nil {
			continue // a revision whose form cannot be read is a change of content for what came before it
		}
		for i := range older {
			if known[identity(older[i].SignatureDict)] {
				continue
			}
			known[identity(older[i].SignatureDict)] = true
			it := c.newItem(&older[i])
			c.items = append(c.items, it)
			if fields[it.out.Field] != nil {
				it.format(ruleReplaced, "revision %d puts another signature in place of the one that revision %d wrote in field %q", n+1, it.revision, it.out.Field)
			} else {
				it.format(ruleVanished, "revision %d takes field %q with its signature of revision %d out of the form", n+1, it.out.Field, it.revision)
			}
		}
	}
	sortItems(c.items)
	c.orphans(known)
	return nil
}

// sameSignatures reports whether every signature in a view's form stands where one
// of the newest form does: then it is that one, and need not be read again.
func (c *check) sameSignatures(v *pdf.View, places map[pdf.Location]bool) bool {
	fields, err := v.Fields()
	if err != nil {
		return false
	}
	c.looked += len(fields) + 1
	for _, f := range fields {
		value := f.Dict.Get("V")
		if f.Type != "Sig" || isNull(value) {
			continue
		}
		ref, ok := value.(pdf.Ref)
		if !ok {
			return false
		}
		if at, ok := v.Location(ref); !ok || !places[at] {
			return false
		}
	}
	return true
}

// signaturesOf reads the signatures of a view's form, from what has been read of the
// file already. One that cannot be read does not hide the others, and is itself not
// taken for a field that nobody signed.
func (c *check) signaturesOf(v *pdf.View) ([]pdf.SignatureField, error) {
	fields, err := v.Fields()
	if err != nil {
		return nil, err
	}
	all, err := c.allSignatures()
	if err != nil {
		return v.Signatures()
	}
	var list []pdf.SignatureField
	complete := true
	for _, f := range fields {
		value := f.Dict.Get("V")
		if f.Type != "Sig" || isNull(value) {
			continue
		}
		s := pdf.SignatureField{Field: f}
		if ref, ok := value.(pdf.Ref); ok {
			s.Ref = ref
			s.Revision = v.Revision().Number
			if at, ok := v.Location(ref); ok {
				s.Revision = at.Revision
			}
		}
		if known, ok := all[dictionaryAt{s.Ref, s.Revision}]; ok {
			s.SignatureDict = *known
		} else {
			complete = false
		}
		list = append(list, s)
	}
	if complete {
		return list, nil
	}
	if whole, err := v.Signatures(); err == nil {
		return whole, nil
	}
	return list, nil
}

// dictionaryAt is where an object that is a signature dictionary stands.
type dictionaryAt struct {
	ref      pdf.Ref
	revision int
}

// allSignatures are the signature dictionaries of every revision that are objects
// of their own. They are read once: each holds thousands of digits.
func (c *check) allSignatures() (map[dictionaryAt]*pdf.SignatureDict, error) {
	if c.direct != nil || c.unscanned != nil {
		return c.direct, c.unscanned
	}
	if c.every, c.unscanned = c.file.AllSignatures(); c.unscanned != nil {
		return nil, c.unscanned
	}
	c.direct = make(map[dictionaryAt]*pdf.SignatureDict)
	for i := range c.every {
		if s := &c.every[i]; !s.Direct {
			c.direct[dictionaryAt{s.Ref, s.Revision}] = s
		}
	}
	return c.direct, nil
}

// maxLooked bounds the fields that are read in older revisions.
const maxLooked = 200_000

// usualFindings is how many findings a sound signature has, with room.
const usualFindings = 8

func (c *check) newItem(s *pdf.SignatureField) *item {
	it := &item{sig: s.SignatureDict, field: s.Field, revision: s.Revision}
	it.timestamp = s.Type == "DocTimeStamp" || s.SubFilter == subFilterTimestamp
	it.out.Field = s.Field.FullName
	it.out.Binding = BindingNotChecked
	it.out.Integrity = IntegrityUnknown
	it.out.Revocation.Status = "not_checked"
	it.out.TimeSource = TimeClaimed
	if it.timestamp {
		it.out.TimeSource = TimeDocumentTimestamp
	}
	it.out.Coverage = CoverageBroken
	it.out.Changes = ChangesNone
	it.out.Findings = make([]Finding, 0, usualFindings)
	return it
}

// identity tells two signature dictionaries apart: by where their signature
// stands in the file, or where there is none, by their object and revision.
func identity(s pdf.SignatureDict) string {
	if !s.Contents.Span.IsZero() {
		return fmt.Sprintf("@%d", s.Contents.Span.Start)
	}
	return fmt.Sprintf("%v %v/%d", s.Ref, s.Span, s.Revision)
}

func (c *check) orphans(known map[string]bool) {
	if _, err := c.allSignatures(); err != nil {
		return
	}
	all := c.every
	for i := range all {
		if known[identity(all[i])] {
			continue
		}
		c.orphaned++
		c.note(ruleOrphan, Warning, all[i].Ref.String(), "revision %d holds a signature dictionary that no field shows", all[i].Revision)
		if c.orphaned == maxOrphans {
			return
		}
	}
}

// maxOrphans is how many signatures without a field are named.
const maxOrphans = 16
