package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"lienthong/certs"
	"lienthong/certs/dev"
	"lienthong/certs/keys"
	"lienthong/signer"
)

// A bench has what all measurements need.
type bench struct {
	options
	temp     string
	listener net.Listener // where the authority serves, while that is measured
	*world
}

// A world is a throw-away authority, a person and an agency, and their keys.
type world struct {
	folder         string
	now            time.Time
	pki            *dev.PKI
	root           *x509.Certificate
	person, agency keys.Key
	personP256     keys.Key
	raw, rawP256   crypto.Signer // the keys of the two persons
	keyFile        string        // of the person
	trust          *certs.Trust
	evidence       *certs.Evidence
}

const agencyCode = "G19.32.01"

func newBench(temp string, o options) (*bench, error) {
	folder, now := filepath.Join(temp, "pki"), time.Now()
	const person, agency = "Nguyễn Văn Nghĩa", "UBND phường Ba Hàng"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, err = dev.Create(folder, dev.Options{Now: func() time.Time { return now }, BaseURL: "http://" + l.Addr().String(), Issue: []dev.Request{
		{Kind: dev.Person, ID: "person", Name: person, Org: agency, Key: dev.RSA2048},
		{Kind: dev.Person, ID: "p256", Name: person, Org: agency, Key: dev.P256},
		{Kind: dev.Agency, ID: "agency", Name: agency, Org: agency, Key: dev.RSA2048},
	}})
	if err != nil {
		return nil, err
	}
	w, err := openWorld(folder, now)
	return &bench{options: o, temp: temp, listener: l, world: w}, err
}

func openWorld(folder string, now time.Time) (*world, error) {
	pki, err := dev.Open(folder, func() time.Time { return now })
	if err != nil {
		return nil, err
	}
	if err := pki.WriteCRLs(); err != nil {
		return nil, err
	}
	w := &world{folder: folder, now: now, pki: pki, root: pki.Root(), trust: certs.NewTrust(), evidence: certs.NewEvidence()}
	w.trust.AddAll(pki.Root())
	lists, err := certs.LoadCRLs(pki.CRLDir())
	if err != nil {
		return nil, err
	}
	w.evidence.AddCRLs(certs.SourceFile, lists...)
	for _, x := range []struct {
		kind dev.Kind
		id   string
		key  *keys.Key
		raw  *crypto.Signer
	}{{dev.Person, "person", &w.person, &w.raw}, {dev.Person, "p256", &w.personP256, &w.rawP256}, {dev.Agency, "agency", &w.agency, new(crypto.Signer)}} {
		issued, err := pki.Find(x.kind, x.id)
		if err != nil {
			return nil, err
		}
		if *x.key, err = issued.Key(); err != nil {
			return nil, err
		}
		if *x.raw, err = private(issued); err != nil {
			return nil, err
		}
		if x.key == &w.person {
			w.keyFile = issued.KeyFile
		}
	}
	return w, nil
}

// clock stands still.
func (w *world) clock() time.Time { return w.now }

// judging is now, with the root, the lists, and a claim that the agency issued
// the file.
func (w *world) judging() signer.Options {
	return signer.Options{At: w.now, Trust: w.trust, Evidence: w.evidence, Claim: &signer.Claim{Agency: agencyCode, Bind: w.bind}}
}

func (w *world) bind(c *x509.Certificate, _ time.Time) (signer.Binding, bool) {
	switch {
	case c.Equal(w.person.Certificate()):
		return signer.Binding{Agency: agencyCode, Role: signer.RolePersonal, Holder: c.Subject.CommonName}, true
	case c.Equal(w.agency.Certificate()):
		return signer.Binding{Agency: agencyCode, Role: signer.RoleAgency, Holder: c.Subject.CommonName}, true
	}
	return signer.Binding{}, false
}

// remembering is a key that costs nothing the second time it signs a digest, to
// measure all but the key.
type remembering struct {
	keys.Key
	values map[string][]byte
}

func (r remembering) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if value, ok := r.values[string(digest)]; ok {
		return value, nil
	}
	value, err := r.Key.Sign(rand, digest, opts)
	r.values[string(digest)] = value
	return value, err
}

// private is a key as the standard library has it, to sign without any of ours.
func private(issued *dev.Issued) (crypto.Signer, error) {
	data, err := os.ReadFile(issued.KeyFile)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "PRIVATE KEY" {
			continue
		}
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		if s, ok := key.(crypto.Signer); ok {
			return s, nil
		}
	}
	return nil, fmt.Errorf("no private key in %s", issued.KeyFile)
}

func (w *world) sign(ctx context.Context, in signerSource, key keys.Key, o signer.SignOptions, out io.Writer) error {
	o.At = w.now
	_, err := signer.Sign(ctx, in, key, o, out)
	return err
}

// signerSource is a file, or bytes in memory.
type signerSource interface {
	io.ReaderAt
	Size() int64
}
