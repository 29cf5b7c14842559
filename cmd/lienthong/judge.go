package main

import (
	"context"
	"crypto/x509"
	"io"
	"net/rpc"
	"os"
	"time"

	"github.com/spf13/cobra"

	"lienthong/exchange"
	"lienthong/signer"
)

// judgeValidator is how the node and its children judge; tests have some files end the process.
var judgeValidator = exchange.NewValidator

// judgeCommand is the child of a node that judges one file, see [apart].
func (a *app) judgeCommand() *cobra.Command {
	return &cobra.Command{
		Use:    judgeCommand,
		Short:  "Judge a file that a node asks about (run by serve)",
		Hidden: true,
		Args:   args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			desk := &farDesk{rpc.NewClient(pipes{os.Stdin, os.Stdout})}
			var task JudgeTask
			if err := desk.client.Call("Desk.Task", struct{}{}, &task); err != nil {
				return err
			}
			answer := JudgeAnswer{}
			err := limitSelf(judgeMemory, judgeStack, task.CPU)
			if err == nil {
				answer, err = desk.judge(c.Context(), &task)
			}
			if err != nil {
				answer.NotNow = err.Error()
			}
			return desk.client.Call("Desk.Answer", answer, &struct{}{})
		},
	}
}

// A farDesk is that of the node, seen from the child: the file, the directory, the cache.
type farDesk struct{ client *rpc.Client }

// judge does what the node would do. That the file cannot be read is an answer too.
func (d *farDesk) judge(ctx context.Context, task *JudgeTask) (JudgeAnswer, error) {
	trust, evidence, err := loadTrust(task.Anchors, task.CRLs, task.Hosts)
	if err != nil {
		return JudgeAnswer{}, err
	}
	if evidence.Fetcher != nil && task.Cached {
		evidence.Fetcher.Cache = farCache{d}
	}
	var claim *signer.Claim
	if task.Claimed {
		claim = &signer.Claim{Agency: task.Agency, Bind: d.bind}
	}
	report, err := judgeValidator(trust, evidence)(ctx, farFile{d, task.Size}, task.At, task.Policy, claim)
	if err != nil {
		return JudgeAnswer{Problem: err.Error()}, nil
	}
	data, err := report.JSON()
	return JudgeAnswer{Report: data}, err
}

func (d *farDesk) bind(c *x509.Certificate, at time.Time) (signer.Binding, bool) {
	var out JudgeBound
	err := d.client.Call("Desk.Bind", JudgeBinding{c.Raw, at}, &out)
	return out.Binding, err == nil && out.Known
}

// A farFile is the file, which the node reads.
type farFile struct {
	*farDesk
	size int64
}

// ReadAt implements [io.ReaderAt].
func (f farFile) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		at := off + int64(n)
		size := min(int64(len(p)-n), judgePiece, f.size-at)
		if at < 0 || size <= 0 {
			return n, io.EOF
		}
		var piece []byte
		if err := f.client.Call("Desk.Read", JudgeRead{at, int(size)}, &piece); err != nil {
			return n, err
		}
		n += copy(p[n:], piece)
	}
	return n, nil
}

// Size is the number of bytes.
func (f farFile) Size() int64 { return f.size }

// Close has nothing to do: the node closes the file.
func (f farFile) Close() error { return nil }

// A farCache is what the node keeps of authorities.
type farCache struct{ *farDesk }

// Load implements [certs.Cache].
func (c farCache) Load(_ context.Context, key string) ([]byte, time.Time, bool) {
	var out JudgeKept
	err := c.client.Call("Desk.Load", key, &out)
	return out.Data, out.Fetched, err == nil && out.Known
}

// Store implements [certs.Cache].
func (c farCache) Store(_ context.Context, key string, data []byte, fetched, due time.Time) {
	// What is not kept is fetched again.
	_ = c.client.Call("Desk.Keep", JudgeKept{Key: key, Data: data, Fetched: fetched, Due: due}, &struct{}{})
}
