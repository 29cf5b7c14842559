package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lienthong/signer"
)

// The second opinion is pdfsign's. Its reader can end a process in ways that
// nothing in the process can catch, so it runs in a child of this very binary,
// whose time and memory are limited; whatever becomes of the child is an answer.

const (
	opinionCommand = "cross-check" // hidden
	opinionTime    = 30 * time.Second
	opinionMemory  = 1 << 30   // bytes; where the system has such a limit
	opinionStack   = 64 << 20  // bytes; Go's own limit is the whole memory above
	opinionInput   = 256 << 20 // bytes of a file that is not on disk
)

// An opinion is what the child answers, on one line of JSON.
type opinion struct {
	Outcome string `json:"outcome"`
	Detail  string `json:"detail,omitempty"`
}

// The outcomes. Only a signature that was read, by an algorithm that is known, can
// be found wrong; all else is noted.
const (
	opinionAgrees    = "agrees"
	opinionDisagrees = "disagrees"
	opinionNone      = "none"
)

func noOpinion(format string, args ...any) opinion {
	return opinion{opinionNone, fmt.Sprintf(format, args...)}
}

// A secondOpinion asks about signatures.
type secondOpinion struct {
	self string // this binary
	time time.Duration
}

// newSecondOpinion is nil for the empty name.
func newSecondOpinion(name string) (*secondOpinion, error) {
	switch name {
	case "":
		return nil, nil
	case "pdfsign":
	default:
		return nil, failf(exitUsage, "cross-check %q: want pdfsign", name)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cross-check: %w", err)
	}
	return &secondOpinion{self, opinionTime}, nil
}

// check is a [signer.CrossCheck].
func (s *secondOpinion) check(ctx context.Context, file signer.Source, signed *signer.Signed) (string, error) {
	o := s.ask(ctx, file, signed.CMS)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case o.Outcome == opinionDisagrees:
		return "", fmt.Errorf("%w: pdfsign: %s", signer.ErrDisagreement, o.Detail)
	case o.Outcome == opinionAgrees:
		return "", nil
	}
	return "pdfsign: " + o.Detail, nil
}

// checkFile is check for a file of the command line; it says a note by itself.
func (s *secondOpinion) checkFile(ctx context.Context, a *app, path, output string, signed *signer.Signed) error {
	if s == nil {
		return nil
	}
	made, err := openDocument(output)
	if err != nil {
		return err
	}
	defer made.Close()
	note, err := s.check(ctx, made, signed)
	if err != nil {
		return fail(exitNo, err, "do not use the key until it is known which of the two is wrong; without --cross-check the file is written")
	}
	if note != "" {
		fmt.Fprintf(a.err, "lienthong: %s: %s: %s\n", a.t("warning", "cảnh báo"), path, a.t("no second opinion: ", "không có ý kiến thứ hai: ")+note)
	}
	return nil
}

// ask runs the child. A file of the disk becomes its standard input, and is read
// there; of any other the bytes are sent.
func (s *secondOpinion) ask(ctx context.Context, file signer.Source, cms []byte) opinion {
	ctx, cancel := context.WithTimeout(ctx, s.time)
	defer cancel()
	sum := sha256.Sum256(cms)
	c := exec.CommandContext(ctx, s.self, opinionCommand, strconv.Itoa(len(cms)), hex.EncodeToString(sum[:]))
	c.Args[0] = "lienthong"
	c.Env = []string{"GOTRACEBACK=none", "SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}
	c.WaitDelay = time.Second
	if d, ok := file.(*document); ok {
		c.Stdin = d.File
	} else {
		if file.Size() > opinionInput {
			return noOpinion("a file of %s is too large to be sent", bytesText(file.Size()))
		}
		c.Stdin = io.NewSectionReader(file, 0, file.Size())
	}
	answer := &limitedBuffer{left: 64 << 10}
	c.Stdout = answer
	err := c.Run()
	var o opinion
	switch {
	case ctx.Err() != nil:
		return noOpinion("it did not answer in %s", s.time)
	case err != nil:
		return noOpinion("its process ended: %v", err)
	case json.Unmarshal(answer.Bytes(), &o) != nil:
		return noOpinion("its answer cannot be read")
	}
	return o
}

// A limitedBuffer keeps the first bytes that are written to it.
type limitedBuffer struct {
	bytes.Buffer
	left int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if len(p) > b.left {
		return 0, errors.New("cross-check: the answer is too long")
	}
	b.left -= len(p)
	return b.Buffer.Write(p)
}

// crossCheckCommand is the child.
func (a *app) crossCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:    opinionCommand + " SIZE SHA256 <FILE.pdf",
		Short:  "What pdfsign says of one signature of a file (run by sign --cross-check)",
		Hidden: true,
		Args:   args(2, 2),
		RunE: func(_ *cobra.Command, of []string) error {
			if err := limitSelf(opinionMemory, opinionStack, opinionTime); err != nil {
				return err
			}
			size, err := strconv.Atoi(of[0])
			if err != nil || size < 1 {
				return failf(exitUsage, "%s: want the size of the SignedData in bytes", of[0])
			}
			in, length, err := a.standardInput()
			if err != nil {
				return err
			}
			return a.printJSON(pdfsignOpinion(in, length, size, strings.ToLower(of[1])))
		},
	}
}

// standardInput is read in place where it is a file, and else into memory.
func (a *app) standardInput() (io.ReaderAt, int64, error) {
	if f, ok := a.in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return f, info.Size(), nil
		}
	}
	data, err := io.ReadAll(io.LimitReader(a.in, opinionInput+1))
	if err != nil {
		return nil, 0, fail(exitUsage, err)
	}
	return bytes.NewReader(data), int64(len(data)), nil
}
