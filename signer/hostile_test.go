package signer_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/internal/measure"
	"lienthong/internal/testpdf"
	"lienthong/internal/testpki"
	"lienthong/signer"
)

// Each hostile file is validated, and signed or refused, within 2 s and 256 MiB.
// Every act has a process of its own, so that what it takes can be measured: in
// time of a processor, since others may be at work on the machine.
func TestHostile(t *testing.T) {
	if path := os.Getenv("SIGNER_HOSTILE_FILE"); path != "" {
		answer(t, path)
		return
	}
	if testing.Short() || measure.Race {
		t.Skip("takes half a minute")
	}
	if _, err := measure.Peak(); err != nil {
		t.Skip(err)
	}
	for _, name := range slices.Sorted(maps.Keys(testpdf.Hostile)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir() + "/x.pdf"
			if err := os.WriteFile(path, testpdf.Hostile[name](), 0o600); err != nil {
				t.Fatal(err)
			}
			inChild(t, path, "validate")
			inChild(t, path, "sign")
		})
	}
}

// inChild has a process of its own validate or sign a file, and returns what came of
// it.
func inChild(t *testing.T, path, act string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHostile$", "-test.v")
	cmd.Env = append(os.Environ(), "SIGNER_HOSTILE_FILE="+path, "SIGNER_HOSTILE_ACT="+act)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, said, _ := strings.Cut(string(out), "answered: ")
	said, _, _ = strings.Cut(said, "\n")
	var took time.Duration
	var peak int
	if _, err := fmt.Sscanf(said, "%d ns, %d MiB", &took, &peak); err != nil {
		t.Fatalf("no answer: %s", out)
	}
	t.Logf("%s took %v, %s", act, took.Round(time.Millisecond), said)
	if took > 2*time.Second || peak > 256 {
		t.Errorf("%s took %v and %d MiB, want at most 2 s and 256 MiB", act, took, peak)
	}
	_, said, _ = strings.Cut(said, "; ")
	return said
}

// answer does one act on a file, and says what came of it and what it took beside
// the making of a key.
func answer(t *testing.T, path string) {
	w := newWorld(t)
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	src := io.NewSectionReader(file, 0, info.Size())
	before := measure.Processor()
	var said string
	if os.Getenv("SIGNER_HOSTILE_ACT") == "sign" {
		_, err = signer.Sign(context.Background(), src, w.person.Key(), signer.SignOptions{At: testpki.Now, Repair: true}, io.Discard)
	} else {
		var r *signer.Report
		if r, err = signer.Validate(context.Background(), src, w.options()); err == nil {
			said = string(r.Verdict)
		}
	}
	took := measure.Processor() - before
	peak, e := measure.Peak()
	if e != nil {
		t.Fatal(e)
	}
	fmt.Printf("answered: %d ns, %d MiB; %s %.200v\n", took, peak>>20, said, err)
}
