package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"lienthong/signer"
)

// A result is what came of one file.
type result struct {
	name   string
	clean  bool // qpdf --check finds nothing in the input
	err    error
	stages []stage // after one signature, after two; fewer where one was refused
}

// A stage is a file with so many signatures of ours, and what is wrong with it, by
// name of the check. Refused says why there is no such file.
type stage struct {
	refused error
	repair  string // what was done to read a damaged file
	told    bool   // pyHanko was, which version the file is
	faults  map[string]string
}

func (s stage) good() bool { return s.refused == nil && len(s.faults) == 0 }

// able reports whether all is good but where pyHanko cannot do better.
func (s stage) able() bool {
	_, own := s.faults[ownFault]
	return s.good() || s.refused == nil && own && len(s.faults) == 1
}

func (b *bench) judgeFile(ctx context.Context, folder, name string) *result {
	r := &result{name: name}
	in, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		r.err = err
		return r
	}
	dir, err := os.MkdirTemp(b.temp, "file-")
	if err != nil {
		r.err = err
		return r
	}
	defer os.RemoveAll(dir)
	original := filepath.Join(dir, "0.pdf")
	if r.err = os.WriteFile(original, in, 0o600); r.err != nil {
		return r
	}
	before := look(ctx, original)
	r.clean = before.check.clean()
	fields := make([]string, 0, 2)
	for n := 1; n <= 2; n++ {
		out, signed, err := b.sign(ctx, in)
		if err != nil {
			r.stages = append(r.stages, stage{refused: err})
			return r
		}
		s := stage{faults: make(map[string]string)}
		if signed.Repair != nil {
			s.repair = signed.Repair.String()
		}
		if !bytes.HasPrefix(out, in) {
			s.faults["prefix"] = "the bytes of the input are not the first of the output"
		}
		path := filepath.Join(dir, fmt.Sprintf("%d.pdf", n))
		if r.err = os.WriteFile(path, out, 0o600); r.err != nil {
			return r
		}
		if r.err = b.keepFile(name, n, out); r.err != nil {
			return r
		}
		fields = append(fields, signed.Field)
		compare(before, look(ctx, path), n, s.faults)
		s.told = b.askPyhanko(path, original, fields, s.faults)
		r.stages = append(r.stages, s)
		in = out
	}
	return r
}

// keepFile writes the file with n signatures where -keep wants it.
func (b *bench) keepFile(name string, n int, out []byte) error {
	if b.keep == "" {
		return nil
	}
	path := filepath.Join(b.keep, fmt.Sprintf("%s.%d.pdf", name, n))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, out, 0o600)
}

func (b *bench) sign(ctx context.Context, in []byte) ([]byte, *signer.Signed, error) {
	key, err := b.signer.Key()
	if err != nil {
		return nil, nil, err
	}
	var out bytes.Buffer
	signed, err := signer.Sign(ctx, bytes.NewReader(in), key, signer.SignOptions{At: b.now, Repair: true}, &out)
	if err != nil && out.Len() > 0 {
		err = fmt.Errorf("%w; and %d bytes were written", err, out.Len())
	}
	return out.Bytes(), signed, err
}

// askPyhanko tells what is wrong with our signatures from what pyHanko finds wrong
// with its own too, and returns whether it was told the file's version.
func (b *bench) askPyhanko(path, input string, fields []string, faults map[string]string) bool {
	p := <-b.judges
	defer func() { b.judges <- p }()
	o := p.judge(path, input, fields)
	switch {
	case o.Why != "" && o.Control != "":
		faults[ownFault] = o.Why + "; of its own signatures: " + o.Control
	case o.Why != "":
		faults["pyhanko"] = o.Why
	}
	return o.Told
}
