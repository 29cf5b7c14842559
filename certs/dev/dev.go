// Package dev makes and serves a throw-away public key infrastructure in a
// folder: a root and an issuing CA, two time-stamping authorities, certificates of
// agencies, persons, nodes and clerks, revocation lists, and an OCSP responder.
//
// It is for trying things out and for tests. Its private keys lie unencrypted in
// the folder, readable by the owner alone; nothing that matters may trust it.
//
// The folder is its own index: each certificate and each revocation is a file, so
// that a server and a command line can have it open at the same time. Only the
// same certificate must not be issued by two processes at once.
package dev

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Options says what Create makes.
type Options struct {
	Now     func() time.Time // required: the clock of validity, lists and time-stamps
	BaseURL string           // of the loopback server, as written into certificates; default DefaultBaseURL
	Key     KeyKind          // of the CAs; default RSA-3072
	Issue   []Request        // certificates to issue at once
}

// DefaultBaseURL is where the loopback server is expected.
const DefaultBaseURL = "http://127.0.0.1:8318"

// A PKI is an open folder. It may be used from many goroutines.
type PKI struct {
	dir    string
	now    func() time.Time
	config config

	root, issuing   authority
	tsa, tsa2, ocsp service
}

// A service is a certificate whose key the loopback server uses.
type service struct {
	certificate *x509.Certificate
	signer      crypto.Signer
}

// config is dev.json, written last: where it stands, the CAs are complete.
type config struct {
	Schema  string    `json:"schema"`
	BaseURL string    `json:"base_url"`
	Created time.Time `json:"created"`
}

const (
	configSchema = "lienthong/dev-pki/1"
	configName   = "dev.json"
)

// Create makes the folder's PKI, or opens the one that is there, and issues what
// opts.Issue names and the folder does not have. RSA keys take some tenths of a
// second each.
func Create(dir string, opts Options) (*PKI, error) {
	if opts.Now == nil {
		return nil, errors.New("certs/dev: create: no clock given")
	}
	_, err := os.Stat(filepath.Join(dir, configName))
	if errors.Is(err, fs.ErrNotExist) {
		err = makeAuthorities(dir, opts)
	}
	if err != nil {
		return nil, fmt.Errorf("certs/dev: create %q: %w", dir, err)
	}
	p, err := Open(dir, opts.Now)
	if err != nil {
		return nil, err
	}
	if opts.BaseURL != "" && opts.BaseURL != p.config.BaseURL {
		return nil, fmt.Errorf("certs/dev: folder %q was made for a server at %s, not %s: use that address, or another folder",
			dir, p.config.BaseURL, opts.BaseURL)
	}
	if err := parallel(len(opts.Issue), func(i int) error {
		_, err := p.Issue(opts.Issue[i])
		return err
	}); err != nil {
		return nil, err
	}
	return p, p.WriteCRLs()
}

// Open opens a folder that Create has made. Its error is [fs.ErrNotExist] where
// there is none.
func Open(dir string, now func() time.Time) (*PKI, error) {
	data, err := os.ReadFile(filepath.Join(dir, configName))
	if err != nil {
		return nil, fmt.Errorf("certs/dev: open: %w", err)
	}
	p := &PKI{dir: dir, now: now}
	if err := json.Unmarshal(data, &p.config); err != nil || p.config.Schema != configSchema {
		return nil, fmt.Errorf("certs/dev: open %q: %s is not of schema %q", dir, configName, configSchema)
	}
	if p.root, err = readAuthority(dir, "root"); err != nil {
		return nil, err
	}
	if p.issuing, err = readAuthority(dir, "issuing"); err != nil {
		return nil, err
	}
	if end := p.issuing.certificate.NotAfter; now().After(end) {
		return nil, fmt.Errorf("certs/dev: open %q: its CA expired on %s: remove the folder and make a new one", dir, end.UTC().Format(time.DateOnly))
	}
	return p, p.openServices()
}

