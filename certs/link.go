package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

	// Registered so that old signatures can be named for what they are.
	_ "crypto/sha1"
	_ "crypto/sha3"
	_ "crypto/sha512"
)

// suite takes an X.509 signature algorithm apart. What x509 does not know, MD2
// and PSS with odd parameters among it, is not ok.
func suite(a x509.SignatureAlgorithm) (hash crypto.Hash, scheme Scheme, ok bool) {
	switch a {
	case x509.MD5WithRSA:
		return crypto.MD5, PKCS1, true
	case x509.SHA1WithRSA:
		return crypto.SHA1, PKCS1, true
	case x509.SHA256WithRSA:
		return crypto.SHA256, PKCS1, true
	case x509.SHA384WithRSA:
		return crypto.SHA384, PKCS1, true
	case x509.SHA512WithRSA:
		return crypto.SHA512, PKCS1, true
	case x509.SHA256WithRSAPSS:
		return crypto.SHA256, PSS, true
	case x509.SHA384WithRSAPSS:
		return crypto.SHA384, PSS, true
	case x509.SHA512WithRSAPSS:
		return crypto.SHA512, PSS, true
	case x509.ECDSAWithSHA1:
		return crypto.SHA1, ECDSA, true
	case x509.ECDSAWithSHA256:
		return crypto.SHA256, ECDSA, true
	case x509.ECDSAWithSHA384:
		return crypto.SHA384, ECDSA, true
	case x509.ECDSAWithSHA512:
		return crypto.SHA512, ECDSA, true
	case x509.PureEd25519:
		return 0, Ed25519, true
	}
	return 0, "", false
}

// A signedObject is what an issuer signed: a certificate or a list.
type signedObject struct {
	raw, tbs, signature []byte
	algorithm           x509.SignatureAlgorithm
}

func ofCertificate(c *x509.Certificate) signedObject {
	return signedObject{c.Raw, c.RawTBSCertificate, c.Signature, c.SignatureAlgorithm}
}

func ofList(l *x509.RevocationList) signedObject {
	return signedObject{l.Raw, l.RawTBSRevocationList, l.Signature, l.SignatureAlgorithm}
}

// judgeSignature checks an issuer's signature: weak says why the policy refuses
// its algorithm, bad why the value does not verify. x509's CheckSignatureFrom
// is not used, since it gives SHA-1 one vague error and knows no dates. Both may
// be set: a forged SHA-1 signature is weak and bad.
func judgeSignature(o signedObject, issuer *x509.Certificate, policy Algorithms, at time.Time, cache *linkCache) (weak, bad error) {
	hash, scheme, ok := suite(o.algorithm)
	if !ok {
		return errors.New("signature algorithm is not known"), nil
	}
	weak = policy.Check(hash, scheme, issuer.PublicKey, at)
	if !verifiable(hash, issuer.PublicKey) {
		return weak, nil // the policy can refuse it, and must: there is nothing to check with
	}
	return weak, cache.verify(o, hash, scheme, issuer)
}

// verifiable reports whether this program can check such a signature at all. Go
// refuses RSA keys below 1024 bits.
func verifiable(hash crypto.Hash, key crypto.PublicKey) bool {
	kind, bits := keySize(key)
	return (hash == 0 || hash.Available()) &&
		bits <= maxKeyBits && (kind != "RSA" || bits >= 1024) && bits > 0
}

func verifyValue(o signedObject, hash crypto.Hash, scheme Scheme, key crypto.PublicKey) error {
	digest := o.tbs
	if hash != 0 {
		h := hash.New()
		h.Write(o.tbs)
		digest = h.Sum(nil)
	}
	valid := false
	switch key := key.(type) {
	case *rsa.PublicKey:
		switch scheme {
		case PKCS1:
			valid = rsa.VerifyPKCS1v15(key, hash, digest, o.signature) == nil
		case PSS:
			// RFC 4055 3.1: the salt is as long as the hash.
			opts := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
			valid = rsa.VerifyPSS(key, hash, digest, o.signature, opts) == nil
		default:
			return fmt.Errorf("scheme %s with an RSA key", scheme)
		}
	case *ecdsa.PublicKey:
		if scheme != ECDSA {
			return fmt.Errorf("scheme %s with an ECDSA key", scheme)
		}
		valid = ecdsa.VerifyASN1(key, digest, o.signature)
	case ed25519.PublicKey:
		if scheme != Ed25519 {
			return fmt.Errorf("scheme %s with an Ed25519 key", scheme)
		}
		valid = ed25519.Verify(key, digest, o.signature)
	}
	if !valid {
		return errors.New("signature value does not verify")
	}
	return nil
}

// A linkCache remembers which objects a key has signed. The answer never
// changes, and letters of one agency share all links but the first. Only good
// ones are kept, so that strangers' files cannot fill it with junk.
type linkCache struct {
	mu   sync.Mutex
	good map[[sha256.Size]byte]struct{}
}

const maxLinks = 4096

func (c *linkCache) verify(o signedObject, hash crypto.Hash, scheme Scheme, issuer *x509.Certificate) error {
	h := sha256.New()
	// The lengths keep "ab"+"c" apart from "a"+"bc".
	fmt.Fprintf(h, "%d %d ", len(o.raw), len(issuer.RawSubjectPublicKeyInfo))
	h.Write(o.raw)
	h.Write(issuer.RawSubjectPublicKeyInfo)
	id := [sha256.Size]byte(h.Sum(nil))

	c.mu.Lock()
	_, known := c.good[id]
	c.mu.Unlock()
	if known {
		return nil
	}
	if err := verifyValue(o, hash, scheme, issuer.PublicKey); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.good == nil || len(c.good) >= maxLinks {
		c.good = make(map[[sha256.Size]byte]struct{})
	}
	c.good[id] = struct{}{}
	return nil
}
