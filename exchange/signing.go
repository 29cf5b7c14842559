package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"lienthong/envelope"
	"lienthong/journal"
	"lienthong/signer"
)

// A SignRequest asks to sign a file of an agency.
type SignRequest struct {
	Agency    string // id or code
	File      envelope.Digest
	Key       string             // id of a key, see [Service.SigningKeys]
	Options   signer.SignOptions // At and TSA are set by the node
	Level     signer.Level
	Staff     envelope.Staff
	RequestID string
	// Later is the level to bring the file to in the background; empty: none.
	Later signer.Level `json:",omitempty"`
	// AllowDynamic as in [signer.Request].
	AllowDynamic bool `json:",omitempty"`
}

// A SignResult is the new file, which the agency possesses.
type SignResult struct {
	File     File
	Field    string
	Level    signer.Level
	Warnings []string

	Job        *LevelJob     // that brings it to a later level; nil: none was asked for
	Evidence   []EvidenceRow // what was asked before the key was used
	Unattended bool          // no person opened the key
}

// SignFile signs a file of the agency with a key of the node. The result is a new
// file, in the agency's possession, that was verified before it was kept. A repeat
// of a request id gives the file that was made then.
func (s *Service) SignFile(ctx context.Context, actor journal.Actor, req SignRequest) (*SignResult, error) {
	began := s.cfg.Now()
	ctx, end := s.span(ctx, spanSign, envelope.ID{})
	result, err := s.signFile(ctx, actor, req)
	end(err)
	s.cfg.Observe.Signed(OutcomeOf(err), s.cfg.Now().Sub(began))
	return result, err
}

func (s *Service) signFile(ctx context.Context, actor journal.Actor, req SignRequest) (*SignResult, error) {
	if s.cfg.Signing == nil {
		return nil, fail(Unavailable, "NO_KEYS", "this node has no signing keys")
	}
	a, err := s.agencyHere(req.Agency)
	if err != nil {
		return nil, err
	}
	if err := s.checkLater(req.Later); err != nil {
		return nil, err
	}
	content := req
	content.RequestID, content.Options.TSA = "", nil
	request, done, err := s.request(ctx, actor, methodSign, req.RequestID, a.ID, fingerprint(content))
	if err != nil {
		return nil, err
	}
	if done != "" {
		return s.signedBefore(ctx, a.ID, done, req)
	}
	if err := s.takesNew(ctx, &a); err != nil {
		return nil, err
	}
	file, blob, err := s.OpenFile(ctx, a.ID, req.File)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	sink := newBlobSink(ctx, s.cfg.Blobs, "sign-"+id.String())
	defer sink.close(ctx)
	if req.Level != "" {
		req.Options.Level = req.Level
	}
	signed, warnings, err := s.cfg.Signing.Sign(ctx, actor, blob, signer.Request{Agency: a.ID, Key: req.Key, Input: req.File, Options: req.Options, AllowDynamic: req.AllowDynamic}, sink)
	if err != nil {
		return nil, signError(err)
	}
	kept, result, err := s.beside(ctx, actor, a.ID, req.File, signed, req.Later)
	if err != nil {
		return nil, err
	}
	// The signed file is durable, checked, and nobody's. If we die here it is an orphan:
	// the caller has no answer, and a repeat signs anew.
	result.File, err = s.give(ctx, actor, "file.signed", File{Holder: a.ID, Digest: signed.Digest, Name: signedName(file.Name), MediaType: "application/pdf"}, func(d *draft) {
		if request != nil {
			request.Answer = envelope.Digest(signed.Digest).String() + " " + signed.Field
			d.change.Request = request
		}
		kept(d)
	})
	if err != nil {
		return nil, err
	}
	result.Warnings = warnings
	return result, nil
}

// checkLater refuses a later level that this node cannot reach.
func (n *Node) checkLater(level signer.Level) error {
	switch {
	case level == "":
		return nil
	case !atLeast(level, signer.LevelBT):
		return &Error{Code: Invalid, Reason: "BAD_FIELD", Text: "nothing was signed",
			Fields: []Field{{"later_level", "BAD_FIELD", fmt.Sprintf("is %q, want B-T, B-LT or B-LTA", level)}}}
	case n.cfg.Signing.TSA == nil && n.cfg.Signing.PatientTSA == nil:
		return noTSA(level)
	}
	return nil
}

