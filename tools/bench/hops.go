package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"lienthong/client"
	"lienthong/envelope"
)

// hops are the nodes of a tree, each in a process of its own, and lines between them that
// break.
type hops struct {
	*tree
	ctx    context.Context
	lines  []*line
	killed atomic.Int64

	mu        sync.Mutex
	processes map[string]*process
	failed    error
}

type process struct {
	*exec.Cmd
	stdin  io.Closer // it ends when this closes
	exited chan struct{}
}

// newHops starts the nodes. After so many bytes each line breaks; or, where the district
// is to be killed, the district does.
func (b *bench) newHops(ctx context.Context, every int64, kill bool) (h *hops, err error) {
	h = &hops{ctx: ctx, processes: map[string]*process{}}
	behind := map[string]string{}
	for _, to := range []string{"district", "province"} {
		l, err := newLine(to)
		if err != nil {
			return nil, err
		}
		l.every, l.broke = every, l.cut
		if kill {
			l.broke = func() {}
			if to == "district" {
				l.broke = h.killDistrict
			}
		}
		h.lines, behind[to] = append(h.lines, l), l.listener.Addr().String()
	}
	if h.tree, err = b.newTree("large", behind); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(h.folder, "directory"), h.sealed.Marshal(), 0o600); err != nil {
		return nil, err
	}
	for _, l := range h.lines {
		l.far = h.nodes[l.to].address
	}
	for _, id := range []string{"province", "district", "ward"} {
		if err := h.nodes[id].listener.Close(); err != nil { // the process takes the address
			return nil, err
		}
		if err := h.launch(id); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// launch starts the process of a node and waits until it serves.
func (h *hops) launch(id string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(h.ctx, self, "node", h.b.folder, h.b.now.Format(time.RFC3339Nano), h.folder, id, h.nodes[id].address)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		return errors.Join(fmt.Errorf("the %s does not serve: %w", id, err), cmd.Wait())
	}
	p := &process{cmd, stdin, make(chan struct{})}
	go func() { _ = cmd.Wait(); close(p.exited) }()
	h.mu.Lock()
	h.processes[id] = p
	h.mu.Unlock()
	return nil
}

// nodeProcess is the other side: it serves until its input ends.
func nodeProcess(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 5 {
		return fmt.Errorf("node: found %d arguments, want PKI, time, folder, id and address", len(args))
	}
	now, err := time.Parse(time.RFC3339Nano, args[1])
	if err != nil {
		return err
	}
	w, err := openWorld(args[0], now)
	if err != nil {
		return err
	}
	sealed, err := os.ReadFile(filepath.Join(args[2], "directory"))
	if err != nil {
		return err
	}
	t := &tree{b: &bench{world: w}, folder: args[2], nodes: map[string]*treeNode{}}
	if t.sealed, err = envelope.ParseSealed(sealed); err != nil {
		return err
	}
	return t.serveOne(ctx, args[3], args[4], out)
}

func (h *hops) killDistrict() {
	h.mu.Lock()
	p := h.processes["district"]
	h.mu.Unlock()
	_ = p.Process.Kill() // a kill of what has ended is no harm
	<-p.exited
	h.killed.Add(1)
	if err := h.launch("district"); err != nil {
		h.mu.Lock()
		h.failed = err
		h.mu.Unlock()
	}
}

func (h *hops) clerk(ctx context.Context) (*client.Client, error) { return h.connect(ctx, "ward") }

func (h *hops) broken() (n int64) {
	for _, l := range h.lines {
		n = max(n, l.cuts.Load())
	}
	return n
}

// peak is the most that the process of a node had resident, in MiB: of the district that
// was killed, the last one.
func (h *hops) peak(id string) (float64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return statusOf(h.processes[id].Process.Pid, "VmHWM:")
}

func (h *hops) close() error {
	for _, l := range h.lines {
		l.listener.Close() // it ends here
		l.cut()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.processes {
		p.stdin.Close() // so it ends
		<-p.exited
	}
	return errors.Join(h.failed, os.RemoveAll(h.folder))
}

// A line passes bytes on, and breaks every so many that go to the far end.
type line struct {
	to       string
	listener net.Listener
	far      string
	every    int64
	broke    func()

	passed, cuts atomic.Int64
	mu           sync.Mutex
	ends         []net.Conn
}

func newLine(to string) (*line, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	out := &line{to: to, listener: l}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go out.carry(near)
		}
	}()
	return out, nil
}

func (l *line) carry(near net.Conn) {
	far, err := net.Dial("tcp", l.far)
	if err != nil {
		near.Close() // whoever dialled sees it
		return
	}
	l.mu.Lock()
	l.ends = append(l.ends, near, far)
	l.mu.Unlock()
	go func() { _, _ = io.Copy(near, far); near.Close(); far.Close() }() // a line has no better end
	buf := make([]byte, 32<<10)
	for {
		n, err := near.Read(buf)
		if n > 0 {
			if _, werr := far.Write(buf[:n]); werr != nil {
				err = werr
			}
			if now := l.passed.Add(int64(n)); now/l.every != (now-int64(n))/l.every {
				l.cuts.Add(1)
				l.broke()
			}
		}
		if err != nil {
			near.Close() // both ends are over
			far.Close()  // both ends are over
			return
		}
	}
}

// cut breaks what goes over the line now.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.ends {
		c.Close() // that is the point
	}
	l.ends = nil
}
