package signer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/certs/dev"
	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// archive is what an archivist has: the authority, the anchors and the lists.
func archive(pki *testpki.PKI, level signer.Level) signer.AugmentOptions {
	return signer.AugmentOptions{Level: level, TSA: pki.Stamper(), Trust: pki.Trust(), Evidence: pki.Evidence(), At: pki.Time()}
}

// longTerm signs at a level with what the PKI has.
func longTerm(pki *testpki.PKI, level signer.Level) signer.SignOptions {
	return signer.SignOptions{Level: level, TSA: pki.Stamper(), Trust: pki.Trust(), Evidence: pki.Evidence(), At: pki.Time()}
}

func augment(t testing.TB, data []byte, opts signer.AugmentOptions) ([]byte, *signer.Augmented) {
	t.Helper()
	var out bytes.Buffer
	done, err := signer.Augment(context.Background(), bytes.NewReader(data), opts, &out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(out.Bytes(), data) || done.Size != int64(out.Len()) || done.Digest != sha256.Sum256(out.Bytes()) {
		t.Fatalf("the output is not the input and more, or not what is said of it: %+v", done)
	}
	return out.Bytes(), done
}

// judgedAt validates with the root and fresh lists alone, as of a time.
func judgedAt(t testing.TB, pki *testpki.PKI, data []byte) *signer.Report {
	t.Helper()
	return validate(t, data, signer.Options{At: pki.Time(), Trust: pki.Trust(), Evidence: pki.Evidence()})
}

// Every level can be reached from every lower one, directly or in steps, and each
// step is counted as evidence, not as a change.
func TestAugmentLevels(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256()).Key()
	letter := sample(t, "01-ward-report.pdf")
	for _, tt := range []struct {
		name      string
		from, to  signer.Level
		revisions int
		tokens    int
	}{
		{"B-B to B-T", signer.LevelBB, signer.LevelBT, 1, 1},
		{"B-B to B-LT", signer.LevelBB, signer.LevelBLT, 2, 1},
		{"B-B to B-LTA", signer.LevelBB, signer.LevelBLTA, 3, 2},
		{"B-T to B-T, nothing to do", signer.LevelBT, signer.LevelBT, 0, 0},
		{"B-T to B-LT", signer.LevelBT, signer.LevelBLT, 1, 0},
		{"B-T to B-LTA", signer.LevelBT, signer.LevelBLTA, 2, 1},
		{"B-LT to B-LT, nothing to do", signer.LevelBLT, signer.LevelBLT, 0, 0},
		{"B-LT to B-LTA", signer.LevelBLT, signer.LevelBLTA, 1, 1},
		// The same authority: what it needs is in the store already.
		{"B-LTA renewed", signer.LevelBLTA, signer.LevelBLTA, 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in, signed := sign(t, letter, key, longTerm(pki, tt.from))
			out, done := augment(t, in, archive(pki, tt.to))
			if done.Revisions != tt.revisions || len(done.TimeStamps) != tt.tokens || done.Level != tt.to {
				t.Errorf("%d revisions, %d time-stamps, level %s, want %d, %d, %s", done.Revisions, len(done.TimeStamps), done.Level, tt.revisions, tt.tokens, tt.to)
			}
			if len(done.Warnings) > 0 {
				t.Errorf("warnings %q", done.Warnings)
			}
			if tt.tokens > 0 && !done.Until.Equal(pki.TSACert.Certificate.NotAfter) {
				t.Errorf("holds until %s, want the authority's %s", done.Until, pki.TSACert.Certificate.NotAfter)
			}
			r := judgedAt(t, pki, out)
			s := r.Signatures[0]
			want := tt.to
			if r.Verdict != signer.VerdictValid || s.Level != want || s.Changes != signer.ChangesLTV && len(out) > int(signed.Size) {
				t.Errorf("want valid at %s: %s", want, summary(r))
			}
		})
	}
}

