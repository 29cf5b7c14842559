// Package tests3 gives tests an S3 server of their own: versitygw, which keeps a bucket as
// a folder, and an object as a file, so that a test can damage one, or make it old. It ends
// with the test's process however that ends.
//
// tools/install.sh builds it. Where it is missing, tests skip and say so; with CI=true they
// fail.
package tests3

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"lienthong/internal/freeport"
)

// Bucket is the bucket that every server has.
const Bucket = "letters"

const program = "versitygw"

// A Server is a throw-away server that a test may kill.
type Server struct {
	address     string
	folder      string
	program     string
	credentials string
	keeper      *exec.Cmd
	stdin       io.Closer // held open: the server is killed when it closes, as it does with this process
}

// Start starts a server for one test. It ends when the test does.
func Start(t testing.TB) *Server {
	t.Helper()
	path, err := find()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is needed in CI: %v", program, err)
		}
		t.Skipf("%s is not installed (tools/install.sh): %v", program, err)
	}
	s := &Server{program: path, folder: t.TempDir()}
	for _, dir := range []string{"root", "meta"} {
		if err := os.MkdirAll(filepath.Join(s.folder, dir, Bucket), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.credentials = filepath.Join(s.folder, "credentials")
	if err := os.WriteFile(s.credentials, []byte("[default]\naws_access_key_id = lienthong\naws_secret_access_key = "+secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	s.Again(t)
	return s
}

const secret = "only-for-tests"

// find looks for the program on the PATH, and where tools/install.sh puts it.
func find() (string, error) {
	path, err := exec.LookPath(program)
	if err == nil {
		return path, nil
	}
	dir, werr := os.Getwd()
	if werr != nil {
		return "", werr
	}
	for ; filepath.Dir(dir) != dir; dir = filepath.Dir(dir) {
		at := filepath.Join(dir, ".tools", program, program)
		if _, err := os.Stat(at); err == nil {
			return at, nil
		}
	}
	return "", err
}

// keep runs a server until its input ends, and kills it then. $0 is the program.
const keep = `trap "" INT TERM HUP; "$0" "$@" </dev/null >/dev/null 2>&1 & p=$!; read x; kill -9 $p; wait $p`

// Again starts a server that was killed, at the same address and with all that it had.
func (s *Server) Again(t testing.TB) {
	t.Helper()
	for range 10 {
		if s.address == "" {
			var err error
			if s.address, err = freeport.Address(); err != nil {
				t.Fatal(err)
			}
		}
		s.keeper = exec.Command("/bin/sh", "-c", keep, s.program, "--port", s.address, "--keep-alive", "--quiet",
			"posix", "--sidecar", filepath.Join(s.folder, "meta"), filepath.Join(s.folder, "root"))
		s.keeper.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID=lienthong", "ROOT_SECRET_ACCESS_KEY="+secret)
		var err error
		if s.stdin, err = s.keeper.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		if err := s.keeper.Start(); err != nil {
			t.Fatal(err)
		}
		if s.up() {
			return
		}
		s.Kill() // somebody was faster to take the port
	}
	t.Fatalf("%s does not serve at %s", program, s.address)
}

// up waits until the server answers.
func (s *Server) up() bool {
	for range 100_000 {
		if c, err := net.Dial("tcp", s.address); err == nil {
			c.Close()
			return true
		}
	}
	return false
}

// Kill kills the server, in the middle of whatever it does.
func (s *Server) Kill() {
	if s.keeper == nil {
		return
	}
	_ = s.stdin.Close()
	_ = s.keeper.Wait() // the shell says how its child ended, which we have chosen
	s.keeper = nil
}

// Address is where the server serves, killed or not.
func (s *Server) Address() string { return s.address }

// Endpoint is its URL.
func (s *Server) Endpoint() string { return "http://" + s.address }

// Credentials is a file with a key that may do all.
func (s *Server) Credentials() string { return s.credentials }

// Path is the file in which an object is.
func (s *Server) Path(key string) string {
	return filepath.Join(s.folder, "root", Bucket, filepath.FromSlash(key))
}

// URL says where blobs are, as a store's URL does: below a prefix, and with a folder for
// those on their way in.
func (s *Server) URL(prefix, scratch string) string {
	return fmt.Sprintf("s3://%s/%s?%s", Bucket, prefix, url.Values{"endpoint": {s.Endpoint()}, "credentials": {s.credentials}, "scratch": {scratch}}.Encode())
}
