package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"os/exec"
	"strings"
	"time"

	"lienthong/certs"
	"lienthong/exchange"
	"lienthong/signer"
)

// A file over which the node's process may have ended is judged in a child of this very
// binary, whose time and memory are limited (the child is in judge.go). The child asks this
// process for everything: what to do, the file piece by piece, the directory, what was
// fetched from authorities. So it judges as the node itself would.

const (
	judgeCommand = "judge"         // hidden
	judgeTime    = 2 * time.Minute // of the processor
	judgeMemory  = 1 << 30         // bytes; where the system has such a limit
	judgeStack   = 64 << 20        // bytes
	judgePiece   = 1 << 20         // bytes of a file that are asked for at a time
)

// judgeEnv is what the child knows of its surroundings: the way to authorities.
var judgeEnv = []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT"}

// An apart judges files in children.
type apart struct {
	self  string // this binary
	task  JudgeTask
	known *certs.Evidence // of the node: its cache is asked
}

// A JudgeTask is what a child is told at first.
type JudgeTask struct {
	Anchors, CRLs, Hosts []string // as of the configuration
	At                   time.Time
	Policy               string
	Size                 int64  // bytes of the file
	Agency               string // that is claimed
	Claimed, Cached      bool   // whether there is a claim, and a cache
	CPU                  time.Duration
}

func newApart(cfg *config, known *certs.Evidence) (*apart, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	return &apart{self, JudgeTask{Anchors: cfg.Trust.Anchors, CRLs: cfg.Trust.CRLs, Hosts: cfg.Trust.CRLHosts, CPU: judgeTime}, known}, nil
}

// validate is an [exchange.ValidateFunc]. Where the child has ended without an answer, its
// error wraps [exchange.ErrCrashed], and the report says so; where there is no child, or it
// cannot begin, the error wraps [exchange.ErrNotNow].
func (a *apart) validate(ctx context.Context, file exchange.Blob, at time.Time, policy string, claim *signer.Claim) (*signer.Report, error) {
	desk := &judgeDesk{ctx: ctx, file: file, claim: claim, task: a.task}
	desk.task.At, desk.task.Policy, desk.task.Size = at, policy, file.Size()
	if claim != nil {
		desk.task.Agency, desk.task.Claimed = claim.Agency, true
	}
	if a.known.Fetcher != nil {
		desk.cache = a.known.Fetcher.Cache
	}
	desk.task.Cached = desk.cache != nil
	said, err := a.run(ctx, desk)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exchange.ErrNotNow):
		return nil, err
	case desk.answer != nil && desk.answer.NotNow != "":
		return nil, fmt.Errorf("%w: %s", exchange.ErrNotNow, desk.answer.NotNow)
	case desk.answer != nil && desk.answer.Problem != "":
		return nil, errors.New(desk.answer.Problem)
	case desk.answer != nil:
		report := new(signer.Report)
		return report, json.Unmarshal(desk.answer.Report, report)
	}
	if said == "" {
		said = fmt.Sprint(err)
	}
	report, failed := signer.Crashed(at, policy, said)
	if failed != nil {
		return nil, failed
	}
	return report, fmt.Errorf("%w: %s", exchange.ErrCrashed, said)
}

// run has a child ask at the desk until it ends; said is why, if it says so. The error is
// how it ended, or wraps [exchange.ErrNotNow].
func (a *apart) run(ctx context.Context, desk *judgeDesk) (said string, err error) {
	c := exec.CommandContext(ctx, a.self, judgeCommand)
	c.Args[0], c.WaitDelay = "lienthong", time.Second
	c.Env = []string{"GOTRACEBACK=none"}
	for _, name := range judgeEnv {
		if value, ok := os.LookupEnv(name); ok {
			c.Env = append(c.Env, name+"="+value)
		}
	}
	last := &limitedBuffer{left: 4 << 10}
	c.Stderr = last
	server := rpc.NewServer()
	asks, err := c.StdoutPipe()
	answers, second := c.StdinPipe()
	if err = errors.Join(err, second, server.RegisterName("Desk", desk)); err == nil {
		err = c.Start()
	}
	if err != nil {
		return "", fmt.Errorf("%w: start %q: %w", exchange.ErrNotNow, a.self, err)
	}
	server.ServeConn(pipes{asks, answers}) // until the child has ended; what it asked for last is done then
	err = c.Wait()
	for line := range strings.Lines(last.String()) {
		if _, why, ok := strings.Cut(line, "fatal error: "); ok {
			return strings.TrimSpace(why), err
		}
	}
	return "", err
}

// pipes are two pipes as one connection.
type pipes struct {
	io.ReadCloser
	w io.WriteCloser
}

func (p pipes) Write(b []byte) (int, error) { return p.w.Write(b) }

// Close implements [io.Closer].
func (p pipes) Close() error { return errors.Join(p.ReadCloser.Close(), p.w.Close()) }

// A judgeDesk answers what one child asks.
type judgeDesk struct {
	ctx    context.Context
	task   JudgeTask
	file   exchange.Blob
	claim  *signer.Claim
	cache  certs.Cache
	answer *JudgeAnswer
}

// The questions, and what is answered where that is more than one thing.
type (
	JudgeRead struct {
		At   int64
		Size int
	}
	JudgeBinding struct {
		Certificate []byte // DER
		At          time.Time
	}
	JudgeBound struct {
		signer.Binding
		Known bool
	}
	JudgeKept struct {
		Key          string
		Data         []byte
		Fetched, Due time.Time
		Known        bool
	}
	JudgeAnswer struct {
		Report  []byte // JSON; none where there is one of the others
		Problem string // why the file cannot be read
		NotNow  string // why the child cannot judge
	}
)

// Task says what there is to do.
func (d *judgeDesk) Task(_ struct{}, out *JudgeTask) error { *out = d.task; return nil }

// Read gives bytes of the file.
func (d *judgeDesk) Read(of JudgeRead, out *[]byte) error {
	if of.Size < 0 || of.Size > judgePiece || of.At < 0 || of.At > d.file.Size()-int64(of.Size) {
		return fmt.Errorf("judge: %d bytes from byte %d: want at most %d, of a file of %d", of.Size, of.At, judgePiece, d.file.Size())
	}
	*out = make([]byte, of.Size)
	if n, err := d.file.ReadAt(*out, of.At); n < of.Size {
		return err
	}
	return nil
}

// Bind asks the directory for what a certificate is bound to.
func (d *judgeDesk) Bind(of JudgeBinding, out *JudgeBound) error {
	c, err := x509.ParseCertificate(of.Certificate)
	if err != nil || d.claim == nil || d.claim.Bind == nil {
		return err
	}
	out.Binding, out.Known = d.claim.Bind(c, of.At)
	return nil
}

// Load gives what was fetched before.
func (d *judgeDesk) Load(key string, out *JudgeKept) error {
	if d.cache != nil {
		out.Data, out.Fetched, out.Known = d.cache.Load(d.ctx, key)
	}
	return nil
}

// Keep keeps what was fetched.
func (d *judgeDesk) Keep(of JudgeKept, _ *struct{}) error {
	if d.cache != nil {
		d.cache.Store(d.ctx, of.Key, of.Data, of.Fetched, of.Due)
	}
	return nil
}

// Answer takes what the child has found.
func (d *judgeDesk) Answer(of JudgeAnswer, _ *struct{}) error { d.answer = &of; return nil }
