package signer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"lienthong/certs/keys"
	"lienthong/signer/appearance"
)

// Errors of [Sign] that a caller may want to tell apart.
var (
	ErrEncrypted   = errors.New("sign: the file is encrypted and needs a password: sign a copy without encryption, such as qpdf --decrypt makes")
	ErrNotAllowed  = errors.New("sign: the author of the encrypted file does not allow this signature")
	ErrCertified   = errors.New("sign: the file is certified or locked against this signature")
	ErrNoPlace     = errors.New("sign: no place for the visible signature")
	ErrAmbiguous   = errors.New("sign: readers differ on what the file shows: have it written anew by the program that made it")
	ErrCertificate = errors.New("sign: the certificate must not be used for this signature")
)

// check fills in what is left out and refuses what cannot lead to a signature,
// before the file is looked at.
func (o SignOptions) check(key keys.Key) (SignOptions, error) {
	if o.Level == "" {
		o.Level = LevelBB
	}
	if o.Hash == 0 {
		o.Hash = hashFor(key)
	}
	switch {
	case o.At.IsZero():
		return o, errors.New("sign: no time of signing")
	case !o.Level.valid():
		return o, fmt.Errorf("sign: level %q, want %s, %s, %s or %s", o.Level, LevelBB, LevelBT, LevelBLT, LevelBLTA)
	case o.Level != LevelBB && o.TSA == nil:
		return o, fmt.Errorf("sign: level %s needs a time-stamping authority, and none is given", LevelBT)
	case o.Certify < 0 || o.Certify > 3:
		return o, fmt.Errorf("sign: certification %d, want 1, 2 or 3", o.Certify)
	case o.Certify == 1 && o.Level.above(LevelBT) && !o.Force:
		return o, fmt.Errorf("%w: a certification that allows no changes (P 1) leaves no room for level %s: Adobe's viewers count evidence and time-stamps as changes; allow forms (P 2), or let the signature carry the revocation data (format pkcs7)", ErrCertified, o.Level)
	case !o.Profile.Valid():
		return o, fmt.Errorf("sign: unknown profile %q, want %s, %s, %s, %s or %s", o.Profile,
			appearance.Personal, appearance.Agency, appearance.Annex, appearance.Copy, appearance.Custom)
	case o.Profile == appearance.Invisible && (o.Place != nil || len(o.Lines) > 0 || o.Image != nil):
		return o, errors.New("sign: a place, text or an image is given, but no profile of a visible signature")
	}
	if err := o.checkAttributes(); err != nil {
		return o, err
	}
	if err := checkKey(key, o); err != nil {
		return o, err
	}
	return o.checkLook(key.Certificate())
}

func checkKey(key keys.Key, o SignOptions) error {
	cert := key.Certificate()
	if cert == nil {
		return errors.New("sign: the key has no certificate")
	}
	if _, err := o.cms().Algorithm(cert.PublicKey); err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	if !samePublicKey(key.Public(), cert.PublicKey) {
		return fmt.Errorf("sign: the certificate of %q is not of this key", cert.Subject.CommonName)
	}
	return checkCertificate(cert, o.At)
}

func samePublicKey(a, b crypto.PublicKey) bool {
	switch a := a.(type) {
	case *rsa.PublicKey:
		return a.Equal(b)
	case *ecdsa.PublicKey:
		return a.Equal(b)
	case ed25519.PublicKey:
		return a.Equal(b)
	}
	return false
}

// hashFor is the hash that matches the strength of a key, where none is asked for.
func hashFor(key crypto.Signer) crypto.Hash {
	switch pub := key.Public().(type) {
	case *ecdsa.PublicKey:
		switch bits := pub.Curve.Params().BitSize; {
		case bits > 384:
			return crypto.SHA512
		case bits > 256:
			return crypto.SHA384
		}
	case ed25519.PublicKey:
		return crypto.SHA512 // no other one (RFC 8419, 3.1)
	}
	return crypto.SHA256
}

// warnings are what the signer should know about a signature that can be made.
func (o SignOptions) warnings(key crypto.Signer) []string {
	if _, ok := key.Public().(ed25519.PublicKey); ok {
		return []string{"Ed25519 is not among the algorithms that Circular 15/2025/TT-BKHCN names: a recipient's software may refuse it"}
	}
	return nil
}

// checkCertificate refuses a certificate that no validation at the time of
// signing could accept. Its path and revocation are the caller's to check.
func checkCertificate(cert *x509.Certificate, at time.Time) error {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("%w: that of %q %s", ErrCertificate, cert.Subject.CommonName, fmt.Sprintf(format, args...))
	}
	switch {
	case at.Before(cert.NotBefore):
		return refuse("is valid from %s, and it is %s", show(cert.NotBefore), show(at))
	case at.After(cert.NotAfter):
		return refuse("expired %s, and it is %s: renew it", show(cert.NotAfter), show(at))
	case cert.IsCA:
		return refuse("is that of a certificate authority")
	case cert.KeyUsage != 0 && cert.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0:
		return refuse("has neither key usage digitalSignature nor nonRepudiation")
	case !forDocuments(cert):
		return refuse("has extended key usages, and none that fits documents")
	}
	return nil
}

func show(t time.Time) string { return t.In(vietnam).Format(time.RFC3339) }

// vietnam is the zone of people here; it has had no summer time since 1975.
var vietnam = time.FixedZone("+07", 7*60*60)

// forDocuments reports whether the extended key usages, if there are any, hold
// one beside those of machines: CAs mark document signing in several ways, some
// by e-mail protection or client authentication.
func forDocuments(cert *x509.Certificate) bool {
	if len(cert.ExtKeyUsage) == 0 || len(cert.UnknownExtKeyUsage) > 0 {
		return true
	}
	machine := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageCodeSigning, x509.ExtKeyUsageTimeStamping, x509.ExtKeyUsageOCSPSigning}
	return slices.ContainsFunc(cert.ExtKeyUsage, func(u x509.ExtKeyUsage) bool { return !slices.Contains(machine, u) })
}
