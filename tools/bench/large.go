package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"lienthong/internal/measure"
	"lienthong/internal/testpdf"
	"lienthong/signer"
)

// write makes a file of the bench's own and returns its path.
func (b *bench) write(name string, make func(io.Writer) error) (string, error) {
	path := filepath.Join(b.temp, name)
	return path, keep(path, make)
}

// hash reads a file and hashes it.
func hash(in *document) error {
	_, err := io.CopyBuffer(struct{ io.Writer }{sha256.New()}, io.NewSectionReader(in, 0, in.size), make([]byte, 256<<10))
	return err
}

// copyFile reads a file and writes it to another, durably.
func copyFile(in *document) error {
	return durably(in.Name()+".copy", func(out io.Writer) error {
		_, err := io.CopyBuffer(struct{ io.Writer }{out}, io.NewSectionReader(in, 0, in.size), make([]byte, 256<<10))
		return err
	})
}

// A large file may take so much.
type large struct {
	signMemory, validateMemory float64 // MiB; 0 is not asked
	memoryAbove                bool    // what an idle process has
	sign, validate             float64 // ×; 0 is not asked
	pairs                      int
}

// largeFile measures signing and validating: the file as it is, and with two
// signatures.
func (b *bench) largeFile(ctx context.Context, path string, l large) ([]row, error) {
	defer os.Remove(path)
	in, err := open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	size := fmt.Sprintf("%.0f MB", float64(in.size)/1e6)
	m, err := measure.Pairs(l.pairs, func() error { return b.signFile(ctx, in, signer.SignOptions{}) }, func() error {
		if err := hash(in); err != nil {
			return err
		}
		return copyFile(in)
	})
	if err != nil {
		return nil, err
	}
	rows := []row{ratio("sign "+size, "SHA-256 + durable copy", m, l.sign)}
	x, err := b.memory(ctx, "sign", path, "signed", l.signMemory, l.memoryAbove)
	if err != nil {
		return nil, err
	}
	rows = append(rows, x)
	twice, err := b.twice(ctx, in)
	if err != nil {
		return nil, err
	}
	defer os.Remove(twice)
	signed, err := open(twice)
	if err != nil {
		return nil, err
	}
	defer signed.Close()
	m, err = measure.Pairs(l.pairs, func() error { return b.validate(ctx, signed) }, func() error { return hash(signed) })
	if err != nil {
		return nil, err
	}
	rows = append(rows, ratio("validate it, with two signatures", "SHA-256", m, l.validate))
	x, err = b.memory(ctx, "validate", twice, "valid", l.validateMemory, l.memoryAbove)
	return append(rows, x), err
}

// twice signs a file by the person, then by the agency.
func (b *bench) twice(ctx context.Context, in *document) (string, error) {
	once, err := b.write("once.pdf", func(out io.Writer) error { return b.sign(ctx, in, b.person, signer.SignOptions{}, out) })
	if err != nil {
		return "", err
	}
	defer os.Remove(once)
	first, err := open(once)
	if err != nil {
		return "", err
	}
	defer first.Close()
	return b.write("twice.pdf", func(out io.Writer) error { return b.sign(ctx, first, b.agency, signer.SignOptions{}, out) })
}

// memory does an act in a child and holds its memory against a limit.
func (b *bench) memory(ctx context.Context, act, path, want string, limit float64, above bool) (row, error) {
	a, err := b.inChild(ctx, act, path)
	if err != nil {
		return row{}, err
	}
	if a.Said != want {
		return row{}, fmt.Errorf("%s %s: found %q, want %q", act, path, a.Said, want)
	}
	value, what := float64(a.Peak)/mebibyte, act+", memory"
	if above {
		value, what = a.above(), act+", memory above idle"
	}
	x := most(what, value, limit, "MiB")
	if limit == 0 {
		x = shown(what, figure(value, "MiB"), "")
	}
	x.base = fmt.Sprintf("idle: %.0f MiB", float64(a.Idle)/mebibyte)
	return x, nil
}

func (b *bench) scan(ctx context.Context) ([]row, error) {
	path, err := b.write("scan.pdf", func(w io.Writer) error { return testpdf.Scan(w, 3300, 60_000) })
	if err != nil {
		return nil, err
	}
	return b.largeFile(ctx, path, large{signMemory: 64, memoryAbove: true, sign: 1.3, validate: 1.2, pairs: 9})
}

func (b *bench) manyObjects(ctx context.Context) ([]row, error) {
	var rows []row
	for _, form := range []testpdf.Form{testpdf.Table, testpdf.Stream} {
		path, err := b.write("objects.pdf", func(w io.Writer) error { return testpdf.Objects(w, 1_000_000, 200, form) })
		if err != nil {
			return nil, err
		}
		more, err := b.largeFile(ctx, path, large{signMemory: 256, validateMemory: 256, validate: 10, pairs: 5})
		if err != nil {
			return nil, err
		}
		for _, x := range more {
			x.what += " (" + form.String() + ")"
			rows = append(rows, x)
		}
	}
	path, err := b.write("toomany.pdf", func(w io.Writer) error { return testpdf.TooMany(w, 8_388_608) })
	if err != nil {
		return nil, err
	}
	defer os.Remove(path)
	for _, act := range []string{"sign", "validate"} {
		a, err := b.inChild(ctx, act, path)
		if err != nil {
			return nil, err
		}
		x := shown(act+" 8,388,608 objects", fmt.Sprintf("%v, %.0f MiB", a.Clock, float64(a.Peak)/mebibyte), "")
		x.found, x.limit, x.asked, x.met = a.Said, "refused", true, strings.Contains(a.Said, "limit exceeded")
		rows = append(rows, x)
	}
	return rows, nil
}
