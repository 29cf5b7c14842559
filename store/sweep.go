package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

// How long what looks forgotten is kept.
const (
	orphanLife  = 24 * time.Hour     // a file that no row names, a row that nothing keeps: whoever put it may still come
	uploadLife  = 24 * time.Hour     // an upload that nobody goes on with
	partialLife = 7 * 24 * time.Hour // a transfer that nobody goes on with, if its letter does not expire before
	doomedLife  = time.Hour          // from the row to the bytes: whoever has the file open reads on
	// A change that names bytes put longer ago than this is refused while a sweep goes on.
	// What is above it, up to doomedLife, bears clocks that differ.
	fenceLife = 30 * time.Minute
)

// sweepPage is how many rows are looked at together.
const sweepPage = 1000

// A Sweeper lets go what nobody will ask for again: rows and bytes of blobs that nothing
// keeps, files that no row names, transfers that were given up. It is for a store that
// [Open] gave. Any number of processes may sweep one store, and letters go on meanwhile.
type Sweeper struct {
	Rows  exchange.Store
	Files exchange.Blobs
}

// Swept is what a sweep has done.
type Swept struct {
	Doomed  int // rows that count as missing from now on
	Removed int // blobs whose bytes and rows are gone
	Orphans int // files without a row, and transfers
}

// Sweep does what is due at a time: doomed blobs whose hour has passed go, blobs that
// nothing has kept for a day are doomed. Partial files of letters
// that have expired go, and those given up. With folder set it also walks all files. Each
// step is journalled before it is taken, but the last, and may be the last that a process
// takes: the next sweep goes on from there.
func (s *Sweeper) Sweep(ctx context.Context, now time.Time, folder bool) (out Swept, err error) {
	b, ok := s.Files.(blobs)
	if !ok {
		return out, fmt.Errorf("store: sweep: %T is no place of blobs", s.Files)
	}
	if out.Removed, err = s.remove(ctx, b, now); err != nil {
		return out, fmt.Errorf("store: sweep: %w", err)
	}
	if out.Doomed, err = s.doom(ctx, now); err != nil {
		return out, fmt.Errorf("store: sweep: %w", err)
	}
	if !folder {
		if out.Orphans, err = b.SweepPartials(ctx, stalePartial(now)); err != nil {
			return out, fmt.Errorf("store: sweep: %w", err)
		}
		return out, nil
	}
	if err := s.fence(ctx, now); err != nil {
		return out, fmt.Errorf("store: sweep: %w", err)
	}
	out.Orphans, err = b.Sweep(ctx, now.Add(-orphanLife), func(digest [32]byte) (bool, error) {
		_, err := s.Rows.StoredBlob(ctx, digest)
		if errors.Is(err, exchange.ErrNotFound) {
			err = ctx.Err()
			return false, err
		}
		return true, err
	}, stalePartial(now))
	return out, err
}

// stalePartial says which partial files nobody will go on with: those of letters that have
// expired, and those that were written last long ago.
func stalePartial(now time.Time) func(key string, written time.Time) bool {
	return func(key string, written time.Time) bool {
		if expires, ok := exchange.PartialExpires(key); ok && expires < now.UnixMicro() {
			return true
		}
		life := partialLife
		if strings.HasPrefix(key, exchange.UploadPrefix) {
			life = uploadLife
		}
		return written.Before(now.Add(-life))
	}
}

// fence refuses what was put long ago and is committed from now on: the bytes may be going.
func (s *Sweeper) fence(ctx context.Context, now time.Time) error {
	_, err := s.Rows.Commit(ctx, exchange.Change{Swept: now.Add(-fenceLife).UnixMicro(),
		Entries: []journal.Entry{swept(now, "files.sweep", "", "")}})
	return err
}

func swept(now time.Time, action, object, detail string) journal.Entry {
	return journal.Entry{Time: now.UnixMicro(), Actor: journal.System, Action: action, Object: object, Detail: detail, Outcome: journal.OutcomeOK}
}

// remove removes the bytes, and then the rows, of blobs that were doomed an hour ago.
func (s *Sweeper) remove(ctx context.Context, b blobs, now time.Time) (removed int, err error) {
	due := now.Add(-doomedLife)
	for fenced := false; ; fenced = true {
		list, err := s.Rows.Doomed(ctx, due.UnixMicro(), sweepPage)
		if err != nil || len(list) == 0 {
			return removed, err
		}
		if !fenced {
			if err := s.fence(ctx, now); err != nil {
				return removed, err
			}
		}
		var gone []exchange.BlobKey
		for _, key := range list {
			is, err := s.removeOne(ctx, b, key, due)
			if err != nil {
				return removed, err
			}
			if is {
				gone = append(gone, key)
			}
		}
		// The bytes are gone. If we die here the rows go at the next sweep.
		if err := s.Rows.Forget(ctx, gone); err != nil {
			return removed, err
		}
		if removed += len(gone); len(gone) < len(list) {
			return removed, nil // the others were put again this hour: their rows follow
		}
	}
}

func (s *Sweeper) removeOne(ctx context.Context, b blobs, key exchange.BlobKey, due time.Time) (gone bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return b.RemoveOld(ctx, key.Digest, due, func() (bool, error) {
		row, err := s.Rows.StoredBlob(ctx, key.Digest)
		if errors.Is(err, exchange.ErrNotFound) {
			return false, nil
		}
		return err == nil && (row.State != exchange.BlobDoomed || row.Generation != key.Generation), err
	})
}

// doom ends blobs that nothing keeps and that nobody has touched for a day.
func (s *Sweeper) doom(ctx context.Context, now time.Time) (doomed int, err error) {
	before := now.Add(-orphanLife).UnixMicro()
	for after, more := (envelope.Digest{}), true; more; more = !after.IsZero() {
		idle, next, err := s.Rows.Idle(ctx, before, after, sweepPage)
		if err != nil {
			return doomed, err
		}
		for page := range slices.Chunk(idle, doomTogether) {
			n, err := s.doomAll(ctx, now, before, page)
			if doomed += n; err != nil {
				return doomed, err
			}
		}
		after = next
	}
	return doomed, nil
}

// doomTogether is how many blobs end in one act.
const doomTogether = 64

// doomAll ends blobs in one act, or, where someone wants one of them after all, each in
// an act of its own.
func (s *Sweeper) doomAll(ctx context.Context, now time.Time, before int64, digests []envelope.Digest) (doomed int, err error) {
	change := exchange.Change{Doom: &exchange.Doom{Digests: digests, Before: before}}
	for _, d := range digests {
		change.Entries = append(change.Entries, swept(now, "file.doomed", d.String(), "nothing keeps it"))
	}
	_, err = s.Rows.Commit(ctx, change)
	switch {
	case err == nil:
		return len(digests), nil
	case !errors.Is(err, exchange.ErrStale):
		return 0, err
	case len(digests) == 1:
		return 0, nil
	}
	for i := range digests {
		n, err := s.doomAll(ctx, now, before, digests[i:i+1])
		if doomed += n; err != nil {
			return doomed, err
		}
	}
	return doomed, nil
}
