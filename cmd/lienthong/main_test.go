package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"lienthong/internal/durable"
)

// The test binary is the command, so that scripts and the demo run what is tested.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lienthong": func() {
		if p := os.Getenv(testOmit); p != "" {
			durable.Omit(durable.Point(p))
		}
		main()
	}})
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
		Setup: func(e *testscript.Env) error {
			e.Setenv("SAMPLES", samples)
			e.Setenv("STORE", filepath.Join(filepath.Dir(samples), "store-v1"))
			e.Setenv("LANG", "C")
			for _, name := range []string{"ADDRESS", "ADDRESS2", "TSA"} {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					return err
				}
				e.Setenv(name, l.Addr().String())
				if err := l.Close(); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"subst": subst, "await": await, "flip": flip, "absent": absent, "grow": grow, "awaitmatch": awaitMatch, "firstname": firstName,
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
