package certs_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/internal/testpki"
)

// A listing is one list in a case: when it was made, relative to Now, and what
// is odd about it.
type listing struct {
	age     time.Duration // since thisUpdate
	due     time.Duration // nextUpdate after thisUpdate; 0: a day
	entries []x509.RevocationListEntry
	by      func(p *testpki.PKI) *testpki.Authority // nil: the issuing CA
	change  func(l *x509.RevocationList)
}

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

func listed(reason int, ago time.Duration) []x509.RevocationListEntry {
	return []x509.RevocationListEntry{{RevocationTime: testpki.Now.Add(-ago), ReasonCode: reason}}
}

func with(e ...pkix.Extension) func(*x509.RevocationList) {
	return func(l *x509.RevocationList) { l.ExtraExtensions = e }
}

func TestStatus(t *testing.T) {
	t.Parallel()
	impostor := func(p *testpki.PKI) *testpki.Authority {
		return p.Issue(testpki.Agency("x"), testpki.P256(), testpki.UnknownCA()).Issuer
	}
	point := func(fields string) func(*x509.RevocationList) {
		return with(pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true,
			Value: append([]byte{0x30, byte(len(fields))}, fields...)})
	}
	named := func(uri string) string {
		name := "\x86" + string(rune(len(uri))) + uri
		inner := "\xa0" + string(rune(len(name))) + name
		return "\xa0" + string(rune(len(inner))) + inner
	}
	odd := pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}
	const ownPoint = "http://crl.example.vn/1.crl"

	for _, tt := range []struct {
		name   string
		lists  []listing
		leaf   []testpki.Option
		at     time.Duration // time judged, before Now
		strict bool
		want   certs.RevocationStatus
		detail string
	}{
		{name: "not listed", lists: []listing{{age: hour}}, want: certs.Good},
		{name: "no list at hand", want: certs.Unknown, detail: "no revocation list of its issuer"},
		{name: "list of another CA", lists: []listing{{age: hour, by: func(p *testpki.PKI) *testpki.Authority { return p.CA.Issuer }}}, want: certs.Unknown},
		{name: "revoked", lists: []listing{{age: hour, entries: listed(1, day)}}, want: certs.Revoked, detail: "revoked on 2026-11-20T10:00:00Z, reason 1"},
		{name: "revoked after the time judged", lists: []listing{{age: hour, entries: listed(4, day)}}, at: 2 * day, want: certs.Revoked},
		{name: "revoked, by a stale list", lists: []listing{{age: 10 * day, entries: listed(1, 11*day)}}, want: certs.Revoked},
		{name: "on hold", lists: []listing{{age: hour, entries: listed(6, day)}}, want: certs.OnHold, detail: "on_hold on"},
		{name: "listed twice, hold first", lists: []listing{{age: hour, entries: append(listed(6, 2*day), listed(1, day)...)}}, want: certs.Revoked},
		{name: "listed twice, hold last", lists: []listing{{age: hour, entries: append(listed(1, 2*day), listed(6, day)...)}}, want: certs.Revoked},

		{name: "stale", lists: []listing{{age: 2 * day}}, want: certs.Stale, detail: "the newest list is of 2026-11-19T10:00:00Z, next due 2026-11-20T10:00:00Z, judged at 2026-11-21T10:00:00Z"},
		{name: "due this second", lists: []listing{{age: day}}, want: certs.Stale},
		{name: "stale now, but covers the time judged", lists: []listing{{age: 10 * day, due: 3 * day}}, at: 8 * day, want: certs.Good},
		{name: "made after the time judged", lists: []listing{{age: hour}}, at: 8 * day, want: certs.Good},
		{name: "strict: made before the time judged", lists: []listing{{age: hour}}, strict: true, want: certs.Stale},
		{name: "strict: made after the time judged", lists: []listing{{age: hour}}, at: 2 * hour, strict: true, want: certs.Good},
		{name: "strict: revoked is revoked", lists: []listing{{age: hour, entries: listed(1, day)}}, strict: true, want: certs.Revoked},
		{name: "made in the future", lists: []listing{{age: -hour}}, want: certs.Unknown, detail: "later than 2026-11-21T10:00:00Z"},

		{name: "newer revoked over older good", lists: []listing{{age: 2 * hour}, {age: hour, entries: listed(1, day)}}, want: certs.Revoked},
		{name: "the same, the other way round", lists: []listing{{age: hour, entries: listed(1, day)}, {age: 2 * hour}}, want: certs.Revoked},
		{name: "hold that was lifted", lists: []listing{{age: hour}, {age: 2 * hour, entries: listed(6, day)}}, want: certs.Good},
		{name: "same time, one lists it", lists: []listing{{age: hour}, {age: hour, entries: listed(1, day)}}, want: certs.Revoked},
		{name: "same time, one lists it, the other way round", lists: []listing{{age: hour, entries: listed(1, day)}, {age: hour}}, want: certs.Revoked},
		{name: "newest is forged, older is good", lists: []listing{{age: 2 * hour}, {age: hour, by: impostor, entries: listed(1, day)}}, want: certs.Good},

		{name: "forged", lists: []listing{{age: hour, by: impostor}}, want: certs.Unknown, detail: "was not signed by the key of"},
		{name: "signed with SHA-1", lists: []listing{{age: hour, change: func(l *x509.RevocationList) { l.SignatureAlgorithm = x509.ECDSAWithSHA1 }}}, want: certs.Unknown, detail: "hash SHA-1 is not accepted"},
		{name: "unknown critical extension", lists: []listing{{age: hour, change: with(odd)}}, want: certs.Unknown, detail: "critical extension 1.2.3"},
		{name: "unknown critical extension of an entry", lists: []listing{{age: hour, entries: []x509.RevocationListEntry{{
			SerialNumber: big.NewInt(5), RevocationTime: testpki.Now, ExtraExtensions: []pkix.Extension{odd}}}}}, want: certs.Unknown, detail: "an entry has the critical extension"},
		{name: "delta list", lists: []listing{{age: hour, change: with(pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}})}},
			want: certs.Unknown, detail: "it is a delta list, which is not supported: give the full list"},

		{name: "scope: end entities", lists: []listing{{age: hour, change: point("\x81\x01\xff")}}, want: certs.Good},
		{name: "scope: CAs only", lists: []listing{{age: hour, change: point("\x82\x01\xff")}}, want: certs.Unknown, detail: "it covers CAs only"},
		{name: "scope: attribute certificates", lists: []listing{{age: hour, change: point("\x85\x01\xff")}}, want: certs.Unknown, detail: "attribute certificates"},
		{name: "scope: some reasons, not listed", lists: []listing{{age: hour, change: point("\x83\x02\x00\x40")}}, want: certs.Unknown, detail: "some reasons only"},
		{name: "scope: some reasons, listed", lists: []listing{{age: hour, change: point("\x83\x02\x00\x40"), entries: listed(1, day)}}, want: certs.Revoked},
		{name: "scope: indirect", lists: []listing{{age: hour, change: point("\x84\x01\xff")}}, want: certs.Unknown, detail: "indirect"},
		{name: "scope: unknown field", lists: []listing{{age: hour, change: point("\x89\x01\xff")}}, want: certs.Unknown, detail: "malformed"},
		{name: "scope: cut short", lists: []listing{{age: hour, change: point("\x81\x05\xff")}}, want: certs.Unknown, detail: "malformed"},
		{name: "scope: the certificate's point", lists: []listing{{age: hour, change: point(named(ownPoint))}}, want: certs.Good,
			leaf: []testpki.Option{testpki.Template(func(c *x509.Certificate) { c.CRLDistributionPoints = []string{ownPoint} })}},
		// One of several partitions: silence there says nothing about this one.
		{name: "scope: another point", lists: []listing{{age: hour, change: point(named("http://crl.example.vn/2.crl"))}}, want: certs.Unknown, detail: "is none of the certificate's",
			leaf: []testpki.Option{testpki.Template(func(c *x509.Certificate) { c.CRLDistributionPoints = []string{ownPoint} })}},
		{name: "scope: a point that is no URI", lists: []listing{{age: hour, change: point("\xa0\x04\xa0\x02\x82\x00")}}, want: certs.Unknown, detail: "is none of the certificate's"},

		{name: "expired, newer list is silent", leaf: []testpki.Option{testpki.Expired()}, lists: []listing{{age: hour}}, at: 5 * day, want: certs.Unknown, detail: "entries may be dropped"},
		{name: "expired, older list covers", leaf: []testpki.Option{testpki.Expired()}, lists: []listing{{age: hour}, {age: 5*day + hour}}, at: 5 * day, want: certs.Good},
		{name: "expired, list keeps entries", leaf: []testpki.Option{testpki.Expired()}, lists: []listing{{age: hour,
			change: with(pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 60}, Value: []byte("\x18\x0f20200101000000Z")})}}, at: 5 * day, want: certs.Good},
		{name: "expired, and listed still", leaf: []testpki.Option{testpki.Expired()}, lists: []listing{{age: hour, entries: listed(1, 9*day)}}, at: 5 * day, want: certs.Revoked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := testpki.New(t)
			leaf := agency(p, tt.leaf...)
			evidence := certs.NewEvidence()
			evidence.Strict = tt.strict
			for _, l := range tt.lists {
				evidence.AddCRLs(certs.SourceFile, l.make(p, leaf))
			}
			got := evidence.Status(leaf.Certificate, p.CA.Certificate, testpki.Now.Add(-tt.at), testpki.Now)
			if got.Status != tt.want || !strings.Contains(got.Detail, tt.detail) {
				t.Errorf("status %s, detail %q, want %s and %q in it", got.Status, got.Detail, tt.want, tt.detail)
			}
			answered := got.Status != certs.Unknown
			if answered != (got.Source == certs.SourceFile) || answered == (got.Digest == [32]byte{}) || answered == got.ThisUpdate.IsZero() {
				t.Errorf("status %s with source %q, digest %x, thisUpdate %s", got.Status, got.Source, got.Digest, got.ThisUpdate)
			}
			if got.Status == certs.Good != (got.Detail == "") {
				t.Errorf("status %s with detail %q", got.Status, got.Detail)
			}
		})
	}
}

