package certs

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"lienthong/certs/crl"
)

// A crlRecord is a revocation list at hand.
type crlRecord struct {
	list   *crl.List
	source string
	digest [sha256.Size]byte
	links  linkCache
}

func newRecord(source string, list *x509.RevocationList) *crlRecord {
	return &crlRecord{list: &crl.List{RevocationList: list}, source: source, digest: sha256.Sum256(list.Raw)}
}

// authentic says why a list is not the issuer's, or nil.
func (r *crlRecord) authentic(issuer *x509.Certificate, policy Algorithms, at time.Time) error {
	if !bytes.Equal(r.list.RawIssuer, issuer.RawSubject) {
		return errors.New("another CA issued it")
	}
	if has(issuer, oidKeyUsage) && issuer.KeyUsage&x509.KeyUsageCRLSign == 0 {
		return fmt.Errorf("the key usage of %s lacks cRLSign", describe(issuer))
	}
	weak, bad := judgeSignature(ofList(r.list.RevocationList), issuer, policy, at, &r.links)
	if bad != nil {
		return fmt.Errorf("it was not signed by the key of %s: %w", describe(issuer), bad)
	}
	return weak
}

func (r *crlRecord) updated() time.Time { return r.list.ThisUpdate }

func (r *crlRecord) String() string {
	return fmt.Sprintf("list of %s from %s", stamp(r.list.ThisUpdate), r.source)
}

// lookup returns what a list says about a certificate, freshness aside. An error
// says why it says nothing.
func (r *crlRecord) lookup(q question) (Revocation, error) {
	if r.list.ThisUpdate.After(q.now) {
		return Revocation{}, fmt.Errorf("it is of %s, later than %s", stamp(r.list.ThisUpdate), stamp(q.now))
	}
	// The signature comes first: only a CA's own list is worth an index.
	if err := r.authentic(q.issuer, q.evidence.Policy, q.now); err != nil {
		return Revocation{}, err
	}
	entry, err := r.list.Lookup(q.cert)
	if err != nil {
		return Revocation{}, err
	}
	answer := Revocation{Status: Good, Kind: KindCRL, Source: r.source, DER: r.list.Raw, Digest: r.digest,
		ThisUpdate: r.list.ThisUpdate, NextUpdate: r.list.NextUpdate}
	if entry != nil {
		answer.Status, answer.RevokedAt, answer.Reason = Revoked, entry.RevocationTime, entry.ReasonCode
	}
	if entry != nil && entry.ReasonCode == crl.ReasonHold {
		answer.Status = OnHold
	}
	return answer, nil
}
