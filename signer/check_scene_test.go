package signer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/digitorus/pdfsign/revocation"

	"lienthong/certs"
	"lienthong/certs/dev"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/cms"
	"lienthong/signer/pdf"
)

// A scene is what one row of the matrix plays in: who signs, who stamps, when, and
// what the file is given as evidence. Authorities for time-stamps stand under the
// root itself, so that what is wrong with the signer's CA does not touch them.
type scene struct {
	*testpki.PKI
	t            *testing.T
	leaf         *testpki.Leaf
	tsa, archive *testpki.Leaf // of the signature's time-stamp, and of the document's
	renewer      *testpki.Leaf // of a second document time-stamp; usually none

	signed, stamped, stored, archived, renewed, judged time.Time

	before func(letter []byte) []byte                // what the file has before it is signed
	value  func(covered []byte) []byte               // of the signature; a sound one if nil
	token  func(token []byte) []byte                 // what becomes of the signature's time-stamp
	store  func() ([]*x509.RevocationList, [][]byte) // of the DSS
	policy *signer.Policy

	content []byte               // a token that oldCMS puts among the signed attributes
	answers []testpki.OCSPOption // of the responder, and of what the file holds
}

func newScene(t *testing.T) *scene {
	p := testpki.New(t)
	at := func(minutes int) time.Time { return testpki.Now.Add(time.Duration(minutes) * time.Minute) }
	s := &scene{PKI: p, t: t, signed: at(0), stamped: at(0), stored: at(10), archived: at(20), judged: at(30)}
	s.tsa, s.archive = s.stamper("TSA của chữ ký"), s.stamper("TSA lưu trữ")
	s.store = func() ([]*x509.RevocationList, [][]byte) {
		return []*x509.RevocationList{p.List(p.CA), p.List(p.CA.Issuer)}, [][]byte{p.OCSP(s.leaf)}
	}
	return s
}

// stamper issues the certificate of a time-stamping authority under the root.
func (s *scene) stamper(name string, opts ...testpki.Option) *testpki.Leaf {
	under := []testpki.Option{testpki.P256(), testpki.IssuedBy(s.CA.Issuer), testpki.Template(func(c *x509.Certificate) {
		c.CRLDistributionPoints = s.CA.Certificate.CRLDistributionPoints
		c.NotAfter = testpki.Now.AddDate(8, 0, 0)
	})}
	return s.Issue(testpki.Request{Kind: dev.TSA, ID: "tsa", Name: name}, append(under, opts...)...)
}

// signer issues the certificate of who signs.
func (s *scene) signer(opts ...testpki.Option) {
	s.leaf = s.Issue(testpki.Person("Nguyễn Văn Nghĩa", "UBND phường Ba Hàng"), append([]testpki.Option{testpki.P256()}, opts...)...)
}

// ocspOnly leaves a certificate without a distribution point of lists, and its file
// without the list of its CA.
func (s *scene) ocspOnly() testpki.Option {
	s.store = func() ([]*x509.RevocationList, [][]byte) {
		return []*x509.RevocationList{s.List(s.CA.Issuer)}, [][]byte{s.OCSP(s.leaf, s.answers...)}
	}
	return testpki.Template(func(c *x509.Certificate) { c.CRLDistributionPoints = nil })
}

func (s *scene) stampBy(l *testpki.Leaf, at time.Time, data []byte) []byte {
	s.t.Helper()
	h := crypto.SHA256.New()
	h.Write(data)
	token, err := authority(s.t, l, func() time.Time { return at }).Stamp(context.Background(), crypto.SHA256, h.Sum(nil))
	if err != nil {
		s.t.Fatal(err)
	}
	return token.Raw
}

// file makes the file of a level.
func (s *scene) file(level signer.Level) []byte {
	has := func(l signer.Level) bool { return slices.Index(matrixLevels, level) >= slices.Index(matrixLevels, l) }
	letter := sample(s.t, "01-ward-report.pdf")
	if s.before != nil {
		letter = s.before(letter)
	}
	s.SetTime(s.signed)
	file := s.sign(letter, has(signer.LevelBT))
	if has(signer.LevelBLT) {
		s.SetTime(s.stored)
		file = s.addStore(file)
	}
	if has(signer.LevelBLTA) {
		file = s.addStamp(file, "Dấu thời gian", s.archive, s.archived)
		if s.renewer != nil {
			s.SetTime(s.renewed)
			file = s.addStamp(s.addStore(file), "Dấu thời gian 2", s.renewer, s.renewed)
		}
	}
	return file
}

