package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lienthong/internal/measure"
	"lienthong/internal/testpdf"
)

// hostile signs and validates each hostile file in a process of its own.
func (b *bench) hostile(ctx context.Context) ([]row, error) {
	var rows []row
	for _, name := range slices.Sorted(maps.Keys(testpdf.Hostile)) {
		more, err := b.answered(ctx, name, func(w io.Writer) error {
			_, err := w.Write(testpdf.Hostile[name]())
			return err
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, more)
	}
	if b.corpus == "" {
		return rows, nil
	}
	var paths []string
	err := filepath.WalkDir(b.corpus, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (strings.HasSuffix(path, ".pdf") || strings.HasSuffix(path, ".pdf.gz")) {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		more, err := b.answered(ctx, filepath.Base(path), func(w io.Writer) error { return unpack(path, w) })
		if err != nil {
			return nil, err
		}
		rows = append(rows, more)
	}
	return rows, nil
}

func unpack(path string, w io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	_, err = io.Copy(w, r)
	return err
}

// answered is a row about one file: the worse of signing and validating.
func (b *bench) answered(ctx context.Context, name string, make func(io.Writer) error) (row, error) {
	path, err := b.write("hostile.pdf", make)
	if err != nil {
		return row{}, err
	}
	defer os.Remove(path)
	in, err := open(path)
	if err != nil {
		return row{}, err
	}
	defer in.Close()
	seconds := 2.0
	if in.size > 64*mebibyte { // and twice its SHA-256
		m, err := measure.Pairs(1, func() error { return hash(in) }, func() error { return hash(in) })
		if err != nil {
			return row{}, err
		}
		seconds += 2 * m.Ours / 1000
	}
	x := row{what: fmt.Sprintf("%s (%s)", name, bytesOf(in.size)), limit: fmt.Sprintf("≤ %.1f s, ≤ 256 MiB", seconds), asked: true, met: true}
	var said, took []string
	for _, act := range []string{"validate", "repair"} {
		a, err := b.inChild(ctx, act, path)
		if err != nil {
			return row{}, err
		}
		x.met = x.met && a.Processor.Seconds() <= seconds && a.above() <= 256
		took = append(took, fmt.Sprintf("%.0f ms, %.0f MiB", a.Processor.Seconds()*1000, a.above()))
		said = append(said, shorten(a.Said))
	}
	x.ours, x.base, x.found = "validate: "+took[0], "sign: "+took[1], strings.Join(said, "; ")
	return x, nil
}

// shorten keeps a cell of a table on one line.
func shorten(s string) string {
	s = strings.NewReplacer("\n", " ", "|", "/").Replace(s)
	const most = 90
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func bytesOf(n int64) string {
	if n >= 1e6 {
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.0f KB", float64(n)/1e3)
}
