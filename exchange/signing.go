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
}

// A SignResult is the new file, which the agency possesses.
type SignResult struct {
	File     File
	Field    string
	Level    signer.Level
	Warnings []string
}

// SignFile signs a file of the agency with a key of the node. The result is a new
// file, in the agency's possession, that was verified before it was kept. A repeat
// of a request id gives the file that was made then.
func (s *Service) SignFile(ctx context.Context, actor journal.Actor, req SignRequest) (*SignResult, error) {
	if s.cfg.Signing == nil {
		return nil, fail(Unavailable, "NO_KEYS", "this node has no signing keys")
	}
	a, err := s.agencyHere(req.Agency)
	if err != nil {
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
	signed, warnings, err := s.cfg.Signing.Sign(ctx, actor, blob, signer.Request{Agency: a.ID, Key: req.Key, Input: req.File, Options: req.Options}, sink)
	if err != nil {
		return nil, signError(err)
	}
	// The signed file is durable, checked, and nobody's. If we die here it is an orphan:
	// the caller has no answer, and a repeat signs anew.
	made, err := s.give(ctx, actor, "file.signed", File{Holder: a.ID, Digest: signed.Digest, Name: signedName(file.Name), MediaType: "application/pdf"}, func(d *draft) {
		if request != nil {
			request.Answer = envelope.Digest(signed.Digest).String() + " " + signed.Field
			d.change.Request = request
		}
	})
	if err != nil {
		return nil, err
	}
	return &SignResult{File: made, Field: signed.Field, Level: signed.Level, Warnings: warnings}, nil
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
	return &SignResult{File: file, Field: field, Level: level}, err
}

// SigningKeys lists the keys that a principal may use for an agency (id or code).
func (s *Service) SigningKeys(ctx context.Context, principal, agency string) ([]signer.KeyEntry, error) {
	a, err := s.agencyOf(agency)
	if err != nil || s.cfg.Signing == nil {
		return nil, err
	}
	return s.cfg.Signing.KeysOf(principal, a.ID), nil
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
	case signer.RefusedTimeStamp:
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