// beside is what is written with a signed file: the evidence that was asked before,
// the job that brings it to a later level, and how long its own time-stamp holds.
func (s *Service) beside(ctx context.Context, actor journal.Actor, agency string, input envelope.Digest, signed *signer.Signed, later signer.Level) (func(*draft), *SignResult, error) {
	keep, rows, err := s.keepEvidence(ctx, agency, input, signed)
	if err != nil {
		return nil, nil, err
	}
	result := &SignResult{Field: signed.Field, Level: signed.Level, Evidence: rows, Unattended: signed.Unattended}
	if later != "" && !atLeast(signed.Level, later) {
		job, err := s.newLevelJob(actor.Principal, agency, signed.Digest, later)
		if err != nil {
			return nil, nil, err
		}
		result.Job = &job
	}
	return func(d *draft) {
		keep(d)
		if signed.Level == signer.LevelBLTA {
			d.change.Augmented = append(d.change.Augmented, *s.augmentation(agency, signed.Digest, signed.Digest, signed.Level, signed.Until))
		}
		if result.Job != nil {
			d.queueLevel(*result.Job)
		}
	}, result, nil
}

// signedBefore answers a repeated request.
func (s *Service) signedBefore(ctx context.Context, agency, answer string, req SignRequest) (*SignResult, error) {
	hex, field, _ := strings.Cut(answer, " ")
	digest, err := envelope.ParseDigest(hex)
	if err != nil {
		return nil, err
	}
	file, err := s.File(ctx, agency, digest)
	level := req.Options.Level
	if req.Level != "" {
		level = req.Level
	}
	if err != nil {
		return nil, err
	}
	return s.resultOf(ctx, file, field, level)
}

// resultOf tells again what was made by a request that is repeated.
func (s *Service) resultOf(ctx context.Context, file File, field string, level signer.Level) (*SignResult, error) {
	out := &SignResult{File: file, Field: field, Level: level}
	jobs, err := s.cfg.Store.FileLevelJobs(ctx, file.Holder, file.Digest)
	if err != nil {
		return nil, err
	}
	if len(jobs) > 0 {
		out.Job = &jobs[0]
	}
	out.Evidence, err = s.cfg.Store.Evidence(ctx, file.Holder, file.Digest)
	return out, err
}

// signedName marks a name, before its extension, once.
func signedName(name string) string {
	ext := path.Ext(name)
	base := strings.TrimSuffix(name, ext)
	if strings.HasSuffix(base, ".signed") {
		return name
	}
	return base + ".signed" + ext
}

// signError turns what the door to the keys answers into what a caller is told.
func signError(err error) error {
	var refused *signer.Refusal
	if !errors.As(err, &refused) {
		return storeError(err)
	}
	code := Precondition
	switch refused.Reason {
	case signer.RefusedKey:
		code = NotFound
	case signer.RefusedUnreadable:
		code = Invalid
	case signer.RefusedTimeStamp, signer.RefusedEvidence:
		code = Unavailable
	}
	return &Error{Code: code, Reason: refused.Reason, Text: refused.Text}
}

// A blobSink streams a signed file into the blob store, where it is read again for
// checking. Nothing has a row until the check is done.
type blobSink struct {
	blobs Blobs
	key   string
	pipe  *io.PipeWriter
	done  chan struct{} // closed when err is set
	err   error
	blob  Blob
}

func newBlobSink(ctx context.Context, blobs Blobs, key string) *blobSink {
	r, w := io.Pipe()
	s := &blobSink{blobs: blobs, key: key, pipe: w, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		_, s.err = blobs.Append(ctx, key, 0, r)
		r.CloseWithError(errors.Join(s.err, io.ErrClosedPipe))
	}()
	return s
}

func (s *blobSink) Write(p []byte) (int, error) { return s.pipe.Write(p) }

// Reopen makes the file durable under its digest.
func (s *blobSink) Reopen(ctx context.Context, signed *signer.Signed) (signer.Source, error) {
	s.pipe.Close()
	if <-s.done; s.err != nil {
		return nil, s.err
	}
	if err := s.blobs.Finish(ctx, s.key, signed.Digest, signed.Size); err != nil {
		return nil, err
	}
	blob, err := s.blobs.Open(ctx, signed.Digest)
	if err != nil {
		return nil, fmt.Errorf("exchange: open signed file %x: %w", signed.Digest[:8], err)
	}
	s.blob = blob
	return blob, nil
}

// close frees what an attempt holds, whether it went well or not.
func (s *blobSink) close(ctx context.Context) {
	s.pipe.CloseWithError(io.ErrUnexpectedEOF)
	if <-s.done; s.blob != nil {
		s.blob.Close()
		return
	}
	// Not finished: the partial file is worth nothing. A crash leaves it; it has no row.
	_ = s.blobs.Discard(context.WithoutCancel(ctx), s.key)
}
