package ocsp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// algorithms are the signatures that a response may have, in the names of x509,
// which reads them only inside certificates. PSS is apart: its hash stands in
// the parameters.
var algorithms = []struct {
	oid       asn1.ObjectIdentifier
	algorithm x509.SignatureAlgorithm
	hash      crypto.Hash
	null      bool // parameters are NULL, and not absent
}{
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, x509.SHA1WithRSA, crypto.SHA1, true},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, x509.SHA256WithRSA, crypto.SHA256, true},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, x509.SHA384WithRSA, crypto.SHA384, true},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, x509.SHA512WithRSA, crypto.SHA512, true},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}, x509.ECDSAWithSHA1, crypto.SHA1, false},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, x509.ECDSAWithSHA256, crypto.SHA256, false},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, x509.ECDSAWithSHA384, crypto.SHA384, false},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}, x509.ECDSAWithSHA512, crypto.SHA512, false},
	{asn1.ObjectIdentifier{1, 3, 101, 112}, x509.PureEd25519, 0, false},
}

var oidPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}

// readAlgorithm returns UnknownSignatureAlgorithm for what is not in the table.
func readAlgorithm(element cryptobyte.String) x509.SignatureAlgorithm {
	var body cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !element.ReadASN1(&body, cryptobyte_asn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&oid) {
		return x509.UnknownSignatureAlgorithm
	}
	if oid.Equal(oidPSS) {
		return readPSS(body)
	}
	for _, a := range algorithms {
		if a.oid.Equal(oid) && (body.Empty() || a.null && nullOrNothing(body)) {
			return a.algorithm
		}
	}
	return x509.UnknownSignatureAlgorithm
}

// readPSS knows the parameters that certificates have too (RFC 4055 3.1): one
// hash for both uses, and a salt as long as it.
func readPSS(parameters []byte) x509.SignatureAlgorithm {
	var p struct {
		Hash    pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
		MGF     pkix.AlgorithmIdentifier `asn1:"explicit,tag:1"`
		Salt    int                      `asn1:"explicit,tag:2"`
		Trailer int                      `asn1:"optional,explicit,tag:3,default:1"`
	}
	if rest, err := asn1.Unmarshal(parameters, &p); err != nil || len(rest) > 0 {
		return x509.UnknownSignatureAlgorithm
	}
	var inner pkix.AlgorithmIdentifier
	rest, err := asn1.Unmarshal(p.MGF.Parameters.FullBytes, &inner)
	hash := hashOf(p.Hash.Algorithm)
	mgf1 := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	if err != nil || len(rest) > 0 || !p.MGF.Algorithm.Equal(mgf1) || hashOf(inner.Algorithm) != hash ||
		!nullOrNothing(p.Hash.Parameters.FullBytes) || !nullOrNothing(inner.Parameters.FullBytes) ||
		hash == 0 || p.Salt != hash.Size() || p.Trailer != 1 {
		return x509.UnknownSignatureAlgorithm
	}
	return map[crypto.Hash]x509.SignatureAlgorithm{
		crypto.SHA256: x509.SHA256WithRSAPSS, crypto.SHA384: x509.SHA384WithRSAPSS, crypto.SHA512: x509.SHA512WithRSAPSS,
	}[hash]
}

// chooseAlgorithm returns the algorithm for a key, with the hash that fits it or,
// if it is not 0, the one asked for.
func chooseAlgorithm(key crypto.PublicKey, hash crypto.Hash) (oid asn1.ObjectIdentifier, used crypto.Hash, null bool, err error) {
	var want []x509.SignatureAlgorithm
	switch key := key.(type) {
	case *rsa.PublicKey:
		want = []x509.SignatureAlgorithm{x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.SHA1WithRSA}
	case *ecdsa.PublicKey:
		want = []x509.SignatureAlgorithm{x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512, x509.ECDSAWithSHA1}
		if hash == 0 && key.Curve.Params().BitSize > 256 {
			hash = crypto.SHA384
		}
	case ed25519.PublicKey:
		want, hash = []x509.SignatureAlgorithm{x509.PureEd25519}, 0
	}
	for _, w := range want {
		for _, a := range algorithms {
			if a.algorithm == w && (hash == 0 || a.hash == hash) {
				return a.oid, a.hash, a.null, nil
			}
		}
	}
	return nil, 0, false, fmt.Errorf("ocsp: no signature with a key of type %T and hash %v", key, hash)
}
