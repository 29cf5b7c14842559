package cms

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Verify checks a detached signature over a content with the given digest,
// which the caller computed with the only signer's Hash. It reports every rule
// that is broken, not only the first. None means that the content is what the
// holder of the named certificate's key signed; whether the certificate can be
// trusted, and whether its algorithms are still strong, is another question.
func (s *SignedData) Verify(messageDigest []byte) []Problem {
	if s.HasContent {
		return append(s.verify(messageDigest), problem(ContentPresent, "EN 319 142-1, 4.1", "a detached signature carries content of its own"))
	}
	return s.verify(messageDigest)
}

// VerifyContent checks a signature over the content that it carries, as a
// time-stamp token does.
func (s *SignedData) VerifyContent() []Problem {
	if !s.HasContent {
		return []Problem{problem(ContentMissing, "RFC 5652, 5.2", "there is no content")}
	}
	si := s.Signer()
	if si == nil || !si.Hash.Available() {
		return s.verify(nil)
	}
	h := si.Hash.New()
	h.Write(s.Content)
	return s.verify(h.Sum(nil))
}

func (s *SignedData) verify(digest []byte) []Problem {
	si := s.Signer()
	if si == nil {
		return []Problem{problem(SignerCount, "EN 319 142-1, 6.3", "%d signers, want exactly one", len(s.Signers))}
	}
	v := &verification{s: s, si: si}
	v.attributes(digest)
	v.algorithms()
	v.certificate(digest)
	return v.problems
}

type verification struct {
	s        *SignedData
	si       *SignerInfo
	problems []Problem
}

func (v *verification) fail(code Code, clause, format string, args ...any) {
	v.problems = append(v.problems, problem(code, clause, format, args...))
}

// attributes checks content-type and message-digest, without which the signed
// attributes are about no content at all.
func (v *verification) attributes(digest []byte) {
	if v.si.RawSigned == nil {
		v.fail(NoSignedAttributes, "EN 319 122-1, 5.1", "no signed attributes: the signer's certificate could be exchanged")
		return
	}
	for _, oid := range []asn1.ObjectIdentifier{
		OIDSigningTime, OIDSigningCertificate, OIDSigningCertificateV2, OIDAlgorithmProtection, OIDSignaturePolicy, OIDCommitmentType,
	} {
		if list := v.si.Attribute(oid); len(list) > 1 || len(list) == 1 && len(list[0].Values) != 1 {
			v.fail(AttributeCount, "RFC 5652, 11", "signed attribute %v is there more than once, or has not one value", oid)
		}
	}
	value, ok := v.si.single(OIDContentType)
	var oid asn1.ObjectIdentifier
	switch {
	case !ok || !value.ReadASN1ObjectIdentifier(&oid):
		v.fail(ContentType, "RFC 5652, 11.1", "content-type is there %d times, want once with one value", len(v.si.Attribute(OIDContentType)))
	case !oid.Equal(v.s.ContentType):
		v.fail(ContentType, "RFC 5652, 11.1", "content-type is %v, but the content is %v", oid, v.s.ContentType)
	}
	switch got := v.si.MessageDigest(); {
	case got == nil:
		v.fail(MessageDigest, "RFC 5652, 11.2", "message-digest is there %d times, want once with one value", len(v.si.Attribute(OIDMessageDigest)))
	case !bytes.Equal(got, digest):
		v.fail(MessageDigest, "RFC 5652, 11.2", "message-digest is %x, but the content has %x", got, digest)
	}
}

