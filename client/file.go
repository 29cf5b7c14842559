package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"lienthong/envelope"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// pieceSize is how much of a file goes into one message.
const pieceSize = 256 << 10

// A Progress is told how many bytes of a file have gone, of how many.
type Progress func(done, total int64)

// patience is how often an upload goes on although nothing new has arrived, and
// pause how long it waits before, times the number of attempts.
const (
	patience = 6
	pause    = 250 * time.Millisecond
)

// Upload gives a file to the node for an agency. Where the connection breaks it goes
// on from the byte that the node holds, and gives up only when several attempts in a
// row have brought nothing.
func (c *Client) Upload(ctx context.Context, agency, name, mediaType string, src io.ReaderAt, size int64, progress Progress) (*lienthongv1.File, error) {
	started, err := c.Files.StartUpload(ctx, &lienthongv1.StartUploadRequest{Agency: agency, Name: name, MediaType: mediaType, Size: uint64(size)})
	if err != nil {
		return nil, err
	}
	digest, err := digestOf(src, size)
	if err != nil {
		return nil, err
	}
	held, vain := started.GetOffset(), 0
	for {
		file, err := c.uploadFrom(ctx, started.GetUpload(), int64(held), src, size, digest, progress)
		if err == nil || !Retryable(err) || vain == patience {
			return file, err
		}
		vain++
		if !wait(ctx, time.Duration(vain)*pause) {
			return nil, err
		}
		at, again := c.Files.GetUpload(ctx, &lienthongv1.GetUploadRequest{Upload: started.GetUpload()})
		switch {
		case again != nil:
			continue // the next attempt tells
		case at.GetFile() != nil:
			return at.GetFile(), nil // only the answer was lost
		case at.GetOffset() > held:
			vain = 0
		}
		held = at.GetOffset()
	}
}

// wait reports whether the time has passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func digestOf(src io.ReaderAt, size int64) (envelope.Digest, error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(src, 0, size)); err != nil {
		return envelope.Digest{}, err
	}
	return envelope.Digest(h.Sum(nil)), nil
}

func (c *Client) uploadFrom(ctx context.Context, id string, at int64, src io.ReaderAt, size int64, digest envelope.Digest, progress Progress) (*lienthongv1.File, error) {
	stream, err := c.Files.UploadFile(ctx)
	if err != nil {
		return nil, err
	}
	first := true
	for first || at < size {
		m := &lienthongv1.UploadFileRequest{Offset: uint64(at), Data: make([]byte, min(pieceSize, size-at))}
		if first {
			m.Upload, first = id, false
		}
		if _, err := src.ReadAt(m.Data, at); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		at += int64(len(m.Data))
		if err := stream.Send(m); err != nil {
			break // the answer tells why
		}
		if progress != nil {
			progress(at, size)
		}
	}
	end := &lienthongv1.UploadFileRequest{Offset: uint64(at), End: &lienthongv1.UploadEnd{Size: uint64(size), Sha256: digest[:]}}
	if err := stream.Send(end); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	return answer.GetFile(), nil
}

// Download writes a file of an agency to w, and checks its digest at the end: an
// error means that what was written must not be used.
func (c *Client) Download(ctx context.Context, agency string, digest envelope.Digest, w io.Writer, progress Progress) (*lienthongv1.File, error) {
	stream, err := c.Files.DownloadFile(ctx, &lienthongv1.DownloadFileRequest{Agency: agency, Sha256: digest[:]})
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	var file *lienthongv1.File
	for done := int64(0); ; {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if m.GetFile() != nil {
			file = m.GetFile()
		}
		if _, err := io.MultiWriter(w, h).Write(m.GetData()); err != nil {
			return nil, err
		}
		done += int64(len(m.GetData()))
		if progress != nil {
			progress(done, int64(file.GetSize()))
		}
	}
	if got := envelope.Digest(h.Sum(nil)); got != digest {
		return nil, fmt.Errorf("client: download %s: the bytes that came have SHA-256 %s", digest, got)
	}
	return file, nil
}
