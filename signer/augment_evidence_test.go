package signer_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"lienthong/certs"
	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/journal"
	"lienthong/signer"
	"lienthong/signer/pdf"
)

// OCSP answers serve as well as lists, their responders' certificates come along,
// and what the network gives serves as well as files.
func TestAugmentByOCSP(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	person := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256())
	bare, err := keys.New("test:bare", person.Signer, person.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	in, _ := sign(t, sample(t, "03-province-decision.pdf"), bare, signer.SignOptions{})
	fromFiles := certs.NewEvidence()
	if err := fromFiles.AddOCSP(certs.SourceFile, pki.OCSP(person), pki.OCSP(pki.TSACert), pki.OCSPAbout(pki.CA.Certificate, pki.CA.Issuer)); err != nil {
		t.Fatal(err)
	}
	fetched := certs.NewEvidence()
	fetched.Fetcher = pki.Fetcher()
	for name, evidence := range map[string]*certs.Evidence{"from files": fromFiles, "over the network": fetched} {
		opts := archive(pki, signer.LevelBLTA)
		opts.Evidence = evidence
		if evidence == fromFiles {
			opts.Trust.AddIntermediates(pki.CA.Certificate)
		}
		out, _ := augment(t, in, opts)
		if n := len(stored(t, out)["OCSPs"]); n != 3 {
			t.Errorf("%s: %d OCSP answers, want 3", name, n)
		}
		r := validate(t, out, signer.Options{At: testpki.Now, Trust: pki.Trust()})
		if r.Verdict != signer.VerdictValid || r.Signatures[0].Level != signer.LevelBLTA {
			t.Errorf("%s: %s", name, summary(r))
		}
		if v := judgeLong(t, pki, testpki.Now, save(t, "out.pdf", out))[0][0]; !v.Bottom || v.Modification != "LTA_UPDATES" || !v.Stamps[0] || !v.Stamps[1] {
			t.Errorf("%s: pyHanko: %+v", name, v)
		}
	}
	forged := certs.NewEvidence()
	if err := forged.AddOCSP(certs.SourceFile, pki.OCSP(person, testpki.OCSPForged()), pki.OCSP(pki.TSACert), pki.OCSPAbout(pki.CA.Certificate, pki.CA.Issuer)); err != nil {
		t.Fatal(err)
	}
	opts := archive(pki, signer.LevelBLT)
	opts.Evidence = forged
	opts.Trust.AddIntermediates(pki.CA.Certificate)
	var none counter
	if _, err := signer.Augment(t.Context(), bytes.NewReader(in), opts, &none); !errors.Is(err, signer.ErrEvidence) || none.n != 0 {
		t.Errorf("a forged answer: error %v, %d bytes written", err, none.n)
	}
}

