package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
	"lienthong/signer"
)

// headsBatch is how many kept heads are read at once.
const headsBatch = 500

// headChecks is one comparison of the heads that were kept with the journal as it is.
type headChecks struct {
	*Service
	check *JournalCheck
	dir   *Directory
	read  map[int64]journal.Hash // in this check: most heads need the same few
}

// checkHeads compares every head of this node that was cosigned or time-stamped with the
// tree as it is: a journal that was written anew is sound in itself, and does not have them.
// Each must bear the signature of this node; and what others say of it counts if they say it.
func (s *Service) checkHeads(ctx context.Context, check *JournalCheck) error {
	h := &headChecks{Service: s, check: check, dir: s.Directory(), read: map[int64]journal.Hash{}}
	for after := uint64(0); ; {
		rows, err := s.cfg.Store.Checkpoints(ctx, s.cfg.ID, after, headsBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			after = row.N
			if row.Refused != "" && row.Incarnation != s.incarnation {
				continue // what led to it ended with a restore
			}
			if row.Size > check.Size {
				if now, err := s.cfg.Store.TreeSize(ctx); err != nil || row.Size <= now {
					if err != nil {
						return err
					}
					continue // it was shown while the leaves were hashed: the next check has it
				}
			}
			if err := h.head(ctx, row); err != nil {
				return err
			}
		}
	}
}

// head checks one. Those that were refused are evidence that there is a problem.
func (h *headChecks) head(ctx context.Context, row CheckpointRow) error {
	if row.Refused != "" {
		h.problem(row, "the parent has refused it, or holds it: %s", row.Refused)
		return nil
	}
	if row.Size > h.check.Size {
		h.problem(row, "the journal has %d", h.check.Size)
		return nil
	}
	root, err := journal.Root(row.Size, h.reader(ctx))
	if err != nil {
		return err
	}
	if envelope.Digest(root) != row.Root {
		h.problem(row, "it has root %s, the journal has %x there", row.Root, root[:])
		return nil
	}
	if h.signature(row) {
		h.cosignature(row)
		h.stamp(row)
	}
	return nil
}

// signature checks that this node has signed the head that the row is about.
func (h *headChecks) signature(row CheckpointRow) bool {
	head, err := envelope.ParseCheckpoint(row.Sealed)
	if err == nil && (head.Node != row.Node || head.Incarnation != row.Incarnation || head.TreeSize != row.Size || head.RootHash != row.Root) {
		err = fmt.Errorf("what is signed is %d leaves with root %s of %q", head.TreeSize, head.RootHash, head.Node)
	}
	if _, known := h.dir.Node(h.cfg.ID); err == nil && !known {
		h.unchecked("signatures of this node and of others: the directory (%s) does not know it", h.dir.version())
		return true
	}
	if err == nil {
		_, err = h.dir.VerifyHead(row.Sealed)
	}
	if err != nil {
		h.problem(row, "signature: %v", err)
	}
	return err == nil
}

// cosignature checks who has signed that the head is consistent with those before. What a
// node says that is the parent no more is no problem, and no word of the parent.
func (h *headChecks) cosignature(row CheckpointRow) {
	if len(row.Cosignature.Payload) == 0 {
		return
	}
	me, known := h.dir.Node(h.cfg.ID)
	if !known {
		return // said with the signature
	}
	co, err := h.dir.VerifyCosignature(row.Sealed, row.Cosignature)
	if err == nil && co.Node == h.cfg.ID {
		err = errors.New("it is of this node itself")
	}
	switch {
	case err != nil:
		h.problem(row, "cosignature: %v", err)
	case co.Node != me.Parent:
		h.unchecked("whether %q was the parent, which has cosigned heads: by the directory (%s) it is %q", co.Node, h.dir.version(), me.Parent)
	default:
		h.check.Cosigned = max(h.check.Cosigned, row.Size)
	}
}

// stamp checks the time-stamp. One whose authority nobody vouches for is no problem, and no time.
func (h *headChecks) stamp(row CheckpointRow) {
	if len(row.Stamp) == 0 {
		return
	}
	at, unvouched, err := h.verifyStamp(row)
	switch {
	case err != nil:
		h.problem(row, "time-stamp: %v", err)
	case unvouched != nil:
		h.unchecked("authority of time-stamps: %v", unvouched)
	default:
		h.check.Stamped = max(h.check.Stamped, at.UnixMicro())
	}
}

func (h *headChecks) verifyStamp(row CheckpointRow) (at time.Time, unvouched, err error) {
	digest := envelope.Sum(row.Sealed.Marshal())
	if h.cfg.Signing == nil {
		return signer.VerifyStamp(row.Stamp, digest, nil)
	}
	return signer.VerifyStamp(row.Stamp, digest, h.cfg.Signing.Trust)
}

func (h *headChecks) problem(row CheckpointRow, format string, args ...any) {
	if len(h.check.Problems) < journal.MaxProblems {
		h.check.Problems = append(h.check.Problems, fmt.Sprintf("checkpoint of %d leaves: ", row.Size)+fmt.Sprintf(format, args...))
	}
}

// unchecked notes, once, what this node cannot check.
func (h *headChecks) unchecked(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(h.check.Unchecked) < journal.MaxProblems && !slices.Contains(h.check.Unchecked, text) {
		h.check.Unchecked = append(h.check.Unchecked, text)
	}
}

// reader reads what is stored, past the caches of node and store, each hash once.
func (h *headChecks) reader(ctx context.Context) journal.HashReader {
	return journal.HashReaderFunc(func(indexes []int64) ([]journal.Hash, error) {
		out := make([]journal.Hash, len(indexes))
		for i, index := range indexes {
			hash, ok := h.read[index]
			if !ok {
				got, err := h.cfg.Store.StoredHashes(ctx, []int64{index})
				if err != nil {
					return nil, err
				}
				if len(h.read) > maxCachedHashes {
					clear(h.read)
				}
				hash = got[0]
				h.read[index] = hash
			}
			out[i] = hash
		}
		return out, nil
	})
}
