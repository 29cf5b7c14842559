package certs

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lienthong/certs/fetch"
)

const (
	maxRounds  = 5  // certificates of a path that are fetched, one after the other
	maxIssuers = 50 // certificates in a fetched file
)

// BuildOnline is Build, and where the path leads to no anchor, fetches the issuer
// that its last certificate names (caIssuers, RFC 5280 4.2.2.1) from the hosts
// that the fetcher allows, and looks again. What it fetched is believed only as
// far as it verifies; what failed stands in the detail of [NoChain]. A nil
// fetcher fetches nothing.
func (t *Trust) BuildOnline(ctx context.Context, req PathRequest, f *Fetcher, now time.Time) Path {
	path := t.Build(req)
	var failed []string
	asked := make(map[string]bool)
	for round := 0; f != nil && round < maxRounds && path.Has(NoChain) && len(path.Chain) > 0; round++ {
		last := path.Chain[len(path.Chain)-1]
		var found []*x509.Certificate
		for _, address := range last.IssuingCertificateURL[:min(len(last.IssuingCertificateURL), maxPoints)] {
			if asked[address] {
				continue
			}
			asked[address] = true
			list, err := fetchIssuers(ctx, f, address, last, now)
			if err != nil {
				failed = append(failed, err.Error())
				continue
			}
			found = append(found, list...)
		}
		if len(found) == 0 {
			break
		}
		// First, so that the file's own candidates cannot crowd them out.
		req.Extra = append(found, req.Extra...)
		path = t.Build(req)
	}
	if len(failed) > 0 && path.Has(NoChain) {
		for i, p := range path.Problems {
			if p.Code == NoChain {
				path.Problems[i] = problem(p.Certificate, p.Code, p.Clause, p.Format+"; %s", append(p.Args, strings.Join(failed, "; "))...)
				break
			}
		}
	}
	return path
}

// fetchIssuers gets the certificates at an address, and keeps those that bear the
// name of the issuer.
func fetchIssuers(ctx context.Context, f *Fetcher, address string, of *x509.Certificate, now time.Time) ([]*x509.Certificate, error) {
	all, _, err := fetch.Get(ctx, f, fetch.Query[[]*x509.Certificate]{
		Address: address, About: "issuers", Max: maxIssuerSize, Parse: parseIssuers,
	}, now)
	if err != nil {
		return nil, err
	}
	var found []*x509.Certificate
	for _, c := range all {
		if bytes.Equal(c.RawSubject, of.RawIssuer) {
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("certs: fetch %q: none of %d certificates is that of %q", address, len(all), name(of.Issuer))
	}
	return found, nil
}

// parseIssuers reads what stands at a caIssuers address: a certificate in DER or
// PEM, or a certs-only CMS message (RFC 5280 4.2.2.1, RFC 5652 5.1).
func parseIssuers(data []byte) ([]*x509.Certificate, error) {
	if certificates, ok, err := parseBundle(data); ok {
		return certificates, err
	}
	certificates, err := ParseCertificates(data)
	return certificates[:min(len(certificates), maxIssuers)], err
}

// parseBundle reports whether the data are SignedData, and reads the certificates
// in them.
func parseBundle(data []byte) ([]*x509.Certificate, bool, error) {
	input, content := cryptobyte.String(data), cryptobyte.String(nil)
	var kind asn1.ObjectIdentifier
	signedData := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	if !input.ReadASN1(&content, cryptobyte_asn1.SEQUENCE) || !content.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(signedData) {
		return nil, false, nil
	}
	constructed := cryptobyte_asn1.Tag(0).ContextSpecific().Constructed()
	var explicit, body, set cryptobyte.String
	if !content.ReadASN1(&explicit, constructed) || !explicit.ReadASN1(&body, cryptobyte_asn1.SEQUENCE) ||
		!body.SkipASN1(cryptobyte_asn1.INTEGER) || !body.SkipASN1(cryptobyte_asn1.SET) || !body.SkipASN1(cryptobyte_asn1.SEQUENCE) ||
		!body.ReadASN1(&set, constructed) {
		return nil, true, errors.New("the CMS message holds no certificates in DER")
	}
	var found []*x509.Certificate
	for !set.Empty() && len(found) < maxIssuers {
		var element cryptobyte.String
		if !set.ReadASN1Element(&element, cryptobyte_asn1.SEQUENCE) {
			return nil, true, errors.New("a certificate in the CMS message is malformed")
		}
		c, err := x509.ParseCertificate(element)
		if err != nil {
			return nil, true, err
		}
		found = append(found, c)
	}
	if len(found) == 0 {
		return nil, true, ErrNoCertificate
	}
	return found, true, nil
}
