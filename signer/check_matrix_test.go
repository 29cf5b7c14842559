package signer_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/internal/testpki"
	"lienthong/signer"
)

var updateDocs = flag.Bool("update", false, "write docs/validation-matrix.md")

var matrixLevels = []signer.Level{signer.LevelBB, signer.LevelBT, signer.LevelBLT, signer.LevelBLTA}

// A matrixRow is one thing that can be wrong. The setup issues the certificate of
// the signer and says when things happen; after says what happens once the file is
// made, before it is judged.
type matrixRow struct {
	name  string
	never bool // valid in no cell
	whole bool // nothing was wrong when the file was made: Augment makes it too
	setup func(s *scene)
	after func(s *scene)
}

func minutes(n int) time.Time { return testpki.Now.Add(time.Duration(n) * time.Minute) }
func days(n int) time.Time    { return testpki.Now.AddDate(0, 0, n) }

var matrix = []matrixRow{
	{name: "nothing wrong", whole: true, setup: func(s *scene) { s.signer() }},
	{name: "expired after signing", whole: true, setup: func(s *scene) {
		s.signer(testpki.Valid(days(-300), days(30)))
		s.judged = days(60)
	}},
	{name: "expired before signing", never: true, setup: func(s *scene) { s.signer(testpki.Expired()) }},
	{name: "expired before signing, over a time-stamp of later", never: true, setup: func(s *scene) {
		s.signer(testpki.Expired())
		s.before = func(letter []byte) []byte { return s.addStamp(letter, "Trước", s.archive, minutes(-10)) }
	}},
	{name: "revoked before signing", never: true, setup: func(s *scene) { s.signer(testpki.RevokedAt(minutes(-60), 1)) }},
	{name: "revoked before signing, over a time-stamp of later", never: true, setup: func(s *scene) {
		s.signer(testpki.RevokedAt(minutes(-60), 1))
		s.before = func(letter []byte) []byte { return s.addStamp(letter, "Trước", s.archive, minutes(-10)) }
	}},
	{name: "revoked after signing", whole: true, setup: func(s *scene) { s.signer(); s.judged = minutes(12 * 60) },
		after: func(s *scene) { s.Revoke(s.leaf, minutes(6*60), 1) }},
	{name: "time-stamp after the revocation", never: true, setup: func(s *scene) {
		s.signer(testpki.RevokedAt(minutes(5), 1))
		s.stamped = minutes(8)
	}},
	{name: "on hold before signing", never: true, setup: func(s *scene) { s.signer(testpki.RevokedAt(minutes(-60), 6)) }},
	{name: "on hold after signing", whole: true, setup: func(s *scene) { s.signer(); s.judged = minutes(12 * 60) },
		after: func(s *scene) { s.Revoke(s.leaf, minutes(6*60), 6) }},
	{name: "not yet valid", never: true, setup: func(s *scene) { s.signer(testpki.NotYetValid()) }},
	{name: "wrong usage", never: true, setup: func(s *scene) { s.signer(testpki.WrongKeyUsage()) }},
	{name: "unknown CA", never: true, setup: func(s *scene) { s.signer(testpki.UnknownCA()) }},
	{name: "weak key (RSA-1024)", never: true, setup: func(s *scene) {
		s.signer(testpki.RSA1024())
		s.value = func(covered []byte) []byte { return s.oldCMS(covered, crypto.SHA256) }
	}},
	{name: "weak hash (SHA-1)", never: true, setup: func(s *scene) {
		s.signer()
		s.value = func(covered []byte) []byte { return s.oldCMS(covered, crypto.SHA1) }
	}},
	{name: "hash accepted until after signing", setup: func(s *scene) {
		s.signer()
		s.value = func(covered []byte) []byte { return s.cms(covered, crypto.SHA512) }
		s.policy = signer.DefaultPolicy()
		for i, h := range s.policy.Algorithms.Hashes {
			if h.Name == "SHA-512" {
				s.policy.Algorithms.Hashes[i].Until = minutes(25)
			}
		}
	}},
	{name: "no revocation data", never: true, setup: func(s *scene) {
		s.signer(s.ocspOnly(), testpki.Template(func(c *x509.Certificate) { c.OCSPServer = nil }))
		s.store = func() ([]*x509.RevocationList, [][]byte) {
			return []*x509.RevocationList{s.List(s.CA.Issuer)}, nil
		}
	}},
	{name: "stale revocation data", never: true, setup: func(s *scene) {
		s.signer(s.ocspOnly())
		s.answers = []testpki.OCSPOption{testpki.OCSPStale()}
	}},
	{name: "OCSP answer forged", never: true, setup: func(s *scene) {
		s.signer(s.ocspOnly())
		s.answers = []testpki.OCSPOption{testpki.OCSPForged()}
	}},
	{name: "OCSP answer by an expired responder", never: true, setup: func(s *scene) {
		s.signer(s.ocspOnly())
		s.answers = []testpki.OCSPOption{testpki.OCSPExpiredResponder()}
	}},
	{name: "OCSP answer: unknown", never: true, setup: func(s *scene) {
		s.signer(s.ocspOnly())
		s.answers = []testpki.OCSPOption{testpki.OCSPUnknown()}
	}},
	{name: "old good beside newer revoked in the DSS", never: true, setup: func(s *scene) {
		s.signer(testpki.RevokedAt(minutes(-60), 1))
		s.store = func() ([]*x509.RevocationList, [][]byte) {
			return []*x509.RevocationList{s.List(s.CA), s.List(s.CA.Issuer)},
				[][]byte{s.OCSP(s.leaf, testpki.OCSPAged(5*time.Hour, 48*time.Hour), testpki.OCSPGood())}
		}
	}},
	{name: "old good alone in the DSS, revoked since", setup: func(s *scene) {
		s.signer(testpki.RevokedAt(minutes(-60), 1))
		s.store = func() ([]*x509.RevocationList, [][]byte) {
			return []*x509.RevocationList{s.List(s.CA.Issuer)},
				[][]byte{s.OCSP(s.leaf, testpki.OCSPAged(5*time.Hour, 48*time.Hour), testpki.OCSPGood())}
		}
	}},
	{name: "old good alone in the DSS, revoked since, strict policy", never: true, setup: func(s *scene) {
		s.signer(testpki.RevokedAt(minutes(-60), 1))
		s.policy = signer.StrictPolicy()
		s.store = func() ([]*x509.RevocationList, [][]byte) {
			return []*x509.RevocationList{s.List(s.CA.Issuer)},
				[][]byte{s.OCSP(s.leaf, testpki.OCSPAged(5*time.Hour, 48*time.Hour), testpki.OCSPGood())}
		}
	}},
	{name: "signature time-stamp of an unknown authority", setup: func(s *scene) {
		s.signer()
		s.tsa = s.stamper("TSA lạ", testpki.UnknownCA())
	}},
	{name: "signature time-stamp of an unknown authority, signer expired", setup: func(s *scene) {
		s.signer(testpki.Valid(days(-300), days(30)))
		s.tsa, s.judged = s.stamper("TSA lạ", testpki.UnknownCA()), days(60)
	}},
	{name: "both time-stamps of unknown authorities, signer expired", never: true, setup: func(s *scene) {
		s.signer(testpki.Valid(days(-300), days(30)))
		s.tsa, s.archive, s.judged = s.stamper("TSA lạ", testpki.UnknownCA()), s.stamper("TSA lạ", testpki.UnknownCA()), days(60)
	}},
	{name: "signature time-stamp over other data", setup: func(s *scene) {
		s.signer()
		s.token = func([]byte) []byte { return s.copied() }
	}},
	{name: "signature TSA revoked before", setup: func(s *scene) { s.signer(); s.Revoke(s.tsa, minutes(-60), 1) }},
	{name: "signature TSA revoked before, signer expired", setup: func(s *scene) {
		s.signer(testpki.Valid(days(-300), days(30)))
		s.Revoke(s.tsa, minutes(-60), 1)
		s.judged = days(60)
	}},
	{name: "signature TSA revoked after, signer expired", setup: func(s *scene) {
		s.signer(testpki.Valid(days(-300), days(30)))
		s.judged = days(60)
	}, after: func(s *scene) { s.Revoke(s.tsa, days(20), 1) }},
	{name: "CA revoked before signing", never: true, setup: func(s *scene) {
		s.ownCA()
		s.Revoke(&testpki.Leaf{Certificate: s.leaf.Issuer.Certificate, Issuer: s.CA.Issuer}, minutes(-60), 2)
	}},
	{name: "CA revoked after signing", whole: true, setup: func(s *scene) { s.ownCA(); s.judged = minutes(12 * 60) }, after: func(s *scene) {
		s.Revoke(&testpki.Leaf{Certificate: s.leaf.Issuer.Certificate, Issuer: s.CA.Issuer}, minutes(6*60), 2)
	}},
	{name: "signer, CA and signature TSA expired", whole: true, setup: func(s *scene) {
		s.ownCA()
		s.tsa = s.stamper("TSA của chữ ký", testpki.Valid(days(-300), days(360)))
		s.judged = days(2 * 365)
	}},
	{name: "signer, CA and both TSAs expired", never: true, setup: func(s *scene) {
		s.ownCA()
		s.tsa = s.stamper("TSA của chữ ký", testpki.Valid(days(-300), days(360)))
		s.archive = s.stamper("TSA lưu trữ", testpki.Valid(days(-300), days(360)))
		s.judged = days(2 * 365)
	}},
	{name: "signer, CA and both TSAs expired, renewed in time", setup: func(s *scene) {
		s.ownCA()
		s.tsa = s.stamper("TSA của chữ ký", testpki.Valid(days(-300), days(360)))
		s.archive = s.stamper("TSA lưu trữ", testpki.Valid(days(-300), days(360)))
		s.renewer, s.renewed, s.judged = s.stamper("TSA gia hạn"), days(180), days(2*365)
	}},
	{name: "signer, CA and both TSAs expired, renewed too late", never: true, setup: func(s *scene) {
		s.ownCA()
		s.tsa = s.stamper("TSA của chữ ký", testpki.Valid(days(-300), days(360)))
		s.archive = s.stamper("TSA lưu trữ", testpki.Valid(days(-300), days(360)))
		s.renewer, s.renewed, s.judged = s.stamper("TSA gia hạn"), days(400), days(2*365)
	}},
}

