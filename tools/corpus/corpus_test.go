package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lienthong/signer"
)

// What one file of each kind counts for.
func TestTally(t *testing.T) {
	t.Parallel()
	fault := func(names ...string) stage {
		s := stage{faults: map[string]string{}}
		for _, name := range names {
			s.faults[name] = "why"
		}
		return s
	}
	results := []*result{
		{name: "good", clean: true, stages: []stage{fault(), {told: true}}},
		{name: "refused", stages: []stage{{refused: errors.New("sign: no")}}},
		{name: "forbidden", stages: []stage{{refused: fmt.Errorf("%w: /P", signer.ErrNotAllowed)}}},
		{name: "only pyHanko, with its own too", stages: []stage{fault(ownFault), fault(ownFault)}},
		{name: "pyHanko alone and more", stages: []stage{fault(), fault(ownFault, "qpdf")}},
		{name: "good on top of a bad one", stages: []stage{fault("pdfsig"), fault()}},
		{name: "the second is refused", stages: []stage{fault(), {refused: errors.New("sign: no")}}},
		{name: "repaired", stages: []stage{{repair: "put aside"}, fault()}},
	}
	got := tally(results, func(r *result) bool { return true })
	want := count{files: 8, repaired: 1, forbidden: 1, signed: [2]int{6, 5}, good: [2]int{4, 2}, able: [2]int{5, 3}, told: [2]int{0, 1},
		faults: [2]map[string]int{{ownFault: 1, "pdfsig": 1}, {ownFault: 2, "qpdf": 1}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(count{})); diff != "" {
		t.Errorf("tally (-want +got):\n%s", diff)
	}
	if got := tally(results, func(r *result) bool { return r.clean }); got.files != 1 || got.good != [2]int{1, 1} {
		t.Errorf("the clean ones: %+v", got)
	}
}

// Each thing that a signature may not change has a row; what it may change passes.
func TestCompare(t *testing.T) {
	t.Parallel()
	const info = "Title: Báo cáo\nForm: none\nFile size: 10 bytes\nOptimized: yes\n"
	sound := func() *sight {
		return &sight{pages: 1, contents: []string{"4 0 R"}, fields: map[string]int{"a": 1}, encrypt: "{}", info: information(info),
			poppler: true, text: "Kính gửi", valid: 2, total: 1}
	}
	before := sound()
	before.valid, before.total = 1, 1
	for _, tt := range []struct {
		name   string
		change func(*sight)
		fault  string
	}{
		{name: "a signature", change: func(s *sight) { s.fields["b"] = 1 }},
		{name: "form, size, linearization", change: func(s *sight) {
			s.info = information("Title: Báo cáo\nForm: AcroForm\nFile size: 99 bytes\nOptimized: no\n")
		}},
		{name: "a warning", change: func(s *sight) { s.check.warnings = 1 }, fault: "qpdf"},
		{name: "an error", change: func(s *sight) { s.check.code = 2 }, fault: "qpdf"},
		{name: "an earlier signature broken", change: func(s *sight) { s.valid = 1 }, fault: "pdfsig"},
		{name: "not the total document", change: func(s *sight) { s.total = 0 }, fault: "pdfsig"},
		{name: "a page more", change: func(s *sight) { s.pages = 2 }, fault: "pages"},
		{name: "another page", change: func(s *sight) { s.contents = []string{"5 0 R"} }, fault: "pages"},
		{name: "a field lost", change: func(s *sight) { s.fields = map[string]int{"b": 1} }, fault: "fields"},
		{name: "a title lost", change: func(s *sight) { s.info = "" }, fault: "information"},
		{name: "encryption lost", change: func(s *sight) { s.encrypt = "" }, fault: "encryption"},
		{name: "text lost", change: func(s *sight) { s.text = "" }, fault: "text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			after, faults := sound(), map[string]string{}
			tt.change(after)
			compare(before, after, 1, faults)
			if _, found := faults[tt.fault]; tt.fault == "" && len(faults) > 0 || tt.fault != "" && (!found || len(faults) > 1) {
				t.Errorf("faults %q, want %q", faults, tt.fault)
			}
		})
	}
}

// The letters of this repository, of which two are no whole PDF files.
func TestSamples(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"qpdf", "pdfsig", "pdftotext", "pdfinfo", "python3"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	var out strings.Builder
	err := run(context.Background(), []string{"-faults", filepath.Join("..", "..", "testdata", "samples")}, &out, time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC))
	if err != nil {
		if os.Getenv("CI") != "true" && strings.Contains(err.Error(), "pyHanko") {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	for _, want := range []string{"10 (100.0 %)", "rest 11-truncated.pdf: signature 1 refused: sign: ", "rest 12-not-a-pdf.pdf: signature 1 refused: sign: "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("found no %q in\n%s", want, out.String())
		}
	}
}