func (l listing) make(p *testpki.PKI, leaf *testpki.Leaf) *x509.RevocationList {
	by := p.CA
	if l.by != nil {
		by = l.by(p)
	}
	return p.List(by, func(r *x509.RevocationList) {
		r.ThisUpdate = testpki.Now.Add(-l.age)
		r.NextUpdate = r.ThisUpdate.Add(max(l.due, 0))
		if l.due == 0 {
			r.NextUpdate = r.ThisUpdate.Add(day)
		}
		for _, e := range l.entries {
			if e.SerialNumber == nil {
				e.SerialNumber = leaf.Certificate.SerialNumber
			}
			r.RevokedCertificateEntries = append(r.RevokedCertificateEntries, e)
		}
		if l.change != nil {
			l.change(r)
		}
	})
}

func TestStatusIssuer(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf := agency(p)
	silent := reissue(t, p, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })
	got := p.Evidence().Status(leaf.Certificate, silent, testpki.Now, testpki.Now)
	if got.Status != certs.Unknown || !strings.Contains(got.Detail, "lacks cRLSign") {
		t.Errorf("list of a CA that may not sign lists: %s, %q", got.Status, got.Detail)
	}
	if got := p.Evidence().Status(p.CA.Certificate, p.Root.Certificate, testpki.Now, testpki.Now); got.Status != certs.Good {
		t.Errorf("issuing CA: %s, %q, want good", got.Status, got.Detail)
	}
	users := certs.NewEvidence()
	users.AddCRLs(certs.SourceFile, p.List(p.CA.Issuer, with(pkix.Extension{
		Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: []byte{0x30, 3, 0x81, 1, 0xff}})))
	if got := users.Status(p.CA.Certificate, p.Root.Certificate, testpki.Now, testpki.Now); got.Status != certs.Unknown || !strings.Contains(got.Detail, "and this is a CA") {
		t.Errorf("issuing CA by a list for end entities: %s, %q", got.Status, got.Detail)
	}
	if got := p.Evidence().Status(leaf.Certificate, nil, testpki.Now, testpki.Now); got.Status != certs.Unknown {
		t.Errorf("no issuer: %s, want unknown", got.Status)
	}
}