// A file with everything in it is valid where nothing is at hand but the anchors.
func TestAugmentedIsSelfContained(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	person := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"))
	bare, err := keys.New("test:bare", person.Signer, person.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	in, _ := sign(t, sample(t, "06-xref-stream.pdf"), bare, signer.SignOptions{At: testpki.Now})
	opts := archive(pki, signer.LevelBLT)
	opts.Trust.AddIntermediates(pki.CA.Certificate)
	out, _ := augment(t, in, opts)
	trust := certs.NewTrust()
	trust.AddAll(pki.Root.Certificate)
	r := validate(t, out, signer.Options{At: testpki.Now, Trust: trust})
	if r.Verdict != signer.VerdictValid || r.Signatures[0].Level != signer.LevelBLT || r.Signatures[0].Revocation.Source != certs.SourceDSS {
		t.Errorf("%s, status from %q", summary(r), r.Signatures[0].Revocation.Source)
	}
}

// Each row must be refused by name, with nothing written.
func TestAugmentRefuses(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	person := testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")
	letter := sample(t, "01-ward-report.pdf")
	signed, _ := sign(t, letter, pki.Issue(person).Key(), signer.SignOptions{})
	broken := bytes.Clone(signed)
	broken[bytes.Index(broken, []byte("endstream"))-2] ^= 1
	unknown, _ := sign(t, letter, pki.Issue(person, testpki.UnknownCA()).Key(), signer.SignOptions{})
	revoked, _ := sign(t, letter, pki.Issue(person, testpki.RevokedAt(testpki.Now.Add(-2*time.Hour), 1)).Key(), signer.SignOptions{})
	certified, _ := sign(t, letter, pki.Issue(person).Key(), signer.SignOptions{Certify: 1})
	with := func(edit func(*signer.AugmentOptions)) signer.AugmentOptions {
		o := archive(pki, signer.LevelBLTA)
		edit(&o)
		return o
	}
	for _, tt := range []struct {
		name string
		in   []byte
		opts signer.AugmentOptions
		is   error
		want string
	}{
		{name: "unsigned", in: letter, is: signer.ErrUnsigned},
		{name: "encrypted", in: encrypt(t, letter, "preserve", "a password", "256"), is: signer.ErrEncrypted},
		{name: "truncated", in: signed[:len(letter)/2], want: "augment: read the file"},
		{name: "a broken signature", in: broken, is: signer.ErrBroken, want: "HASH_FAILURE"},
		{name: "an unknown CA", in: unknown, is: signer.ErrEvidence, want: "no-chain"},
		{name: "revoked before", in: revoked, is: signer.ErrEvidence, want: "was revoked at"},
		{name: "certified", in: certified, is: signer.ErrCertified, want: "(P 1)"},
		{name: "no lists", opts: with(func(o *signer.AugmentOptions) { o.Evidence = nil }), want: "unknown: no revocation list"},
		{name: "level", opts: with(func(o *signer.AugmentOptions) { o.Level = signer.LevelBB }), want: `level "B-B", want`},
		{name: "no anchors", opts: with(func(o *signer.AugmentOptions) { o.Trust = nil }), want: "none are given"},
		{name: "anchors of others", opts: with(func(o *signer.AugmentOptions) { o.Trust = testpki.New(t).Trust() }), want: "no-chain"},
		{name: "no authority", opts: with(func(o *signer.AugmentOptions) { o.TSA, o.Level = nil, signer.LevelBT }), want: "no time-stamping authority is given"},
		{name: "no authority to archive", opts: with(func(o *signer.AugmentOptions) { o.TSA = nil }), want: "none is given"},
		{name: "no authorities", opts: with(func(o *signer.AugmentOptions) { o.TSA = signer.TSAs{} }), want: "is empty"},
		{name: "dead authority", opts: with(func(o *signer.AugmentOptions) { o.TSA = &tsp.Client{URL: "http://127.0.0.1:1/"} }), want: "no time-stamp, so no level B-LTA"},
		{name: "hash", opts: with(func(o *signer.AugmentOptions) { o.Hash = crypto.SHA1 }), want: "hash SHA-1"},
		{name: "no time", opts: with(func(o *signer.AugmentOptions) { o.At = time.Time{} }), want: "no current time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.in == nil {
				tt.in = signed
			}
			if tt.opts.Level == "" {
				tt.opts = archive(pki, signer.LevelBLTA)
			}
			var out counter
			_, err := signer.Augment(context.Background(), bytes.NewReader(tt.in), tt.opts, &out)
			if err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) || out.n != 0 {
				t.Errorf("error %v, %d bytes written, want %v %q", err, out.n, tt.is, tt.want)
			}
		})
	}
}

