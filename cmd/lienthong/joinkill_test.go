//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lienthong/internal/freeport"
	"lienthong/internal/testtool"
)

// A joinWorld is a parent and a node on its way in, as processes that strace kills on
// entering a system call about a file: so between two steps, each of which is durable.
type joinWorld struct {
	t       *testing.T
	self    string
	dir     string
	address string
	parent  *exec.Cmd
}

func newJoinWorld(t *testing.T) *joinWorld {
	t.Helper()
	if testing.Short() {
		t.Skip("kills processes for some seconds")
	}
	t.Parallel()
	testtool.Find(t, "strace")
	self, err := exec.LookPath("lienthong")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	w := &joinWorld{t: t, self: self, dir: dir, address: address}
	w.must("certs", "dev", "init", "--dir", "pki")
	w.must("certs", "dev", "issue", "zone", "--dir", "pki", "--kind", "directory")
	w.must("certs", "dev", "issue", "province", "--dir", "pki", "--kind", "nodes")
	w.must("certs", "dev", "issue", "quan-tri", "--dir", "pki", "--kind", "clients")
	for name, text := range map[string]string{
		"directory.yaml": "zone: thai-nguyen\nepoch: 1\nnodes:\n  - {id: province, name: Tỉnh, addresses: [\"%[1]s\"], certificates: [pki/nodes/province.pem]}\n" +
			"agencies:\n  - {id: a-province, codes: [H55], name: UBND tỉnh, home_node: province}\n",
		"province.yaml": "node: province\nlisten: \"%[1]s\"\ndata: province\ntls: {certificate: pki/nodes/province.pem, key: pki/nodes/province.key}\n" +
			"directory: {authority: [pki/directory/zone.pem], file: directory.bin}\n",
		"admin.yaml": "node: \"%[1]s\"\ncertificate: pki/clients/quan-tri.key\nca: pki/root.pem\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, text, w.address), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.must("agency", "seal", "directory.yaml", "--key", "pem:pki/directory/zone.key", "-o", "directory.bin")
	w.must("user", "add", "quan-tri", "--config", "province.yaml", "--cert", "pki/clients/quan-tri.pem", "--grant", "admin", "--grant", "auditor")
	w.serve()
	t.Cleanup(w.end)
	return w
}

// command is one of this program, in the folder of the world.
func (w *joinWorld) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, w.self, args...)
	c.Dir, c.Env = w.dir, append(os.Environ(), "LANG=C", "LIENTHONG_AS=admin.yaml")
	return c
}

func (w *joinWorld) run(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := w.command(ctx, args...).CombinedOutput()
	return string(out), err
}

func (w *joinWorld) must(args ...string) string {
	w.t.Helper()
	out, err := w.run(args...)
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// serve starts the parent, and waits until it answers.
func (w *joinWorld) serve() {
	w.t.Helper()
	w.parent = w.command(context.Background(), "serve", "--config", "province.yaml")
	if err := w.parent.Start(); err != nil {
		w.t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		c, err := net.Dial("tcp", w.address)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatal("the parent does not listen")
		}
		time.Sleep(10 * time.Millisecond) // a port can only be asked
	}
}

func (w *joinWorld) end() {
	_ = w.parent.Process.Kill()
	_ = w.parent.Wait()
}

// join is the command line of the new node, in a folder of its own.
func (w *joinWorld) join(dir, wait string) []string {
	return []string{"join", "--parent", w.address, "--token-file", "ward.token", "--ca", "pki/root.pem", "--node", "ward",
		"--dir", filepath.Join(w.dir, dir), "--listen", "127.0.0.1:0", "--wait", wait}
}

// thief fails the test unless the invitation is of no use to another key.
func (w *joinWorld) thief(when string) {
	w.t.Helper()
	if out, err := w.run(w.join("thief", "1s")...); err == nil || !strings.Contains(out, "used with another key") {
		w.t.Errorf("%s another used the invitation: %v\n%s", when, err, out)
	}
}

