package main

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"lienthong/internal/measure"
)

//go:embed pyhanko.py
var script []byte

// A pyhanko is a Python process that does what it is told, and says how long it took.
type pyhanko struct {
	cmd   *exec.Cmd
	ask   io.WriteCloser
	reply *bufio.Reader
}

func (b *bench) pyhanko(ctx context.Context) (*pyhanko, error) {
	path := filepath.Join(b.temp, "judge.py") // not pyhanko.py: that is the module's name
	if err := os.WriteFile(path, script, 0o600); err != nil {
		return nil, err
	}
	p := &pyhanko{cmd: exec.CommandContext(ctx, "python3", path, filepath.Join(b.folder, "root.pem"), b.now.UTC().Format(time.RFC3339), b.keyFile)}
	p.cmd.Stderr = os.Stderr
	var err error
	if p.ask, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.reply = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if line, err := p.reply.ReadString('\n'); line != "ready\n" {
		return nil, fmt.Errorf("python3 is not ready (%v): it comes with tools/install.sh", err)
	}
	return p, nil
}

// times returns the median of so many runs, in milliseconds, after one more.
func (p *pyhanko) times(n int, act, path string) (float64, error) {
	var list []float64
	for i := range n + 1 {
		if _, err := fmt.Fprintf(p.ask, "%s %s\n", act, path); err != nil {
			return 0, fmt.Errorf("pyHanko: %w", err)
		}
		line, err := p.reply.ReadString('\n')
		if err != nil {
			return 0, fmt.Errorf("pyHanko: no answer: %w", err)
		}
		var ms float64
		if _, err := fmt.Sscan(line, &ms); err != nil {
			return 0, fmt.Errorf("pyHanko: answers %q", line)
		}
		if i > 0 {
			list = append(list, ms)
		}
	}
	return measure.Median(list), nil
}

func (p *pyhanko) close() {
	p.ask.Close()
	_ = p.cmd.Wait() // how it ends is not what it said
}
