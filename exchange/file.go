package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"

	"lienthong/envelope"
	"lienthong/journal"
)

// StartUpload names an upload, which lives for 24 hours.
func (s *Service) StartUpload(ctx context.Context, actor journal.Actor, req UploadRequest) (Upload, error) {
	a, err := s.agencyHere(req.Agency)
	if err != nil {
		return Upload{}, err
	}
	if req.Size > uint64(s.cfg.MaxFile) {
		return Upload{}, fail(Exhausted, ReasonTooLarge, "the file has %d bytes, this node takes at most %d", req.Size, s.cfg.MaxFile)
	}
	if len([]rune(req.Name)) > maxNameLength || !plainText(req.Name) || len(req.MediaType) > maxMediaLength || !plainText(req.MediaType) {
		return Upload{}, &Error{Code: Invalid, Reason: "INVALID_UPLOAD", Text: "the upload was not begun",
			Fields: []Field{{"name", "TOO_LONG", fmt.Sprintf("or media type is no text, or has more than %d or %d characters", maxNameLength, maxMediaLength)}}}
	}
	if err := s.roomFor(ctx, req.Size); err != nil {
		return Upload{}, err
	}
	content := req
	content.RequestID = ""
	request, done, err := s.request(ctx, actor, methodUpload, req.RequestID, a.ID, fingerprint(content))
	if err != nil {
		return Upload{}, err
	}
	if done != "" {
		id, err := envelope.ParseID(done)
		if err != nil {
			return Upload{}, err
		}
		up, _, err := s.GetUpload(ctx, actor, id)
		return up, err
	}
	if err := s.takesNew(ctx, &a); err != nil {
		return Upload{}, err
	}
	id, err := s.newID()
	if err != nil {
		return Upload{}, err
	}
	up := Upload{ID: id, Agency: a.ID, Principal: actor.Principal, Name: req.Name, MediaType: req.MediaType, Size: req.Size, Started: s.now()}
	if request == nil {
		return up, storeError(s.cfg.Store.StartUpload(ctx, up))
	}
	request.Answer = id.String()
	d := s.draft(actor)
	d.change.Request, d.change.Uploads = request, []Upload{up}
	d.entry(a.ID, "upload.start", id.String(), fmt.Sprintf("size=%d", req.Size))
	_, err = s.commit(ctx, d.change)
	if errors.Is(err, ErrConflict) {
		return s.StartUpload(ctx, actor, req)
	}
	return up, storeError(err)
}

// upload finds an upload of this principal.
func (s *Service) upload(ctx context.Context, actor journal.Actor, id envelope.ID) (Upload, error) {
	up, err := s.cfg.Store.Upload(ctx, id)
	if err == nil && up.Principal != actor.Principal {
		err = ErrNotFound
	}
	if errors.Is(err, ErrNotFound) {
		return up, fail(NotFound, "NOT_FOUND", "there is no upload %s of yours", id)
	}
	return up, err
}

// GetUpload tells how many bytes of an upload are durable; those of others are not found.
func (s *Service) GetUpload(ctx context.Context, actor journal.Actor, id envelope.ID) (Upload, int64, error) {
	up, err := s.upload(ctx, actor, id)
	if err != nil {
		return up, 0, err
	}
	if up.Done {
		file, err := s.cfg.Store.File(ctx, up.Agency, up.Digest)
		return up, int64(file.Size), storeError(err)
	}
	held, err := s.cfg.Blobs.Held(ctx, up.Partial())
	return up, held, storeError(err)
}

// WriteUpload adds bytes from an offset, which must be what is held, and returns what
// is held after, also where r failed.
func (s *Service) WriteUpload(ctx context.Context, actor journal.Actor, id envelope.ID, offset int64, r io.Reader) (int64, error) {
	up, held, err := s.GetUpload(ctx, actor, id)
	if err != nil {
		return 0, err
	}
	if up.Done {
		return held, fail(Precondition, "UPLOAD_DONE", "upload %s is complete", id)
	}
	if offset != held {
		return held, fail(Precondition, "OFFSET", "upload %s goes on at byte %d, not at %d", id, held, offset)
	}
	limit := s.cfg.MaxFile
	if up.Size > 0 {
		limit = int64(up.Size)
	}
	promised, err := s.admitUpload(ctx, up, held)
	if err != nil {
		return held, err
	}
	defer func() { promised.finish(ctx, false) }()
	limited := &io.LimitedReader{R: r, N: limit - held + 1}
	_, err = s.cfg.Blobs.Append(ctx, up.Partial(), offset, limited)
	held, heldErr := s.cfg.Blobs.Held(ctx, up.Partial())
	if err == nil && held > limit {
		if err := s.cfg.Blobs.Discard(ctx, up.Partial()); err != nil {
			return 0, err
		}
		return 0, fail(Exhausted, ReasonTooLarge, "upload %s has more than %d bytes: it was discarded", id, limit)
	}
	return held, storeError(errors.Join(err, heldErr))
}

