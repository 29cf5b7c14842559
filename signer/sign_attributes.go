package signer

import (
	"context"
	"encoding/asn1"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/digitorus/pdfsign/revocation"

	"lienthong/certs"
	"lienthong/certs/keys"
	"lienthong/signer/cms"
	"lienthong/signer/pdf"
)

// A Format is the kind of a signature value (ISO 32000-2, 12.8.3).
type Format string

// The formats.
const (
	FormatPAdES Format = ""      // ETSI.CAdES.detached: what EN 319 142-1 asks
	FormatPKCS7 Format = "pkcs7" // adbe.pkcs7.detached, with signing-time, for viewers that know no PAdES
)

// A SignaturePolicy names the rules under which a signer signs, and by a digest
// their very text (EN 319 122-1, 5.2.9). URI may be empty.
type SignaturePolicy = cms.PolicyRef

// A Commitment is what a signer says with a signature (EN 319 122-1, 5.2.3).
type Commitment string

// commitments are the types that ETSI has numbered (EN 319 122-1, 5.2.3).
var commitments = map[Commitment]int{"proof-of-origin": 1, "proof-of-receipt": 2, "proof-of-delivery": 3,
	"proof-of-sender": 4, "proof-of-approval": 5, "proof-of-creation": 6}

// Commitments are the names of all types, in order.
var Commitments = slices.SortedFunc(maps.Keys(commitments), func(a, b Commitment) int { return commitments[a] - commitments[b] })

func (c Commitment) oid() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 6, commitments[c]}
}

// checkAttributes refuses what must not stand in one signature.
func (o SignOptions) checkAttributes() error {
	_, known := commitments[o.Commitment]
	switch {
	case o.Format != FormatPAdES && o.Format != FormatPKCS7:
		return fmt.Errorf("sign: format %q, want %q or nothing, which is PAdES", o.Format, FormatPKCS7)
	case o.Format == FormatPKCS7 && o.Level.above(LevelBT):
		return fmt.Errorf("sign: level %s is of PAdES, and the format is %s: sign with level %s, or embed the revocation data in the signature", o.Level, o.Format, LevelBT)
	case o.EmbedRevocation && (o.Format != FormatPKCS7 || o.Trust == nil || o.Evidence == nil):
		return fmt.Errorf("sign: revocation data goes into a signature of format %s only, and needs anchors and evidence", FormatPKCS7)
	case o.Commitment != "" && !known:
		return fmt.Errorf("sign: commitment %q, want one of %s", o.Commitment, joinNames(Commitments))
	case o.Reason != "" && (o.Commitment != "" || o.Policy != nil):
		return errors.New("sign: a reason is given together with a commitment or a signature policy: want one of them (EN 319 142-1, 6.3)")
	case o.Policy != nil:
		return checkPolicyRef(o.Policy)
	}
	return nil
}

func checkPolicyRef(p *SignaturePolicy) error {
	switch {
	case len(p.OID) < 2:
		return errors.New("sign: the signature policy has no object identifier")
	case !slices.Contains(signingHashes, p.Hash) || len(p.Digest) != p.Hash.Size():
		return fmt.Errorf("sign: signature policy %v: a digest of %d bytes, want one of SHA-256, SHA-384 or SHA-512", p.OID, len(p.Digest))
	case strings.ContainsFunc(p.URI, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("sign: signature policy %v: URI %.80q, want ASCII without spaces", p.OID, p.URI)
	}
	return nil
}

func joinNames[S ~string](list []S) string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// furtherAttributes are the signed attributes that the options ask for beside those
// of every signature.
func (o SignOptions) furtherAttributes(ctx context.Context, key keys.Key) (list []cms.Attribute, err error) {
	add := func(make func() (cms.Attribute, error)) {
		a, failed := make()
		list, err = append(list, a), errors.Join(err, failed)
	}
	if o.Commitment != "" {
		add(func() (cms.Attribute, error) { return cms.CommitmentAttribute(o.Commitment.oid()) })
	}
	if o.Policy != nil {
		add(o.Policy.Attribute)
	}
	if o.EmbedRevocation {
		add(func() (cms.Attribute, error) { return o.revocationAttribute(ctx, key) })
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// revocationAttribute is Adobe's RevocationInfoArchival (ISO 32000-2, 12.8.3.3.2):
// the status of each certificate in the signer's path, now. What is revoked, or has
// no status, is an [ErrEvidence].
func (o SignOptions) revocationAttribute(ctx context.Context, key keys.Key) (cms.Attribute, error) {
	var path certs.Path
	for _, purpose := range DefaultPolicy().Purposes {
		path = o.Trust.BuildOnline(ctx, certs.PathRequest{Leaf: key.Certificate(), Extra: key.Chain(), Purpose: purpose, At: o.At}, o.Evidence.Fetcher, o.At)
		if path.OK() {
			break
		}
	}
	if !path.OK() {
		return cms.Attribute{}, fmt.Errorf("%w: certificate of %q: %v", ErrEvidence, key.Certificate().Subject.CommonName, path.Problems[0])
	}
	material := o.Evidence.Collect(ctx, path.Chain, o.At, o.At)
	if err := settled(material, o.At, true); err != nil {
		return cms.Attribute{}, fmt.Errorf("%w: %w", ErrEvidence, err)
	}
	var archive revocation.InfoArchival
	for _, b := range material.CRLs {
		_ = archive.AddCRL(b.DER) // it never fails
	}
	for _, b := range material.OCSP {
		_ = archive.AddOCSP(b.DER)
	}
	der, err := asn1.Marshal(archive)
	if err != nil {
		return cms.Attribute{}, fmt.Errorf("sign: encode the revocation data: %w", err)
	}
	return cms.Attribute{Type: cms.OIDAdobeRevocation, Values: [][]byte{der}}, nil
}

// subFilter names the format in the signature dictionary.
func (f Format) subFilter() pdf.Name {
	if f == FormatPKCS7 {
		return subFilterPKCS7
	}
	return subFilterCAdES
}

// cms is what the options say to package cms. In PAdES the time stands in /M alone
// (EN 319 142-1, 6.3).
func (o SignOptions) cms() cms.SignOptions {
	c := cms.SignOptions{Hash: o.Hash, PSS: o.PSS}
	if o.Format == FormatPKCS7 {
		c.SigningTime = o.At
	}
	return c
}

// cmsOptions adds what had to be collected.
func (p *plan) cmsOptions() cms.SignOptions {
	c := p.opts.cms()
	c.Further = p.further
	return c
}
