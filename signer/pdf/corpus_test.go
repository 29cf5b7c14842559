package pdf

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// corpus returns the folder of PDF files with known verdicts, which is not part
// of the repository, or skips the test.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("LIENTHONG_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(filepath.Join(dir, "INDEX.tsv")); err != nil {
		t.Skipf("no corpus at %s: set LIENTHONG_CORPUS to run this test", dir)
	}
	return dir
}

// corpusFiles returns the paths under bucket with the expected verdict.
func corpusFiles(t *testing.T, dir, bucket, expected string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		cols := strings.Split(s.Text(), "\t")
		if len(cols) > 2 && strings.HasPrefix(cols[0], bucket+"/") && (expected == "" || cols[2] == expected) {
			paths = append(paths, filepath.Join(dir, cols[0]))
		}
	}
	return paths
}

// checkReferences panics where the references of an object are others than those in
// it: what a document refers to decides what counts as changed.
func checkReferences(v *View, n Node) {
	if n.Err != nil {
		return
	}
	var found, want []Ref
	eachRef(n.Object, func(r Ref) { want = append(want, r) })
	err := v.References(n.Ref, func(r Ref) { found = append(found, r) })
	if err != nil && !isLimit(err) || err == nil && !slices.Equal(found, want) {
		panic(fmt.Sprintf("references of %v: found %v, error %v, want %v", n.Ref, found, err, want))
	}
}

// readAll does with a file all that a validator does.
func readAll(src Source, lim Limits) (*File, int, error) {
	f, err := Open(src, lim)
	if err != nil {
		return nil, 0, err
	}
	if _, err := f.Unlock(nil); err != nil {
		return f, -1, nil
	}
	v := f.Latest()
	pages, err := v.Pages()
	if err != nil {
		return f, 0, err
	}
	if _, err := v.Signatures(); err != nil {
		return f, 0, err
	}
	if _, err := f.AllSignatures(); err != nil {
		return f, 0, err
	}
	for i := range f.Revisions() {
		if _, err := f.Strays(i + 1); err != nil {
			return f, 0, err
		}
	}
	err = v.Walk(func(n Node) error {
		Canonical(n.Object)
		checkReferences(v, n)
		if s, ok := n.Object.(*Stream); ok {
			if _, err := s.Span(v); isLimit(err) {
				return err
			}
		}
		return nil
	})
	return f, len(pages), err
}

func TestCorpusOpens(t *testing.T) {
	paths := corpusFiles(t, corpus(t), "plain", "SIGNABLE")
	opened := 0
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(path, filepath.Dir(filepath.Dir(path)))
		_, pages, err := readAll(bytes.NewReader(b), Limits{})
		if err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		opened++
		if want := qpdfPages(t, path); want > 0 && pages != want {
			t.Errorf("%s: found %d pages, qpdf finds %d", name, pages, want)
		}
	}
	t.Logf("%d of %d files open", opened, len(paths))
	if opened*100 < len(paths)*90 {
		t.Errorf("%d of %d files open, want 90 %% or more", opened, len(paths))
	}
}

func TestCorpusSigned(t *testing.T) {
	for _, bucket := range []string{"signed-valid", "signed-tampered", "signed-other"} {
		paths := corpusFiles(t, corpus(t), bucket, "")
		opened := 0
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			if _, _, err := readAll(bytes.NewReader(b), Limits{}); err != nil {
				t.Logf("%s: %v", filepath.Base(path), err)
			} else {
				opened++
			}
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("%s: took %v, want 2 s at most", filepath.Base(path), took)
			}
		}
		t.Logf("%s: %d of %d files open", bucket, opened, len(paths))
	}
}

func TestCorpusBombs(t *testing.T) {
	dir := corpus(t)
	paths, _ := filepath.Glob(filepath.Join(dir, "dos-bombs", "*.gz"))
	for _, path := range paths {
		b := gunzip(t, path)
		begin := time.Now()
		f, _, err := readAll(bytes.NewReader(b), Limits{})
		if err == nil {
			v := f.Latest()
			err = v.Walk(func(n Node) error {
				if s, ok := n.Object.(*Stream); ok {
					_, err := s.Decode(v)
					return err
				}
				return nil
			})
		}
		took := time.Since(begin)
		t.Logf("%s: %d bytes, %v: %v", filepath.Base(path), len(b), took, err)
		if took > 2*time.Second {
			t.Errorf("%s: took %v, want 2 s at most", filepath.Base(path), took)
		}
	}
}

func gunzip(t *testing.T, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Signatures that are known to be intact cover one revision each, whole.
func TestCorpusByteRanges(t *testing.T) {
	for _, path := range corpusFiles(t, corpus(t), "signed-valid", "ACCEPT") {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		f := open(t, b)
		sigs, err := f.AllSignatures()
		if err != nil || len(sigs) == 0 {
			t.Errorf("%s: found %d signatures, error %v", name, len(sigs), err)
		}
		for _, s := range sigs {
			r, err := ParseByteRange(s.ByteRange)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			end := r[2] + r[3]
			if rev := f.Revisions()[s.First-1]; !rev.EndsAt(end) {
				t.Errorf("%s: byte range %v, but revision %d ends at byte %d to %d", name, r, s.First, rev.Marker, rev.End)
			}
			if err := r.Check(s.Contents.Span, end); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Every file that opens takes a revision, and qpdf finds no fault in the
// result that it did not find in the file.
func TestCorpusUpdates(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	refused, signed := 0, 0
	for _, path := range corpusFiles(t, corpus(t), "plain", "SIGNABLE") {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(path, filepath.Dir(filepath.Dir(path)))
		f, pages, err := readAll(bytes.NewReader(b), Limits{})
		if err != nil || pages == 0 {
			continue
		}
		if _, err := NewUpdate(f); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p, err := f.Latest().Pages(); err != nil || p[0].Ref.IsZero() {
			refused++
			continue
		}
		fields, err := f.Latest().Fields()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, once := addSignature(t, b, "one")
		_, twice := addSignature(t, once, "two")
		signed++
		if f.Encrypted() {
			t.Logf("%s: encrypted, and signed twice", name)
		}
		g, again, err := readAll(bytes.NewReader(twice), Limits{})
		if err != nil || again != pages || len(g.Revisions()) != len(f.Revisions())+2 {
			t.Errorf("%s: reads back with error %v, %d pages for %d", name, err, again, pages)
			continue
		}
		if now, err := g.Latest().Fields(); err != nil || len(now) != len(fields)+2 {
			t.Errorf("%s: %d fields became %d, error %v", name, len(fields), len(now), err)
		}
		before := qpdfCheck(t, b)
		for line := range strings.Lines(qpdfCheck(t, twice)) {
			if !strings.Contains(before, line) {
				t.Errorf("%s: qpdf --check says what it does not say of the input: %s", name, line)
			}
		}
	}
	t.Logf("%d files signed twice, %d refused", signed, refused)
}

// Files that need a password are refused as such, and not opened by the empty one.
func TestCorpusPasswords(t *testing.T) {
	for _, path := range corpusFiles(t, corpus(t), "plain", "NEEDS-PASSWORD") {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := OpenRepaired(bytes.NewReader(b), Limits{})
		if err == nil {
			_, err = f.Unlock(nil)
		}
		if !errors.Is(err, ErrEncrypted) {
			t.Errorf("%s: found error %v, want ErrEncrypted", filepath.Base(path), err)
		}
	}
}
