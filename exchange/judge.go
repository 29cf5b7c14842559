package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"lienthong/envelope"
	"lienthong/signer"
)

// A judgement is the outcome of validating a letter.
type judgement struct {
	detail  envelope.ValidatedDetail
	reports []ReportRow
	again   bool // it may change when fresh revocation data come
	crashed bool // a file has ended the process that judged it, see [ErrCrashed]
}

// judge validates every PDF of a letter. Its verdict is that of the main file, and
// invalid if any file has a broken signature; an annex may be unsigned or no PDF.
// Its error says that a file cannot be judged now.
func (n *Node) judge(ctx context.Context, job Job, letter *Letter, content *envelope.Content) (judgement, error) {
	var out judgement
	issuedBy := letter.Agency
	if route, err := envelope.ParseRoute(letter.Sealed); err == nil {
		issuedBy = issuer(&route)
	}
	claim := n.Directory().Claim(issuedBy, n.cfg.Now())
	main := -1
	for i, f := range content.Files {
		verdict, report, err := n.judgeFile(ctx, job, f, claim)
		if errors.Is(err, ErrCrashed) {
			n.cfg.Log.Error("validate: a file has ended the process that judged it", "letter", letter.Key.ID.String(), "file", f.SHA256.String(), "error", err)
			out.crashed = true
		} else if err != nil {
			return out, err
		}
		row := envelope.FileVerdict{SHA256: f.SHA256, Verdict: verdict}
		if report != nil {
			if data, err := report.JSON(); err == nil {
				row.Report = envelope.Sum(data)
				out.reports = append(out.reports, ReportRow{Digest: row.Report, File: f.SHA256, JSON: data})
			}
		}
		out.detail.Files = append(out.detail.Files, row)
		out.again = out.again || verdict == string(signer.VerdictIndeterminate)
		if f.Role == envelope.FileMain && main < 0 {
			main = i
		}
		if verdict == string(signer.VerdictInvalid) || i == main && out.detail.Verdict == "" {
			out.detail.Verdict = verdict
		}
	}
	if out.detail.Verdict == "" {
		out.detail.Verdict = string(signer.VerdictIndeterminate)
	}
	fitVerdicts(&out.detail, main)
	return out, nil
}

// saidBy reports whether a statement has the same verdict of the letter and of each file.
func (j *judgement) saidBy(row *StatementRow) (bool, error) {
	if row == nil {
		return false, nil
	}
	st, err := envelope.ParseStatement(row.Sealed)
	if err != nil {
		return false, err
	}
	return st.Validated.Verdict == j.detail.Verdict && slices.EqualFunc(st.Validated.Files, j.detail.Files, func(a, b envelope.FileVerdict) bool {
		return a.SHA256 == b.SHA256 && a.Verdict == b.Verdict
	}), nil
}

// judgeFile judges one file. Its error says that this cannot be done now: a verdict is
// signed, so what a place of files that is away for seconds leaves unread must not become
// one, and a broken signature in it would pass as none.
func (n *Node) judgeFile(ctx context.Context, job Job, f envelope.ContentFile, claim *signer.Claim) (string, *signer.Report, error) {
	blob, err := n.cfg.Blobs.Open(ctx, f.SHA256)
	if err != nil {
		return n.unjudged(job, f, err)
	}
	defer blob.Close()
	read := &watched{Blob: blob}
	verdict, report, trouble := n.judgeBytes(ctx, n.validator(job), read, f, claim)
	if err := read.failure(); err != nil {
		return n.unjudged(job, f, err)
	}
	if err := ctx.Err(); err != nil {
		return n.unjudged(job, f, err)
	}
	if errors.Is(trouble, ErrNotNow) {
		return n.unjudged(job, f, trouble)
	}
	if report != nil && report.SHA256 != "" && report.SHA256 != f.SHA256.String() {
		return n.unjudged(job, f, fmt.Errorf("%w: the bytes that are kept have SHA-256 %.64s", ErrConflict, report.SHA256))
	}
	if trouble != nil && report != nil {
		report.SHA256 = f.SHA256.String()
	}
	return verdict, report, trouble
}

// unjudged is what becomes of a file whose bytes were not all to be had. One that is lost
// here, or damaged, is indeterminate until it is healed. All else is an error, and tried
// again: without end while the place of files is away, and else as often as a job is.
func (n *Node) unjudged(job Job, f envelope.ContentFile, err error) (string, *signer.Report, error) {
	lost := errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict)
	if !lost && (errors.Is(err, ErrAway) || job.Attempts < maxAttempt) {
		return "", nil, fmt.Errorf("file %s: %w", f.SHA256, err)
	}
	n.cfg.Log.Error("validate: a file cannot be read", "file", f.SHA256.String(), "error", err)
	return string(signer.VerdictIndeterminate), nil, nil
}

// judgeBytes judges what can be read of a file. What is no PDF is indeterminate as the main
// file and unsigned as an annex: it carries no signature that anyone could check.
// Its error is [ErrCrashed] or [ErrNotNow].
func (n *Node) judgeBytes(ctx context.Context, validate ValidateFunc, blob Blob, f envelope.ContentFile, claim *signer.Claim) (verdict string, report *signer.Report, err error) {
	defer func() {
		// A file from outside must not end the node, whatever it does to the reader.
		if p := recover(); p != nil {
			n.cfg.Log.Error("validate: panic", "file", f.SHA256.String(), "panic", fmt.Sprint(p))
			verdict, report, err = string(signer.VerdictIndeterminate), nil, nil
		}
	}()
	unreadable := string(signer.VerdictUnsigned)
	if f.Role == envelope.FileMain {
		unreadable = string(signer.VerdictIndeterminate)
	}
	if f.Role != envelope.FileMain && !looksLikePDF(blob) {
		return unreadable, nil, nil
	}
	if validate == nil {
		return string(signer.VerdictIndeterminate), nil, nil
	}
	r, err := validate(ctx, blob, n.cfg.Now(), "", claim)
	if errors.Is(err, ErrCrashed) || errors.Is(err, ErrNotNow) {
		return string(signer.VerdictIndeterminate), r, err
	}
	if err != nil {
		n.cfg.Log.Warn("validate: unreadable", "file", f.SHA256.String(), "error", err)
		return unreadable, nil, nil
	}
	return string(r.Verdict), r, nil
}

// validator is what judges for a job. At its first attempt that is this process. At any
// other, this process may have ended over one of the files, in a way that no recover
// catches, and would again: they are judged apart.
func (n *Node) validator(job Job) ValidateFunc {
	if job.Attempts > 1 && n.cfg.ValidateApart != nil {
		return n.cfg.ValidateApart
	}
	return n.cfg.Validate
}

func looksLikePDF(blob Blob) bool {
	head := make([]byte, min(blob.Size(), 1024))
	k, _ := blob.ReadAt(head, 0)
	return bytes.Contains(head[:k], []byte("%PDF-"))
}

// A watched blob remembers the first read that failed, which whoever reads a PDF takes for
// a fault of the PDF.
type watched struct {
	Blob
	mu     sync.Mutex
	failed error
}

// ReadAt implements [io.ReaderAt].
func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	k, err := w.Blob.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) && off >= 0 {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.failed == nil {
			w.failed = err
		}
	}
	return k, err
}

// failure is the error of the first read that failed.
func (w *watched) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}
