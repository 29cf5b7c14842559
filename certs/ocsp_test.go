package certs_test

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"

	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/certs/ocsp"
	"lienthong/internal/testpki"
)

// A told is what an OCSP response in a case says, or a list beside it.
type told []testpki.OCSPOption

func TestOCSPStatus(t *testing.T) {
	t.Parallel()
	revoked := func(reason int, ago time.Duration) testpki.OCSPOption {
		return testpki.OCSPTemplate(func(o *ocsp.Template) {
			s := &o.Singles[0]
			s.Status, s.RevokedAt, s.Reason = ocsp.Revoked, testpki.Now.Add(-ago), reason
		})
	}
	change := testpki.OCSPTemplate
	aged := testpki.OCSPAged
	// by has a certificate of the issuing CA sign that is odd in a way.
	by := func(opts ...testpki.Option) func(*testpki.PKI) testpki.OCSPOption {
		return func(p *testpki.PKI) testpki.OCSPOption { return testpki.OCSPBy(p.Responder(p.CA, opts...)) }
	}
	for _, tt := range []struct {
		name    string
		answers []told
		lists   []listing
		signer  func(*testpki.PKI) testpki.OCSPOption // of the first answer
		leaf    []testpki.Option
		at      time.Duration // time judged, before Now
		strict  bool
		want    certs.RevocationStatus
		detail  string
	}{
		{name: "good", answers: []told{{}}, want: certs.Good},
		{name: "signed by the issuer itself", answers: []told{{testpki.OCSPByIssuer()}}, want: certs.Good},
		{name: "responder by name", answers: []told{{change(func(o *ocsp.Template) { o.ByName = true })}}, want: certs.Good},
		{name: "named by SHA-256", answers: []told{{change(func(o *ocsp.Template) { o.Singles[0].ID = ocsp.CertID{} })}}, want: certs.Good},
		{name: "revoked", answers: []told{{revoked(1, day)}}, want: certs.Revoked, detail: "revoked on 2026-11-20T10:00:00Z, reason 1"},
		{name: "revoked after the time judged", answers: []told{{revoked(1, day)}}, at: 2 * day, want: certs.Revoked},
		{name: "on hold", answers: []told{{revoked(6, day)}}, want: certs.OnHold},
		{name: "not known", answers: []told{{testpki.OCSPUnknown()}}, want: certs.Unknown, detail: "does not know the certificate"},

		{name: "forged", answers: []told{{testpki.OCSPForged()}}, want: certs.Unknown, detail: "was not signed by the key of"},
		{name: "responder of another CA", answers: []told{{testpki.OCSPWrongResponder()}}, want: certs.Unknown, detail: `was issued by "Root CA thử nghiệm", want`},
		{name: "responder of a CA of the same name", answers: []told{{}}, signer: func(p *testpki.PKI) testpki.OCSPOption {
			return testpki.OCSPBy(p.Responder(p.Issue(testpki.Agency("x"), testpki.P256(), testpki.UnknownCA()).Issuer))
		}, want: certs.Unknown, detail: "was not issued by"},
		{name: "signed by another certificate of the CA", answers: []told{{}}, signer: func(p *testpki.PKI) testpki.OCSPOption { return testpki.OCSPBy(p.TSACert) },
			want: certs.Unknown, detail: "want OCSPSigning (RFC 6960 4.2.2.2)"},
		{name: "responder without a usage", answers: []told{{}}, signer: by(testpki.Template(func(c *x509.Certificate) { c.ExtKeyUsage = nil })), want: certs.Unknown, detail: "want OCSPSigning"},
		{name: "responder for any usage", answers: []told{{}}, signer: by(testpki.Template(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} })),
			want: certs.Unknown, detail: "want OCSPSigning"},
		{name: "responder that may not sign", answers: []told{{}}, signer: by(testpki.WrongKeyUsage()), want: certs.Unknown, detail: "neither digitalSignature nor contentCommitment"},
		{name: "responder with an unknown critical extension", answers: []told{{}}, signer: by(testpki.Template(func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}})
		})), want: certs.Unknown, detail: "critical extension 1.2.3"},
		{name: "expired responder", answers: []told{{testpki.OCSPExpiredResponder()}}, want: certs.Unknown, detail: "was valid until 2026-11-20T10:00:00Z"},
		{name: "responder expired since", answers: []told{{testpki.OCSPExpiredResponder(), aged(3*day, day)}}, at: 3 * day, want: certs.Good},
		{name: "responder with a weak key", answers: []told{{}}, signer: by(testpki.RSA1024()), want: certs.Unknown, detail: "RSA key of 1024 bits"},
		{name: "signed with SHA-1", answers: []told{{change(func(o *ocsp.Template) { o.Hash = crypto.SHA1 })}}, want: certs.Unknown, detail: "hash SHA-1 is not accepted"},
		{name: "responder not at hand", answers: []told{{change(func(o *ocsp.Template) { o.Certificates = nil })}}, want: certs.Unknown, detail: "certificate of its responder is not at hand"},
		{name: "responder among others", answers: []told{{change(func(o *ocsp.Template) {
			o.Certificates = append([]*x509.Certificate{{}}, o.Certificates...)
			o.Certificates[0] = o.Certificates[1]
		})}}, want: certs.Good},

		// Without nocheck a responder is judged as its answers judge others.
		{name: "responder without nocheck, no list", answers: []told{{}}, signer: by(testpki.CheckedResponder()), want: certs.Unknown, detail: "unknown: no revocation list of its issuer"},
		{name: "responder without nocheck, on a list as good", answers: []told{{aged(2*hour, 2*hour)}}, lists: []listing{{age: hour}}, signer: by(testpki.CheckedResponder()), want: certs.Good},

		{name: "stale", answers: []told{{testpki.OCSPStale()}}, want: certs.Stale, detail: "the newest OCSP answer is of 2026-11-11T10:00:00Z, next due 2026-11-12T10:00:00Z"},
		{name: "stale, but covers the time judged", answers: []told{{testpki.OCSPStale()}}, at: 9*day + hour, want: certs.Good},
		{name: "without end, just made", answers: []told{{aged(time.Minute, 0)}}, want: certs.Good},
		{name: "without end, an hour old", answers: []told{{aged(hour, 0)}}, want: certs.Stale, detail: "next due at no time that it names"},
		{name: "strict: made before the time judged", answers: []told{{}}, strict: true, want: certs.Stale},
		{name: "strict: made after the time judged", answers: []told{{}}, at: hour, strict: true, want: certs.Good},
		{name: "a clock a minute ahead", answers: []told{{aged(-time.Minute, hour)}}, want: certs.Good},
		{name: "made in the future", answers: []told{{aged(-hour, hour)}}, want: certs.Unknown, detail: "later than 2026-11-21T10:00:00Z"},
		{name: "made in the future, of the past", answers: []told{{change(func(o *ocsp.Template) { o.ProducedAt = testpki.Now.Add(hour) })}}, want: certs.Unknown, detail: "made at 2026-11-21T11:00:00Z"},
		{name: "made before what it says", answers: []told{{change(func(o *ocsp.Template) { o.ProducedAt = o.ProducedAt.Add(-hour) })}}, want: certs.Unknown, detail: "after it was made"},

		{name: "about another certificate", answers: []told{{change(func(o *ocsp.Template) { o.Singles[0].ID.Serial = testpkiSerial })}}, want: certs.Unknown, detail: "no OCSP answer about it is at hand"},
		{name: "about the same number of another CA", answers: []told{{change(func(o *ocsp.Template) { o.Singles[0].ID.KeyHash = make([]byte, 20) })}}, want: certs.Unknown, detail: "no OCSP answer about it is at hand"},
		{name: "about the same number and key of another name", answers: []told{{change(func(o *ocsp.Template) { o.Singles[0].ID.NameHash = make([]byte, 20) })}}, want: certs.Unknown, detail: "no OCSP answer about it is at hand"},
		{name: "two answers in one, the later revokes", answers: []told{{change(func(o *ocsp.Template) {
			s := o.Singles[0]
			s.Status, s.RevokedAt, s.ThisUpdate = ocsp.Revoked, testpki.Now.Add(-day), s.ThisUpdate.Add(30*time.Second)
			o.Singles = append(o.Singles, s)
		})}}, want: certs.Revoked},
		{name: "two answers in one at one time", answers: []told{{change(func(o *ocsp.Template) {
			s := o.Singles[0]
			s.Status, s.RevokedAt = ocsp.Revoked, testpki.Now.Add(-day)
			o.Singles = append([]ocsp.Single{s}, o.Singles...)
		})}}, want: certs.Revoked},
		{name: "the same, the other way round", answers: []told{{change(func(o *ocsp.Template) {
			s := o.Singles[0]
			s.Status, s.RevokedAt = ocsp.Revoked, testpki.Now.Add(-day)
			o.Singles = append(o.Singles, s)
		})}}, want: certs.Revoked},
		{name: "answers about others beside it", answers: []told{{change(func(o *ocsp.Template) {
			s := o.Singles[0]
			s.ID.Serial, s.Status, s.RevokedAt = testpkiSerial, ocsp.Revoked, testpki.Now
			o.Singles = []ocsp.Single{s, o.Singles[0], s}
		})}}, want: certs.Good},

		{name: "expired certificate", answers: []told{{}}, leaf: []testpki.Option{testpki.Expired()}, at: 5 * day, want: certs.Unknown, detail: "revocations may be forgotten"},
		{name: "expired certificate, revoked", answers: []told{{revoked(1, 2*day)}}, leaf: []testpki.Option{testpki.Expired()}, at: 5 * day, want: certs.Revoked},
		{name: "expired certificate, responder remembers", leaf: []testpki.Option{testpki.Expired()}, at: 5 * day, want: certs.Good,
			answers: []told{{change(func(o *ocsp.Template) { o.Singles[0].ArchiveCutoff = testpki.Now.AddDate(-1, 0, 0) })}}},
		{name: "expired before what the responder remembers", leaf: []testpki.Option{testpki.Expired()}, at: 5 * day, want: certs.Unknown,
			answers: []told{{change(func(o *ocsp.Template) { o.Singles[0].ArchiveCutoff = testpki.Now })}}},

		{name: "newer list revokes", answers: []told{{aged(2*hour, day)}}, lists: []listing{{age: hour, entries: listed(1, day)}}, want: certs.Revoked},
		{name: "newer answer revokes", answers: []told{{revoked(1, day)}}, lists: []listing{{age: hour}}, want: certs.Revoked},
		{name: "hold on the list was lifted", answers: []told{{}}, lists: []listing{{age: hour, entries: listed(6, day)}}, want: certs.Good},
		{name: "newer answer forged", answers: []told{{revoked(1, day), testpki.OCSPForged()}}, lists: []listing{{age: hour}}, want: certs.Good},
		{name: "older list is good, newer answer does not know it", answers: []told{{testpki.OCSPUnknown()}}, lists: []listing{{age: hour}}, want: certs.Unknown, detail: "does not know the certificate"},
		{name: "older answer does not know it, newer list is good", answers: []told{{testpki.OCSPUnknown(), aged(2*hour, day)}}, lists: []listing{{age: hour}}, want: certs.Good},
		{name: "older list revokes, newer answer does not know it", answers: []told{{testpki.OCSPUnknown()}}, lists: []listing{{age: hour, entries: listed(1, day)}}, want: certs.Revoked},
		{name: "two answers, the newer revokes", answers: []told{{aged(2*hour, day)}, {revoked(1, day)}}, want: certs.Revoked},
		{name: "same time, answer good and list not", answers: []told{{aged(hour, day)}}, lists: []listing{{age: hour, entries: listed(1, day)}}, want: certs.Revoked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := testpki.New(t)
			leaf := agency(p, tt.leaf...)
			evidence := certs.NewEvidence()
			evidence.Strict = tt.strict
			for i, options := range tt.answers {
				if i == 0 && tt.signer != nil {
					options = append(options, tt.signer(p))
				}
				if tt.name == "named by SHA-256" {
					options = told{change(func(o *ocsp.Template) { o.Singles[0].ID = bySHA256(t, leaf) })}
				}
				if err := evidence.AddOCSP(certs.SourceDSS, p.OCSP(leaf, options...)); err != nil {
					t.Fatal(err)
				}
			}
			for _, l := range tt.lists {
				evidence.AddCRLs(certs.SourceFile, l.make(p, leaf))
			}
			got := evidence.Status(leaf.Certificate, p.CA.Certificate, testpki.Now.Add(-tt.at), testpki.Now)
			if got.Status != tt.want || !strings.Contains(got.Detail, tt.detail) {
				t.Errorf("status %s, detail %q, want %s and %q in it", got.Status, got.Detail, tt.want, tt.detail)
			}
			if answered := got.Kind != ""; answered != (got.DER != nil) || answered == (got.Digest == [32]byte{}) || answered == (got.Source == "") {
				t.Errorf("kind %q with source %q and %d bytes", got.Kind, got.Source, len(got.DER))
			}
			if tt.want == certs.Good != (got.Detail == "") {
				t.Errorf("status %s with detail %q", got.Status, got.Detail)
			}
		})
	}
}

