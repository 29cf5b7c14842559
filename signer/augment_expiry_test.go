package signer_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/certs/dev"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/tsp"
)

// aging is a PKI in which things expire one after the other: the signer and the
// authority of the signature's time-stamp after a year, the first archive authority
// after three, the second after five.
type aging struct {
	*testpki.PKI
	ca                *testpki.Authority
	person            *testpki.Leaf
	own, first, later tsp.Stamper
}

const year = 365 * 24 * time.Hour

// newAging has the CA of the signer and of the first authority expire too.
func newAging(t testing.TB, ca time.Duration) *aging {
	t.Helper()
	p := testpki.New(t)
	valid := func(until time.Duration) testpki.Option {
		return testpki.Valid(testpki.Now.AddDate(-1, 0, 0), testpki.Now.Add(until))
	}
	template := p.CATemplate("CA sắp hết hạn", 0)
	template.NotAfter = testpki.Now.Add(ca)
	a := &aging{PKI: p, ca: p.NewAuthority(p.CA.Issuer, template)}
	a.person = p.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256(), valid(year-24*time.Hour), testpki.IssuedBy(a.ca))
	tsa := func(name string, opts ...testpki.Option) tsp.Stamper {
		return authority(t, p.Issue(testpki.Request{Kind: dev.TSA, ID: "tsa", Name: name}, opts...), p.Time)
	}
	a.own = tsa("TSA của chữ ký", valid(year), testpki.IssuedBy(a.ca))
	a.first, a.later = tsa("TSA lưu trữ 1", valid(3*year)), tsa("TSA lưu trữ 2", valid(5*year))
	return a
}

// evidence is what is published at the PKI's time: a CA that has expired publishes
// nothing more.
func (a *aging) evidence() *certs.Evidence {
	e := a.Evidence()
	if a.Time().Before(a.ca.Certificate.NotAfter) {
		e.AddCRLs(certs.SourceFile, a.List(a.ca))
	}
	return e
}

func (a *aging) archive(level signer.Level, by tsp.Stamper) signer.AugmentOptions {
	return signer.AugmentOptions{Level: level, TSA: by, Trust: a.Trust(), Evidence: a.evidence(), At: a.Time()}
}

// A file outlives everything but its newest time-stamp, if that is renewed in time.
// Each file is made at the start and judged years later.
func TestExpiry(t *testing.T) {
	t.Parallel()
	for name, ca := range map[string]time.Duration{"the CA too": year, "and not the CA": 6 * year} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testExpiry(t, newAging(t, ca))
		})
	}
}

// An aged file, and what it is now, with the signer and its time-stamp's authority
// expired, and with the first archive authority expired too.
type aged struct {
	name             string
	data             []byte
	now, then, after signer.Verdict
	own              bool // it has a time-stamp of its own, as pyHanko wants
}

func testExpiry(t *testing.T, a *aging) {
	t.Helper()
	const valid, open = signer.VerdictValid, signer.VerdictIndeterminate
	letter := sample(t, "04-official-letter.pdf")
	bb, _ := sign(t, letter, a.person.Key(), signer.SignOptions{})
	bt, _ := sign(t, letter, a.person.Key(), signer.SignOptions{Level: signer.LevelBT, TSA: a.own})
	lt, _ := augment(t, bt, a.archive(signer.LevelBLT, nil))
	lta, made := augment(t, bt, a.archive(signer.LevelBLTA, a.first))
	fromBB, _ := augment(t, bb, a.archive(signer.LevelBLTA, a.first))
	if want := testpki.Now.Add(3 * year); !made.Until.Equal(want) {
		t.Errorf("to be renewed before %s, want %s", made.Until, want)
	}
	files := []aged{
		{"B-B", bb, valid, open, open, false},
		{"B-T", bt, valid, open, open, false},
		{"B-LT", lt, valid, open, open, true},
		{"B-LTA", lta, valid, valid, open, true},
		{"B-LTA from B-B", fromBB, valid, valid, open, false},
		{"B-LTA renewed after two years", renew(t, a, lta), "", valid, valid, true},
	}
	for i, at := range []time.Time{testpki.Now.Add(time.Minute), testpki.Now.Add(2*year + time.Hour), testpki.Now.Add(4 * year)} {
		a.SetTime(at)
		var paths []string
		var judged []aged
		for _, f := range files {
			want := []signer.Verdict{f.now, f.then, f.after}[i]
			if want == "" {
				continue
			}
			r := validate(t, f.data, signer.Options{At: at, Trust: a.Trust(), Evidence: a.evidence()})
			if r.Verdict != want {
				t.Errorf("%s at %s: want %s: %s", f.name, at, want, summary(r))
			}
			if f.name[:3] == "B-L" {
				f.now = want
				judged, paths = append(judged, f), append(paths, save(t, "f.pdf", f.data))
			}
		}
		for n, v := range judgeLong(t, a.PKI, testpki.Now, paths...) {
			// pyHanko does not go back in time by lists that the signer's CA itself issued:
			// it is asked for the evidence as of the signing, and for the newest time-stamp.
			f, got := judged[n], v[0]
			archived := strings.Contains(f.name, "B-LTA")
			if !got.Bottom || got.Modification != "LTA_UPDATES" || archived && got.Stamps[len(got.Stamps)-1] != (f.now == valid) ||
				i == 0 && archived && f.own && got.Long != "PASSED" {
				t.Errorf("%s at %s: want %s, pyHanko: %+v", f.name, at, f.now, got)
			}
		}
	}
}

