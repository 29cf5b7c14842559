package pdf

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"lienthong/internal/testtool"
)

const samples = "../../testdata/samples"

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(samples, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t testing.TB, b []byte) *File {
	t.Helper()
	f, err := Open(bytes.NewReader(b), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestOpenSamples(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		kind       XRefKind
		linearized bool
		encrypted  bool
		err        error
	}{
		{name: "01-ward-report.pdf"},
		{name: "02-district-submission.pdf"},
		{name: "03-province-decision.pdf"},
		{name: "04-official-letter.pdf"},
		{name: "05-annex.pdf"},
		{name: "06-xref-stream.pdf", kind: XRefStream},
		{name: "07-linearized.pdf", linearized: true},
		{name: "08-ghostscript-pdfa.pdf"},
		{name: "09-scanned.pdf", linearized: true},
		{name: "10-encrypted.pdf", encrypted: true},
		{name: "11-truncated.pdf", err: ErrTruncated},
		{name: "12-not-a-pdf.pdf", err: ErrNotPDF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := sample(t, tt.name)
			f, err := Open(bytes.NewReader(b), Limits{})
			if !errors.Is(err, tt.err) {
				t.Fatalf("Open: found error %v, want %v", err, tt.err)
			}
			if err != nil {
				return
			}
			revs := f.Revisions()
			if len(revs) != 1 || revs[0].End != int64(len(b)) || revs[0].Kind != tt.kind {
				t.Errorf("found revisions %+v, want one %v that ends at byte %d", revs, tt.kind, len(b))
			}
			if f.Linearized() != tt.linearized || f.Encrypted() != tt.encrypted {
				t.Errorf("found linearized %v, encrypted %v", f.Linearized(), f.Encrypted())
			}
			pages, err := f.Latest().Pages()
			if err != nil {
				t.Fatal(err)
			}
			if want := qpdfPages(t, filepath.Join(samples, tt.name)); want >= 0 && len(pages) != want {
				t.Errorf("found %d pages, qpdf finds %d", len(pages), want)
			}
			strays, err := f.Strays(1)
			if err != nil || len(strays) != 0 {
				t.Errorf("found strays %+v, error %v, want none", strays, err)
			}
		})
	}
}

// qpdfPages returns how many pages qpdf finds, or -1 where it is not installed
// or cannot tell.
func qpdfPages(t testing.TB, path string) int {
	t.Helper()
	if !testtool.Has(t, "qpdf") {
		return -1
	}
	out, _ := exec.Command("qpdf", "--warning-exit-0", "--show-npages", path).Output()
	n, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		return -1
	}
	return n
}

// Wherever the window of the file ends within an object, the object is the same.
func TestWindowBoundaries(t *testing.T) {
	t.Parallel()
	const tail = `/A#42(x\)(\\)\053)/S<4 8>/B -1.50/T true/R[12 0 R 12 0 null]/ByteRange % c
<</L>>/Length 6 0 R>>stream
` + "\r\nabc\r\nendstream"
	var want, found string
	for pad := 3900; pad < 4150; pad++ {
		m := simple().object(5, "<</P("+strings.Repeat("x", pad)+")"+tail).object(6, "5")
		f := open(t, m.table("").Bytes())
		v := f.Latest()
		o, err := v.Object(Ref{5, 0})
		if err != nil {
			t.Fatalf("pad %d: %v", pad, err)
		}
		s, ok := o.(*Stream)
		if !ok {
			t.Fatalf("pad %d: found %T", pad, o)
		}
		raw, err := s.Decode(v)
		if err != nil {
			t.Fatalf("pad %d: %v", pad, err)
		}
		s.Dict.Delete("P")
		found = string(Canonical(s.Dict)) + string(raw)
		if want == "" {
			want = found
		}
		if found != want {
			t.Fatalf("pad %d: found %q, want %q", pad, found, want)
		}
		if strays, err := f.Strays(1); err != nil || len(strays) > 0 {
			t.Fatalf("pad %d: strays %+v, error %v", pad, strays, err)
		}
	}
	t.Log(want)
}