// augmented makes it by [signer.Augment].
func (s *scene) augmented(level signer.Level) []byte {
	file := s.file(signer.LevelBT)
	s.SetTime(s.stored)
	evidence := certs.NewEvidence()
	evidence.Fetcher = s.Fetcher()
	out, _ := augment(s.t, file, signer.AugmentOptions{Level: level, At: s.stored, Trust: s.Trust(), Evidence: evidence,
		TSA: authority(s.t, s.archive, func() time.Time { return s.archived })})
	return out
}

func (s *scene) sign(letter []byte, stamped bool) []byte {
	sub := pdf.Name("ETSI.CAdES.detached")
	value := s.value
	if value == nil {
		value = func(covered []byte) []byte { return s.cms(covered, crypto.SHA256) }
	} else {
		sub = "adbe.pkcs7.detached"
	}
	return s.fill(letter, byHand{field: "Ký", subFilter: sub, room: 24 << 10}, func(covered []byte) []byte {
		der := value(covered)
		if !stamped {
			return der
		}
		parsed, err := cms.Parse(der)
		if err != nil {
			s.t.Fatal(err)
		}
		token := s.stampBy(s.tsa, s.stamped, parsed.Signer().Signature)
		if s.token != nil {
			token = s.token(token)
		}
		if der, err = cms.AddUnsignedTimestamp(der, token); err != nil {
			s.t.Fatal(err)
		}
		return der
	})
}

func (s *scene) cms(covered []byte, hash crypto.Hash) []byte {
	h := hash.New()
	h.Write(covered)
	key := s.leaf.Key()
	der, err := cms.Sign(rand.Reader, key, key.Certificate(), key.Chain(), h.Sum(nil), cms.SignOptions{Hash: hash})
	if err != nil {
		s.t.Fatal(err)
	}
	return der
}

// fill appends a signature whose value is made from the bytes that it covers.
func (s *scene) fill(in []byte, h byHand, value func(covered []byte) []byte) []byte {
	s.t.Helper()
	h.value = func([]byte) []byte { return []byte{0x30, 0x00} }
	out := h.sign(s.t, in)
	f, err := pdf.Open(bytes.NewReader(out), pdf.DefaultLimits())
	if err != nil {
		s.t.Fatal(err)
	}
	all, err := f.Latest().Signatures()
	if err != nil {
		s.t.Fatal(err)
	}
	span := all[len(all)-1].Contents.Span
	covered := append(bytes.Clone(out[:span.Start]), out[span.End:]...)
	der := value(covered)
	if 2*len(der) > int(span.Len())-2 {
		s.t.Fatalf("%d bytes of signature, room for %d", len(der), span.Len()/2)
	}
	hex.Encode(out[span.Start+1:], der)
	return out
}

// addStore appends a DSS with the evidence of the scene at its time.
func (s *scene) addStore(in []byte) []byte {
	lists, answers := s.store()
	return editCatalog(s.t, in, func(u *pdf.Update, catalog *pdf.Dict) {
		put := func(ders ...[]byte) (list pdf.Array) {
			for _, der := range ders {
				list = append(list, u.Add(pdf.NewStream(pdf.NewDict(), der)))
			}
			return list
		}
		dss := pdf.NewDict(pdf.Entry{Key: "Type", Value: pdf.Name("DSS")})
		if old, err := u.View().Dict(catalog.Get("DSS")); err == nil && old != nil {
			dss = old.Clone()
		}
		grow := func(key pdf.Name, more pdf.Array) {
			have, _ := u.View().Array(dss.Get(key))
			dss.Set(key, append(have[:len(have):len(have)], more...))
		}
		for _, c := range append(s.leaf.Chain, s.tsa.Chain...) {
			grow("Certs", put(c.Raw))
		}
		for _, l := range lists {
			grow("CRLs", put(l.Raw))
		}
		grow("OCSPs", put(answers...))
		catalog.Set("DSS", u.Add(dss))
	})
}

