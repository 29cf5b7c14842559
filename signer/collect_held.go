package signer

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"

	"lienthong/signer/cms"
	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// A holding is what a file has that evidence is needed for, and the evidence that
// it has.
type holding struct {
	signatures   []*held
	stamps       []*held // document time-stamps, oldest first
	certificates []*x509.Certificate
	crls, ocsps  [][]byte
	closedBy     string // the signature that certifies the file with P 1
}

// held is one sound signature or document time-stamp.
type held struct {
	field    string
	revision int
	contents []byte // the value of /Contents, padding included
	cert     *x509.Certificate
	tokens   []*tsp.Token // signature time-stamps
	token    *tsp.Token   // of a document time-stamp
	required bool         // the evidence for it must be had
}

// inspect reads what a file holds, and refuses one with a signature that is not
// sound: evidence for it would prove nothing.
func inspect(ctx context.Context, src pdf.Source, opts AugmentOptions) (*holding, error) {
	file, err := pdf.Open(src, opts.Limits)
	if err != nil {
		return nil, fmt.Errorf("augment: read the file: %w", err)
	}
	if _, err := file.Unlock(nil); err != nil {
		return nil, ErrEncrypted
	}
	judge := Options{Policy: IntegrityPolicy(), At: opts.At, Limits: opts.Limits}
	c := &check{ctx: ctx, file: file, opts: judge, policy: judge.Policy, revisions: file.Revisions(), report: &Report{}}
	if err := c.run(); err != nil {
		return nil, fmt.Errorf("augment: %w", err)
	}
	if c.report.Verdict == VerdictAltered {
		return nil, fmt.Errorf("%w: %s", ErrBroken, brokenBy(c))
	}
	h := &holding{}
	for _, it := range c.items {
		h.takeItem(it)
	}
	for _, l := range c.permissions().levels {
		if l.p == 1 && h.closedBy == "" {
			h.closedBy = fieldOf(c, l.revision)
		}
	}
	return h, h.takeStore(file.Latest())
}

// brokenBy is the first finding that failed.
func brokenBy(c *check) string {
	for _, it := range c.items {
		if it.failed() {
			return fmt.Sprintf("%q: %s: %s", it.out.Field, it.out.SubIndication, reason(&it.out))
		}
		for _, st := range it.tokens {
			if st.out.Indication == TotalFailed {
				return fmt.Sprintf("time-stamp of %q: %s", it.out.Field, reason(&st.out))
			}
		}
	}
	for _, f := range c.report.Findings {
		if f.Result == Failed {
			return f.Detail
		}
	}
	return "it is not intact"
}

func fieldOf(c *check, revision int) string {
	for _, it := range c.items {
		if it.revision == revision {
			return it.out.Field
		}
	}
	return "a signature"
}

func (h *holding) takeItem(it *item) {
	if it.signed == nil {
		return
	}
	s := &held{field: it.out.Field, revision: it.revision, contents: it.sig.Contents.Value, required: true}
	h.takeSigned(it.signed)
	if it.timestamp {
		if s.token = it.token; s.token != nil {
			h.stamps = append(h.stamps, s)
		}
		return
	}
	s.cert = it.cert
	for _, st := range it.tokens {
		if st.token != nil {
			s.tokens = append(s.tokens, st.token)
			h.takeSigned(st.token.Signed)
		}
	}
	h.signatures = append(h.signatures, s)
}

// takeSigned keeps the candidates that a SignedData brings.
func (h *holding) takeSigned(signed *cms.SignedData) {
	h.take(signed.Certificates)
	h.crls = append(h.crls, signed.CRLs...)
	if si := signed.Signer(); si != nil {
		if r := si.Revocation(); r != nil {
			h.crls = append(h.crls, r.CRLs...)
			h.ocsps = append(h.ocsps, r.OCSPs...)
		}
	}
}

// takeStore keeps what the document security store holds.
func (h *holding) takeStore(v *pdf.View) error {
	_, catalog, err := v.Catalog()
	if err != nil {
		return fmt.Errorf("augment: read the catalog: %w", err)
	}
	dss, err := v.Dict(catalog.Get("DSS"))
	if err != nil || dss == nil {
		return nil // one that cannot be read gives nothing; writing to it is another matter
	}
	eachStored(v, dss, "Certs", func(_ pdf.Object, der []byte) {
		if cert, err := x509.ParseCertificate(der); err == nil {
			h.take([]*x509.Certificate{cert})
		}
	})
	eachStored(v, dss, "CRLs", func(_ pdf.Object, der []byte) { h.crls = append(h.crls, der) })
	eachStored(v, dss, "OCSPs", func(_ pdf.Object, der []byte) { h.ocsps = append(h.ocsps, der) })
	return nil
}

func (h *holding) take(list []*x509.Certificate) {
	for _, c := range list {
		if len(h.certificates) < maxBrought && !h.has([]*x509.Certificate{c}) {
			h.certificates = append(h.certificates, c)
		}
	}
}

// has reports whether all of a list are among the file's certificates.
func (h *holding) has(list []*x509.Certificate) bool {
	for _, c := range list {
		if !slices.ContainsFunc(h.certificates, func(o *x509.Certificate) bool { return sameCertificate(c, o) }) {
			return false
		}
	}
	return true
}

func (h *holding) lists() []*x509.RevocationList {
	var lists []*x509.RevocationList
	for _, der := range h.crls {
		if list, err := x509.ParseRevocationList(der); err == nil {
			lists = append(lists, list)
		}
	}
	return lists
}

// addStamp takes in a document time-stamp that was appended.
func (h *holding) addStamp(field string, revision int, token *tsp.Token, a *pdf.Appended) {
	h.stamps = append(h.stamps, &held{field: field, revision: revision, token: token, contents: hole(a, token.Raw), required: true})
	h.takeSigned(token.Signed)
}

// addSignature takes in a signature that was appended.
func (h *holding) addSignature(field string, revision int, sealed *sealed) error {
	signed, err := cms.Parse(sealed.cms)
	if err != nil {
		return fmt.Errorf("sign: read the signature: %w", err)
	}
	s := &held{field: field, revision: revision, contents: hole(sealed.appended, sealed.cms), required: true}
	h.takeSigned(signed)
	if si := signed.Signer(); si != nil {
		s.cert = signed.Certificate(si)
	}
	if sealed.token != nil {
		s.tokens = []*tsp.Token{sealed.token}
		h.takeSigned(sealed.token.Signed)
	}
	h.signatures = append(h.signatures, s)
	return nil
}

// hole is the value of /Contents: the signature, and the zeros after it.
func hole(a *pdf.Appended, der []byte) []byte {
	value := make([]byte, (a.Contents.Len()-2)/2)
	copy(value, der)
	return value
}