// algorithms checks that everything that names an algorithm names the same one.
func (v *verification) algorithms() {
	si := v.si
	if si.Hash == 0 {
		v.fail(AlgorithmUnknown, "RFC 5652, 5.3", "digest algorithm %v is not known", si.DigestOID)
	}
	if si.Algorithm.Scheme == UnknownScheme {
		v.fail(AlgorithmUnknown, "RFC 5652, 5.3", "signature algorithm %v is not known", si.SignatureOID)
	} else if si.Hash != 0 && si.Algorithm.Hash != si.Hash {
		v.fail(AlgorithmMismatch, "RFC 5652, 5.4", "content is hashed with %s, attributes with %s", si.Hash, si.Algorithm.Hash)
	}
	if weakHash(si.Hash) || weakHash(si.Algorithm.Hash) {
		v.fail(AlgorithmWeak, "TS 119 312, 5.2", "%s is no longer safe", si.Hash)
	}
	if si.Algorithm.Scheme == DSA {
		v.fail(AlgorithmWeak, "FIPS 186-5, 4", "DSA is not used for new signatures any more")
	}
	listed := false
	for _, oid := range v.s.Digests {
		listed = listed || oid.Equal(si.DigestOID)
	}
	if !listed {
		v.fail(AlgorithmMismatch, "RFC 5652, 5.1", "digest algorithm %v is not among the message's digestAlgorithms", si.DigestOID)
	}
	if value, ok := si.single(OIDAlgorithmProtection); ok && !v.protected(value) {
		v.fail(AlgorithmMismatch, "RFC 6211, 3", "CMSAlgorithmProtection names other algorithms than the signer")
	}
}

func (v *verification) protected(value cryptobyte.String) bool {
	var seq, signature cryptobyte.String
	if !value.ReadASN1(&seq, cbasn1.SEQUENCE) || !value.Empty() {
		return false
	}
	digest, _, ok := readIdentifier(&seq)
	if !ok || !digest.Equal(v.si.DigestOID) || !seq.ReadASN1(&signature, explicit1) || !seq.Empty() {
		return false
	}
	var oid asn1.ObjectIdentifier
	if !signature.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(v.si.SignatureOID) {
		return false
	}
	return readAlgorithm(oid, signature, v.si.Hash) == v.si.Algorithm
}

// certificate checks the signature value under the certificate that the signer
// named, and that the signer named it under the signature too.
func (v *verification) certificate(digest []byte) {
	cert := v.s.Certificate(v.si)
	if v.si.RawSigned != nil {
		v.reference(cert)
	}
	if cert == nil {
		v.fail(NoCertificate, "EN 319 142-1, 6.3", "the signer's certificate is not in the signature (%d others are, %d unreadable)", len(v.s.Certificates), v.s.Unreadable)
		return
	}
	if pub, ok := cert.PublicKey.(*rsa.PublicKey); ok && pub.N.BitLen() < 2048 {
		v.fail(AlgorithmWeak, "TS 119 312, 6.2", "RSA key of %d bits, want at least 2048", pub.N.BitLen())
	}
	if err := v.value(cert, digest); err != nil {
		v.fail(SignatureValue, "RFC 5652, 5.6", "the signature value does not verify under the certificate of %q: %v", cert.Subject.CommonName, err)
	}
}

func (v *verification) value(cert *x509.Certificate, digest []byte) error {
	switch {
	case v.si.RawSigned != nil:
		return v.si.Algorithm.CheckSignature(cert.PublicKey, v.si.RawSigned, v.si.Signature)
	case len(digest) != v.si.Algorithm.Hash.Size() || v.si.Algorithm.Scheme == Ed25519:
		return fmt.Errorf("cms: a digest of %d bytes does not fit %s", len(digest), v.si.Algorithm)
	}
	return v.si.Algorithm.CheckDigest(cert.PublicKey, digest, v.si.Signature)
}

func (v *verification) reference(cert *x509.Certificate) {
	refs := v.si.SigningCertificates()
	switch {
	case len(refs) == 0:
		v.fail(NoSigningCert, "RFC 5035, 3", "signed attributes: no signing-certificate-v2")
	case cert != nil && !refs[0].Matches(cert):
		v.fail(SigningCertificate, "RFC 5035, 3", "signing-certificate names another certificate than the one of %q", cert.Subject.CommonName)
	case refs[0].Hash == crypto.SHA1:
		v.fail(AlgorithmWeak, "RFC 5035, 4", "signing-certificate is by SHA-1")
	}
}