var testpkiSerial = big.NewInt(77)

func bySHA256(t *testing.T, l *testpki.Leaf) ocsp.CertID {
	t.Helper()
	id, err := ocsp.NewCertID(crypto.SHA256, l.Certificate, l.Issuer.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestOCSPRevokedResponder: a responder that the CA has revoked says nothing any
// more, whenever it claims to have said it.
func TestOCSPRevokedResponder(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		opts []testpki.Option
		want certs.RevocationStatus
	}{
		{"not revoked", nil, certs.Good},
		{"revoked before it answered", []testpki.Option{testpki.RevokedAt(testpki.Now.Add(-3*day), 1)}, certs.Stale},
		{"revoked after it says that it answered", []testpki.Option{testpki.RevokedAt(testpki.Now.Add(-25*hour), 4)}, certs.Stale},
		{"on hold", []testpki.Option{testpki.RevokedAt(testpki.Now.Add(-3*day), 6)}, certs.Stale},
	} {
		p := testpki.New(t)
		leaf, responder := agency(p), p.Responder(p.CA, append(tt.opts, testpki.CheckedResponder())...)
		evidence := certs.NewEvidence()
		// The list is over, and was not when the answer was made.
		evidence.AddCRLs(certs.SourceFile, p.List(p.CA, func(l *x509.RevocationList) {
			l.ThisUpdate, l.NextUpdate = testpki.Now.Add(-2*day), testpki.Now.Add(-day)
		}))
		if err := evidence.AddOCSP(certs.SourceDSS, p.OCSP(leaf, testpki.OCSPBy(responder), testpki.OCSPAged(30*hour, 2*day))); err != nil {
			t.Fatal(err)
		}
		if got := evidence.Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); got.Status != tt.want {
			t.Errorf("%s: %s by %s: %s, want %s", tt.name, got.Status, got.Kind, got.Detail, tt.want)
		}
	}
}

