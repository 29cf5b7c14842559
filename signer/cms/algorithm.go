package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	_ "crypto/md5" // read, and reported as weak
	"crypto/rsa"
	_ "crypto/sha1" // read, and reported as weak
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// A Scheme is how a key turns a digest into a signature value.
type Scheme int

// The schemes that this package signs with and verifies.
const (
	UnknownScheme Scheme = iota
	RSAPKCS1v15
	RSAPSS
	ECDSA
	Ed25519
	DSA // verified only: FIPS 186-5 takes it for old signatures, and no policy here does
)

func (s Scheme) String() string {
	return [...]string{"unknown scheme", "RSA PKCS#1 v1.5", "RSA PSS", "ECDSA", "Ed25519", "DSA"}[s]
}

// An Algorithm is a scheme and the hash that it uses. The zero value is an
// algorithm that this package does not know.
type Algorithm struct {
	Scheme Scheme
	Hash   crypto.Hash
	Salt   int // octets of salt; RSAPSS only
}

func (a Algorithm) String() string {
	if a.Scheme == UnknownScheme {
		return a.Scheme.String()
	}
	return a.Scheme.String() + " with " + a.Hash.String()
}

// weakHash reports whether a hash no longer holds collisions off.
func weakHash(h crypto.Hash) bool { return h == crypto.MD5 || h == crypto.SHA1 }

var (
	oidRSA      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidPSS      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidECPublic = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidEd25519  = asn1.ObjectIdentifier{1, 3, 101, 112}
)

// hashes lists what can be read; only those of the SHA-2 family are written.
var hashes = []struct {
	hash  crypto.Hash
	oid   asn1.ObjectIdentifier
	rsa   asn1.ObjectIdentifier
	ecdsa asn1.ObjectIdentifier
}{
	{crypto.SHA256, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}},
	{crypto.SHA384, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}},
	{crypto.SHA512, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}},
	{crypto.SHA224, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 4}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 14}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 1}},
	{crypto.SHA1, asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}},
	{crypto.MD5, asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 5}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4}, nil},
}

// HashByOID returns the hash of a digest algorithm, 0 if it is not known.
func HashByOID(oid asn1.ObjectIdentifier) crypto.Hash {
	for i := range hashes {
		if hashes[i].oid.Equal(oid) {
			return hashes[i].hash
		}
	}
	return 0
}

// HashOID returns the digest algorithm of a hash, nil if it is not known.
func HashOID(h crypto.Hash) asn1.ObjectIdentifier {
	for i := range hashes {
		if hashes[i].hash == h {
			return hashes[i].oid
		}
	}
	return nil
}

// Algorithm returns the algorithm that [Sign] uses for a key under these options.
// PSS has a salt as long as its hash.
func (o SignOptions) Algorithm(key crypto.PublicKey) (Algorithm, error) {
	h := o.withDefaults().Hash
	if h != crypto.SHA256 && h != crypto.SHA384 && h != crypto.SHA512 {
		return Algorithm{}, fmt.Errorf("cms: cannot sign with hash %s, want SHA-256, SHA-384 or SHA-512", h)
	}
	if _, ok := key.(*rsa.PublicKey); o.PSS && !ok {
		return Algorithm{}, fmt.Errorf("cms: RSASSA-PSS is asked for, and the key is of type %T", key)
	}
	switch key := key.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return Algorithm{}, fmt.Errorf("cms: RSA key of %d bits is too short, want at least 2048", key.N.BitLen())
		}
		if o.PSS {
			return Algorithm{Scheme: RSAPSS, Hash: h, Salt: h.Size()}, nil
		}
		return Algorithm{Scheme: RSAPKCS1v15, Hash: h}, nil
	case *ecdsa.PublicKey:
		if key.Curve.Params().BitSize < 256 {
			return Algorithm{}, fmt.Errorf("cms: ECDSA key on %s is too short, want at least P-256", key.Curve.Params().Name)
		}
		return Algorithm{Scheme: ECDSA, Hash: h}, nil
	case ed25519.PublicKey:
		if h != crypto.SHA512 {
			return Algorithm{}, fmt.Errorf("cms: Ed25519 goes with SHA-512 alone (RFC 8419), not with %s", h)
		}
		return Algorithm{Scheme: Ed25519, Hash: h}, nil
	}
	return Algorithm{}, fmt.Errorf("cms: cannot sign with a key of type %T, want RSA, ECDSA or Ed25519", key)
}

// signerOpts is what a [crypto.Signer] is told.
func (a Algorithm) signerOpts() crypto.SignerOpts {
	switch a.Scheme {
	case RSAPSS:
		return &rsa.PSSOptions{SaltLength: a.Salt, Hash: a.Hash}
	case Ed25519:
		return crypto.Hash(0) // the message itself is signed, not a digest of it
	}
	return a.Hash
}

// addHash writes a digest AlgorithmIdentifier, parameters absent (RFC 5754, 2).
func addHash(b *cryptobyte.Builder, tag cbasn1.Tag, h crypto.Hash) {
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(HashOID(h)) })
}

// addAlgorithm writes a signature AlgorithmIdentifier.
func addAlgorithm(b *cryptobyte.Builder, tag cbasn1.Tag, a Algorithm) {
	b.AddASN1(tag, func(b *cryptobyte.Builder) {
		switch a.Scheme {
		case Ed25519:
			b.AddASN1ObjectIdentifier(oidEd25519) // no parameters (RFC 8410, 3)
			return
		case RSAPSS:
			b.AddASN1ObjectIdentifier(oidPSS)
			addPSS(b, a)
			return
		}
		for i := range hashes {
			switch {
			case hashes[i].hash != a.Hash:
			case a.Scheme == RSAPKCS1v15:
				b.AddASN1ObjectIdentifier(hashes[i].rsa)
				b.AddASN1NULL()
			case a.Scheme == ECDSA:
				b.AddASN1ObjectIdentifier(hashes[i].ecdsa)
			}
		}
	})
}

