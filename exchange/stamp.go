package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
)

// A StampFunc gets a time-stamp token (RFC 3161) over a SHA-256, and says its time.
type StampFunc func(ctx context.Context, digest envelope.Digest) (token []byte, at time.Time, err error)

// stampRetry is how soon a time-stamp is asked for again that could not be had.
const stampRetry = 5 * time.Minute

// stampCheckpoints has the newest head time-stamped, now and then. It covers all before
// it, so one that could not be had is not missed later.
func (r *Relay) stampCheckpoints(ctx context.Context) {
	for ctx.Err() == nil {
		pause := r.cfg.StampEvery
		if err := r.StampCheckpoint(ctx); err != nil && ctx.Err() == nil {
			r.cfg.Log.Warn("relay: time-stamp of a checkpoint: tried again later", "error", err)
			pause = min(pause, stampRetry)
		}
		wait(ctx, nil, pause)
	}
}

// StampCheckpoint time-stamps the newest head of the journal, unless it has a stamp: the
// newest that the parent has cosigned, or one of now, where that is older than a pause.
func (n *Node) StampCheckpoint(ctx context.Context) error {
	row, err := n.headToStamp(ctx)
	if err != nil || len(row.Stamp) > 0 {
		return err
	}
	token, at, err := n.cfg.Stamp(ctx, envelope.Sum(row.Sealed.Marshal()))
	if err != nil {
		return err
	}
	row.Stamp, row.Stamped = token, at.UnixMicro()
	d := n.draft(journal.System)
	d.change.Checkpoints = []CheckpointRow{row}
	d.entry("", "checkpoint.stamped", row.Sealed.Digest().String(), fmt.Sprintf("leaves=%d at=%d token=%s", row.Size, row.Stamped, envelope.Sum(token)))
	done, err := n.commit(ctx, d.change)
	if err == nil && done.First == n.quiet.Load() {
		n.quiet.Store(done.First + 1)
	}
	return err
}

func (n *Node) headToStamp(ctx context.Context) (CheckpointRow, error) {
	row, err := n.cfg.Store.NewestCheckpoint(ctx, n.cfg.ID, n.incarnation)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return row, err
	}
	size, sizeErr := n.cfg.Store.TreeSize(ctx)
	if sizeErr != nil {
		return row, sizeErr
	}
	if err == nil && (size == row.Size || size == n.quiet.Load() || row.Seen > n.now()-n.cfg.StampEvery.Microseconds()) {
		return row, nil
	}
	head, sealed, err := n.checkpoint(ctx, size)
	return rowOf(head, sealed, envelope.Sealed{}, n.now()), err
}
