package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"lienthong/internal/durable"
	"lienthong/internal/freeport"
)

// The test binary is the command, so that scripts and the demo run what is tested.
func TestMain(m *testing.M) {
	scriptCommands["lienthong"] = func() {
		judgeValidator = endsProcess
		if p := os.Getenv(testOmit); p != "" {
			durable.Omit(durable.Point(p))
		}
		main()
	}
	testscript.Main(m, scriptCommands)
}

// scriptCommands are what scripts may run of this binary; tests of what not every
// build has add theirs.
var scriptCommands = map[string]func(){}

// softhsmModule finds the library of SoftHSM, or says why it is not there.
var softhsmModule = func() (string, error) { return "", errNoTokens }

var errNoTokens = errors.New("built without cgo, so without tokens")

// softhsm is the condition of scripts that need SoftHSM. Where CI is set it must be there.
func softhsm() (bool, error) {
	_, err := softhsmModule()
	if err != nil && !errors.Is(err, errNoTokens) && os.Getenv("CI") == "true" {
		return false, err
	}
	return err == nil, nil
}

// One scenario a file: testdata/*.txtar.
func TestScripts(t *testing.T) {
	t.Parallel()
	samples, err := filepath.Abs("../../testdata/samples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Condition: func(cond string) (bool, error) {
			if cond == "softhsm" {
				return softhsm()
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Setup: func(e *testscript.Env) error {
			if module, err := softhsmModule(); err == nil {
				e.Setenv("SOFTHSM", module)
			}
			e.Setenv("SAMPLES", samples)
			e.Setenv("STORE", filepath.Join(filepath.Dir(samples), "store-v1"))
			e.Setenv("LANG", "C")
			e.Values[gates{}] = map[string]*gateway{}
			for _, name := range []string{"ADDRESS", "ADDRESS2", "TSA", "ADMIN", "GATE", "GATE2"} {
				address, err := freeport.Address()
				if err != nil {
					return err
				}
				e.Setenv(name, address)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"subst": subst, "await": await, "flip": flip, "absent": absent, "grow": grow, "awaitmatch": awaitMatch, "firstname": firstName, "firstword": firstWord,
			"copies": copies, "workingdays": workingDays, "awaitcount": awaitCount, "awaitfile": awaitFile, "same": same, "gate": gate, "terminate": terminate, "hangup": hangup,
		},
	})
}

// subst FILE… puts the script's variables into files: $TSA, $ADDRESS, $WORK.
func subst(ts *testscript.TestScript, neg bool, files []string) {
	for _, file := range files {
		text := os.Expand(ts.ReadFile(file), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o644))
	}
}

// await ADDRESS waits until something listens there.
func await(ts *testscript.TestScript, neg bool, args []string) {
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		c, err := net.DialTimeout("tcp", args[0], time.Second)
		if err == nil {
			c.Close()
			return
		}
		time.Sleep(20 * time.Millisecond) // a port can only be asked
	}
	ts.Fatalf("nothing listens on %s", args[0])
}

// flip FILE TEXT changes one byte behind the first occurrence of a text.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	data := []byte(ts.ReadFile(args[0]))
	at := strings.Index(string(data), args[1])
	if at < 0 {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	data[at+len(args[1])] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o644))
}

// absent DIR NAME… checks that neither the file nor the beginnings of one are there.
func absent(ts *testscript.TestScript, neg bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, e := range entries {
		for _, name := range args[1:] {
			if strings.Contains(e.Name(), name) {
				ts.Fatalf("%s was left behind", e.Name())
			}
		}
	}
}

// copies FILE DIR N makes N copies of a file, 001.pdf and so on.
func copies(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	ts.Check(os.MkdirAll(ts.MkAbs(args[1]), 0o755))
	for i := range n {
		ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[1]), fmt.Sprintf("%03d.pdf", i+1)), []byte(ts.ReadFile(args[0])), 0o644))
	}
}

// awaitFile FILE waits until a file is there.
func awaitFile(ts *testscript.TestScript, neg bool, args []string) {
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		time.Sleep(time.Millisecond) // another process makes it
	}
	ts.Fatalf("%s never came", args[0])
}

// same N DIR DIR… counts the files in folders, which must be N together.
func same(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	for _, dir := range args[1:] {
		entries, err := os.ReadDir(ts.MkAbs(dir))
		ts.Check(err)
		got += len(entries)
	}
	if got != want {
		ts.Fatalf("%d files in %v, want %d", got, args[1:], want)
	}
}

// grow FILE SIZE makes a file of that many bytes, sparse where the disk can.
func grow(ts *testscript.TestScript, neg bool, args []string) {
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	ts.Check(f.Truncate(size))
}

// awaitMatch TEXT COMMAND… runs a command until what it prints holds the text.
func awaitMatch(ts *testscript.TestScript, neg bool, args []string) {
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if ts.Exec(args[1], args[2:]...) == nil && strings.Contains(ts.ReadFile("stdout"), args[0]) {
			return
		}
		time.Sleep(50 * time.Millisecond) // another process can only be asked
	}
	ts.Fatalf("%v never printed %q", args[1:], args[0])
}

// firstName COLLECTION sets NAME to the first name of a thing in what was printed.
func firstName(ts *testscript.TestScript, neg bool, args []string) {
	for _, field := range strings.Fields(ts.ReadFile("stdout")) {
		if strings.Contains(field, "/"+args[0]+"/") {
			ts.Setenv("NAME", field)
			return
		}
	}
	ts.Fatalf("no name of %s was printed", args[0])
}

// firstWord VARIABLE keeps the first word that was printed.
func firstWord(ts *testscript.TestScript, neg bool, args []string) {
	words := strings.Fields(ts.ReadFile("stdout"))
	if len(words) == 0 {
		ts.Fatalf("nothing was printed")
	}
	ts.Setenv(args[0], words[0])
}
