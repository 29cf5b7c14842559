package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lienthong/certs"
	"lienthong/signer"
)

//go:embed validate.py
var validateScript []byte

// corpusTime is the clock of the files that were made for the corpus.
var corpusTime = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// A judged file is what three programs say of it.
type judgedFile struct {
	name, expected, why string
	synthetic           bool

	verdict string // ours, or "unreadable"
	good    bool   // valid, intact, or nothing but sound time-stamps
	warned  bool   // something is not passed
	finding string // the first that decided, or else warned: name and clause
	detail  string
	stamps  int // of the document

	pyhanko string // why not; empty: it finds nothing wrong
	pdfsig  string // the same
	total   bool   // pdfsig: the last signature covers the whole file
}

// compareVerdicts judges the signed files of a corpus, and prints the comparison.
func compareVerdicts(ctx context.Context, folder string, out io.Writer) error {
	files, err := signedFiles(folder)
	if err != nil {
		return err
	}
	trusting, err := corpusTrust(folder)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "corpus-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	pki := filepath.Join(folder, "pki")
	p, err := startPyhanko(ctx, filepath.Join(temp, "validate.py"), validateScript, filepath.Join(pki, "root.pem"), corpusTime.Format(time.RFC3339),
		filepath.Join(pki, "root.crl"), filepath.Join(pki, "inter.crl"))
	if err != nil {
		return err
	}
	defer p.close()
	for _, f := range files {
		if err := f.judge(ctx, folder, trusting, p); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return verdictTables(out, files)
}

// signedFiles are the rows of the index about signed files.
func signedFiles(folder string) ([]*judgedFile, error) {
	data, err := os.ReadFile(filepath.Join(folder, "INDEX.tsv"))
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	var files []*judgedFile
	for _, row := range rows {
		if len(row) > 3 && strings.HasPrefix(row[0], "signed-") {
			files = append(files, &judgedFile{name: row[0], expected: row[2], why: row[3], synthetic: strings.Contains(row[0], "/synth/")})
		}
	}
	return files, nil
}

// corpusTrust is how the files are judged that were made for the corpus.
func corpusTrust(folder string) (signer.Options, error) {
	trust, evidence := certs.NewTrust(), certs.NewEvidence()
	anchors, err := certs.LoadCertificates(filepath.Join(folder, "pki", "root.pem"))
	if err != nil {
		return signer.Options{}, err
	}
	trust.AddAll(anchors...)
	for _, name := range []string{"root.crl", "inter.crl"} {
		lists, err := certs.LoadCRLs(filepath.Join(folder, "pki", name))
		if err != nil {
			return signer.Options{}, err
		}
		evidence.AddCRLs(certs.SourceFile, lists...)
	}
	return signer.Options{At: corpusTime, Trust: trust, Evidence: evidence}, nil
}

func (f *judgedFile) judge(ctx context.Context, folder string, trusting signer.Options, p *pyhanko) error {
	path := filepath.Join(folder, f.name)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	opts := trusting
	if !f.synthetic {
		opts = signer.Options{Policy: signer.IntegrityPolicy(), At: corpusTime}
	}
	if report, err := signer.Validate(ctx, bytes.NewReader(data), opts); err != nil {
		f.verdict, f.detail = "unreadable", short(err.Error())
		f.finding = "the file cannot be read"
	} else {
		f.take(report)
	}
	f.pyhanko = p.answer(map[string]any{"path": path, "trust": f.synthetic}).Why
	says, _, _ := ask(ctx, "pdfsig", "-nocert", path)
	all := strings.Count(says, "- Signature Validation:")
	switch valid := strings.Count(says, "- Signature Validation: Signature is Valid."); {
	case all == 0:
		f.pdfsig = "no signature"
	case all-valid > 0 && all-valid <= f.stamps:
		f.pdfsig = "document time-stamps, which it does not judge"
	case valid < all:
		f.pdfsig = fmt.Sprintf("%d of %d not valid", all-valid, all)
	}
	f.total = strings.Contains(says, "- Total document signed")
	return nil
}

// take reads a report: its verdict, and the finding that explains it best.
func (f *judgedFile) take(r *signer.Report) {
	f.verdict = string(r.Verdict)
	f.good = r.Verdict == signer.VerdictValid || r.Verdict == signer.VerdictIntact
	if r.Verdict == signer.VerdictUnsigned && len(r.Timestamps) > 0 {
		f.good = true
		for _, s := range r.Timestamps {
			f.good = f.good && s.Integrity == signer.IntegrityIntact && s.Changes != signer.ChangesContent
		}
	}
	for _, s := range r.Timestamps {
		if s.TimeSource == signer.TimeDocumentTimestamp {
			f.stamps++
		}
	}
	worst := signer.Passed
	look := func(list []signer.Finding) {
		for _, x := range list {
			if x.Result == signer.Passed {
				continue
			}
			f.warned = true
			if worst == signer.Passed || worst == signer.Warning && x.Result == signer.Failed {
				worst, f.finding, f.detail = x.Result, x.Name+" ("+x.Clause+")", short(x.Detail)
			}
		}
	}
	for _, s := range r.Signatures {
		look(s.Findings)
	}
	for _, s := range r.Timestamps {
		look(s.Findings)
	}
	look(r.Findings)
}
