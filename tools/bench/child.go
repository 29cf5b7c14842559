package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"lienthong/internal/durable"
	"lienthong/internal/measure"
	"lienthong/signer"
)

// An answer is what one act in a process of its own came to.
type answer struct {
	Said      string
	Idle      int64 // bytes that the process had at most, before
	Peak      int64 // and in the end
	Processor time.Duration
	Clock     time.Duration
}

// above is the memory that the act took, in MiB.
func (a answer) above() float64 { return float64(a.Peak-a.Idle) / mebibyte }

// inChild does an act on a file in a process of its own.
func (b *bench) inChild(ctx context.Context, act, path string) (answer, error) {
	self, err := os.Executable()
	if err != nil {
		return answer{}, err
	}
	cmd := exec.CommandContext(ctx, self, "child", act, b.folder, b.now.Format(time.RFC3339Nano), path)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", act, path, err)
	}
	var a answer
	return a, json.Unmarshal(out, &a)
}

// child is the other side of inChild.
func child(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 4 {
		return fmt.Errorf("child: found %d arguments, want act, PKI, time and file", len(args))
	}
	now, err := time.Parse(time.RFC3339Nano, args[2])
	if err != nil {
		return err
	}
	w, err := openWorld(args[1], now)
	if err != nil {
		return err
	}
	in, err := open(args[3])
	if err != nil {
		return err
	}
	defer in.Close()
	var a answer
	if a.Idle, err = measure.Peak(); err != nil {
		return err
	}
	before, begin := measure.Processor(), time.Now()
	a.Said = w.act(ctx, args[0], in)
	a.Processor, a.Clock = measure.Processor()-before, time.Since(begin)
	if a.Peak, err = measure.Peak(); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(a)
}

// act returns what came of it, in words.
func (w *world) act(ctx context.Context, act string, in *document) string {
	switch act {
	case "sign":
		if err := w.signFile(ctx, in, signer.SignOptions{}); err != nil {
			return err.Error()
		}
		return "signed"
	case "repair": // as little as possible is refused
		err := w.sign(ctx, in, w.person, signer.SignOptions{Repair: true}, io.Discard)
		if err != nil {
			return err.Error()
		}
		return "signed"
	case "validate":
		r, err := signer.Validate(ctx, in, w.judging())
		if err != nil {
			return err.Error()
		}
		return string(r.Verdict)
	}
	return "unknown act " + act
}

// A document is an open file of known size.
type document struct {
	*os.File
	size int64
}

func (d *document) Size() int64 { return d.size }

func open(path string) (*document, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &document{f, info.Size()}, nil
}

// signFile signs a file into one beside it, durably, and removes that again.
func (w *world) signFile(ctx context.Context, in *document, o signer.SignOptions) error {
	return durably(in.Name()+".signed", func(out io.Writer) error { return w.sign(ctx, in, w.person, o, out) })
}

// durably writes a file as the command does, and removes it.
func durably(path string, write func(io.Writer) error) error {
	defer os.Remove(path)
	return keep(path, write)
}

// keep writes a file: its bytes, fsync, its name, fsync.
func keep(path string, write func(io.Writer) error) error {
	dir, name := filepath.Split(path)
	f, err := os.CreateTemp(dir, name)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := write(f); err != nil {
		return err
	}
	if err := durable.Sync(f, durable.Content); err != nil {
		return err
	}
	return durable.Rename(f.Name(), path)
}
