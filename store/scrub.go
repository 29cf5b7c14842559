package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
	"lienthong/store/blob"
)

// A Scrubber reads every file of a store again and compares it with its digest, so that
// what a disk forgets is known before somebody needs it. A file that is damaged, or gone,
// counts as missing from then on: it is not served, and whoever sends the same bytes, a
// client or a neighbour, is asked for them and heals it.
type Scrubber struct {
	Rows  exchange.Store
	Files exchange.Blobs
	Now   func() time.Time
	// Pace is called for all that was read, in pieces; it waits as long as that may take.
	Pace func(ctx context.Context, n int) error
	Log  *slog.Logger
}

// Scrubbed is what a pass has found.
type Scrubbed struct {
	Files   int // that were read
	Damaged int // that were found damaged, or gone
	Healed  int // that were damaged, and whose bytes are right
	Unread  int // that could not be read now, and stay
}

// Scrub reads the files with digests from one on, until the last, and says where it stopped
// if it was stopped: there the next pass may begin.
func (s *Scrubber) Scrub(ctx context.Context, from envelope.Digest) (out Scrubbed, at envelope.Digest, err error) {
	b, ok := s.Files.(blobs)
	if !ok {
		return out, from, fmt.Errorf("store: scrub: %T is no place of blobs", s.Files)
	}
	for {
		page, err := s.Rows.StoredBlobs(ctx, from, sweepPage)
		if err != nil || len(page) == 0 {
			return out, envelope.Digest{}, err
		}
		for _, row := range page {
			if err := s.one(ctx, b, row, &out); err != nil {
				return out, from, fmt.Errorf("store: scrub: %w", err)
			}
			from = row.Digest
		}
	}
}

func (s *Scrubber) one(ctx context.Context, b blobs, row exchange.StoredBlob, out *Scrubbed) error {
	if row.State == exchange.BlobDoomed {
		return nil
	}
	began := s.Now()
	err := b.VerifyAt(ctx, row.Digest, func(n int) error { return s.Pace(ctx, n) })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err = domain(err); errors.Is(err, exchange.ErrAway) {
		return err // which says nothing about the file
	}
	out.Files++
	switch {
	case err == nil && row.State == exchange.BlobDamaged:
		out.Healed++
		return s.healed(ctx, row, began)
	case err == nil, row.State == exchange.BlobDamaged:
		return nil
	case !errors.Is(err, blob.ErrNotFound) && !errors.Is(err, blob.ErrMismatch):
		s.unread(row, err, out)
		return nil
	}
	return s.damaged(ctx, b, row, err, out)
}

// healed gives a damaged blob whose bytes are right its row back.
func (s *Scrubber) healed(ctx context.Context, row exchange.StoredBlob, began time.Time) error {
	row.Touched = began.UnixMicro()
	_, err := s.Rows.Commit(ctx, exchange.Change{Wrote: []exchange.BlobRow{row.BlobRow}, Entries: []journal.Entry{swept(s.Now(), "file.healed", row.Digest.String(), "")}})
	if errors.Is(err, exchange.ErrMissing) {
		return nil // a sweep was faster
	}
	return err
}

// maxTold bounds how many files that cannot be read are told of one by one.
const maxTold = 20

// unread tells of a file that cannot be read now: too many files are open, a server hangs, a
// right is missing. It is not known to be damaged, and stays as it is.
func (s *Scrubber) unread(row exchange.StoredBlob, why error, out *Scrubbed) {
	if out.Unread++; out.Unread <= maxTold {
		s.Log.Error("a file cannot be read now: it stays as it is", "sha256", row.Digest.String(), "size", row.Size, "error", why)
	}
}

// damaged takes a file away whose bytes are wrong, or that is gone, and journals it.
func (s *Scrubber) damaged(ctx context.Context, b blobs, row exchange.StoredBlob, found error, out *Scrubbed) error {
	now, err := s.Rows.StoredBlob(ctx, row.Digest)
	if errors.Is(err, exchange.ErrNotFound) || err == nil && (now.Key() != row.Key() || now.State != exchange.BlobLive) {
		return nil // it was let go, or put anew, while we read
	}
	if err != nil {
		return err
	}
	var moved error
	if !errors.Is(found, blob.ErrNotFound) {
		gone, err := b.SetAside(ctx, row.Digest)
		if moved = domain(err); !gone {
			return s.stays(row, moved, out)
		}
	}
	// The file is not served from here on. If we die now it is found missing next time. If
	// somebody puts it at this very moment, the next pass finds the bytes right, and heals it.
	entry := swept(s.Now(), "file.damaged", row.Digest.String(), fmt.Sprintf("size=%d", row.Size))
	entry.Outcome = "DAMAGED"
	if _, err := s.Rows.Commit(ctx, exchange.Change{Damage: []envelope.Digest{row.Digest}, Entries: []journal.Entry{entry}}); err != nil {
		return errors.Join(err, moved)
	}
	out.Damaged++
	s.Log.Error("a file is damaged: it is not served until the same bytes come again", "sha256", row.Digest.String(), "size", row.Size, "error", found)
	return moved
}

// stays ends the look at a file that was not set aside: it verifies now, or could not be
// read or moved.
func (s *Scrubber) stays(row exchange.StoredBlob, why error, out *Scrubbed) error {
	if why == nil || errors.Is(why, exchange.ErrAway) {
		return why
	}
	s.unread(row, why, out)
	return nil
}
