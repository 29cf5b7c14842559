package signer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/pdf"
)

// A stranger is a file that others made, at each of the levels, all of one time,
// but for the renewal two years later.
type stranger struct {
	name             string
	in, bb, lta, new []byte
	unreadable       string // why pyHanko cannot read it as it was
}

// TestExpiryCorpus takes strangers' files of every structure through the years, as
// TestExpiry does a letter: with the signer, the CA and the authority of the
// signature's time-stamp expired, a file is valid as long as the newest time-stamp
// lives, and no longer.
func TestExpiryCorpus(t *testing.T) {
	t.Parallel()
	root := corpusRoot(t)
	a := newAging(t, year)
	files := strangers(t, root)
	for _, f := range files {
		f.bb, _ = sign(t, f.in, a.person.Key(), signer.SignOptions{})
		bt, _ := sign(t, f.in, a.person.Key(), signer.SignOptions{Level: signer.LevelBT, TSA: a.own})
		f.lta, _ = augment(t, bt, a.archive(signer.LevelBLTA, a.first))
	}
	a.SetTime(testpki.Now.Add(time.Minute))
	othersAccept(t, a, files, func(f *stranger) []byte { return f.lta }, 1, "PASSED")
	for _, f := range files {
		a.verdicts(t, f, signer.VerdictValid, signer.VerdictValid, "")
	}
	for _, f := range files {
		f.new = renew(t, a, f.lta)
	}
	a.SetTime(testpki.Now.Add(2*year + time.Hour))
	othersAccept(t, a, files, func(f *stranger) []byte { return f.new }, 2, "")
	for _, f := range files {
		a.verdicts(t, f, signer.VerdictIndeterminate, signer.VerdictValid, signer.VerdictValid)
	}
	a.SetTime(testpki.Now.Add(4 * year))
	for _, f := range files {
		a.verdicts(t, f, signer.VerdictIndeterminate, signer.VerdictIndeterminate, signer.VerdictValid)
	}
}

// verdicts holds what a file is at the PKI's time, at B-B, at B-LTA and renewed,
// against what it should be; an empty one is not asked for.
func (a *aging) verdicts(t *testing.T, f *stranger, bb, lta, renewed signer.Verdict) {
	t.Helper()
	for _, x := range []struct {
		what string
		data []byte
		want signer.Verdict
	}{{"B-B", f.bb, bb}, {"B-LTA", f.lta, lta}, {"B-LTA renewed", f.new, renewed}} {
		if x.want == "" {
			continue
		}
		r := validate(t, x.data, signer.Options{At: a.Time(), Trust: a.Trust(), Evidence: a.evidence()})
		if r.Verdict != x.want {
			t.Errorf("%s, %s at %s: want %s: %s", f.name, x.what, a.Time(), x.want, summary(r))
		}
	}
}

// perKind is how many files of each kind are taken.
const perKind = 4

// strangers reads twenty files that qpdf finds clean, none of them large: of each
// kind four, spread over the list, whose author lets others sign.
func strangers(t *testing.T, root string) []*stranger {
	t.Helper()
	var chosen []*stranger
	var paths []string
	for _, kind := range []string{"encrypted", "hybrid", "linearized", "xref=stream", "xref=table"} {
		var able []*stranger
		for _, f := range signableFiles(t, root) {
			if f.expected != "SIGNABLE" || !strings.Contains(f.why, "qpdf_check=0;") || !strings.Contains(";"+f.why+";", ";"+kind+";") ||
				slices.ContainsFunc(chosen, func(s *stranger) bool { return s.name == f.path }) {
				continue
			}
			data, err := os.ReadFile(filepath.Join(root, f.path))
			if err != nil {
				t.Fatal(err)
			}
			if len(data) <= 256<<10 && allowed(data) {
				able = append(able, &stranger{name: f.path, in: data})
			}
		}
		if len(able) < perKind {
			t.Fatalf("%d files are %s and clean, want %d", len(able), kind, perKind)
		}
		for i := range perKind {
			chosen = append(chosen, able[i*len(able)/perKind])
			paths = append(paths, filepath.Join(root, chosen[len(chosen)-1].name))
		}
	}
	var unreadable []string
	askPyhanko(t, &unreadable, "readable.py", paths...)
	for i, f := range chosen {
		f.unreadable = unreadable[i]
	}
	return chosen
}

// allowed reports whether a file's author lets others add a signature field.
func allowed(data []byte) bool {
	f, err := pdf.Open(bytes.NewReader(data), pdf.Limits{})
	if err != nil {
		return false
	}
	p, err := f.Unlock(nil)
	return err == nil && p.AddFields()
}

// othersAccept asks qpdf, poppler and pyHanko about the files as they are at one
// level, with so many document time-stamps.
func othersAccept(t *testing.T, a *aging, files []*stranger, level func(*stranger) []byte, stamps int, long string) {
	t.Helper()
	var paths []string
	for _, f := range files {
		wholeFile(t, f.in, level(f))
		before, after := save(t, "in.pdf", f.in), save(t, "out.pdf", level(f))
		if diff := cmp.Diff(complaints(t, before), complaints(t, after)); diff != "" {
			t.Errorf("%s: qpdf --check (-in +out):\n%s", f.name, diff)
		}
		if diff := cmp.Diff(lines(t, before), lines(t, after)); diff != "" {
			t.Errorf("%s: other text (-in +out):\n%s", f.name, diff)
		}
		answer, err := run(t, "pdfsig", "-nocert", after)
		valid, total := strings.Count(answer, "Signature Validation: Signature is Valid."), strings.Count(answer, "- Total document signed")
		if err != nil || valid != 1 || total != 1 {
			t.Errorf("%s: pdfsig: %v, %d valid, %d total\n%s", f.name, err, valid, total, answer)
		}
		paths = append(paths, after)
	}
	for i, v := range judgeLongAs(t, a.PKI, testpki.Now, []string{"--lenient"}, paths...) {
		f := files[i]
		switch {
		case len(v) == 1 && v[0].Error != "" && f.unreadable != "":
			t.Logf("%s: pyHanko cannot judge it, nor read the input: %s", f.name, f.unreadable)
		case len(v) != 1 || !v[0].Bottom || v[0].Modification != "LTA_UPDATES" || len(v[0].Stamps) != stamps ||
			!v[0].Stamps[stamps-1] || long != "" && v[0].Long != long:
			t.Errorf("%s: pyHanko: %+v", f.name, v)
		}
	}
}

// lines is the text of a file without what pdftotext says of its syntax.
func lines(t *testing.T, file string) []string {
	t.Helper()
	return slices.DeleteFunc(strings.Split(text(t, file), "\n"), func(l string) bool { return strings.HasPrefix(l, "Syntax ") })
}