// /VRI, on request, names for each signature and time-stamp what belongs to it.
func TestAugmentWritesVRI(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	in, _ := sign(t, sample(t, "01-ward-report.pdf"), pki.Issue(testpki.Person("N", "UBND")).Key(), signer.SignOptions{})
	opts := archive(pki, signer.LevelBLT)
	without, _ := augment(t, in, opts)
	opts.VRI = true
	with, _ := augment(t, in, opts)
	later, done := augment(t, without, opts)
	if done.Revisions != 1 {
		t.Errorf("%d revisions to add /VRI to a store", done.Revisions)
	}
	if n := len(vri(t, without)); n != 0 {
		t.Errorf("/VRI with %d entries, unasked", n)
	}
	for _, data := range [][]byte{with, later} {
		f, err := pdf.Open(bytes.NewReader(data), pdf.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		signatures, err := f.Latest().Signatures()
		if err != nil || len(signatures) != 2 {
			t.Fatalf("%d signatures, %v", len(signatures), err)
		}
		entries := vri(t, data)
		for _, s := range signatures {
			sum := sha1.Sum(s.Contents.Value)
			key := strings.ToUpper(hex.EncodeToString(sum[:]))
			// Its own certificate, the CA's and the root's; a list of each CA.
			if got := entries[key]; got != [2]int{3, 2} {
				t.Errorf("%s: %v certificates and lists, want 3 and 2", s.Field.FullName, got)
			}
		}
		if r := judgedAt(t, pki, data); r.Verdict != signer.VerdictValid {
			t.Error(summary(r))
		}
		if list := complaints(t, save(t, "out.pdf", data)); len(list) > 0 {
			t.Errorf("qpdf: %q", list)
		}
	}
}

// vri counts the certificates and lists of each entry.
func vri(t testing.TB, data []byte) map[string][2]int {
	t.Helper()
	f, err := pdf.Open(bytes.NewReader(data), pdf.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	v := f.Latest()
	_, catalog, err := v.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	dss, _ := v.Dict(catalog.Get("DSS"))
	all, _ := v.Dict(dss.Get("VRI"))
	out := make(map[string][2]int)
	if all == nil {
		return out
	}
	for _, key := range all.Keys() {
		d, err := v.Dict(all.Get(key))
		if err != nil || d == nil {
			t.Fatalf("/VRI/%s: %v", key, err)
		}
		cert, _ := v.Array(d.Get("Cert"))
		list, _ := v.Array(d.Get("CRL"))
		out[string(key)] = [2]int{len(cert), len(list)}
	}
	return out
}

// Who signs answers for his own signature: what an earlier stranger's lacks is
// said, and no reason to refuse.
func TestLongTermAfterStranger(t *testing.T) {
	t.Parallel()
	pki, other := testpki.New(t), testpki.New(t)
	in, _ := sign(t, sample(t, "05-annex.pdf"), other.Issue(testpki.Person("Người lạ", "Cơ quan khác")).Key(), longTerm(other, signer.LevelBT))
	out, signed := sign(t, in, pki.Issue(testpki.Person("N", "UBND")).Key(), longTerm(pki, signer.LevelBLTA))
	if len(signed.Warnings) == 0 || !strings.Contains(strings.Join(signed.Warnings, "\n"), "no-chain") {
		t.Errorf("warnings %q", signed.Warnings)
	}
	r := judgedAt(t, pki, out)
	if s := r.Signatures[1]; s.Indication != signer.TotalPassed || s.Level != signer.LevelBLTA {
		t.Error(summary(r))
	}
	broken := bytes.Clone(in)
	broken[bytes.Index(broken, []byte("endstream"))-2] ^= 1
	var none counter
	_, err := signer.Sign(t.Context(), bytes.NewReader(broken), pki.Issue(testpki.Person("N", "UBND")).Key(), longTerm(pki, signer.LevelBLT), &none)
	if !errors.Is(err, signer.ErrBroken) || none.n != 0 {
		t.Errorf("after a broken one: error %v, %d bytes written", err, none.n)
	}
}

// The one door to a node's keys leads to the higher levels too.
func TestServiceSignsForTheLongTerm(t *testing.T) {
	t.Parallel()
	d, in := newDoor(t), sampleLetter(t)
	d.TSA = d.pki.Stamper()
	first, second := &shelf{}, &shelf{}
	for _, step := range []struct {
		principal, key string
		in             []byte
		out            *shelf
	}{{"chu-tich", "chairman", in, first}, {"van-thu", "seal", nil, second}} {
		if step.in == nil {
			step.in = first.Bytes()
		}
		signed, warnings, err := d.Sign(context.Background(), journal.Actor{Principal: step.principal}, bytes.NewReader(step.in),
			signer.Request{Agency: "ba-hang", Key: step.key, Input: sha256.Sum256(step.in), Options: signer.SignOptions{Level: signer.LevelBLTA}}, step.out)
		if err != nil || len(warnings) > 0 || signed.Archive == nil {
			t.Fatalf("%s: %v, warnings %q", step.key, err, warnings)
		}
	}
	r := validate(t, second.Bytes(), signer.Options{At: testpki.Now, Trust: d.Trust, Evidence: d.Evidence, Claim: &signer.Claim{Agency: wardCode, Bind: d.Bind}})
	if r.Verdict != signer.VerdictValid || !r.Original || r.Signatures[0].Level != signer.LevelBLTA || r.Signatures[1].Level != signer.LevelBLTA {
		t.Error(summary(r))
	}
}

// Whatever the file, augmenting ends with an error or with a file that begins with
// it, and that is at least as sound.
func FuzzAugment(f *testing.F) {
	pki := testpki.New(f)
	key := pki.Issue(testpki.Person("N", "UBND"), testpki.P256()).Key()
	for _, name := range []string{"05-annex.pdf", "06-xref-stream.pdf"} {
		for _, level := range []signer.Level{signer.LevelBB, signer.LevelBT, signer.LevelBLTA} {
			out, _ := sign(f, sample(f, name), key, longTerm(pki, level))
			f.Add(out)
		}
	}
	opts := archive(pki, signer.LevelBLT)
	opts.Incomplete, opts.VRI = true, true
	f.Fuzz(func(t *testing.T, data []byte) {
		var out bytes.Buffer
		if _, err := signer.Augment(context.Background(), bytes.NewReader(data), opts, &out); err != nil {
			if out.Len() > 0 {
				t.Errorf("%d bytes written, and then: %v", out.Len(), err)
			}
			return
		}
		if !bytes.HasPrefix(out.Bytes(), data) {
			t.Error("the output is not the input and more")
		}
		if r := validate(t, out.Bytes(), signer.Options{Policy: signer.IntegrityPolicy(), At: testpki.Now}); r.Verdict == signer.VerdictAltered {
			t.Error(summary(r))
		}
	})
}
