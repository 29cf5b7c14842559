package signer_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/cms"
)

// signedParts is a SignedData taken apart, so that it can be put together wrong.
type signedParts struct {
	head       []byte // version, digest algorithms, content and certificates
	front      []byte // of the SignerInfo: version, sid, digest algorithm
	attributes [][]byte
	algorithm  []byte
	signers    int // copies of the SignerInfo
	unsigned   bool
}

var (
	attributesTag = cbasn1.Tag(0).ContextSpecific().Constructed()
	oidDigest     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidType       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidReference  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
)

func takeApart(t testing.TB, der []byte) *signedParts {
	t.Helper()
	p := &signedParts{signers: 1}
	var info, explicit, signed, set, si, element, attributes cryptobyte.String
	var oid asn1.ObjectIdentifier
	s := cryptobyte.String(der)
	ok := s.ReadASN1(&info, cbasn1.SEQUENCE) && info.ReadASN1ObjectIdentifier(&oid) &&
		info.ReadASN1(&explicit, attributesTag) && explicit.ReadASN1(&signed, cbasn1.SEQUENCE)
	for range 4 { // version, digests, content, certificates
		ok = ok && readElement(&signed, &element)
		p.head = append(p.head, element...)
	}
	ok = ok && signed.ReadASN1(&set, cbasn1.SET) && set.ReadASN1(&si, cbasn1.SEQUENCE)
	for range 3 {
		ok = ok && readElement(&si, &element)
		p.front = append(p.front, element...)
	}
	ok = ok && si.ReadASN1(&attributes, attributesTag)
	for ok && !attributes.Empty() {
		ok = readElement(&attributes, &element)
		p.attributes = append(p.attributes, bytes.Clone(element))
	}
	ok = ok && readElement(&si, &element)
	p.algorithm = bytes.Clone(element)
	if !ok {
		t.Fatal("not taken apart")
	}
	return p
}

func readElement(s, to *cryptobyte.String) bool {
	var tag cbasn1.Tag
	return s.ReadAnyASN1Element(to, &tag)
}

// together signs what is left of the attributes, in the order of DER.
func (p *signedParts) together(t testing.TB, key keys.Key, digest []byte) []byte {
	t.Helper()
	slices.SortFunc(p.attributes, bytes.Compare)
	var set cryptobyte.Builder
	set.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(p.attributes, nil)) })
	if !p.unsigned {
		sum := sha256.Sum256(set.BytesOrPanic())
		digest = sum[:]
	}
	value, err := key.Sign(rand.Reader, digest, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	var out cryptobyte.Builder
	out.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(cms.OIDSignedData)
		b.AddASN1(attributesTag, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddBytes(p.head)
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
					for range p.signers {
						b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { p.signer(b, value) })
					}
				})
			})
		})
	})
	return out.BytesOrPanic()
}

func (p *signedParts) signer(b *cryptobyte.Builder, value []byte) {
	b.AddBytes(p.front)
	if !p.unsigned {
		b.AddASN1(attributesTag, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(p.attributes, nil)) })
	}
	b.AddBytes(p.algorithm)
	b.AddASN1OctetString(value)
}

func typeOf(attribute []byte) asn1.ObjectIdentifier {
	s, inner := cryptobyte.String(attribute), cryptobyte.String(nil)
	var oid asn1.ObjectIdentifier
	if !s.ReadASN1(&inner, cbasn1.SEQUENCE) || !inner.ReadASN1ObjectIdentifier(&oid) {
		return nil
	}
	return oid
}

func (p *signedParts) without(oid asn1.ObjectIdentifier) {
	p.attributes = slices.DeleteFunc(p.attributes, func(a []byte) bool { return typeOf(a).Equal(oid) })
}

// put adds an attribute of the given values.
func (p *signedParts) put(oid asn1.ObjectIdentifier, values ...[]byte) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(values, nil)) })
	})
	p.attributes = append(p.attributes, b.BytesOrPanic())
}

func octets(value []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1OctetString(value)
	return b.BytesOrPanic()
}

// The rows of PADES.md 2 about the SignedData. Each is signed with the right key, so
// that nothing but the rule is broken; the finding names it, and the object.
func TestAttackCMS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.Issue(testpki.Person("Lê Thị Hoa", "UBND"), testpki.P256()).Key()
	for _, tt := range []struct {
		name, finding string
		change        func(p *signedParts, digest []byte)
		old           signer.Verdict // under adbe.pkcs7.detached; invalid if empty
	}{
		{"sound", "", func(*signedParts, []byte) {}, "valid"},
		{"two signers", "cms-format", func(p *signedParts, _ []byte) { p.signers = 2 }, ""},
		{"no signer", "cms-format", func(p *signedParts, _ []byte) { p.signers = 0 }, ""},
		{"no signed attributes", "no-signed-attributes", func(p *signedParts, _ []byte) { p.unsigned = true }, "valid"},
		{"no message digest", "message-digest", func(p *signedParts, _ []byte) { p.without(oidDigest) }, ""},
		{"two message digests", "message-digest", func(p *signedParts, d []byte) { p.put(oidDigest, octets(d)) }, ""},
		{"a second message digest of something else", "message-digest", func(p *signedParts, _ []byte) { p.put(oidDigest, octets(make([]byte, 32))) }, ""},
		{"a message digest of two values", "message-digest", func(p *signedParts, d []byte) {
			p.without(oidDigest)
			p.put(oidDigest, octets(d), octets(make([]byte, 32)))
		}, ""},
		{"no content type", "content-type", func(p *signedParts, _ []byte) { p.without(oidType) }, ""},
		{"another content type", "content-type", func(p *signedParts, _ []byte) {
			p.without(oidType)
			p.put(oidType, []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2})
		}, ""},
		{"the certificate not named", "no-signing-certificate", func(p *signedParts, _ []byte) { p.without(oidReference) }, "valid"},
		{"the certificate named twice", "attribute-count", func(p *signedParts, _ []byte) {
			for _, a := range p.attributes {
				if typeOf(a).Equal(oidReference) {
					p.attributes = append(p.attributes, a)
					return
				}
			}
		}, ""},
	} {
		for _, sub := range []string{"ETSI.CAdES.detached", "adbe.pkcs7.detached"} {
			t.Run(tt.name+" "+sub, func(t *testing.T) {
				t.Parallel()
				h := byHand{key: key, field: "Ký"}
				h.subFilter = "ETSI.CAdES.detached"
				want := signer.VerdictInvalid
				if sub != string(h.subFilter) {
					h.subFilter = "adbe.pkcs7.detached"
					if tt.old != "" {
						want = tt.old
					}
				}
				if tt.finding == "" {
					want = signer.VerdictValid
				}
				h.value = func(digest []byte) []byte {
					p := takeApart(t, h.sound(t, digest))
					tt.change(p, digest)
					return p.together(t, key, digest)
				}
				opts := w.options()
				opts.Claim = nil
				r := validate(t, h.sign(t, w.letter), opts)
				list := warningsNamed(r, tt.finding)
				if r.Verdict != want || len(list) == 0 != (tt.finding == "") {
					t.Fatalf("want %s with %q: %s", want, tt.finding, summary(r))
				}
				if len(list) > 0 && list[0].Object == "" {
					t.Errorf("no object: %+v", list[0])
				}
			})
		}
	}
}
