package signer_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
)

// howToGet says where a program comes from that judges what we sign.
var howToGet = map[string]string{
	"certutil":  "apt-get install libnss3-tools",
	"pdfsig":    "apt-get install poppler-utils",
	"pdftotext": "apt-get install poppler-utils",
	"pdftoppm":  "apt-get install poppler-utils",
	"qpdf":      "apt-get install qpdf",
	"openssl":   "apt-get install openssl",
	"verapdf":   "tools/install.sh, and .tools/verapdf on the PATH",
	"pyhanko":   "pip install pyhanko pyhanko-cli",
	"python3":   "apt-get install python3; pip install pyhanko",
}

// run runs a program that others made and returns what it prints. Where it is
// missing the test is skipped, but for a machine that must have it.
func run(t testing.TB, program string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no %s: %s", program, howToGet[program])
		}
		t.Skipf("no %s: %s", program, howToGet[program])
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
	if program == "pdfsig" { // without the user's trust store
		cmd.Env = append(cmd.Env, "HOME="+t.TempDir())
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// sample reads a letter of the repository's testdata.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "samples", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sign signs data, and fails the test where it cannot.
func sign(t testing.TB, data []byte, key keys.Key, opts signer.SignOptions) ([]byte, *signer.Signed) {
	t.Helper()
	if opts.At.IsZero() {
		opts.At = testpki.Now
	}
	var out bytes.Buffer
	signed, err := signer.Sign(context.Background(), bytes.NewReader(data), key, opts, &out)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), signed
}

// save writes data to a file of the test's own.
func save(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// text returns what pdftotext reads.
func text(t testing.TB, file string) string {
	t.Helper()
	out, err := run(t, "pdftotext", file, "-")
	if err != nil {
		t.Fatalf("pdftotext %s: %v\n%s", file, err, out)
	}
	return out
}

// complaints returns what qpdf finds wrong in a file, a line each.
func complaints(t testing.TB, file string) []string {
	t.Helper()
	out, _ := run(t, "qpdf", "--check", file)
	var list []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, "WARNING") || strings.Contains(line, "ERROR") {
			list = append(list, strings.ReplaceAll(line, file, "FILE"))
		}
	}
	return list
}

func pageCount(t testing.TB, file string) string {
	t.Helper()
	out, err := run(t, "qpdf", "--show-npages", file)
	if err != nil && len(complaints(t, file)) == 0 {
		t.Fatalf("qpdf --show-npages: %v\n%s", err, out)
	}
	for line := range strings.Lines(out) { // among warnings
		if _, err := strconv.Atoi(strings.TrimSpace(line)); err == nil {
			return strings.TrimSpace(line)
		}
	}
	return "no"
}

// A verdict is what pyHanko says of one signature.
type verdict struct {
	Field, Coverage, Modification           string
	Intact, Valid, Trusted, Bottom          bool
	Stamped                                 bool
	Name, Reason, Location, Contact, Signed string
}

// judge asks pyHanko about every signature of a file, with one trust anchor.
func judge(t testing.TB, pki *testpki.PKI, file string) []verdict {
	t.Helper()
	root := save(t, "root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pki.Root.Certificate.Raw}))
	var verdicts []verdict
	askPyhanko(t, &verdicts, "judge.py", root, testpki.Now.Format("2006-01-02T15:04:05Z07:00"), file)
	return verdicts
}
