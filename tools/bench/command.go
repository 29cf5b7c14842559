package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/digitorus/pdfsign/verify"

	"lienthong/internal/measure"
	"lienthong/internal/testpdf"
	"lienthong/signer"
)

// command measures what the built command does in processes of its own.
func (b *bench) command(ctx context.Context) ([]row, error) {
	binary := filepath.Join(b.temp, "lienthong")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "lienthong/cmd/lienthong")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does, and make test has compiled it
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the command (the bench runs in the source tree): %w: %s", err, out)
	}
	check, err := b.crossCheck(ctx, binary)
	if err != nil {
		return nil, err
	}
	batch, err := b.batch(ctx, binary)
	return []row{check, batch}, err
}

// crossCheck asks pdfsign about one signature as sign --cross-check does: in a
// process a file.
func (b *bench) crossCheck(ctx context.Context, binary string) (row, error) {
	var out bytes.Buffer
	signed, err := signer.Sign(ctx, bytes.NewReader(testpdf.Letter(650)), b.person, signer.SignOptions{At: b.now}, &out)
	if err != nil {
		return row{}, err
	}
	path, err := b.write("checked.pdf", func(w io.Writer) error { _, err := w.Write(out.Bytes()); return err })
	if err != nil {
		return row{}, err
	}
	defer os.Remove(path)
	m, err := measure.Pairs(min(b.pairs, 31), func() error {
		in, err := open(path)
		if err != nil {
			return err
		}
		defer in.Close()
		cmd := exec.CommandContext(ctx, binary, "cross-check", strconv.Itoa(len(signed.CMS)), fmt.Sprintf("%x", sha256.Sum256(signed.CMS)))
		cmd.Stdin, cmd.Env = in.File, []string{"GOTRACEBACK=none"}
		return agrees(cmd.Output())
	}, func() error {
		_, err := verify.Verify(bytes.NewReader(out.Bytes()), int64(out.Len()))
		return err
	})
	return wall(above("cross-check of a letter, in a process", "pdfsign in this one", m, 0), m), err
}

func agrees(answer []byte, err error) error {
	if err != nil {
		return fmt.Errorf("cross-check: %w", err)
	}
	var said struct{ Outcome, Detail string }
	if err := json.Unmarshal(answer, &said); err != nil {
		return fmt.Errorf("cross-check: %w", err)
	}
	if said.Outcome != "agrees" {
		return fmt.Errorf("cross-check: found %q, want agrees: %s", said.Outcome, said.Detail)
	}
	return nil
}

// wall says a difference by the clock alone: processor time of other processes is
// not counted here.
func wall(x row, m measure.Result) row {
	x.found = fmt.Sprintf("%+.3f ms", m.Difference)
	return x
}

// batch signs a folder of letters by one run of the command, and beside it raw and
// durable copies of the letter, on all processors.
func (b *bench) batch(ctx context.Context, binary string) (row, error) {
	const letters = 400
	folder := filepath.Join(b.temp, "batch")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return row{}, err
	}
	defer os.RemoveAll(folder)
	data := testpdf.Letter(650)
	var paths []string
	for i := range letters {
		paths = append(paths, filepath.Join(folder, fmt.Sprintf("%03d.pdf", i)))
		if err := os.WriteFile(paths[i], data, 0o600); err != nil {
			return row{}, err
		}
	}
	in, err := open(paths[0])
	if err != nil {
		return row{}, err
	}
	defer in.Close()
	var rates, raws, copies []float64
	for range 3 {
		rate, err := b.signAll(ctx, binary, paths)
		if err != nil {
			return row{}, err
		}
		raw, err := perSecond(func() error { return rawSign(b.raw, data) })
		if err != nil {
			return row{}, err
		}
		copied, err := perSecond(func() error { return copyFile(in) })
		if err != nil {
			return row{}, err
		}
		rates, raws, copies = append(rates, rate), append(raws, raw), append(copies, copied)
	}
	rate, raw := measure.Median(rates), measure.Median(raws)
	x := least(fmt.Sprintf("lienthong sign, %d letters, RSA-2048, all processors", letters), rate, 1000, "a second")
	x.base = fmt.Sprintf("raw RSA: %.0f a second; durable copy: %.0f a second", raw, measure.Median(copies))
	x.found = fmt.Sprintf("%.2f of raw", rate/raw)
	return x, nil
}

// signAll returns how many letters a second one run of the command signs, its start
// included.
func (b *bench) signAll(ctx context.Context, binary string, paths []string) (float64, error) {
	output := filepath.Join(b.temp, "signed")
	if err := os.Mkdir(output, 0o700); err != nil {
		return 0, err
	}
	defer os.RemoveAll(output)
	cmd := exec.CommandContext(ctx, binary, append([]string{"sign", "--key", "pem:" + b.keyFile, "-o", output}, paths...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("lienthong sign: %w: %s", err, said.Bytes())
	}
	took := time.Since(begin)
	made, err := os.ReadDir(output)
	if err != nil {
		return 0, err
	}
	if len(made) != len(paths) {
		return 0, fmt.Errorf("lienthong sign: found %d files, want %d", len(made), len(paths))
	}
	return float64(len(paths)) / took.Seconds(), nil
}