// TestOCSPCircle: a responder does not vouch for itself, nor two for each other.
func TestOCSPCircle(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf, one, two := agency(p), p.Responder(p.CA, testpki.CheckedResponder()), p.Responder(p.CA, testpki.CheckedResponder())
	for _, second := range []*testpki.Leaf{one, two} {
		evidence := certs.NewEvidence()
		if err := evidence.AddOCSP(certs.SourceDSS, p.OCSP(leaf, testpki.OCSPBy(one)), p.OCSP(one, testpki.OCSPBy(second)), p.OCSP(second, testpki.OCSPBy(one))); err != nil {
			t.Fatal(err)
		}
		got := evidence.Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now)
		if got.Status != certs.Unknown || !strings.Contains(got.Detail, "is itself known by an OCSP answer only") {
			t.Errorf("%s: %s", got.Status, got.Detail)
		}
	}
	// The CA itself, or a responder with nocheck, may.
	evidence := certs.NewEvidence()
	if err := evidence.AddOCSP(certs.SourceDSS, p.OCSP(leaf, testpki.OCSPBy(one)), p.OCSP(one, testpki.OCSPByIssuer())); err != nil {
		t.Fatal(err)
	}
	if got := evidence.Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); got.Status != certs.Good {
		t.Errorf("vouched for by the CA: %s: %s", got.Status, got.Detail)
	}
}

