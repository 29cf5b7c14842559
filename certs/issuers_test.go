package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"

	"github.com/digitorus/pkcs7"
)

func selfMade(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestParseIssuers reads what CAs put at a caIssuers address.
func TestParseIssuers(t *testing.T) {
	t.Parallel()
	one, two := selfMade(t), selfMade(t)
	bundle, err := pkcs7.DegenerateCertificate(append(one[:len(one):len(one)], two...))
	if err != nil {
		t.Fatal(err)
	}
	empty, err := pkcs7.DegenerateCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		data []byte
		want int
	}{
		{"DER", one, 1}, {"PEM", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one}), 1},
		{"CMS", bundle, 2}, {"CMS cut short", bundle[:len(bundle)-1], 0}, {"CMS without certificates", empty, 0},
		{"a page", []byte("<html>"), 0}, {"nothing", nil, 0}, {"a sequence", []byte{0x30, 0}, 0},
	} {
		got, err := parseIssuers(tt.data)
		if len(got) != tt.want || (err == nil) != (tt.want > 0) {
			t.Errorf("%s: %d certificates, error %v, want %d", tt.name, len(got), err, tt.want)
		}
	}
}

func FuzzIssuers(f *testing.F) {
	one := selfMade(f)
	bundle, err := pkcs7.DegenerateCertificate(one)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(one)
	f.Add(bundle)
	f.Fuzz(func(t *testing.T, data []byte) {
		if found, err := parseIssuers(data); err == nil && len(found) == 0 {
			t.Fatal("no certificate, and no error")
		}
	})
}
