// Corpus signs the PDF files of a folder once, and once more on top of that, has
// other programs judge what came of it, and prints a table.
//
//	go run ./tools/corpus [-index INDEX.tsv] [-faults] [-keep OTHER] FOLDER
//	go run ./tools/corpus -validate FOLDER
//
// With -validate it judges the signed files of a folder that has an INDEX.tsv of known
// verdicts, and has pyHanko and pdfsig judge them too: docs/validation-corpus.md.
//
// A file is all good where it is signed, its bytes are the first of the output,
// qpdf --check finds no more in it than before, pdfsig says that the signature is
// valid and the total document signed, pyHanko that it is valid, and pages, text,
// form fields and their values, document information and encryption are what they
// were. Where pyHanko does not call even its own signatures in that file valid, that
// is counted apart. What the table says of lienthong's own files is docs/signing-corpus.md.
//
// It needs qpdf, poppler's pdfsig, pdftotext and pdfinfo, and a python3 with
// pyHanko (tools/install.sh gets them). It writes only to a folder of its own,
// which it removes, and to the one of -keep.
package main

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"lienthong/certs/dev"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, time.Now())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

type options struct {
	folder, index, expected, keep string
	faults, validate              bool
	jobs                          int
}

func run(ctx context.Context, args []string, out io.Writer, now time.Time) error {
	var o options
	fl := flag.NewFlagSet("corpus", flag.ContinueOnError)
	fl.StringVar(&o.index, "index", "", "tab-separated list of path and, third, what is expected: takes only those marked -expected")
	fl.StringVar(&o.expected, "expected", "SIGNABLE", "the mark of the files to take, with -index")
	fl.BoolVar(&o.faults, "faults", false, "list each file that is not all good, and why")
	fl.BoolVar(&o.validate, "validate", false, "compare verdicts on signed files, as Markdown; FOLDER holds INDEX.tsv and pki/")
	fl.StringVar(&o.keep, "keep", "", "folder for the signed files, and for the root certificate")
	fl.IntVar(&o.jobs, "jobs", 2, "files at a time")
	if err := fl.Parse(args); err != nil {
		return err
	}
	if fl.NArg() != 1 {
		return fmt.Errorf("found %d folders, want one", fl.NArg())
	}
	o.folder = fl.Arg(0)
	if o.validate {
		return compareVerdicts(ctx, o.folder, out)
	}
	files, err := o.files()
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "corpus-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	bench, err := newBench(ctx, temp, now, max(o.jobs, 1))
	if err != nil {
		return err
	}
	bench.keep = o.keep
	defer bench.close()
	return table(out, bench.judgeAll(ctx, o.folder, files), o.faults)
}

// files lists the PDF files to sign, relative to the folder.
func (o options) files() ([]string, error) {
	marked, err := o.marked()
	if err != nil {
		return nil, err
	}
	var files []string
	err = filepath.WalkDir(o.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.EqualFold(filepath.Ext(path), ".pdf") {
			return err
		}
		if full, err := filepath.Abs(path); err != nil || marked != nil && !marked[full] {
			return err
		}
		name, err := filepath.Rel(o.folder, path)
		files = append(files, name)
		return err
	})
	return files, err
}

// marked is the set of files, by absolute path, that the index marks; nil for all.
func (o options) marked() (map[string]bool, error) {
	if o.index == "" {
		return nil, nil
	}
	f, err := os.Open(o.index)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.index, err)
	}
	base, err := filepath.Abs(filepath.Dir(o.index))
	if err != nil {
		return nil, err
	}
	marked := make(map[string]bool, len(rows))
	for _, row := range rows {
		if len(row) > 2 && row[2] == o.expected {
			marked[filepath.Join(base, filepath.FromSlash(row[0]))] = true
		}
	}
	return marked, nil
}

// A bench has what it takes to sign a file and to judge it.
type bench struct {
	temp   string
	keep   string // folder for what is signed; none if empty
	now    time.Time
	signer *dev.Issued
	jobs   int
	judges chan *pyhanko // as many as files at a time
}

func newBench(ctx context.Context, temp string, now time.Time, jobs int) (*bench, error) {
	for _, program := range []string{"sh", "qpdf", "pdfinfo", "pdftotext", "pdfsig"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%w: tools/install.sh gets it", err)
		}
	}
	pki, err := dev.Create(filepath.Join(temp, "pki"), dev.Options{Now: func() time.Time { return now }})
	if err != nil {
		return nil, err
	}
	issued, err := pki.Issue(dev.Request{Kind: dev.Person, ID: "corpus", Name: "Nguyễn Trọng Nghĩa", Key: dev.P256})
	if err != nil {
		return nil, err
	}
	b := &bench{temp: temp, now: now, signer: issued, jobs: jobs, judges: make(chan *pyhanko, jobs)}
	for range jobs {
		p, err := newPyhanko(ctx, temp, filepath.Join(temp, "pki", "root.pem"), issued.KeyFile, now)
		if err != nil {
			b.close()
			return nil, err
		}
		b.judges <- p
	}
	return b, nil
}

func (b *bench) close() {
	close(b.judges)
	for p := range b.judges {
		p.close()
	}
}

// judgeAll returns a result for each file, in their order.
func (b *bench) judgeAll(ctx context.Context, folder string, files []string) []*result {
	results := make([]*result, len(files))
	next := make(chan int)
	var wg sync.WaitGroup
	for range b.jobs {
		wg.Go(func() {
			for i := range next {
				results[i] = b.judgeFile(ctx, folder, files[i])
			}
		})
	}
	for i := range files {
		next <- i
	}
	close(next)
	wg.Wait()
	return results
}
