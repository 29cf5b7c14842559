// Package cms makes and reads the signature inside a PDF: one CMS SignedData
// (RFC 5652) with the attributes of CAdES (EN 319 122-1) that PAdES asks for.
//
// It knows bytes, keys and certificates. It does not know PDF, has no network
// and no clock, and decides nothing about trust: [SignedData.Verify] says
// whether the signature is sound under the certificate that it names, and
// package lienthong/certs says whether that certificate may be believed.
//
// Only DER is read. A reader that accepts two encodings of one value can be
// shown something else than the next reader sees.
package cms

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// Object identifiers of the content types and attributes that this package
// knows, named as in the standards that define them.
var (
	OIDData       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	OIDSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	OIDTSTInfo    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}

	OIDContentType          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	OIDMessageDigest        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	OIDSigningTime          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	OIDSigningCertificate   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	OIDSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	OIDSignatureTimeStamp   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	OIDSignaturePolicy      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 15}
	OIDCommitmentType       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 16}
	OIDAlgorithmProtection  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 52}
	OIDAdobeRevocation      = asn1.ObjectIdentifier{1, 2, 840, 113583, 1, 1, 8}
)

// A SignedData is a parsed ContentInfo of type signed-data. Its slices alias
// the bytes given to [Parse].
type SignedData struct {
	Raw          []byte // the ContentInfo, without what follows it
	Rest         []byte // what follows the ContentInfo: padding, or something hidden
	Version      int
	Digests      []asn1.ObjectIdentifier // digestAlgorithms
	ContentType  asn1.ObjectIdentifier   // eContentType
	Content      []byte                  // eContent; see HasContent
	HasContent   bool                    // eContent is there, even if empty
	Certificates []*x509.Certificate     // those that crypto/x509 can read
	Unreadable   int                     // certificates that it cannot
	CRLs         [][]byte                // each a DER CertificateList
	Signers      []*SignerInfo
}

// A SignerInfo is one signature (RFC 5652, 5.3).
type SignerInfo struct {
	Version      int
	Issuer       []byte   // DER Name, empty if the signer is named by key identifier
	Serial       *big.Int // nil if the signer is named by key identifier
	SubjectKeyID []byte
	DigestOID    asn1.ObjectIdentifier
	Hash         crypto.Hash // of DigestOID, 0 if unknown
	SignatureOID asn1.ObjectIdentifier
	Algorithm    Algorithm // zero if unknown
	Signed       []Attribute
	Unsigned     []Attribute
	RawSigned    []byte // the signed attributes as the DER SET OF that is hashed, nil if there are none
	Signature    []byte // the signature value, which a signature-time-stamp covers
}

// An Attribute is a type and the DER of each of its values.
type Attribute struct {
	Type   asn1.ObjectIdentifier
	Values [][]byte
}

// A CertificateRef is an ESSCertID or ESSCertIDv2 (RFC 5035): the hash by which
// the signer named the certificate that must verify the signature.
type CertificateRef struct {
	Hash   crypto.Hash // SHA-1 for version 1, 0 if unknown
	Digest []byte
	Issuer []byte   // DER Name of issuerSerial, empty if absent
	Serial *big.Int // of issuerSerial, nil if absent
}

// A Revocation holds what Adobe's RevocationInfoArchival attribute carries:
// the DER of each CRL and of each OCSPResponse.
type Revocation struct {
	CRLs  [][]byte
	OCSPs [][]byte
}

// A Code names one way in which a signature is unsound. The names are stable:
// reports carry them.
type Code string

// The codes of [Problem].
const (
	SignerCount        Code = "signer-count"         // not exactly one SignerInfo
	ContentPresent     Code = "content-present"      // a detached signature carries content
	ContentMissing     Code = "content-missing"      // an enveloping signature carries none
	ContentType        Code = "content-type"         // attribute missing, doubled or not eContentType
	NoSignedAttributes Code = "no-signed-attributes" // the certificate could be exchanged
	AttributeCount     Code = "attribute-count"      // an attribute or value that must be single is not
	MessageDigest      Code = "message-digest"       // attribute missing, doubled or another digest
	SigningCertificate Code = "signing-certificate"  // attribute names another certificate
	NoSigningCert      Code = "no-signing-certificate"
	NoCertificate      Code = "no-certificate"     // the signer's certificate is not embedded
	AlgorithmMismatch  Code = "algorithm-mismatch" // digest, signature, protection or key do not agree
	AlgorithmUnknown   Code = "algorithm-unknown"  // cannot be checked
	AlgorithmWeak      Code = "algorithm-weak"     // checked, and not to be relied on
	SignatureValue     Code = "signature-value"    // the signature does not verify
)

// A Problem is one rule that the signature breaks, with the clause that says so.
type Problem struct {
	Code   Code
	Clause string
	Detail string // found and wanted, in English

	// Format and Args are what Detail was made of, for who says it in another language.
	Format string
	Args   []any
}

func problem(code Code, clause, format string, args ...any) Problem {
	return Problem{code, clause, fmt.Sprintf(format, args...), format, args}
}

func (p Problem) Error() string { return "cms: " + p.Detail + " (" + p.Clause + ")" }

// SignOptions choose what [Sign] writes. The zero value is PAdES with SHA-256.
type SignOptions struct {
	Hash        crypto.Hash           // of content, attributes and certificate reference; SHA-256 if zero
	SigningTime time.Time             // written if not zero; only for adbe.pkcs7.detached
	ContentType asn1.ObjectIdentifier // id-data if nil
	Content     []byte                // encapsulated; nil for a detached signature
	PSS         bool                  // RSASSA-PSS, with RSA keys only
	Further     []Attribute           // signed beside those that are always there
}