// ownCA has the signer under a CA of its own, valid for a year.
func (s *scene) ownCA() {
	template := s.CATemplate("CA sắp hết hạn", 0)
	template.NotAfter = days(365)
	ca := s.NewAuthority(s.CA.Issuer, template)
	s.signer(testpki.IssuedBy(ca), testpki.Valid(days(-300), days(360)))
	s.store = func() ([]*x509.RevocationList, [][]byte) {
		return []*x509.RevocationList{s.List(ca), s.List(s.CA.Issuer)}, nil
	}
}

// cell is what a report says in a table: the verdict, and why it is not better.
func cell(r *signer.Report) string {
	s := r.Signatures[0]
	text := string(r.Verdict)
	if s.SubIndication != "" {
		text += ": " + string(s.SubIndication)
	}
	separator := "; time-stamp "
	for _, stamp := range r.Timestamps {
		if stamp.Indication != signer.TotalPassed {
			text += separator + string(stamp.SubIndication)
			separator = ", "
		}
	}
	return text
}

// TestMatrix judges what is wrong in each way, at each level, by the file alone and
// with responders to ask, and compares all of it with the table in docs/.
func TestMatrix(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	table := make([][]string, len(matrix))
	t.Run("rows", func(t *testing.T) {
		for i, row := range matrix {
			t.Run(row.name, func(t *testing.T) {
				t.Parallel()
				cells := playRow(t, row)
				mu.Lock()
				defer mu.Unlock()
				table[i] = cells
			})
		}
	})
	const path = "../docs/validation-matrix.md"
	if t.Failed() {
		return
	}
	got := matrixText(table)
	if *updateDocs {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what is found now (go test ./signer -run TestMatrix -update writes it):\n%s", path, differing(got, want))
	}
}

