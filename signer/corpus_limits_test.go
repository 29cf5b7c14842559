//go:build unix

package signer_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"lienthong/signer"
)

// What a hostile file may cost (DESIGN.md 13): time of the processor, and memory of
// the process that judges it.
const (
	hostileTime   = 2 * time.Second
	hostileMemory = 256 << 20
)

// TestCorpusHostile judges each file that was made to exhaust its reader in a process
// of its own, which the limits are of.
func TestCorpusHostile(t *testing.T) {
	root := corpusRoot(t)
	if name := os.Getenv("LIENTHONG_HOSTILE"); name != "" {
		judgeHostile(t, name)
		return
	}
	var files []string
	for _, f := range corpusIndex(t, root) {
		if f.expected == "NO-CRASH" {
			files = append(files, filepath.Join(root, f.path))
		}
	}
	bombs, err := filepath.Glob(filepath.Join(root, "dos-bombs", "*.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if files = append(files, bombs...); len(files) == 0 {
		t.Fatal("no hostile files")
	}
	for _, name := range files {
		cmd := exec.Command(os.Args[0], "-test.run=^TestCorpusHostile$", "-test.v")
		cmd.Env = append(os.Environ(), "LIENTHONG_HOSTILE="+name)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", filepath.Base(name), err, out)
			continue
		}
		cost, memory := cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime(), peak(cmd.ProcessState)
		_, says, _ := strings.Cut(string(out), "says ")
		says, _, _ = strings.Cut(says, "\n")
		t.Logf("%s: %v, %d MiB: %s", filepath.Base(name), cost.Round(time.Millisecond), memory>>20, says)
		if cost > hostileTime || memory > hostileMemory {
			t.Errorf("%s: %v and %d MiB, want at most %v and %d MiB", filepath.Base(name), cost, memory>>20, hostileTime, hostileMemory>>20)
		}
		if says == "" || strings.HasPrefix(says, "valid") || strings.HasPrefix(says, "intact") {
			t.Errorf("%s: %q, want no such verdict", filepath.Base(name), says)
		}
	}
}

// judgeHostile is the process that is measured. It prints the verdict.
func judgeHostile(t *testing.T, name string) {
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(name) == ".gz" {
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if data, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	r, err := signer.Validate(context.Background(), bytes.NewReader(data), signer.Options{Policy: signer.IntegrityPolicy(), At: corpusAt})
	if err != nil {
		fmt.Println("says unreadable:", err)
		return
	}
	fmt.Println("says", r.Verdict)
}

// peak is the most memory that an ended process had, in bytes.
func peak(s *os.ProcessState) int64 {
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) << 10
}