// TestOCSPManyResponders: each certificate in an answer may cost two signature
// checks.
func TestOCSPManyResponders(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf, real := agency(p), p.Responder(p.CA)
	for n, want := range map[int]certs.RevocationStatus{3: certs.Good, 4: certs.Unknown} {
		evidence := certs.NewEvidence()
		der := p.OCSP(leaf, testpki.OCSPBy(real), testpki.OCSPTemplate(func(o *ocsp.Template) {
			o.ByName, o.Certificates = true, nil
			for range n {
				o.Certificates = append(o.Certificates, p.Responder(p.CA).Certificate)
			}
			o.Certificates = append(o.Certificates, real.Certificate)
		}))
		if err := evidence.AddOCSP(certs.SourceDSS, der); err != nil {
			t.Fatal(err)
		}
		if got := evidence.Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); got.Status != want {
			t.Errorf("behind %d others of its name: %s, want %s: %s", n, got.Status, want, got.Detail)
		}
	}
}

// TestOCSPResponderApart has the responder's certificate lie beside its answer.
func TestOCSPResponderApart(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf, responder := agency(p), p.Responder(p.CA)
	bare := p.OCSP(leaf, testpki.OCSPBy(responder), testpki.OCSPTemplate(func(o *ocsp.Template) { o.Certificates = nil }))
	base := certs.NewEvidence()
	for range 100 { // a document's store holds certificates of all kinds
		base.AddResponders(agency(p, testpki.P256()).Certificate)
	}
	base.AddResponders(leaf.Certificate, nil, responder.Certificate, responder.Certificate)
	evidence := base.With(certs.SourceDSS)
	if err := evidence.AddOCSP(certs.SourceDSS, bare); err != nil {
		t.Fatal(err)
	}
	if got := evidence.Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); got.Status != certs.Good || !got.Responder.Equal(responder.Certificate) {
		t.Errorf("%s: %s", got.Status, got.Detail)
	}
	if got := base.Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); got.Status != certs.Unknown {
		t.Errorf("what one file brought stayed: %s", got.Status)
	}
	if err := evidence.AddOCSP(certs.SourceDSS, []byte("x"), p.OCSP(leaf), ocsp.Refusal(3)); err == nil || !strings.Contains(err.Error(), "response 1: ") || !strings.Contains(err.Error(), "response 3: ocsp: the responder answers 3, try later") {
		t.Errorf("unreadable: %v", err)
	}
}

