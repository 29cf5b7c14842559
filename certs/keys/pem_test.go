package keys_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
)

func TestPEM(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	ec, other := p.Issue(testpki.Node("ba-hang")), p.Issue(testpki.Node("pho-yen"))
	rsaLeaf := p.Issue(testpki.Agency("UBND"))
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	certificate := func(l *testpki.Leaf) []byte { return block("CERTIFICATE", l.Certificate.Raw) }
	sec1, err := x509.MarshalECPrivateKey(ec.Signer.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	keyOnly := encode(t, ec)[:bytes.Index(encode(t, ec), []byte("-----BEGIN CERTIFICATE"))]

	for _, tt := range []struct {
		name      string
		data      []byte
		algorithm string // empty: refused
		chain     int
		want      string
	}{
		{name: "PKCS #8", data: encode(t, ec), algorithm: "ECDSA-P-256"},
		{name: "with chain", data: encode(t, ec, ec.Chain...), algorithm: "ECDSA-P-256", chain: 2},
		{name: "RSA, PKCS #1", data: join(certificate(rsaLeaf), block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaLeaf.Signer.(*rsa.PrivateKey)))), algorithm: "RSA-2048"},
		{name: "SEC 1 with parameters", data: join(block("EC PARAMETERS", []byte{6, 0}), block("EC PRIVATE KEY", sec1), certificate(ec)), algorithm: "ECDSA-P-256"},
		{name: "another certificate first", data: join(certificate(other), encode(t, ec)), algorithm: "ECDSA-P-256"},
		{name: "no certificate", data: keyOnly, want: "no certificate beside the private key"},
		{name: "certificate of another key", data: join(keyOnly, certificate(other)), want: "none of its 1 certificates"},
		{name: "no key", data: certificate(ec), want: "no private key"},
		{name: "two keys", data: join(encode(t, ec), encode(t, other)), want: "more than one private key"},
		{name: "encrypted", data: join(block("ENCRYPTED PRIVATE KEY", []byte{0x30}), certificate(ec)), want: "make a PKCS #12 file of it"},
		{name: "encrypted, old", data: join([]byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"), certificate(ec)), want: "is encrypted"},
		{name: "PKCS #12", data: []byte{0x30, 0x82}, want: "a .p12 or .pfx file opens as pkcs12:FILE"},
		{name: "broken key", data: join(block("PRIVATE KEY", []byte("?")), certificate(ec)), want: "asn1"},
		{name: "broken certificate", data: join(encode(t, ec), block("CERTIFICATE", []byte("?"))), want: "certificate 2"},
		{name: "empty", want: "not PEM"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			key, err := keys.ParsePEM("pem:test", tt.data)
			if tt.algorithm == "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("error %v, want %q in it", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if key.Info().Algorithm != tt.algorithm || len(key.Chain()) != tt.chain {
				t.Errorf("algorithm %s, chain of %d, want %s and %d", key.Info().Algorithm, len(key.Chain()), tt.algorithm, tt.chain)
			}
			checkSigns(t, key)
		})
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	a, b := p.Issue(testpki.Node("a")), p.Issue(testpki.Node("b"))
	if _, err := keys.New("test:a", a.Signer, b.Certificate); err == nil {
		t.Error("a key was given another's certificate")
	}
	if _, err := keys.New("test:a", nil, nil); err == nil {
		t.Error("nothing was taken for a key")
	}
	key, err := keys.New("test:a", a.Signer, a.Certificate, nil, p.CA.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	key.Chain()[0] = nil // a copy
	if key.Chain()[0] == nil {
		t.Error("a caller changed the chain")
	}
}

// FuzzPEM and FuzzPKCS12 want an error or a key that belongs to its certificate.
func FuzzPEM(f *testing.F) {
	p := testpki.New(f)
	leaf := p.Issue(testpki.Node("a"))
	f.Add(encode(f, leaf, leaf.Chain...))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := keys.ParsePEM("pem:fuzz", data)
		if (err == nil) != (key != nil) {
			t.Fatalf("key %v, error %v", key, err)
		}
	})
}

func FuzzPKCS12(f *testing.F) {
	p := testpki.New(f)
	leaf := p.Issue(testpki.Node("a"))
	for _, encoder := range []*pkcs12.Encoder{pkcs12.Modern2023, pkcs12.Modern2026, pkcs12.LegacyRC2, pkcs12.Passwordless} {
		data, err := encoder.Encode(leaf.Signer, leaf.Certificate, leaf.Chain, "")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := keys.ParsePKCS12("pkcs12:fuzz", data, nil)
		if (err == nil) != (key != nil) {
			t.Fatalf("key %v, error %v", key, err)
		}
	})
}
