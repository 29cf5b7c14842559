package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/internal/testpki"
	"lienthong/signer"
)

func newOpinion(t *testing.T) *secondOpinion {
	t.Helper()
	s, err := newSecondOpinion("pdfsign")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func signedLetter(t *testing.T, opts ...testpki.Option) ([]byte, *signer.Signed) {
	t.Helper()
	letter, err := os.ReadFile("../../testdata/samples/01-ward-report.pdf")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	key := testpki.New(t).Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND"), opts...).Key()
	signed, err := signer.Sign(context.Background(), bytes.NewReader(letter), key, signer.SignOptions{At: testpki.Now}, &out)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), signed
}

// A disagreement is only this: the signature was read, its algorithm is known, and
// digest or value is wrong. All else is noted.
func TestSecondOpinion(t *testing.T) {
	t.Parallel()
	file, signed := signedLetter(t)
	small, smallSigned := signedLetter(t, testpki.P256())
	changed := bytes.Clone(file)
	changed[bytes.Index(changed, []byte("endstream"))-2] ^= 1

	// The value is the last thing of the SignedData: spoil it, and tell the child so.
	spoilt := *signed
	spoilt.CMS = bytes.Clone(signed.CMS)
	spoilt.CMS[len(spoilt.CMS)-1] ^= 1
	wrong := bytes.Replace(file, []byte(strings.ToUpper(hex.EncodeToString(signed.CMS))), []byte(hex.EncodeToString(spoilt.CMS)), 1)
	if bytes.Equal(wrong, file) {
		wrong = bytes.Replace(file, []byte(hex.EncodeToString(signed.CMS)), []byte(hex.EncodeToString(spoilt.CMS)), 1)
	}
	for _, tt := range []struct {
		name    string
		file    []byte
		signed  *signer.Signed
		differs bool
		note    string
	}{
		{name: "RSA", file: file, signed: signed},
		{name: "P-256", file: small, signed: smallSigned},
		{name: "wrong digest", file: changed, signed: signed, differs: true},
		{name: "wrong value", file: wrong, signed: &spoilt, differs: true},
		{name: "another signature", file: file, signed: smallSigned, note: "does not find the signature"},
		{name: "not signed", file: file[:len(file)-int(signed.Size-signed.Size/2)], signed: signed, note: "pdfsign: "},
		{name: "not a PDF", file: []byte("Cộng hòa xã hội chủ nghĩa Việt Nam"), signed: signed, note: "pdfsign: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			note, err := newOpinion(t).check(context.Background(), bytes.NewReader(tt.file), tt.signed)
			if errors.Is(err, signer.ErrDisagreement) != tt.differs || !tt.differs && err != nil {
				t.Errorf("error %v, want a disagreement: %t", err, tt.differs)
			}
			if !strings.Contains(note, tt.note) || tt.note == "" && note != "" {
				t.Errorf("note %q, want %q", note, tt.note)
			}
		})
	}
}

// What ends the child, or would never end, is noted by the parent.
func TestSecondOpinionBearsCrashers(t *testing.T) {
	t.Parallel()
	_, signed := signedLetter(t)
	files := map[string][]byte{
		"arrays in arrays":           pdfOf("1 0 obj\n" + strings.Repeat("[", 20_000_000) + "\nendobj\n"),
		"a page tree in a circle":    pdfOf("1 0 obj\n<</Type/Catalog/Pages 1 0 R/AcroForm<</SigFlags 3>>/Kids[1 0 R]/Filter 1 0 R>>\nendobj\n"),
		"a table of 2 billion":       bytes.Replace(pdfOf("1 0 obj\n<<>>\nendobj\n"), []byte("/Size 2"), []byte("/Size 2000000000"), 1),
		"a stream of its own length": pdfOf("1 0 obj\n<</Length 1 0 R/AcroForm 1 0 R/SigFlags 1 0 R>>stream\n\nendstream\nendobj\n"),
	}
	for _, name := range []string{"qpdf/issue-120.pdf", "qpdf/xref-compressed-in-compressed.pdf", "pdfjs/GHOSTSCRIPT-698804-1-fuzzed.pdf"} {
		if data, err := os.ReadFile(filepath.Join(corpus(), "plain", name)); err == nil {
			files[name] = data
		} else {
			t.Logf("%s is not here: %v", name, err)
		}
	}
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newOpinion(t)
			s.time = 20 * time.Second
			o := s.ask(context.Background(), bytes.NewReader(data), signed.CMS)
			t.Logf("%s: %s", o.Outcome, o.Detail)
			if o.Outcome != opinionNone || o.Detail == "" {
				t.Errorf("opinion %+v, want none, with the reason", o)
			}
		})
	}
}

func corpus() string {
	if dir := os.Getenv("LIENTHONG_CORPUS"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "..", "shared", "corpus")
}

// pdfOf is a file of one object, which is its catalog.
func pdfOf(object string) []byte {
	head := "%PDF-1.7\n%" + strings.Repeat("-", 2000) + "\n" // pdfsign wants 100 bytes at least
	return fmt.Appendf(nil, "%s%sxref\n0 2\n0000000000 65535 f \n%010d 00000 n \ntrailer\n<</Size 2/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n",
		head, object, len(head), len(head)+len(object))
}

// A child that takes too long is ended, and the caller's own end is no opinion.
func TestSecondOpinionTime(t *testing.T) {
	t.Parallel()
	file, signed := signedLetter(t)
	s := newOpinion(t)
	s.time = time.Nanosecond
	if o := s.ask(context.Background(), bytes.NewReader(file), signed.CMS); !strings.Contains(o.Detail, "did not answer") {
		t.Errorf("opinion %+v, want that it took too long", o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := newOpinion(t).check(ctx, bytes.NewReader(file), signed); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the caller", err)
	}
}

// The digest in the command is that of the SignedData in the hole.
func TestPdfsignOpinionFinds(t *testing.T) {
	t.Parallel()
	file, signed := signedLetter(t)
	sum := sha256.Sum256(signed.CMS)
	if o := pdfsignOpinion(bytes.NewReader(file), int64(len(file)), len(signed.CMS), hex.EncodeToString(sum[:])); o.Outcome != opinionAgrees {
		t.Errorf("opinion %+v", o)
	}
}
