package tsp

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lienthong/signer/cms"
)

// A request is a TimeStampReq (RFC 3161, 2.4.1).
type request struct {
	hash    crypto.Hash
	digest  []byte
	policy  asn1.ObjectIdentifier // nil if none is asked for
	nonce   *big.Int              // nil if absent
	certReq bool
}

func (r *request) encode() ([]byte, error) {
	b := cryptobyte.NewBuilder(make([]byte, 0, 128))
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		addImprint(b, r.hash, r.digest)
		if r.policy != nil {
			b.AddASN1ObjectIdentifier(r.policy)
		}
		if r.nonce != nil {
			b.AddASN1BigInt(r.nonce)
		}
		if r.certReq { // FALSE is the default, which DER leaves out
			b.AddASN1Boolean(true)
		}
	})
	return b.Bytes()
}

func addImprint(b *cryptobyte.Builder, h crypto.Hash, digest []byte) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(cms.HashOID(h))
			b.AddASN1NULL() // old authorities expect it, and all must accept it
		})
		b.AddASN1OctetString(digest)
	})
}

// parseRequest returns the failure that an authority answers with, if any.
func parseRequest(der []byte) (*request, failure, error) {
	s := cryptobyte.String(der)
	var body, imprint, digest cryptobyte.String
	var version int
	if !s.ReadASN1(&body, cbasn1.SEQUENCE) || !s.Empty() || !body.ReadASN1Integer(&version) || version != 1 ||
		!body.ReadASN1(&imprint, cbasn1.SEQUENCE) {
		return nil, badDataFormat, errors.New("tsp: request is not a TimeStampReq of version 1")
	}
	oid, ok := readHash(&imprint)
	if !ok || !imprint.ReadASN1(&digest, cbasn1.OCTET_STRING) || !imprint.Empty() {
		return nil, badDataFormat, errors.New("tsp: request: messageImprint is malformed")
	}
	r := &request{hash: cms.HashByOID(oid), digest: digest}
	switch {
	case r.hash == 0 || r.hash == crypto.MD5 || r.hash == crypto.SHA1:
		return nil, badAlg, fmt.Errorf("tsp: request: hash %v is not accepted", oid)
	case len(digest) != r.hash.Size():
		return nil, badDataFormat, fmt.Errorf("tsp: request: messageImprint of %d bytes is no %s", len(digest), r.hash)
	}
	if body.PeekASN1Tag(cbasn1.OBJECT_IDENTIFIER) && !body.ReadASN1ObjectIdentifier(&r.policy) {
		return nil, badDataFormat, errors.New("tsp: request: reqPolicy is malformed")
	}
	if body.PeekASN1Tag(cbasn1.INTEGER) {
		r.nonce = new(big.Int)
		if !body.ReadASN1Integer(r.nonce) {
			return nil, badDataFormat, errors.New("tsp: request: nonce is malformed")
		}
	}
	if body.PeekASN1Tag(cbasn1.BOOLEAN) && !body.ReadASN1Boolean(&r.certReq) {
		return nil, badDataFormat, errors.New("tsp: request: certReq is malformed")
	}
	if !body.Empty() {
		return nil, unacceptedExtension, errors.New("tsp: request: extensions are not accepted")
	}
	return r, 0, nil
}

// A failure is a bit of PKIFailureInfo (RFC 3161, 2.4.2).
type failure int

const (
	badAlg              failure = 0
	badRequest          failure = 2
	badDataFormat       failure = 5
	timeNotAvailable    failure = 14
	unacceptedPolicy    failure = 15
	unacceptedExtension failure = 16
	addInfoNotAvailable failure = 17
	systemFailure       failure = 25
)

var failureNames = map[failure]string{
	badAlg: "badAlg", badRequest: "badRequest", badDataFormat: "badDataFormat", timeNotAvailable: "timeNotAvailable",
	unacceptedPolicy: "unacceptedPolicy", unacceptedExtension: "unacceptedExtension",
	addInfoNotAvailable: "addInfoNotAvailable", systemFailure: "systemFailure",
}

// parseResponse reads a TimeStampResp and returns its token, or an error that
// says why the authority refused.
func parseResponse(der []byte) (*Token, error) {
	s := cryptobyte.String(der)
	var body, info, token cryptobyte.String
	if !s.ReadASN1(&body, cbasn1.SEQUENCE) || !s.Empty() || !body.ReadASN1(&info, cbasn1.SEQUENCE) {
		return nil, errors.New("tsp: the reply is not a TimeStampResp")
	}
	var status int
	if !info.ReadASN1Integer(&status) {
		return nil, errors.New("tsp: the reply's status is malformed")
	}
	if status != 0 && status != 1 { // granted, grantedWithMods
		return nil, fmt.Errorf("tsp: the authority refused: status %d%s", status, reason(info))
	}
	var tag cbasn1.Tag
	if !body.ReadAnyASN1Element(&token, &tag) || !body.Empty() {
		return nil, errors.New("tsp: the reply is granted, but holds no token")
	}
	return ParseToken(token)
}

// reason renders statusString and failInfo of a PKIStatusInfo, as far as they
// can be read.
func reason(info cryptobyte.String) string {
	var out strings.Builder
	var texts, text cryptobyte.String
	if info.PeekASN1Tag(cbasn1.SEQUENCE) && info.ReadASN1(&texts, cbasn1.SEQUENCE) && texts.ReadASN1(&text, cbasn1.UTF8String) {
		fmt.Fprintf(&out, " %q", bytes.ToValidUTF8(text[:min(len(text), 200)], nil))
	}
	var bits asn1.BitString
	if info.ReadASN1BitString(&bits) {
		for i := range min(bits.BitLength, 32) {
			if bits.At(i) == 0 {
				continue
			}
			if name, ok := failureNames[failure(i)]; ok {
				out.WriteString(" " + name)
			} else {
				fmt.Fprintf(&out, " failure %d", i)
			}
		}
	}
	return out.String()
}
