package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"lienthong/client"
)

// demoProgram is how a person starts this program again. Under "go run" its file
// goes when it ends, so a copy is kept in the demo's folder.
func (d *demo) demoProgram(self string) (string, error) {
	if found, err := exec.LookPath("lienthong"); err == nil && sameProgram(found, self) {
		return "lienthong", nil
	}
	name := filepath.Join(d.dir, "lienthong")
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if os.Link(self, name) == nil {
		return name, nil
	}
	data, err := os.ReadFile(self)
	if err != nil {
		return "", err
	}
	return name, os.WriteFile(name, data, 0o755)
}

func sameProgram(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// start runs the node as a process of its own, of this very program.
func (n *demoNode) start(ctx context.Context, self string) (err error) {
	if n.log, err = os.OpenFile(filepath.Join(n.dir, "node.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return err
	}
	// The node outlives ctx: it is stopped in order, when the demo ends.
	n.process = exec.CommandContext(context.WithoutCancel(ctx), self, "serve", "--config", filepath.Join(n.dir, "config.yaml"))
	n.process.Stdout, n.process.Stderr = n.log, n.log
	// A variable that is meant for the user's own node would override this one's keys.
	n.process.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LIENTHONG_") })
	detach(n.process)
	if err := n.process.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	n.exited = exited
	process := n.process
	go func() {
		_ = process.Wait() // how it ended is in its log
		close(exited)
	}()
	return nil
}

// await waits until a node answers, or has ended.
func (w *demoWorld) await(ctx context.Context, id string) error {
	n := w.nodes[id]
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := w.client(ctx, id, demoClerk)
		if err == nil {
			return c.Close()
		}
		if !client.Retryable(err) {
			return err
		}
		select {
		case <-n.exited:
			return fmt.Errorf("node %s ended at once: %s", id, n.lastLog())
		case <-ctx.Done():
			return fmt.Errorf("node %s does not answer: %s", id, n.lastLog())
		case <-tick.C:
		}
	}
}

// client connects to a node as one of its users.
func (w *demoWorld) client(ctx context.Context, node, user string) (*client.Client, error) {
	p, err := readProfile(filepath.Join(w.dir, node, user+".yaml"))
	if err != nil {
		return nil, err
	}
	return dialProfile(ctx, p)
}

// lastLog is the end of the node's log, for the one line of an error.
func (n *demoNode) lastLog() string {
	data, err := os.ReadFile(filepath.Join(n.dir, "node.log"))
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	return string(lines[len(lines)-1])
}

// stopLimit is more than a node takes that is told to stop, see limits.grace.
const stopLimit = 15 * time.Second

// stop ends the node in order, and by force where it does not follow.
func (n *demoNode) stop() error {
	if n.process == nil || n.process.Process == nil {
		return nil
	}
	defer n.log.Close()
	if err := interrupt(n.process.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		_ = n.process.Process.Kill()
	}
	timer := time.NewTimer(stopLimit)
	defer timer.Stop()
	select {
	case <-n.exited:
		return nil
	case <-timer.C:
		return n.process.Process.Kill()
	}
}

// stop ends the nodes, and then the authority.
func (w *demoWorld) stop() {
	done := make(chan struct{})
	for _, n := range w.nodes {
		go func() {
			_ = n.stop() // the demo is over; what a node says is in its log
			done <- struct{}{}
		}()
	}
	for range w.nodes {
		<-done
	}
	if w.cancel != nil {
		w.cancel()
	}
	w.serving.Wait()
}