// addStamp appends a document time-stamp.
func (s *scene) addStamp(in []byte, field string, by *testpki.Leaf, at time.Time) []byte {
	h := byHand{field: field, subFilter: "ETSI.RFC3161", room: 16 << 10, entries: []pdf.Entry{{Key: "Type", Value: pdf.Name("DocTimeStamp")}}}
	return s.fill(in, h, func(covered []byte) []byte { return s.stampBy(by, at, covered) })
}

// judge validates a file at the scene's time: by what it holds alone, or with the
// responders and lists of the PKI's server besides.
func (s *scene) judge(file []byte, online bool) *signer.Report {
	s.SetTime(s.judged)
	evidence := certs.NewEvidence()
	if online {
		evidence.Fetcher = s.Fetcher()
	}
	return validate(s.t, file, signer.Options{At: s.judged, Trust: s.Trust(), Evidence: evidence, Policy: s.policy})
}

// oldCMS is a signature as old tools made it, without a reference to the certificate,
// by a hash or key that cms.Sign refuses, with the revocation attribute of Adobe if
// one is given.
func (s *scene) oldCMS(covered []byte, hash crypto.Hash, archive ...revocation.InfoArchival) []byte {
	oid := func(id ...int) asn1.ObjectIdentifier { return id }
	must := func(v any, params string) asn1.RawValue {
		der, err := asn1.MarshalWithParams(v, params)
		if err != nil {
			s.t.Fatal(err)
		}
		return asn1.RawValue{FullBytes: der}
	}
	type attribute struct {
		Type   asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
	type algorithm struct {
		ID     asn1.ObjectIdentifier
		Params asn1.RawValue `asn1:"optional"`
	}
	type name struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	sum := func(data []byte) []byte {
		h := hash.New()
		h.Write(data)
		return h.Sum(nil)
	}
	attributes := []attribute{
		{oid(1, 2, 840, 113549, 1, 9, 3), []asn1.RawValue{must(oid(1, 2, 840, 113549, 1, 7, 1), "")}},
		{oid(1, 2, 840, 113549, 1, 9, 4), []asn1.RawValue{must(sum(covered), "")}},
	}
	if s.content != nil {
		attributes = append(attributes, attribute{oid(1, 2, 840, 113549, 1, 9, 16, 2, 20), []asn1.RawValue{{FullBytes: s.content}}})
	}
	for _, info := range archive {
		attributes = append(attributes, attribute{cms.OIDAdobeRevocation, []asn1.RawValue{must(info, "")}})
	}
	signature, err := s.leaf.Signer.Sign(rand.Reader, sum(must(attributes, "set").FullBytes), hash)
	if err != nil {
		s.t.Fatal(err)
	}
	cert := s.leaf.Certificate
	digest, by := algorithm{ID: cms.HashOID(hash)}, algorithm{ID: oid(1, 2, 840, 10045, 4, 1)}
	if hash == crypto.SHA256 {
		by.ID = oid(1, 2, 840, 10045, 4, 3, 2)
	}
	if cert.PublicKeyAlgorithm == x509.RSA {
		by = algorithm{oid(1, 2, 840, 113549, 1, 1, 1), asn1.NullRawValue}
	}
	info := struct {
		Version    int
		Name       name
		Digest     algorithm
		Attributes []attribute `asn1:"set,tag:0"`
		Signature  algorithm
		Value      []byte
	}{1, name{asn1.RawValue{FullBytes: cert.RawIssuer}, cert.SerialNumber}, digest, attributes, by, signature}
	embedded := []asn1.RawValue{{FullBytes: cert.Raw}}
	for _, c := range s.leaf.Chain[:len(s.leaf.Chain)-1] {
		embedded = append(embedded, asn1.RawValue{FullBytes: c.Raw})
	}
	data := struct {
		Version      int
		Digests      []algorithm `asn1:"set"`
		Content      algorithm
		Certificates []asn1.RawValue `asn1:"set,tag:0"`
		Infos        []asn1.RawValue `asn1:"set"`
	}{1, []algorithm{digest}, algorithm{ID: oid(1, 2, 840, 113549, 1, 7, 1)}, embedded, []asn1.RawValue{must(info, "")}}
	return must(struct {
		Type asn1.ObjectIdentifier
		Data asn1.RawValue
	}{oid(1, 2, 840, 113549, 1, 7, 2), must(data, "explicit,tag:0")}, "").FullBytes
}

// copied is a token over other data.
func (s *scene) copied() []byte { return s.stampBy(s.tsa, s.stamped, []byte("một văn bản khác")) }