// killedAt runs the join of the new node, which is killed when it is about to give a file its name.
func (w *joinWorld) killedAt(name string) {
	w.t.Helper()
	path := filepath.Join(w.dir, "ward", name)
	args := append([]string{"-f", "-qq", "-o", os.DevNull, "-P", path, "-e", "trace=/^rename", "-e", "inject=/^rename:signal=KILL", "--", w.self}, w.join("ward", "20s")...)
	c := exec.Command("strace", args...)
	c.Dir, c.Env = w.dir, append(os.Environ(), "LANG=C")
	out, err := c.CombinedOutput()
	if !killed(err) {
		w.t.Fatalf("join was not killed at %s: %v\n%s", name, err, out)
	}
	if fileExists(path) && name != joinSelf {
		w.t.Errorf("killed before %s has its name, and it is there", name)
	}
	if fileExists(filepath.Join(w.dir, "ward", joinConfig)) {
		w.t.Errorf("killed at %s: the configuration is there already", name)
	}
}

func killed(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// waiting runs join until it says that it waits for approval.
func (w *joinWorld) waiting() (*exec.Cmd, *bytes.Buffer) {
	w.t.Helper()
	c := w.command(context.Background(), w.join("ward", "60s")...)
	rest := &bytes.Buffer{}
	out, err := c.StdoutPipe()
	c.Stderr = rest
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "waits for approval") {
			return c, rest
		}
	}
	w.t.Fatalf("join ended: %v\n%s", c.Wait(), rest)
	return nil, nil
}

// wal is the log of the parent's store, to which every commit goes.
func (w *joinWorld) wal() string {
	w.t.Helper()
	found, err := filepath.Glob(filepath.Join(w.dir, "province", "*-wal"))
	if err != nil || len(found) != 1 {
		w.t.Fatalf("logs %q, %v, want one", found, err)
	}
	return found[0]
}

// parentKilled has the parent killed at its next commit, before a byte of it is written or
// before it is synced, while act goes on.
func (w *joinWorld) parentKilled(calls string, act func()) {
	w.t.Helper()
	c := exec.Command("strace", "-f", "-p", fmt.Sprint(w.parent.Process.Pid), "-o", os.DevNull, "-P", w.wal(), "-e", "trace="+calls, "-e", "inject="+calls+":signal=KILL")
	said, err := c.StderrPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	first, _ := bufio.NewReader(said).ReadString('\n')
	for strings.Contains(first, "resolved") {
		first, _ = bufio.NewReader(said).ReadString('\n')
	}
	if !strings.Contains(first, "attached") {
		_ = c.Wait()
		if os.Getenv("CI") != "true" && strings.Contains(first, "not permitted") {
			w.t.Skipf("processes may not be traced here: %s", first)
		}
		w.t.Fatalf("strace: %q", first)
	}
	act()
	if err := w.parent.Wait(); !killed(err) {
		w.t.Fatalf("the parent ended with %v, want killed", err)
	}
	_ = c.Wait() // it has nothing to trace any more
}

// commits are the system calls of a commit, in their order.
var commits = []string{"pwrite64", "fsync,fdatasync"}

// A new node is killed before each of its files has its name, and while it waits for
// approval. It is asked again each time, goes on with the same key, and serves in the end;
// nobody else can use its invitation.
func TestJoinKilledAtEachStep(t *testing.T) {
	w := newJoinWorld(t)
	w.must("peer", "invite", "ward", "-o", "ward.token")
	w.killedAt(joinKey)
	w.killedAt(joinSelf)
	key, err := os.ReadFile(filepath.Join(w.dir, "ward", joinKey))
	if err != nil {
		t.Fatal(err)
	}
	c, _ := w.waiting()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	w.thief("before it is approved")
	w.must("peer", "approve", "ward", "--key", "pem:pki/directory/zone.key")
	for _, name := range []string{joinSelf, joinCert, joinAuthority, joinDirectory, joinConfig} {
		w.killedAt(name)
	}
	w.thief("after it is approved")
	w.must(w.join("ward", "20s")...)
	w.joined(key)
}

