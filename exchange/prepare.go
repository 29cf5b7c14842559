package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"lienthong/envelope"
	"lienthong/journal"
	"lienthong/signer"
)

const methodPrepare = "PrepareFile"

// A PrepareFileRequest asks to put empty fields into a draft of an agency.
type PrepareFileRequest struct {
	Agency    string // id or code
	File      envelope.Digest
	Options   signer.DraftOptions // At is set by the node
	Staff     envelope.Staff
	RequestID string
}

// A PreparedFile is the new file, which the agency possesses.
type PreparedFile struct {
	File    File
	Details PreparedDetails
}

// PreparedDetails say what [signer.PrepareDraft] did; they are kept with the answer
// to a request.
type PreparedDetails struct {
	Fields       []signer.DraftField `json:"f,omitempty"`
	Number, Date string              `json:",omitempty"`
	Warnings     []string            `json:"w,omitempty"`
}

// PrepareFile makes a new file of a draft that nobody has signed, with empty fields
// for number, date and the agency's signature. No key takes part. A repeat of a
// request id gives the file that was made then.
func (s *Service) PrepareFile(ctx context.Context, actor journal.Actor, req PrepareFileRequest) (*PreparedFile, error) {
	a, err := s.agencyHere(req.Agency)
	if err != nil {
		return nil, err
	}
	content := req
	content.RequestID = ""
	request, done, err := s.request(ctx, actor, methodPrepare, req.RequestID, a.ID, fingerprint(content))
	if err != nil {
		return nil, err
	}
	if done != "" {
		return s.preparedBefore(ctx, a.ID, done)
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
	sink := &watchedSink{blobSink: newBlobSink(ctx, s.cfg.Blobs, "prepare-"+id.String())}
	defer sink.close(ctx)
	req.Options.At = s.cfg.Now()
	made, err := signer.PrepareDraft(ctx, blob, req.Options, sink)
	if err != nil {
		return nil, sink.draftError(ctx, err)
	}
	if _, err := sink.Reopen(ctx, &signer.Signed{Digest: made.Digest, Size: made.Size}); err != nil {
		return nil, storeError(err)
	}
	details := PreparedDetails{made.Fields, made.Number, made.Date, made.Warnings}
	answer, err := json.Marshal(details)
	if err != nil {
		return nil, err
	}
	// The new file is durable, and nobody's. If we die here it is an orphan: the caller
	// has no answer, and a repeat makes it anew.
	given, err := s.give(ctx, actor, "file.prepared", File{Holder: a.ID, Digest: made.Digest, Name: preparedName(file.Name), MediaType: "application/pdf"}, func(d *draft) {
		d.change.Uses = append(d.change.Uses, req.File)
		if request != nil {
			request.Answer = envelope.Digest(made.Digest).String() + " " + string(answer)
			d.change.Request = request
		}
	})
	if errors.Is(err, ErrConflict) { // the same request was faster
		return s.PrepareFile(ctx, actor, req)
	}
	if err != nil {
		return nil, err
	}
	return &PreparedFile{given, details}, nil
}

// preparedBefore answers a repeated request.
func (s *Service) preparedBefore(ctx context.Context, agency, answer string) (*PreparedFile, error) {
	hex, details, _ := strings.Cut(answer, " ")
	digest, err := envelope.ParseDigest(hex)
	if err != nil {
		return nil, err
	}
	out := &PreparedFile{}
	if err := json.Unmarshal([]byte(details), &out.Details); err != nil {
		return nil, err
	}
	out.File, err = s.File(ctx, agency, digest)
	return out, err
}

// preparedName marks a name, before its extension.
func preparedName(name string) string {
	base, ext := name, ""
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		base, ext = name[:i], name[i:]
	}
	return base + ".prepared" + ext
}

// A watchedSink remembers why bytes were not kept: all else that goes wrong while a
// file is made is the file's own fault.
type watchedSink struct {
	*blobSink
	failed error
}

func (w *watchedSink) Write(p []byte) (int, error) {
	n, err := w.blobSink.Write(p)
	if err != nil {
		w.failed = err
	}
	return n, err
}

// draftError tells whose fault it was that nothing was prepared.
func (w *watchedSink) draftError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return err
	case w.failed != nil:
		return storeError(w.failed)
	}
	return &Error{Code: Precondition, Reason: signer.RefusedFile, Text: err.Error()}
}
