package powercut

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/internal/durable"
	"lienthong/internal/testtool"
)

// The child process writes letters into this folder, and leaves out that sync.
const (
	childDir  = "LIENTHONG_POWERCUT_DIR"
	childOmit = "LIENTHONG_POWERCUT_OMIT"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		durable.Omit(durable.Point(os.Getenv(childOmit)))
		child(dir)
		return
	}
	os.Exit(m.Run())
}

const letters = 30

func content(i int) string { return strings.Repeat(fmt.Sprintf("thư số %d ", i), 500) }

// child writes letters by four threads into a folder that it makes, replaces the
// first one again and again, and prints the name of each letter that is durable.
func child(dir string) {
	in := filepath.Join(dir, "thư đến")
	if err := durable.MkdirAll(in, 0o700); err != nil {
		panic(err)
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < letters; i += 4 {
				if err := durable.WriteFile(filepath.Join(in, fmt.Sprint(i)), []byte(content(i)), 0o600); err != nil {
					panic(err)
				}
				fmt.Println(i)
			}
		})
	}
	wg.Wait()
	if err := durable.Remove(filepath.Join(dir, "before")); err != nil {
		panic(err)
	}
}

// An answer is a letter that the child has called durable, as its client saw it.
type answer struct {
	letter string
	at     time.Time
}

func record(t *testing.T, omit durable.Point) (*Trace, []answer) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "before"), []byte("was here"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childOmit+"="+string(omit))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	rec, err := Start(cmd, dir)
	if errors.Is(err, ErrUnavailable) {
		testtool.Missing(t, err.Error()+": apt-get install strace, or tools/install.sh")
	}
	if err != nil {
		t.Fatal(err)
	}
	var answers []answer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		answers = append(answers, answer{lines.Text(), time.Now()})
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	trace, err := rec.Trace()
	if err != nil {
		t.Fatal(err)
	}
	if len(answers) != letters {
		t.Fatalf("%d answers, want %d", len(answers), letters)
	}
	return trace, answers
}

// lost counts the letters that were answered for before a cut, and are not whole
// in the folder that it left.
func lost(t *testing.T, dir string, answers []answer) (n int) {
	t.Helper()
	for _, a := range answers {
		var i int
		fmt.Sscan(a.letter, &i)
		got, err := os.ReadFile(filepath.Join(dir, "thư đến", a.letter))
		if err != nil || string(got) != content(i) {
			n++
		}
	}
	return n
}

func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	trace, answers := record(t, "")
	chance := rand.New(rand.NewPCG(1, 2))
	for i, a := range answers {
		cut := trace.At(a.at)
		for name, rebuild := range map[string]func(string) error{
			"lost": func(dir string) error { return trace.Rebuild(dir, cut) },
			"torn": func(dir string) error { return trace.RebuildTorn(dir, cut, chance) },
		} {
			dir := filepath.Join(t.TempDir(), name)
			if err := rebuild(dir); err != nil {
				t.Fatal(err)
			}
			if n := lost(t, dir, answers[:i+1]); n > 0 {
				t.Errorf("%s at answer %d: %d of %d letters", name, i, n, i+1)
			}
		}
	}
}

// Each sync matters: without it, letters that were answered for are lost.
func TestMissingSyncIsNoticed(t *testing.T) {
	t.Parallel()
	for _, omit := range []durable.Point{durable.Content, durable.Folder} {
		t.Run(string(omit), func(t *testing.T) {
			t.Parallel()
			trace, answers := record(t, omit)
			dir := filepath.Join(t.TempDir(), "cut")
			if err := trace.Rebuild(dir, trace.Last()); err != nil {
				t.Fatal(err)
			}
			if n := lost(t, dir, answers); n != letters {
				t.Errorf("%d letters of %d were lost without the sync of %s, want all", n, letters, omit)
			}
		})
	}
}

func TestFirstAndLastCut(t *testing.T) {
	t.Parallel()
	trace, answers := record(t, "")
	if trace.At(answers[0].at.Add(-time.Hour)) != trace.First() || trace.At(time.Now()) != trace.Last() {
		t.Errorf("cuts %d to %d, an hour before %d, now %d", trace.First(), trace.Last(),
			trace.At(answers[0].at.Add(-time.Hour)), trace.At(time.Now()))
	}
	for _, tt := range []struct {
		cut  int
		want []string
	}{{trace.First(), []string{"before"}}, {trace.Last(), []string{"thư đến"}}} {
		dir := filepath.Join(t.TempDir(), "cut")
		if err := trace.Rebuild(dir, tt.cut); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, e.Name())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("cut %d leaves %q, want %q", tt.cut, got, tt.want)
		}
	}
	for _, cut := range []int{trace.First() - 1, trace.Last() + 1} {
		if err := trace.Rebuild(t.TempDir(), cut); err == nil {
			t.Errorf("rebuilt at cut %d", cut)
		}
	}
}
