package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed judge.py
var script []byte

// A pyhanko is a Python process that judges one file after the other: to start it
// takes longer than to judge.
type pyhanko struct {
	cmd   *exec.Cmd
	ask   io.WriteCloser
	reply *bufio.Reader
}

func newPyhanko(ctx context.Context, temp, root, key string, now time.Time) (*pyhanko, error) {
	return startPyhanko(ctx, filepath.Join(temp, "judge.py"), script, root, now.UTC().Format(time.RFC3339), key)
}

// startPyhanko writes a script to a path, which must not be called as a module is,
// and runs it.
func startPyhanko(ctx context.Context, path string, script []byte, args ...string) (*pyhanko, error) {
	if err := os.WriteFile(path, script, 0o600); err != nil {
		return nil, err
	}
	p := &pyhanko{cmd: exec.CommandContext(ctx, "python3", append([]string{path}, args...)...)}
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
		return nil, fmt.Errorf("pyHanko: %w", err)
	}
	if line, err := p.reply.ReadString('\n'); line != "ready\n" {
		return nil, fmt.Errorf("pyHanko: not ready (%v): it comes with pip install pyhanko", err)
	}
	return p, nil
}

// An opinion is why signatures are not valid, or nothing; what pyHanko says then of
// signatures that it makes itself in the input; and whether it had to be told the
// version of the file to read it.
type opinion struct {
	Why, Control string
	Told         bool
}

// judge returns what pyHanko says of the signatures in fields.
func (p *pyhanko) judge(path, input string, fields []string) opinion {
	return p.answer(map[string]any{"path": path, "input": input, "fields": fields})
}

// answer asks one question.
func (p *pyhanko) answer(about map[string]any) (o opinion) {
	question, err := json.Marshal(about)
	if err != nil {
		return opinion{Why: err.Error()}
	}
	if _, err := p.ask.Write(append(question, '\n')); err != nil {
		return opinion{Why: "no answer: " + err.Error()}
	}
	line, err := p.reply.ReadBytes('\n')
	if err != nil {
		return opinion{Why: "no answer: " + err.Error()}
	}
	if err := json.Unmarshal(line, &o); err != nil {
		return opinion{Why: err.Error()}
	}
	o.Why, o.Control = short(o.Why), short(o.Control)
	return o
}

func (p *pyhanko) close() {
	p.ask.Close()
	_ = p.cmd.Wait() // how a judge ends is not what it said
}
