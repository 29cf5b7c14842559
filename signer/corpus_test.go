package signer_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/signer"
)

// corpusAt is the clock of the files that were made for the corpus.
var corpusAt = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// corpusRoot finds the folder of PDFs with known verdicts, or skips the test.
func corpusRoot(t testing.TB) string {
	t.Helper()
	candidates := []string{os.Getenv("LIENTHONG_CORPUS")}
	if dir, err := os.Getwd(); err == nil {
		candidates = append(candidates, filepath.Join(dir, "..", "..", "shared", "corpus"))
	}
	for _, c := range candidates {
		if c == "" {
			continue
		}
		if _, err := os.Stat(filepath.Join(c, "INDEX.tsv")); err == nil {
			return c
		}
	}
	t.Skip("no corpus: neither LIENTHONG_CORPUS nor ../shared/corpus beside the checkout has an INDEX.tsv")
	return ""
}

type corpusFile struct{ path, expected, why string }

func corpusIndex(t testing.TB, root string) []corpusFile {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []corpusFile
	for _, row := range rows[1:] {
		if len(row) > 3 && strings.HasPrefix(row[0], "signed-") {
			out = append(out, corpusFile{row[0], row[2], row[3]})
		}
	}
	return out
}

// corpusOptions judges files of strangers by integrity, and those made for the
// corpus by its own PKI too.
func corpusOptions(t testing.TB, root string, synthetic bool) signer.Options {
	t.Helper()
	if !synthetic {
		return signer.Options{Policy: signer.IntegrityPolicy(), At: corpusAt}
	}
	trust, evidence := certs.NewTrust(), certs.NewEvidence()
	anchors, err := certs.LoadCertificates(filepath.Join(root, "pki", "root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	trust.AddAll(anchors...)
	for _, name := range []string{"root.crl", "inter.crl"} {
		lists, err := certs.LoadCRLs(filepath.Join(root, "pki", name))
		if err != nil {
			t.Fatal(err)
		}
		evidence.AddCRLs(certs.SourceFile, lists...)
	}
	return signer.Options{At: corpusAt, Trust: trust, Evidence: evidence}
}

type corpusResult struct {
	verdict signer.Verdict
	err     error
	report  *signer.Report
	took    time.Duration
}

func (r corpusResult) good() bool {
	return r.err == nil && (r.verdict == signer.VerdictValid || r.verdict == signer.VerdictIntact)
}

// timestampOnly: nobody signed, and what stands there is a sound time-stamp.
func (r corpusResult) timestampOnly() bool {
	if r.err != nil || r.verdict != signer.VerdictUnsigned || len(r.report.Timestamps) == 0 {
		return false
	}
	for _, s := range r.report.Timestamps {
		if s.Integrity != signer.IntegrityIntact || s.Changes == signer.ChangesContent {
			return false
		}
	}
	return true
}

// silent: passed without a word of warning.
func (r corpusResult) silent() bool { return r.good() && len(warnings(r.report)) == 0 }

func warnings(r *signer.Report) []string {
	var out []string
	add := func(where string, list []signer.Finding) {
		for _, f := range list {
			if f.Result != signer.Passed {
				out = append(out, where+f.Name+": "+f.Detail)
			}
		}
	}
	add("", r.Findings)
	for _, s := range r.Signatures {
		add(s.Field+" ", s.Findings)
	}
	for _, s := range r.Timestamps {
		add(s.Field+" ts ", s.Findings)
	}
	return out
}

func runCorpus(t testing.TB, root string, f corpusFile, opts signer.Options) corpusResult {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, f.path))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	report, err := signer.Validate(context.Background(), bytes.NewReader(data), opts)
	res := corpusResult{err: err, report: report, took: time.Since(start)}
	if report != nil {
		res.verdict = report.Verdict
		checkVietnamese(t, report)
	}
	return res
}

// TestCorpus judges every signed file with a known verdict.
func TestCorpus(t *testing.T) {
	root := corpusRoot(t)
	kept, accept, silent, warn, warnValid, caught, reject, slow := 0, 0, 0, 0, 0, 0, 0, 0
	for _, f := range corpusIndex(t, root) {
		synthetic := strings.Contains(f.path, "/synth/")
		res := runCorpus(t, root, f, corpusOptions(t, root, synthetic))
		if res.took > 2*time.Second {
			slow++
			t.Errorf("%s: took %v, want at most 2 s", f.path, res.took)
		}
		switch f.expected {
		case "ACCEPT":
			accept++
			if res.good() || res.timestampOnly() {
				kept++
			} else {
				t.Logf("not kept   %s: %s %v %s", f.path, res.verdict, res.err, first(res))
			}
		case "REJECT":
			reject++
			if res.good() {
				t.Errorf("%s: %s, want rejected: %s", f.path, res.verdict, f.why)
			} else {
				caught++
			}
		case "WARN":
			warn++
			if res.silent() {
				silent++
				t.Logf("silent     %s: %s", f.path, f.why)
			}
			if strings.HasPrefix(f.path, "signed-valid") && !res.good() {
				warnValid++
				t.Logf("valid+WARN %s: %s %v %s", f.path, res.verdict, res.err, first(res))
			}
		}
	}
	if kept*100 < accept*99 {
		t.Errorf("%d of %d sound files are kept, want 99 %%", kept, accept)
	}
	if silent > 0 {
		t.Errorf("%d of %d doubtful files pass in silence", silent, warn)
	}
	t.Logf("ACCEPT kept %d of %d; REJECT caught %d of %d; WARN silent %d of %d (valid ones refused %d); slower than 2 s %d",
		kept, accept, caught, reject, silent, warn, warnValid, slow)
}

func first(r corpusResult) string {
	if r.report == nil {
		return ""
	}
	for _, s := range r.report.Signatures {
		for _, f := range s.Findings {
			if f.Result == signer.Failed {
				return s.Field + " " + string(s.SubIndication) + " " + f.Name + ": " + f.Detail
			}
		}
	}
	return strings.Join(warnings(r.report), " | ")
}
