package signer_test

import (
	"crypto"
	"testing"

	"github.com/digitorus/pdfsign/revocation"

	"lienthong/certs"
	"lienthong/internal/testpki"
	"lienthong/signer"
)

// archiving signs as old tools do, with the evidence of now in Adobe's attribute.
func (s *scene) archiving() {
	s.value = func(covered []byte) []byte {
		var info revocation.InfoArchival
		lists, answers := s.store()
		for _, l := range lists {
			if err := info.AddCRL(l.Raw); err != nil {
				s.t.Fatal(err)
			}
		}
		for _, a := range answers {
			if err := info.AddOCSP(a); err != nil {
				s.t.Fatal(err)
			}
		}
		return s.oldCMS(covered, crypto.SHA256, info)
	}
}

// Wherever the evidence is, it is found, and the report says where it was.
func TestEvidenceSources(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		level  signer.Level
		setup  func(s *scene)
		kinds  []string // of the signer's certificate and of its CA's
		source string
		grade  signer.Level
	}{
		{"in the DSS", signer.LevelBLT, func(s *scene) { s.signer() }, []string{certs.KindOCSP, certs.KindCRL}, certs.SourceDSS, signer.LevelBLT},
		{"in the signature", signer.LevelBB, func(s *scene) { s.signer(s.ocspOnly()); s.archiving() },
			[]string{certs.KindOCSP, certs.KindCRL}, certs.SourceSignature, ""},
	} {
		s := newScene(t)
		tt.setup(s)
		r := s.judge(s.file(tt.level), false)
		checkSchema(t, r)
		got := r.Signatures[0]
		if r.Verdict != signer.VerdictValid || got.Revocation.Source != tt.source || got.Level != tt.grade || len(got.Evidence) != len(tt.kinds) {
			t.Errorf("%s: source %q, level %q, evidence %+v: %s", tt.name, got.Revocation.Source, got.Level, got.Evidence, summary(r))
			continue
		}
		for i, e := range got.Evidence {
			if e.Kind != tt.kinds[i] || e.Source != tt.source || e.Status != "good" || len(e.SHA256) != 64 {
				t.Errorf("%s: evidence %d: %+v, want %s from %s", tt.name, i, e, tt.kinds[i], tt.source)
			}
		}
	}
}

// What a signer signed is as old as the time-stamp on the signature: also after its
// CA has expired. Evidence that came from elsewhere proves nothing then.
func TestEvidenceOfSignedAttribute(t *testing.T) {
	t.Parallel()
	for _, archived := range []bool{true, false} {
		s := newScene(t)
		s.ownCA()
		s.judged = days(2 * 365)
		if archived {
			s.archiving()
		}
		file := s.file(signer.LevelBT)
		s.SetTime(s.stored)
		lists, _ := s.store()
		s.SetTime(s.judged)
		evidence := certs.NewEvidence()
		evidence.AddCRLs(certs.SourceFile, append(lists, s.List(s.CA.Issuer))...)
		r := validate(t, file, signer.Options{At: s.judged, Trust: s.Trust(), Evidence: evidence})
		want := signer.SubIndication("")
		if !archived {
			want = signer.OutOfBoundsNoPOE
		}
		if got := r.Signatures[0]; got.SubIndication != want || got.TimeSource != signer.TimeSignatureTimestamp {
			t.Errorf("archived %v: want %q: %s", archived, want, summary(r))
		}
	}
}

// A token that the signer signed says that the signature is no older; one over
// other data says nothing.
func TestContentTimestamp(t *testing.T) {
	t.Parallel()
	for _, other := range []bool{false, true} {
		s := newScene(t)
		s.signer(testpki.RevokedAt(minutes(-60), 1))
		s.value = func(covered []byte) []byte {
			stamped := covered
			if other {
				stamped = []byte("một văn bản khác")
			}
			s.content = s.stampBy(s.tsa, minutes(-1), stamped)
			return s.oldCMS(covered, crypto.SHA256)
		}
		r := s.judge(s.file(signer.LevelBB), true)
		want, name := signer.Revoked, signer.Passed
		if other {
			want, name = signer.RevokedNoPOE, signer.Warning
		}
		found := find(r, "content-timestamp")
		if r.Signatures[0].SubIndication != want || len(found) != 1 || found[0].Result != name {
			t.Errorf("over other data %v: want %s: %s", other, want, summary(r))
		}
	}
}