// addPSS writes RSASSA-PSS-params (RFC 4055, 3.1). The hashes have NULL as
// parameters, as that document has them.
func addPSS(b *cryptobyte.Builder, a Algorithm) {
	hash := func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(HashOID(a.Hash))
			b.AddASN1NULL()
		})
	}
	tag := func(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific().Constructed() }
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(tag(0), hash)
		b.AddASN1(tag(1), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidMGF1)
				hash(b)
			})
		})
		b.AddASN1(tag(2), func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(a.Salt)) })
	})
}

// readAlgorithm resolves a signature algorithm. Where its identifier leaves the
// hash open, it is the digest algorithm of the signer.
func readAlgorithm(oid asn1.ObjectIdentifier, params []byte, digest crypto.Hash) Algorithm {
	switch {
	case oid.Equal(oidRSA):
		return Algorithm{Scheme: RSAPKCS1v15, Hash: digest}
	case oid.Equal(oidECPublic):
		return Algorithm{Scheme: ECDSA, Hash: digest}
	case oid.Equal(oidEd25519):
		return Algorithm{Scheme: Ed25519, Hash: crypto.SHA512} // RFC 8419, 3
	case oid.Equal(oidPSS):
		return readPSS(params)
	}
	for i := range hashes {
		if hashes[i].rsa.Equal(oid) {
			return Algorithm{Scheme: RSAPKCS1v15, Hash: hashes[i].hash}
		}
		if hashes[i].ecdsa.Equal(oid) {
			return Algorithm{Scheme: ECDSA, Hash: hashes[i].hash}
		}
	}
	return readDSA(oid, digest)
}

// readPSS reads RSASSA-PSS-params (RFC 4055, 3.1). Both hashes must be the same
// one, as every profile asks, and the trailer field the only one there is.
func readPSS(params []byte) Algorithm {
	s := cryptobyte.String(params)
	var seq, field cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !s.Empty() {
		return Algorithm{}
	}
	hash, mgf, salt, trailer := crypto.SHA1, crypto.SHA1, 20, 1
	var has bool
	tag := func(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific().Constructed() }
	if !seq.ReadOptionalASN1(&field, &has, tag(0)) || has && !readHash(&field, &hash) {
		return Algorithm{}
	}
	if !seq.ReadOptionalASN1(&field, &has, tag(1)) {
		return Algorithm{}
	}
	if has {
		var inner cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !field.ReadASN1(&inner, cbasn1.SEQUENCE) || !inner.ReadASN1ObjectIdentifier(&oid) ||
			!oid.Equal(oidMGF1) || !readHash(&inner, &mgf) {
			return Algorithm{}
		}
	}
	if !seq.ReadOptionalASN1(&field, &has, tag(2)) || has && !field.ReadASN1Integer(&salt) {
		return Algorithm{}
	}
	if !seq.ReadOptionalASN1(&field, &has, tag(3)) || has && !field.ReadASN1Integer(&trailer) {
		return Algorithm{}
	}
	if hash == 0 || hash != mgf || salt < 0 || salt > 512 || trailer != 1 || !seq.Empty() {
		return Algorithm{}
	}
	return Algorithm{Scheme: RSAPSS, Hash: hash, Salt: salt}
}

func readHash(s *cryptobyte.String, h *crypto.Hash) bool {
	var seq cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&oid) {
		return false
	}
	*h = HashByOID(oid)
	return true
}

// errKeyType is the answer to a key that the algorithm cannot use.
var errKeyType = errors.New("cms: the key is not of the algorithm's type")

// CheckSignature verifies a signature value over the bytes signed.
func (a Algorithm) CheckSignature(key crypto.PublicKey, signed, signature []byte) error {
	if pub, ok := key.(ed25519.PublicKey); ok && a.Scheme == Ed25519 {
		if !ed25519.Verify(pub, signed, signature) {
			return errors.New("cms: the Ed25519 signature does not verify")
		}
		return nil
	}
	if !a.Hash.Available() {
		return fmt.Errorf("cms: cannot verify %s", a)
	}
	h := a.Hash.New()
	h.Write(signed)
	return a.CheckDigest(key, h.Sum(nil), signature)
}

// CheckDigest verifies a signature value over bytes of which the digest is known. It is
// not for Ed25519, which signs bytes.
func (a Algorithm) CheckDigest(key crypto.PublicKey, digest, signature []byte) error {
	switch pub := key.(type) {
	case *rsa.PublicKey:
		switch a.Scheme {
		case RSAPKCS1v15:
			return rsa.VerifyPKCS1v15(pub, a.Hash, digest, signature)
		case RSAPSS:
			return rsa.VerifyPSS(pub, a.Hash, digest, signature, &rsa.PSSOptions{SaltLength: saltLength(a.Salt)})
		}
	case *ecdsa.PublicKey:
		if a.Scheme == ECDSA {
			if !ecdsa.VerifyASN1(pub, digest, signature) {
				return errors.New("cms: the ECDSA signature does not verify")
			}
			return nil
		}
	}
	if a.Scheme == DSA {
		return checkDSA(key, digest, signature)
	}
	return errKeyType
}

// saltLength maps an empty salt to the one value that crypto/rsa reads as "find
// out": it has none for zero octets.
func saltLength(n int) int {
	if n == 0 {
		return rsa.PSSSaltLengthAuto
	}
	return n
}
