//go:build cgo

package pkcs11

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"math/big"
	"sync"

	"github.com/miekg/pkcs11"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// A key signs with a private key on a token. It may be used from many
// goroutines; as many sign at a time as the token has sessions.
type key struct {
	pool   *pool
	handle pkcs11.ObjectHandle
	public crypto.PublicKey
	pin    []byte // of keys that ask for each signature; nil for others
	closed sync.Once
}

// Close gives the key up. Nothing may be signing with it.
func (k *key) Close() error {
	k.closed.Do(func() {
		clear(k.pin)
		k.pool.release()
	})
	return nil
}

func (k *key) Public() crypto.PublicKey { return k.public }

func (k *key) supported() bool {
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return true
	case *ecdsa.PublicKey:
		return curves[public.Curve.Params().Name] != nil
	}
	return false
}

// Sign signs a digest. With an RSA key the scheme is PKCS #1 v1.5, or PSS if opts
// is [*rsa.PSSOptions]; the token takes its own random numbers.
func (k *key) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	hash := opts.HashFunc()
	known, ok := hashes[hash]
	if !ok || len(digest) != hash.Size() {
		return nil, fmt.Errorf("keys: token %s: %d bytes to sign for hash %v: want a digest by SHA-256, SHA-384 or SHA-512", k.pool.token, len(digest), hash)
	}
	mechanism, input := pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil), digest
	if public, ok := k.public.(*rsa.PublicKey); ok {
		mechanism, input = pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS, nil), append(known.prefix[:len(known.prefix):len(known.prefix)], digest...)
		if pss, ok := opts.(*rsa.PSSOptions); ok {
			salt, err := saltLength(pss, public, hash)
			if err != nil {
				return nil, fmt.Errorf("keys: token %s: %w", k.pool.token, err)
			}
			mechanism, input = pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_PSS, pkcs11.NewPSSParams(known.mechanism, known.mgf, salt)), digest
		}
	}
	var signature []byte
	err := k.pool.with(func(ctx *pkcs11.Ctx, s pkcs11.SessionHandle) (err error) {
		if err := ctx.SignInit(s, []*pkcs11.Mechanism{mechanism}, k.handle); err != nil {
			return err
		}
		if k.pin != nil {
			if err := ctx.Login(s, pkcs11.CKU_CONTEXT_SPECIFIC, string(k.pin)); err != nil {
				return k.pool.module.explainLogin(k.pool.token, err)
			}
		}
		signature, err = ctx.Sign(s, input)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keys: token %s: sign: %w", k.pool.token, err)
	}
	if _, ok := k.public.(*ecdsa.PublicKey); ok {
		return encodeECDSA(signature)
	}
	return signature, nil
}

// hashes are those that tokens sign digests of here: the numbers that PSS wants,
// and the DigestInfo of PKCS #1 v1.5 up to the digest (RFC 8017 9.2).
var hashes = map[crypto.Hash]struct {
	mechanism, mgf uint
	prefix         []byte
}{
	crypto.SHA256: {pkcs11.CKM_SHA256, pkcs11.CKG_MGF1_SHA256, digestInfo(1, 32)},
	crypto.SHA384: {pkcs11.CKM_SHA384, pkcs11.CKG_MGF1_SHA384, digestInfo(2, 48)},
	crypto.SHA512: {pkcs11.CKM_SHA512, pkcs11.CKG_MGF1_SHA512, digestInfo(3, 64)},
}

// digestInfo returns the bytes before a digest of n bytes by the hash with this
// last number in the arc of SHA-2.
func digestInfo(arc, n byte) []byte {
	return []byte{0x30, 17 + n, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, arc, 5, 0, 4, n}
}

func saltLength(o *rsa.PSSOptions, key *rsa.PublicKey, hash crypto.Hash) (uint, error) {
	most := (key.N.BitLen()+6)/8 - 2 - hash.Size()
	n := o.SaltLength
	switch n {
	case rsa.PSSSaltLengthEqualsHash:
		n = hash.Size()
	case rsa.PSSSaltLengthAuto:
		n = most
	}
	if n < 0 || n > most {
		return 0, fmt.Errorf("salt of %d bytes: want 0 to %d for this key", n, most)
	}
	return uint(n), nil
}

// encodeECDSA makes the DER of a signature that PKCS #11 gives as r and s, each of
// the length of the curve.
func encodeECDSA(raw []byte) ([]byte, error) {
	if len(raw) == 0 || len(raw)%2 != 0 {
		return nil, errors.New("keys: the token's ECDSA signature is malformed")
	}
	r, s := new(big.Int).SetBytes(raw[:len(raw)/2]), new(big.Int).SetBytes(raw[len(raw)/2:])
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(r)
		b.AddASN1BigInt(s)
	})
	return b.Bytes()
}
