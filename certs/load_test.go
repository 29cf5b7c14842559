package certs_test

import (
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/certs"
	"lienthong/internal/testpki"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	root, ca := p.Root.Certificate.Raw, p.CA.Certificate.Raw
	crl := p.List(p.CA).Raw
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	two := append(block("CERTIFICATE", root), block("CERTIFICATE", ca)...)
	key := block("PRIVATE KEY", []byte("nobody reads this"))

	for _, tt := range []struct {
		name  string
		files map[string][]byte // one: loaded by its name; more, or in a folder "d/": the folder
		certs int
		crls  int
		err   string // of the certificates
		is    error
	}{
		{name: "DER", files: map[string][]byte{"a.cer": root}, certs: 1},
		{name: "PEM", files: map[string][]byte{"a.pem": two}, certs: 2},
		{name: "PEM with a key and words", files: map[string][]byte{"a.pem": append(append([]byte("Chứng thư gốc\r\n"), key...), two...)}, certs: 2},
		{name: "DER with a tail", files: map[string][]byte{"a.der": append(root[:len(root):len(root)], 0)}, err: "trailing data"},
		{name: "empty", files: map[string][]byte{"a.pem": nil}, is: certs.ErrNoCertificate},
		{name: "words", files: map[string][]byte{"a.pem": []byte("xin chào")}, is: certs.ErrNoCertificate, err: "neither PEM nor DER"},
		{name: "key alone", files: map[string][]byte{"a.pem": key}, is: certs.ErrNoCertificate, err: "no PEM block"},
		{name: "broken block", files: map[string][]byte{"a.pem": append(two, block("CERTIFICATE", []byte("0"))...)}, err: "PEM block 3"},
		{name: "list", files: map[string][]byte{"a.crl": crl}, crls: 1, err: "x509"},
		{name: "list in PEM", files: map[string][]byte{"a.pem": block("X509 CRL", crl)}, crls: 1, is: certs.ErrNoCertificate},
		{name: "no file", is: fs.ErrNotExist},
		{name: "folder", files: map[string][]byte{"d/1.pem": two, "d/2.crt": root, "d/3.key": key, "d/4.crl": crl, "d/5.pem": key, "d/readme.txt": nil}, certs: 3, crls: 1},
		{name: "folder with a broken file", files: map[string][]byte{"d/1.pem": two, "d/2.crt": []byte("?")}, is: certs.ErrNoCertificate, err: "2.crt"},
		{name: "folder with other things", files: map[string][]byte{"d/1.txt": root, "d/2.pem": key}, is: certs.ErrNoCertificate, err: "in its .pem, .crt, .cer, .der files"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := layOut(t, tt.files)
			got, err := certs.LoadCertificates(path)
			if len(got) != tt.certs || (err == nil) != (tt.certs > 0) {
				t.Fatalf("%d certificates, error %v, want %d", len(got), err, tt.certs)
			}
			if err != nil && !strings.Contains(err.Error(), tt.err) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v, want %q in it, and %v", err, tt.err, tt.is)
			}
			lists, err := certs.LoadCRLs(path)
			if len(lists) != tt.crls || (err == nil) != (tt.crls > 0) {
				t.Errorf("%d lists, error %v, want %d", len(lists), err, tt.crls)
			}
		})
	}
}

// layOut writes files and returns the one, or their folder.
func layOut(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "none.pem")
	for name, data := range files {
		path = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(name, "/") {
			path = filepath.Dir(path)
		}
	}
	return path
}

func TestTrust(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	trust := certs.NewTrust()
	trust.Add(certs.TimeStamping, p.Root.Certificate, nil, p.Root.Certificate)
	if n := len(trust.Anchors(certs.TimeStamping)); n != 1 {
		t.Errorf("%d anchors after adding one twice, want 1", n)
	}
	trust.Anchors(certs.TimeStamping)[0] = nil // a copy
	if trust.Anchors(certs.TimeStamping)[0] == nil {
		t.Error("a caller changed the anchors")
	}
	trust.AddAll(p.CA.Certificate)
	for _, purpose := range certs.Purposes {
		if anchors := trust.Anchors(purpose); len(anchors) == 0 {
			t.Errorf("no anchor for %s", purpose)
		}
	}
	if got := certs.Purpose(99).String(); got != "purpose 99" {
		t.Errorf("purpose 99 is %q", got)
	}
}