// TestOCSPMany: whoever makes a file chooses how many answers are in it, and how
// many certificates are in each.
func TestOCSPMany(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf := agency(p)
	evidence := certs.NewEvidence().With(certs.SourceDSS)
	for i := range 100 {
		age := hour + time.Duration(i)*time.Second
		if err := evidence.AddOCSP(certs.SourceDSS, p.OCSP(leaf, testpki.OCSPForged(), testpki.OCSPAged(age, day))); err != nil {
			t.Fatal(err)
		}
	}
	if err := evidence.AddOCSP(certs.SourceDSS, p.OCSP(leaf)); err != nil {
		t.Fatal(err)
	}
	if got := evidence.Status(leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); got.Status != certs.Unknown {
		t.Errorf("the 101st answer in a file was read: %s", got.Status)
	}
}

// TestResolveOCSP asks over the network: OCSP first, then the distribution point.
func TestResolveOCSP(t *testing.T) {
	t.Parallel()
	broken := func(w http.ResponseWriter) bool { http.Error(w, "busy", http.StatusServiceUnavailable); return true }
	for _, tt := range []struct {
		name    string
		options []testpki.OCSPOption
		fault   func(http.ResponseWriter) bool
		leaf    []testpki.Option
		noList  bool // the certificate names no distribution point
		want    certs.RevocationStatus
		kind    string
		nonce   string
		detail  string
	}{
		{name: "good", want: certs.Good, kind: certs.KindOCSP, nonce: certs.NonceEchoed},
		{name: "revoked", leaf: []testpki.Option{testpki.RevokedAt(testpki.Now.Add(-day), 3)}, want: certs.Revoked, kind: certs.KindOCSP, nonce: certs.NonceEchoed},
		{name: "no nonce", options: told{testpki.OCSPNoNonce()}, want: certs.Good, kind: certs.KindOCSP, nonce: certs.NonceAbsent},
		{name: "by the issuer", options: told{testpki.OCSPByIssuer()}, want: certs.Good, kind: certs.KindOCSP, nonce: certs.NonceEchoed},
		{name: "another nonce, then the list", options: told{testpki.OCSPWrongNonce()}, want: certs.Good, kind: certs.KindCRL},
		{name: "another nonce, no list", options: told{testpki.OCSPWrongNonce()}, noList: true, want: certs.Unknown, detail: "another nonce"},
		{name: "forged, no list", options: told{testpki.OCSPForged()}, noList: true, want: certs.Unknown, detail: "was not signed by the key of"},
		{name: "forged, then the list", options: told{testpki.OCSPForged()}, want: certs.Good, kind: certs.KindCRL},
		{name: "a good over a listed revocation, forged", options: told{testpki.OCSPGood(), testpki.OCSPForged()}, leaf: []testpki.Option{testpki.RevokedAt(testpki.Now.Add(-day), 3)}, want: certs.Revoked, kind: certs.KindCRL},
		{name: "stale, then the list", options: told{testpki.OCSPStale()}, want: certs.Good, kind: certs.KindCRL},
		{name: "stale, no list", options: told{testpki.OCSPStale()}, noList: true, want: certs.Stale, kind: certs.KindOCSP, nonce: certs.NonceEchoed},
		{name: "not known", options: told{testpki.OCSPUnknown()}, want: certs.Unknown, kind: certs.KindOCSP, nonce: certs.NonceEchoed, detail: "does not know the certificate"},
		{name: "about another", options: told{testpki.OCSPTemplate(func(o *ocsp.Template) { o.Singles[0].ID.KeyHash = make([]byte, 20) })}, noList: true, want: certs.Unknown, detail: "does not speak of the certificate"},
		{name: "busy, then the list", fault: broken, want: certs.Good, kind: certs.KindCRL},
		{name: "busy, no list", fault: broken, noList: true, want: certs.Unknown, detail: "status 503"},
		{name: "try later, no list", fault: func(w http.ResponseWriter) bool { w.Write(ocsp.Refusal(3)); return true }, noList: true, want: certs.Unknown, detail: "answers 3, try later"},
		{name: "a page, no list", fault: func(w http.ResponseWriter) bool { w.Write([]byte("<html>")); return true }, noList: true, want: certs.Unknown, detail: "not an OCSPResponse"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := testpki.New(t)
			leaf := agency(p, append(tt.leaf, testpki.Template(func(c *x509.Certificate) {
				if tt.noList {
					c.CRLDistributionPoints = nil
				}
			}))...)
			p.AnswerOCSP(tt.options...)
			p.BreakOCSP(tt.fault)
			evidence := certs.NewEvidence()
			evidence.Fetcher = p.Fetcher()
			got := evidence.With(certs.SourceDSS).Resolve(t.Context(), leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now)
			if got.Status != tt.want || got.Kind != tt.kind || got.Nonce != tt.nonce || !strings.Contains(got.Detail, tt.detail) {
				t.Errorf("%s by %q, nonce %q: %q, want %s by %q, nonce %q, and %q in it", got.Status, got.Kind, got.Nonce, got.Detail, tt.want, tt.kind, tt.nonce, tt.detail)
			}
			if got.Kind != "" && got.Source != certs.SourceNetwork {
				t.Errorf("first from %q, want network", got.Source)
			}
			p.BreakOCSP(func(http.ResponseWriter) bool { t.Error("asked again within the minute"); return false })
			if again := evidence.Resolve(t.Context(), leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); again.Status != got.Status || got.Kind != "" && again.Source != certs.SourceCache {
				t.Errorf("again: %s from %q, want %s from cache", again.Status, again.Source, got.Status)
			}
		})
	}
}