// FinishUpload checks size and digest and gives the file to the agency. Repeats
// give the same file.
func (s *Service) FinishUpload(ctx context.Context, actor journal.Actor, id envelope.ID, size int64, digest envelope.Digest) (File, error) {
	up, err := s.upload(ctx, actor, id)
	if err != nil {
		return File{}, err
	}
	if up.Done {
		if up.Digest != digest {
			return File{}, fail(Precondition, ReasonDigestMismatch, "upload %s is complete, with digest %s", id, up.Digest)
		}
		return s.File(ctx, up.Agency, digest)
	}
	if err := s.cfg.Blobs.Finish(ctx, up.Partial(), digest, size); err != nil {
		if errors.Is(err, ErrConflict) {
			return File{}, &Error{Code: Precondition, Reason: ReasonDigestMismatch, Text: "the bytes that came are not the file: begin again", Cause: err}
		}
		return File{}, storeError(err)
	}
	s.forgetUnfinished(up.Partial())
	// The blob is durable and has no row. If we die here it is an orphan, and the
	// upload, begun again, leads to the same digest.
	return s.give(ctx, actor, "file.upload", File{Holder: up.Agency, Digest: digest, Name: up.Name, MediaType: up.MediaType}, func(d *draft) {
		up.Done, up.Digest = true, digest
		d.change.Uploads = append(d.change.Uploads, up)
	})
}

// give makes a durable blob a file of an agency.
func (s *Service) give(ctx context.Context, actor journal.Actor, action string, file File, more func(*draft)) (File, error) {
	file.Since = s.now()
	blob, err := s.cfg.Blobs.Open(ctx, file.Digest)
	if err != nil {
		return File{}, storeError(err)
	}
	defer blob.Close()
	root, size, err := envelope.LeafRoot(io.NewSectionReader(blob, 0, blob.Size()))
	if err != nil {
		return File{}, err
	}
	file.Size, file.LeafRoot = size, root
	d := s.draft(actor)
	d.change.Wrote = []BlobRow{{Digest: file.Digest, Size: size, LeafRoot: root, Touched: file.Since}}
	d.change.Files = []File{file}
	d.entry(file.Holder, action, file.Digest.String(), fmt.Sprintf("size=%d", size))
	more(d)
	_, err = s.commit(ctx, d.change)
	return file, storeError(err)
}

// File describes a file that the agency (id or code) uploaded, sent, received or
// made by signing.
func (s *Service) File(ctx context.Context, agency string, digest envelope.Digest) (File, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return File{}, err
	}
	file, err := s.cfg.Store.File(ctx, a.ID, digest)
	if errors.Is(err, ErrNotFound) {
		return file, fail(NotFound, "NOT_FOUND", "agency %q has no file %s", agency, digest)
	}
	return file, err
}

// OpenFile opens such a file.
func (s *Service) OpenFile(ctx context.Context, agency string, digest envelope.Digest) (File, Blob, error) {
	file, err := s.File(ctx, agency, digest)
	if err != nil {
		return file, nil, err
	}
	blob, err := s.cfg.Blobs.Open(ctx, digest)
	return file, blob, storeError(err)
}

// OpenFileOf opens a file of a document that the caller was given: whoever sees a document
// may read its files, also those that came inside of a request.
func (s *Service) OpenFileOf(ctx context.Context, document *Document, digest envelope.Digest) (Blob, error) {
	for _, f := range document.Content.Files {
		if f.SHA256 == digest {
			blob, err := s.cfg.Blobs.Open(ctx, digest)
			return blob, storeError(err)
		}
	}
	return nil, fail(NotFound, "NOT_FOUND", "the document has no file %s", digest)
}
