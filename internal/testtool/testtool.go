// Package testtool finds the programs of others that tests compare with.
//
// Where one is missing a test is skipped by name on a developer's machine, and fails where
// CI=true: there a comparison that was skipped would look like one that was passed. It
// installs nothing; that is tools/install.sh.
package testtool

import (
	"os"
	"os/exec"
	"testing"
)

// install is in which Debian package a program is that is not named like it.
var install = map[string]string{"pdfsig": "poppler-utils"}

// Find is where a program is. Without it the test ends: see [Missing].
func Find(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		Missing(t, hint(program))
	}
	return path
}

// Has reports whether a program is here, for tests that go on without it. Where CI=true it
// must be.
func Has(t testing.TB, program string) bool {
	t.Helper()
	_, err := exec.LookPath(program)
	if err != nil && inCI() {
		t.Fatal(hint(program))
	}
	return err == nil
}

// Missing skips a test that needs what is not here, and fails it where CI=true. why says
// what is missing, and how to get it.
func Missing(t testing.TB, why string) {
	t.Helper()
	if inCI() {
		t.Fatal(why)
	}
	t.Skip(why)
}

func hint(program string) string {
	of := install[program]
	if of == "" {
		of = program
	}
	return "no " + program + ": apt-get install " + of + ", or tools/install.sh"
}

func inCI() bool { return os.Getenv("CI") == "true" }
