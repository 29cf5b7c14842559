package signer

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lienthong/signer/cms"
	"lienthong/signer/pdf"
)

// Sub-filters that nobody should sign with any more, and which are judged.
const (
	subFilterSHA1   pdf.Name = "adbe.pkcs7.sha1"
	subFilterX509   pdf.Name = "adbe.x509.rsa_sha1"
	subFilterBrazil pdf.Name = "PBAD.PAdES"
)

// legacy says what is to be known about a sub-filter besides the two of today.
var legacy = map[pdf.Name]saying{
	subFilterSHA1:   said("adbe.pkcs7.sha1 digests the document by SHA-1 alone; PDF 2.0 deprecates it"),
	subFilterX509:   said("adbe.x509.rsa_sha1 has no signed attributes; PDF 2.0 deprecates it"),
	subFilterBrazil: said("PBAD.PAdES is the name that Brazil's DOC-ICP-15.03 has for ETSI.CAdES.detached, and is judged as that; other readers do not know it"),
}

// beforeCAdES reports whether a signature is of a kind that is older than CAdES: what
// those lack is customary.
func (it *item) beforeCAdES() bool {
	return it.sig.SubFilter == subFilterPKCS7 || it.sig.SubFilter == subFilterSHA1
}

const sha1Differs = "the SHA-1 that was signed is not that of the document"

// verifyValue checks a SignedData over the covered bytes. Under adbe.pkcs7.sha1 it
// carries their SHA-1, and is over that (ISO 32000-1, 12.8.3.3.1).
func (it *item) verifyValue() []cms.Problem {
	if it.sig.SubFilter != subFilterSHA1 {
		return it.signed.Verify(it.digest)
	}
	problems := it.signed.VerifyContent()
	if it.signed.HasContent && !bytes.Equal(it.signed.Content, it.digest) {
		problems = append(problems, cms.Problem{Code: cms.MessageDigest, Clause: "ISO 32000-1 12.8.3.3.1",
			Detail: sha1Differs, Format: sha1Differs})
	}
	return problems
}

// readBare reads the certificates of adbe.x509.rsa_sha1, which stand in the signature
// dictionary, its value, and the hash that the value was made with.
func (c *check) readBare(it *item) {
	if it.bare != nil || it.value == nil || it.sig.Dict == nil {
		return
	}
	view := c.file.Latest()
	if it.revision >= 1 && it.revision <= len(c.revisions) {
		view = c.file.View(it.revision)
	}
	o, err := view.Resolve(it.sig.Dict.Get("Cert"))
	if err != nil {
		return
	}
	list, ok := o.(pdf.Array)
	if !ok {
		list = pdf.Array{o}
	}
	for i, o := range list {
		o, err := view.Resolve(o)
		s, ok := o.(pdf.String)
		if err != nil || !ok || i == maxBrought {
			break
		}
		cert, err := x509.ParseCertificate(s.Value)
		if err != nil {
			break
		}
		it.carried = append(it.carried, cert)
	}
	value := cryptobyte.String(it.value)
	var octets cryptobyte.String
	if len(it.carried) == 0 || !value.ReadASN1(&octets, cbasn1.OCTET_STRING) {
		return
	}
	it.cert, it.bare, it.rest = it.carried[0], octets, value
	it.hash = crypto.SHA1
	if pub, ok := it.cert.PublicKey.(*rsa.PublicKey); ok {
		it.hash = hashInside(pub, octets)
	}
}

// hashInside returns the hash that an RSA signature value names (RFC 8017, 9.2), SHA-1
// where it names none. The value is verified later: this is only to know what to
// digest the document with (ISO 32000-1, table 257).
func hashInside(pub *rsa.PublicKey, signature []byte) crypto.Hash {
	s := new(big.Int).SetBytes(signature)
	if pub.N.BitLen() > maxBareBits || pub.E > 1<<31-1 || s.Cmp(pub.N) >= 0 {
		return crypto.SHA1
	}
	block := s.Exp(s, big.NewInt(int64(pub.E)), pub.N).Bytes() // without the leading zero
	if len(block) == 0 || block[0] != 1 {
		return crypto.SHA1
	}
	block = bytes.TrimLeft(block[1:], "\xff")
	if len(block) == 0 || block[0] != 0 {
		return crypto.SHA1
	}
	info, oid := cryptobyte.String(block[1:]), asn1.ObjectIdentifier(nil)
	var inner, algorithm cryptobyte.String
	if !info.ReadASN1(&inner, cbasn1.SEQUENCE) || !inner.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&oid) {
		return crypto.SHA1
	}
	if h := cms.HashByOID(oid); h != 0 {
		return h
	}
	return crypto.SHA1
}

// maxBareBits bounds the work of one value.
const maxBareBits = 8192

// bareValue checks a signature of adbe.x509.rsa_sha1: a PKCS #1 value in an OCTET
// STRING, by the key of the first certificate in the dictionary, which the signature
// covers.
func (c *check) bareValue(it *item) {
	c.readBare(it)
	if it.bare == nil {
		it.format(ruleCMS, "want a certificate in /Cert and an OCTET STRING in /Contents (ISO 32000-1 12.8.3.2)")
		return
	}
	certificateFacts(&it.out, it.cert)
	it.out.ClaimedTime = claimedTime(it, nil)
	if rest := bytes.TrimRight(it.rest, "\x00"); len(rest) > 0 {
		it.loose(rulePadding, c.policy, "%d bytes after the signature value are not zero", len(rest))
	}
	switch {
	case !it.sound:
		return
	case it.digest == nil:
		it.fail(ruleDigestAlg, Indeterminate, CryptoConstraintsFailure, "digest algorithm %v is not supported", it.hash)
		return
	}
	algorithm := cms.Algorithm{Scheme: cms.RSAPKCS1v15, Hash: it.hash}
	if err := algorithm.CheckDigest(it.cert.PublicKey, it.digest, it.bare); err != nil {
		it.out.Integrity = IntegrityAltered
		it.fail(ruleSignature, TotalFailed, SigCryptoFailure, "the value does not verify under the certificate of %q: %v", it.cert.Subject.CommonName, err)
		return
	}
	it.out.Integrity = IntegrityIntact
	it.add(ruleSignature, Passed, "%s with %s", algorithm.Scheme, algorithm.Hash)
	if c.policy.SigningCertificate {
		it.format(rule{name: string(cms.NoSignedAttributes), clause: "EN 319 122-1, 5.1"}, "no signed attributes, which this policy wants")
	}
}

// judgeAlgorithms asks the policy's dates how a document was digested and signed.
func (c *check) judgeAlgorithms(it *item, j *judged) {
	if it.signed == nil {
		c.judgeAlgorithm(&cms.SignerInfo{Hash: it.hash, Algorithm: cms.Algorithm{Scheme: cms.RSAPKCS1v15, Hash: it.hash}}, j)
		return
	}
	c.judgeAlgorithm(it.signed.Signer(), j)
	if it.sig.SubFilter == subFilterSHA1 {
		c.judgeDigest(crypto.SHA1, j)
	}
}