// TestResolveCheckedResponder fetches the list that says that the responder is
// not revoked.
func TestResolveCheckedResponder(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf := agency(p, testpki.Template(func(c *x509.Certificate) { c.CRLDistributionPoints = nil }))
	responder := p.Responder(p.CA, testpki.CheckedResponder())
	p.AnswerOCSP(testpki.OCSPBy(responder))
	evidence := certs.NewEvidence()
	evidence.Fetcher = p.Fetcher()
	got := evidence.Resolve(t.Context(), leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now)
	if got.Status != certs.Good || got.Kind != certs.KindOCSP || !got.Responder.Equal(responder.Certificate) {
		t.Fatalf("%s by %q: %s", got.Status, got.Kind, got.Detail)
	}
	material := evidence.Collect(t.Context(), []*x509.Certificate{leaf.Certificate, p.CA.Certificate}, testpki.Now, testpki.Now)
	if len(material.OCSP) != 1 || len(material.CRLs) != 1 || len(material.Certificates) != 3 || material.Missing() != nil {
		t.Errorf("%d answers, %d lists, %d certificates, %v", len(material.OCSP), len(material.CRLs), len(material.Certificates), material.Missing())
	}

	p.Revoke(responder, testpki.Now.Add(-day), 1)
	evidence = certs.NewEvidence()
	evidence.Fetcher = p.Fetcher()
	// The list that says so speaks of the leaf too.
	if got := evidence.Resolve(t.Context(), leaf.Certificate, p.CA.Certificate, testpki.Now, testpki.Now); got.Status != certs.Good || got.Kind != certs.KindCRL {
		t.Errorf("revoked responder: %s by %q: %s", got.Status, got.Kind, got.Detail)
	}
}