func playRow(t *testing.T, row matrixRow) []string {
	var cells []string
	for _, level := range matrixLevels {
		for _, online := range []bool{true, false} {
			r := play(t, row, level, online, (*scene).file)
			checkSchema(t, r)
			cells = append(cells, cell(r))
			if passed := r.Signatures[0].Indication == signer.TotalPassed; passed != (r.Verdict == signer.VerdictValid) || passed && row.never {
				t.Errorf("%s, online %v: %s", level, online, summary(r))
			}
			if !row.whole || !online || level == signer.LevelBB || level == signer.LevelBT {
				continue // Augment takes answers that hold for an hour, so that alone its files say less
			}
			if r := play(t, row, level, online, (*scene).augmented); cell(r) != cells[len(cells)-1] {
				t.Errorf("%s, online %v, made by Augment: want %s: %s", level, online, cells[len(cells)-1], summary(r))
			}
		}
	}
	return cells
}

func play(t *testing.T, row matrixRow, level signer.Level, online bool, file func(*scene, signer.Level) []byte) *signer.Report {
	s := newScene(t)
	row.setup(s)
	data := file(s, level)
	s.AnswerOCSP(s.answers...)
	if row.after != nil {
		row.after(s)
	}
	return s.judge(data, online)
}

// matrixText is docs/validation-matrix.md.
func matrixText(table [][]string) []byte {
	var b bytes.Buffer
	b.WriteString(matrixHead)
	for i, cells := range table {
		fmt.Fprintf(&b, "\n## %s\n\n| level | with responders to ask | by the file alone |\n|---|---|---|\n", matrix[i].name)
		for n, level := range matrixLevels {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", level, cells[2*n], cells[2*n+1])
		}
	}
	return b.Bytes()
}

// differing lists the lines that are only in one of two texts.
func differing(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	var out []string
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			out = append(out, fmt.Sprintf("line %d: found %q, the table has %q", i+1, a, b))
		}
	}
	return strings.Join(out[:min(len(out), 20)], "\n")
}

const matrixHead = `# What validation says

One letter, one signature, and one thing that is wrong: what the default policy says
at each level of PAdES, where the responders and lists of the CAs can be asked at
the time of judgement, and where only what stands in the file is known. The words
are those of ETSI EN 319 102-1, 5.1.3; what follows "time-stamp" is why a time-stamp
of the file, that of the signature first, proves nothing. The table is written by
TestMatrix of package signer, which also compares it on every run.

The letter is signed and time-stamped at 10:00. A B-LT file gets its evidence at
10:10, a B-LTA file the time-stamp on that at 10:20. It is judged at 10:30, if nothing
else is said: twelve hours later for what is revoked after signing (at 16:00), two
months later for a certificate that expires in between, two years later where CAs
and authorities have expired too. Without a proof of existence a signature is judged
at that time.

Where the file alone is asked after weeks, the status of its newest time-stamp's
authority is out of date, and so it proves nothing: a file needs fresh data about
one certificate, that of the outermost authority, for as long as it is to be judged.
`