// openServices opens what the server signs with, and issues what the folder does
// not have: one of an earlier version has one TSA and no responder.
func (p *PKI) openServices() error {
	for _, s := range []struct {
		service *service
		request Request
	}{
		{&p.tsa, Request{Kind: TSA, ID: "tsa", Name: "TSA thử nghiệm", Org: organization}},
		{&p.tsa2, Request{Kind: TSA, ID: "tsa2", Name: "TSA thử nghiệm thứ hai", Org: organization, Key: P256}},
		{&p.ocsp, Request{Kind: OCSP, ID: "ocsp", Name: "OCSP thử nghiệm", Org: organization}},
	} {
		issued, err := p.Issue(s.request)
		if err != nil {
			return err
		}
		key, err := issued.Key()
		if err != nil {
			return err
		}
		*s.service = service{issued.Certificate, key}
	}
	return nil
}

// Root is the anchor; Issuing signs all other certificates; TSA signs time-stamps,
// and TSA2 is another one for when that fails or has run out; OCSP answers about
// what Issuing has issued (the root answers about Issuing itself).
func (p *PKI) Root() *x509.Certificate    { return p.root.certificate }
func (p *PKI) Issuing() *x509.Certificate { return p.issuing.certificate }
func (p *PKI) TSA() *x509.Certificate     { return p.tsa.certificate }
func (p *PKI) TSA2() *x509.Certificate    { return p.tsa2.certificate }
func (p *PKI) OCSP() *x509.Certificate    { return p.ocsp.certificate }

// RootFile is the PEM file of the root alone, for --trust; CRLDir is the folder
// of the lists as of the last Create or Revoke, for --crl.
func (p *PKI) RootFile() string { return filepath.Join(p.dir, "root.pem") }
func (p *PKI) CRLDir() string   { return filepath.Join(p.dir, "crl") }

// BaseURL is where the loopback server is expected, as the certificates say;
// Host is its host and port; TSAURL and TSA2URL are the time-stamping authorities.
func (p *PKI) BaseURL() string { return p.config.BaseURL }
func (p *PKI) TSAURL() string  { return p.config.BaseURL + "/tsa" }
func (p *PKI) TSA2URL() string { return p.config.BaseURL + "/tsa2" }
func (p *PKI) Host() string {
	_, host, _ := strings.Cut(p.config.BaseURL, "://")
	return strings.TrimSuffix(host, "/")
}

// An authority is a CA of the folder.
type authority struct {
	certificate *x509.Certificate
	signer      crypto.Signer
}

const organization = "Lienthong (thử nghiệm)"

func makeAuthorities(dir string, opts Options) error {
	base, kind := strings.TrimSuffix(opts.BaseURL, "/"), opts.Key
	if base == "" {
		base = DefaultBaseURL
	}
	if kind == "" {
		kind = RSA3072
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var signers [2]crypto.Signer
	if err := parallel(len(signers), func(i int) (err error) {
		signers[i], err = Generate(kind)
		return err
	}); err != nil {
		return err
	}
	now := opts.Now()
	root, err := makeAuthority(dir, "root", signers[0], nil, func(serial *big.Int) *x509.Certificate {
		return CATemplate("Lienthong Root CA (thử nghiệm)", 1, serial, now, 20*year, "")
	})
	if err != nil {
		return err
	}
	if _, err := makeAuthority(dir, "issuing", signers[1], root, func(serial *big.Int) *x509.Certificate {
		c := CATemplate("Lienthong CA cấp chứng thư (thử nghiệm)", 0, serial, now, 10*year, base+"/crl/root.crl")
		SetAccess(c, "", base+"/ocsp/root", base+"/ca/root.cer")
		return c
	}); err != nil {
		return err
	}
	data, err := json.MarshalIndent(config{configSchema, base, now.UTC()}, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, configName), append(data, '\n'), 0o644)
}

// parallel does n things at once and joins their errors: the search for primes
// is most of the work here, and each is its own.
func parallel(n int, do func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = do(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func makeAuthority(dir, name string, signer crypto.Signer, issuer *authority, template func(*big.Int) *x509.Certificate) (*authority, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	certificate, err := sign(template(serial), issuer, signer)
	if err != nil {
		return nil, err
	}
	key, err := encodeKey(signer)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, name)
	if err := writeFile(path+".key", append(encodeCertificates(certificate), key...), 0o600); err != nil {
		return nil, err
	}
	return &authority{certificate, signer}, writeFile(path+".pem", encodeCertificates(certificate), 0o644)
}