// renew gives a file a second archive time-stamp after two years.
func renew(t *testing.T, a *aging, lta []byte) []byte {
	t.Helper()
	a.SetTime(testpki.Now.Add(2 * year))
	renewed, done := augment(t, lta, a.archive(signer.LevelBLTA, a.later))
	if done.Revisions != 2 || len(done.TimeStamps) != 1 || len(done.Warnings) > 0 || !done.Until.Equal(testpki.Now.Add(5*year)) {
		t.Errorf("renewing: %+v", done)
	}
	_, useless := augment(t, renewed, a.archive(signer.LevelBLTA, a.first))
	if len(useless.Warnings) != 1 {
		t.Errorf("a time-stamp that ends before the one that it covers: warnings %q", useless.Warnings)
	}
	return renewed
}

// Too late: what could vouch for the signature has expired, and a new time-stamp
// on it would only hide that.
func TestRenewalTooLate(t *testing.T) {
	t.Parallel()
	a := newAging(t, year)
	bt, _ := sign(t, sample(t, "04-official-letter.pdf"), a.person.Key(), signer.SignOptions{Level: signer.LevelBT, TSA: a.own})
	lta, _ := augment(t, bt, a.archive(signer.LevelBLTA, a.first))
	for _, tt := range []struct {
		name string
		in   []byte
		at   time.Duration
	}{
		{"B-T", bt, 2 * year},
		{"B-LTA", lta, 4 * year},
	} {
		a.SetTime(testpki.Now.Add(tt.at))
		var out counter
		_, err := signer.Augment(context.Background(), bytes.NewReader(tt.in), a.archive(signer.LevelBLTA, a.later), &out)
		if !errors.Is(err, signer.ErrEvidence) || out.n != 0 {
			t.Errorf("%s: error %v, %d bytes written", tt.name, err, out.n)
		}
		opts := a.archive(signer.LevelBLTA, a.later)
		opts.Incomplete = true
		forced, done := augment(t, tt.in, opts)
		if len(done.Warnings) == 0 {
			t.Errorf("%s: embedded what there is without a word", tt.name)
		}
		if r := validate(t, forced, signer.Options{At: a.Time(), Trust: a.Trust(), Evidence: a.evidence()}); r.Verdict != signer.VerdictIndeterminate {
			t.Errorf("%s: %s", tt.name, summary(r))
		}
	}
}

// What was revoked after the time-stamp still proves: the evidence says so.
func TestRevokedAfterwards(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	person := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256())
	bt, _ := sign(t, sample(t, "04-official-letter.pdf"), person.Key(), longTerm(pki, signer.LevelBT))
	pki.Revoke(person, testpki.Now.Add(time.Hour), 1)
	pki.SetTime(testpki.Now.Add(3 * time.Hour))
	out, _ := augment(t, bt, archive(pki, signer.LevelBLTA))
	trust := certs.NewTrust()
	trust.AddAll(pki.Root.Certificate)
	r := validate(t, out, signer.Options{At: pki.Time(), Trust: trust, Evidence: pki.Evidence()})
	if r.Verdict != signer.VerdictValid || r.Signatures[0].Level != signer.LevelBLTA {
		t.Error(summary(r))
	}
}