// joined fails the test unless the new node serves with its key, with one request in the
// parent's journal, and another cannot use the invitation.
func (w *joinWorld) joined(key []byte) {
	w.t.Helper()
	if now, err := os.ReadFile(filepath.Join(w.dir, "ward", joinKey)); err != nil || !bytes.Equal(now, key) {
		w.t.Errorf("the key is another one: %v", err)
	}
	node := w.command(context.Background(), "serve", "--config", filepath.Join(w.dir, "ward", joinConfig))
	if err := node.Start(); err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = node.Process.Kill(); _ = node.Wait() }()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(w.must("peer", "list"), "link up"); {
		if time.Now().After(deadline) {
			w.t.Fatalf("no link: %s", w.must("peer", "list"))
		}
		time.Sleep(50 * time.Millisecond) // another process can only be asked
	}
	w.thief("at the end")
	entries := w.must("journal", "list")
	for _, action := range []string{"node.join", "node.approve"} {
		if n := strings.Count(entries, action); n != 1 {
			w.t.Errorf("%d entries %s, want 1:\n%s", n, action, entries)
		}
	}
	w.must("journal", "verify")
}

// The parent is killed at each commit of an invitation, a request and an approval, before
// it is written and before it is synced. What was asked is asked again; the node that joins
// waits meanwhile.
func TestParentKilledWhileANodeJoins(t *testing.T) {
	w := newJoinWorld(t)
	for _, calls := range commits {
		w.parentKilled(calls, func() {
			if out, err := w.run("peer", "invite", "ward", "-o", "ward.token"); err == nil {
				t.Errorf("killed at %s, the parent answered: %s", calls, out)
			}
		})
		w.serve()
	}
	if fileExists(filepath.Join(w.dir, "ward.token")) {
		t.Error("a token is there, and nobody was invited")
	}
	w.must("peer", "invite", "ward", "-o", "ward.token")
	var waits *exec.Cmd
	var said *bytes.Buffer
	for i, calls := range commits {
		w.parentKilled(calls, func() {
			waits, said = w.command(context.Background(), w.join("ward", "60s")...), &bytes.Buffer{}
			waits.Stdout, waits.Stderr = said, said
			if err := waits.Start(); err != nil {
				t.Fatal(err)
			}
		})
		if i == 0 { // the second waits while the parent starts again
			_ = waits.Process.Kill()
			_ = waits.Wait()
		}
		w.serve()
	}
	for !strings.Contains(w.must("peer", "requests"), "waits for approval") {
		time.Sleep(50 * time.Millisecond) // the node asks each second
	}
	key, err := os.ReadFile(filepath.Join(w.dir, "ward", joinKey))
	if err != nil {
		t.Fatal(err)
	}
	w.thief("after the parent was killed")
	for _, calls := range commits {
		w.parentKilled(calls, func() {
			if out, err := w.run("peer", "approve", "ward", "--key", "pem:pki/directory/zone.key"); err == nil {
				t.Errorf("killed at %s, the parent answered: %s", calls, out)
			}
		})
		w.serve()
	}
	w.must("agency", "node", "put", "ward", "--name", "Xã", "--parent", "province", "--certificate", filepath.Join("ward", joinSelf), "--key", "pem:pki/directory/zone.key")
	for _, calls := range commits {
		w.parentKilled(calls, func() {
			if out, err := w.run("peer", "approve", "ward"); err == nil {
				t.Errorf("killed at %s, the parent answered: %s", calls, out)
			}
		})
		w.serve()
	}
	w.must("peer", "approve", "ward")
	if err := waits.Wait(); err != nil {
		t.Fatalf("join ended with %v\n%s", err, said)
	}
	w.joined(key)
}