func TestRevokedBy(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf := agency(p, testpki.RevokedAt(testpki.Now.Add(-day), 1))
	got := p.Evidence().Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now)
	for _, tt := range []struct {
		name string
		at   time.Time
		want bool
	}{
		{"the second before", testpki.Now.Add(-day - time.Second), false},
		{"the very second", testpki.Now.Add(-day), true},
		{"after", testpki.Now, true},
	} {
		if got.RevokedBy(tt.at) != tt.want {
			t.Errorf("%s: revoked %v, want %v", tt.name, !tt.want, tt.want)
		}
	}
}

// TestWith keeps what one file brings out of what everyone shares.
func TestWith(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf := agency(p)
	shared := certs.NewEvidence()
	shared.AddCRLs(certs.SourceFile, listing{age: 2 * hour}.make(p, leaf))
	own := shared.With(certs.SourceDSS, listing{age: hour, entries: listed(1, day)}.make(p, leaf), nil)
	if got := own.Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); got.Status != certs.Revoked || got.Source != certs.SourceDSS {
		t.Errorf("with the file's list: %s from %q, want revoked from dss", got.Status, got.Source)
	}
	if got := shared.Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); got.Status != certs.Good {
		t.Errorf("shared evidence: %s, want good", got.Status)
	}
	// Whoever makes a file chooses how many lists are in it.
	many := make([]*x509.RevocationList, 101)
	for i := range many {
		many[i] = listing{age: hour + time.Duration(i)*time.Second}.make(p, leaf)
	}
	many[100] = listing{age: hour / 2, entries: listed(1, day)}.make(p, leaf)
	if got := shared.With(certs.SourceDSS, many...).Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); got.Status != certs.Good {
		t.Errorf("the 101st list in a file was read: %s", got.Status)
	}
	own = shared.With(certs.SourceDSS, listing{age: 3 * hour, entries: listed(6, day)}.make(p, leaf))
	if got := own.Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); got.Status != certs.Good || got.Source != certs.SourceFile {
		t.Errorf("an older list in the file: %s from %q, want good from file", got.Status, got.Source)
	}
}