// What another tool put in the store stays, in whatever form it stands there, and
// nothing is stored twice.
func TestAugmentMergesStores(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Đỗ Nghĩa Sĩ", "UBND phường Ba Hàng"), testpki.P256()).Key()
	signed, _ := sign(t, sample(t, "01-ward-report.pdf"), key, longTerm(pki, signer.LevelBT))
	stream := func(der []byte) *pdf.Stream { return pdf.NewStream(pdf.NewDict(), der) }
	stranger := testpki.New(t).Root.Certificate.Raw
	for name, dss := range map[string]func(*pdf.Update) pdf.Object{
		"all direct": func(u *pdf.Update) pdf.Object {
			return pdf.NewDict(entry("Certs", pdf.Array{u.Add(stream(stranger)), u.Add(stream(pki.CA.Certificate.Raw))}))
		},
		"lists apart": func(u *pdf.Update) pdf.Object {
			list := u.Add(pdf.Array{u.Add(stream(stranger)), u.Add(stream(pki.CA.Certificate.Raw))})
			return u.Add(pdf.NewDict(entry("Certs", list), entry("VRI", pdf.NewDict(entry("AB", pdf.NewDict())))))
		},
		"something unreadable in it": func(u *pdf.Update) pdf.Object {
			return u.Add(pdf.NewDict(entry("Certs", pdf.Array{pdf.Null{}, u.Add(stream(stranger)), u.Add(stream(pki.CA.Certificate.Raw))}), entry("CRLs", pdf.Array{})))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := editCatalog(t, signed, func(u *pdf.Update, c *pdf.Dict) { c.Set("DSS", dss(u)) })
			out, done := augment(t, in, archive(pki, signer.LevelBLT))
			if done.Revisions != 1 {
				t.Errorf("%d revisions", done.Revisions)
			}
			was, is := stored(t, in), stored(t, out)
			for key, list := range was {
				for der, n := range list {
					if is[key][der] < n {
						t.Errorf("a value of /%s is lost", key)
					}
				}
			}
			for key, list := range is {
				for _, n := range list {
					if n != 1 {
						t.Errorf("a value of /%s is there %d times", key, n)
					}
				}
			}
			// Signer, CA and root beside the stranger's, TSA; two lists.
			if len(is["Certs"]) != 5 || len(is["CRLs"]) != 2 {
				t.Errorf("%d certificates and %d lists", len(is["Certs"]), len(is["CRLs"]))
			}
			if r := judgedAt(t, pki, out); r.Verdict != signer.VerdictValid || r.Signatures[0].Changes != signer.ChangesLTV {
				t.Error(summary(r))
			}
			if list := complaints(t, save(t, "out.pdf", out)); len(list) > 0 {
				t.Errorf("qpdf: %q", list)
			}
		})
	}
}

// stored counts the values in each list of a file's store.
func stored(t testing.TB, data []byte) map[pdf.Name]map[string]int {
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
	dss, err := v.Dict(catalog.Get("DSS"))
	if err != nil || dss == nil {
		t.Fatalf("no store: %v", err)
	}
	out := make(map[pdf.Name]map[string]int)
	for _, key := range []pdf.Name{"Certs", "OCSPs", "CRLs"} {
		out[key] = make(map[string]int)
		list, err := v.Array(dss.Get(key))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list {
			o, _ := v.Resolve(o)
			if s, ok := o.(*pdf.Stream); ok {
				der, err := s.Decode(v)
				if err != nil {
					t.Fatal(err)
				}
				out[key][string(der)]++
			}
		}
	}
	return out
}

// Of several authorities the first that can be relied on is taken: not one that is
// down, sends nonsense, is unknown or revoked.
func TestAuthoritiesFailOver(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	stranger := testpki.New(t)
	revoked := pki.Issue(testpki.Request{Kind: dev.TSA, ID: "tsa2", Name: "TSA bị thu hồi"}, testpki.RevokedAt(testpki.Now.Add(-2*time.Hour), 1))
	foreign, err := stranger.Stamper().Stamp(context.Background(), crypto.SHA256, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	key := pki.Issue(testpki.Person("N", "UBND"), testpki.P256()).Key()
	in, _ := sign(t, sample(t, "05-annex.pdf"), key, signer.SignOptions{})
	for name, bad := range map[string]tsp.Stamper{
		"down":    &tsp.Client{URL: "http://127.0.0.1:1/"},
		"a token": stamper(func(crypto.Hash, []byte) (*tsp.Token, error) { return foreign, nil }),
		"unknown": stranger.Stamper(),
		"revoked": authority(t, revoked, pki.Time),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, level := range []signer.Level{signer.LevelBT, signer.LevelBLTA} {
				opts := archive(pki, level)
				opts.TSA = signer.TSAs{bad, pki.Stamper()}
				out, done := augment(t, in, opts)
				for _, token := range done.TimeStamps {
					if !token.Certificate().Equal(pki.TSACert.Certificate) {
						t.Errorf("a token by %q", token.Certificate().Subject.CommonName)
					}
				}
				if r := judgedAt(t, pki, out); r.Verdict != signer.VerdictValid || r.Signatures[0].Level != level {
					t.Error(summary(r))
				}
				opts.TSA = signer.TSAs{bad, bad}
				_, err := signer.Augment(t.Context(), bytes.NewReader(in), opts, io.Discard)
				if err == nil || !strings.Contains(err.Error(), "authority 2 of 2") {
					t.Errorf("error %v", err)
				}
			}
		})
	}
}

// authority serves time-stamps by a certificate, at the time of a clock.
func authority(t testing.TB, leaf *testpki.Leaf, now func() time.Time) tsp.Stamper {
	t.Helper()
	serial := leaf.Certificate.SerialNumber
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		if err != nil {
			t.Error(err)
		}
		reply, err := tsp.Respond(query, leaf.Signer, leaf.Certificate, leaf.Chain[:len(leaf.Chain)-1], now(), serial, dev.TSAPolicy)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(reply)
	}))
	t.Cleanup(server.Close)
	return &tsp.Client{URL: server.URL}
}
