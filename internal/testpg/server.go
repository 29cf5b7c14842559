package testpg

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A Server is a throw-away server that a test may kill.
type Server struct {
	url    string
	folder string
	bin    string
	as     []string // what runs a program as a user that may run a server
	keeper *exec.Cmd
	stdin  io.Closer // held open: the server stops when it closes, as it does with this process
}

// Start starts a server for one test. It stops when the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := Run()
	if err != nil {
		Missing(t, err)
	}
	t.Cleanup(s.Close)
	return s
}

// Schema is the URL of a schema that belongs to name alone.
func (s *Server) Schema(t testing.TB, name string) string {
	t.Helper()
	return schema(t, s.url, name)
}

// keep waits until its input ends, and stops the server then. $0 is the folder of the
// programs, $1 that of the data.
const keep = `trap "" INT TERM HUP; read x; "$0/pg_ctl" -D "$1/data" -m immediate stop >/dev/null 2>&1; rm -rf "$1"`

// Run starts a server for a program, which closes it, or ends.
func Run() (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin}
	if s.folder, err = os.MkdirTemp("", "lienthong-pg"); err != nil {
		return nil, err
	}
	s.url = (&url.URL{Scheme: "postgres", User: url.User("lienthong"), Path: "/postgres",
		RawQuery: url.Values{"host": {s.folder}}.Encode()}).String()
	if err := s.init(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.folder))
	}
	line := []string{"/bin/sh", "-c", keep, bin, s.folder}
	if setsid, err := exec.LookPath("setsid"); err == nil {
		line = append([]string{setsid}, line...) // so that it outlives what ends this process and its group
	}
	s.keeper = s.command(line[0], line[1:]...)
	if s.stdin, err = s.keeper.StdinPipe(); err != nil {
		return nil, err
	}
	return s, s.keeper.Start()
}

// init makes a cluster and starts it. Its language is Vietnamese, whose order of words
// is not that of bytes.
func (s *Server) init() error {
	if err := s.drop(); err != nil {
		return err
	}
	data := filepath.Join(s.folder, "data")
	if err := s.do("initdb", "-D", data, "-U", "lienthong", "-A", "trust", "-E", "UTF8", "--no-sync",
		"--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=vi"); err != nil {
		return err
	}
	return s.run()
}

func (s *Server) run() error {
	return s.do("pg_ctl", "-D", filepath.Join(s.folder, "data"), "-l", filepath.Join(s.folder, "log"), "-w",
		"-o", fmt.Sprintf("-k %s -c listen_addresses= -c max_connections=200", s.folder), "start")
}

// drop finds a user that may run the server, where this process is root.
func (s *Server) drop() error {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2, os.Chown(s.folder, uid, gid)); err != nil {
			return err
		}
		s.as = []string{"setpriv", "--reuid=" + u.Uid, "--regid=" + u.Gid, "--clear-groups"}
		return nil
	}
	return errors.New("root may not run a server, and there is neither a user postgres nor nobody")
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	line := append(append(append([]string{}, s.as...), name), args...)
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = s.folder
	return cmd
}

// do runs one of the server's programs. Its output goes to a file and not to a pipe,
// which the server would hold open.
func (s *Server) do(name string, args ...string) error {
	log, err := os.CreateTemp("", "lienthong-pg-log")
	if err != nil {
		return err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	cmd := s.command(filepath.Join(s.bin, name), args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(said))
	}
	return nil
}

// Kill kills the server's first process with SIGKILL: those that it has started see
// that and end, in the middle of whatever they do.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.folder, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
}

// Restart starts a server that was killed. It is refused as long as a process of the
// old one lives.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.Again(); err != nil {
		t.Fatal(err)
	}
}

// programs finds the folder of the newest server that is installed.
func programs() (string, error) {
	all, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	best, newest := "", 0
	for _, p := range all {
		if n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(p)))); err == nil && n > newest {
			best, newest = filepath.Dir(p), n
		}
	}
	if best != "" {
		return best, nil
	}
	p, err := exec.LookPath("postgres")
	return filepath.Dir(p), err
}
