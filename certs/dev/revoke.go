package dev

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// How long lists hold: those served are made when asked for, those in the folder
// have to last while somebody tries things out.
const (
	servedFor = 24 * time.Hour
	filedFor  = 30 * 24 * time.Hour
)

// A revocation is a file in the folder revoked.
type revocation struct {
	Serial string    `json:"serial"` // hexadecimal
	At     time.Time `json:"at"`
	Reason int       `json:"reason"`
}

// Revoke puts a certificate on its CA's list from now on, and writes the lists in
// the folder anew. Reason is the CRLReason (RFC 5280 5.3.1); 6 puts it on hold.
// The serial number of the issuing CA itself goes on the root's list.
func (p *PKI) Revoke(serial *big.Int, reason int) error {
	if reason < 0 || reason > 10 || reason == 7 || reason == 8 {
		return fmt.Errorf("certs/dev: revoke: reason %d: want a CRLReason of RFC 5280, 0 to 10 without 7 and 8", reason)
	}
	name := fmt.Sprintf("%x", serial)
	data, err := json.Marshal(revocation{name, p.now().UTC().Truncate(time.Second), reason})
	if err != nil {
		return fmt.Errorf("certs/dev: revoke: %w", err)
	}
	dir := filepath.Join(p.dir, "revoked")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("certs/dev: revoke: %w", err)
	}
	if err := writeFile(filepath.Join(dir, name+".json"), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("certs/dev: revoke: %w", err)
	}
	return p.WriteCRLs()
}

// WriteCRLs writes both lists into CRLDir, due in 30 days.
func (p *PKI) WriteCRLs() error {
	if err := os.MkdirAll(p.CRLDir(), 0o700); err != nil {
		return fmt.Errorf("certs/dev: write lists: %w", err)
	}
	for _, name := range []string{"root.crl", "issuing.crl"} {
		der, err := p.makeCRL(name, filedFor)
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(p.CRLDir(), name), der, 0o644); err != nil {
			return fmt.Errorf("certs/dev: write lists: %w", err)
		}
	}
	return nil
}

// makeCRL signs the list of the root ("root.crl") or of the issuing CA as of now.
func (p *PKI) makeCRL(name string, valid time.Duration) ([]byte, error) {
	revoked, err := p.revocations()
	if err != nil {
		return nil, fmt.Errorf("certs/dev: %s: %w", name, err)
	}
	now, issuer := p.now().UTC().Truncate(time.Second), p.authority(strings.TrimSuffix(name, ".crl"))
	template := &x509.RevocationList{
		// The clock numbers the lists: several processes make them, and none
		// keeps a counter.
		Number:     big.NewInt(p.now().UnixMilli()),
		ThisUpdate: now,
		NextUpdate: now.Add(valid),
	}
	for _, r := range revoked {
		serial, ok := new(big.Int).SetString(r.Serial, 16)
		if !ok || r.At.After(now) {
			continue
		}
		if ofRoot := serial.Cmp(p.issuing.certificate.SerialNumber) == 0; ofRoot == (name == "root.crl") {
			template.RevokedCertificateEntries = append(template.RevokedCertificateEntries,
				x509.RevocationListEntry{SerialNumber: serial, RevocationTime: r.At, ReasonCode: r.Reason})
		}
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, issuer.certificate, issuer.signer)
	if err != nil {
		return nil, fmt.Errorf("certs/dev: sign %s: %w", name, err)
	}
	return der, nil
}

func (p *PKI) revocations() ([]revocation, error) {
	entries, err := os.ReadDir(filepath.Join(p.dir, "revoked"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []revocation
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".json" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(p.dir, "revoked", entry.Name()))
		if err != nil {
			return nil, err
		}
		var r revocation
		if err := json.Unmarshal(data, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		all = append(all, r)
	}
	return all, nil
}