// TestResolveForged: what is forged is not remembered beyond the minute in which
// nothing is asked for twice.
func TestResolveForged(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	real, forged := p.List(p.CA).Raw, p.List(p.Issue(testpki.Agency("x"), testpki.P256(), testpki.UnknownCA()).Issuer).Raw
	var lists atomic.Pointer[[]byte]
	lists.Store(&forged)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(*lists.Load()) }))
	t.Cleanup(server.Close)
	byList := agency(p, testpki.Template(func(c *x509.Certificate) { c.CRLDistributionPoints, c.OCSPServer = []string{server.URL}, nil }))
	byOCSP := agency(p, testpki.Template(func(c *x509.Certificate) { c.CRLDistributionPoints = nil }))
	p.AnswerOCSP(testpki.OCSPForged())
	evidence := certs.NewEvidence()
	evidence.Fetcher = &certs.Fetcher{Hosts: []string{p.Host(), server.Listener.Addr().String()}}
	resolve := func(l *testpki.Leaf, after time.Duration) certs.Revocation {
		return evidence.Resolve(t.Context(), l.Certificate, p.CA.Certificate, testpki.Now.Add(after), testpki.Now.Add(after))
	}
	for _, l := range []*testpki.Leaf{byOCSP, byList} {
		if got := resolve(l, 0); got.Status != certs.Unknown || !strings.Contains(got.Detail, "was not signed by the key of") {
			t.Errorf("forged: %s: %s", got.Status, got.Detail)
		}
	}
	p.AnswerOCSP()
	lists.Store(&real)
	for _, l := range []*testpki.Leaf{byOCSP, byList} {
		if got := resolve(l, 30*time.Second); got.Status != certs.Unknown {
			t.Errorf("half a minute later: %s", got.Status)
		}
	}
	for _, l := range []*testpki.Leaf{byOCSP, byList} {
		if got := resolve(l, time.Minute); got.Status != certs.Good || got.Source != certs.SourceNetwork {
			t.Errorf("a minute later: %s: %s", got.Status, got.Detail)
		}
	}
}

