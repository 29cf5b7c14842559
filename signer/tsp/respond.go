package tsp

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lienthong/signer/cms"
)

// Respond answers the DER of a TimeStampReq with the DER of a TimeStampResp of
// the given time, serial number and policy. It is an authority for development
// and tests. A request that cannot be granted is answered with a rejection; the
// error is about the authority's own key.
func Respond(req []byte, signer crypto.Signer, cert *x509.Certificate, chain []*x509.Certificate, at time.Time, serial *big.Int, policy asn1.ObjectIdentifier) ([]byte, error) {
	r, fail, err := parseRequest(req)
	if err != nil {
		return reject(fail, err.Error())
	}
	if r.policy != nil && !r.policy.Equal(policy) {
		return reject(unacceptedPolicy, fmt.Sprintf("policy %v is not offered, only %v", r.policy, policy))
	}
	info, err := encodeInfo(r, at, serial, policy)
	if err != nil {
		return nil, fmt.Errorf("tsp: encode TSTInfo: %w", err)
	}
	digest := crypto.SHA256.New()
	digest.Write(info)
	token, err := cms.Sign(rand.Reader, signer, cert, chain, digest.Sum(nil), cms.SignOptions{ContentType: cms.OIDTSTInfo, Content: info})
	if err != nil {
		return nil, fmt.Errorf("tsp: sign the token: %w", err)
	}
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(0) })
		b.AddBytes(token)
	})
	return b.Bytes()
}

func encodeInfo(r *request, at time.Time, serial *big.Int, policy asn1.ObjectIdentifier) ([]byte, error) {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1ObjectIdentifier(policy)
		addImprint(b, r.hash, r.digest)
		b.AddASN1BigInt(serial)
		b.AddASN1GeneralizedTime(at.UTC())
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(1) }) // accuracy: 1 s
		if r.nonce != nil {
			b.AddASN1BigInt(r.nonce)
		}
	})
	return b.Bytes()
}

func reject(fail failure, text string) ([]byte, error) {
	bits := make([]byte, fail/8+1)
	bits[fail/8] = 0x80 >> (fail % 8)
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(2)
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
			})
			b.AddASN1(cbasn1.BIT_STRING, func(b *cryptobyte.Builder) {
				b.AddUint8(uint8(7 - fail%8)) // named bits: DER drops trailing zeros
				b.AddBytes(bits)
			})
		})
	})
	return b.Bytes()
}