// TestCollect gathers what a document has to carry, and judges by it alone.
func TestCollect(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf := agency(p)
	chain := append([]*x509.Certificate{leaf.Certificate}, leaf.Chain...)
	online := certs.NewEvidence()
	online.Fetcher = p.Fetcher()
	material := online.Collect(t.Context(), chain, testpki.Now, testpki.Now)
	if err := material.Missing(); err != nil {
		t.Fatal(err)
	}
	// Leaf, CA and root, and a responder of each CA.
	if len(material.Certificates) != 5 || len(material.OCSP) != 2 || len(material.CRLs) != 0 || len(material.Statuses) != 2 {
		t.Errorf("%d certificates, %d answers, %d lists, %d statuses", len(material.Certificates), len(material.OCSP), len(material.CRLs), len(material.Statuses))
	}
	tsa := online.Collect(t.Context(), append([]*x509.Certificate{p.TSACert.Certificate}, p.TSACert.Chain...), testpki.Now, testpki.Now)
	material.Add(tsa)
	if len(material.Certificates) != 6 || len(material.OCSP) != 3 || len(material.Statuses) != 4 {
		t.Errorf("with the TSA's: %d certificates, %d answers, %d statuses", len(material.Certificates), len(material.OCSP), len(material.Statuses))
	}
	offline := certs.NewEvidence()
	offline.AddResponders(material.Certificates...)
	for _, b := range material.OCSP {
		if err := offline.AddOCSP(certs.SourceDSS, b.DER); err != nil {
			t.Fatal(err)
		}
	}
	for i := range chain[:2] {
		if got := offline.Status(chain[i], chain[i+1], testpki.Now, testpki.Now); got.Status != certs.Good || got.Digest != material.Statuses[i].Revocation.Digest {
			t.Errorf("offline: %s: %s", got.Status, got.Detail)
		}
	}
	if err := certs.NewEvidence().Collect(t.Context(), chain, testpki.Now, testpki.Now).Missing(); err == nil || !strings.Contains(err.Error(), "unknown: no revocation list") {
		t.Errorf("nothing at hand: %v", err)
	}
}

// TestBuildOnline has a signature that brings its own certificate alone.
func TestBuildOnline(t *testing.T) {
	t.Parallel()
	p := testpki.New(t)
	leaf, f := agency(p), p.Fetcher()
	req := certs.PathRequest{Leaf: leaf.Certificate, At: testpki.Now}
	if path := p.Trust().BuildOnline(t.Context(), req, nil, testpki.Now); !path.Has(certs.NoChain) {
		t.Errorf("without a fetcher: %v", path.Problems)
	}
	if path := p.Trust().BuildOnline(t.Context(), req, f, testpki.Now); !path.OK() || len(path.Chain) != 3 {
		t.Errorf("%d certificates: %v", len(path.Chain), path.Problems)
	}
	away := &certs.Fetcher{Hosts: []string{"ca.example.vn"}}
	if path := p.Trust().BuildOnline(t.Context(), req, away, testpki.Now); !path.Has(certs.NoChain) || !strings.Contains(path.Problems[0].Detail, certs.ErrHostNotAllowed.Error()) {
		t.Errorf("host not allowed: %v", path.Problems)
	}
	forged := agency(p, testpki.UnknownCA())
	req.Leaf = forged.Certificate
	if path := p.Trust().BuildOnline(t.Context(), req, f, testpki.Now); !path.Has(certs.BadSignature) {
		t.Errorf("of another CA with the same name: %v", path.Problems)
	}
	odd := agency(p, testpki.Template(func(c *x509.Certificate) {
		c.IssuingCertificateURL = []string{p.TSAURL()[:len(p.TSAURL())-4] + "/ca/root.cer"}
	}))
	req.Leaf = odd.Certificate
	if path := p.Trust().BuildOnline(t.Context(), req, f, testpki.Now); !path.Has(certs.NoChain) || !strings.Contains(path.Problems[0].Detail, "is that of") {
		t.Errorf("another CA's certificate: %v", path.Problems)
	}
}
