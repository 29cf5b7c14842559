package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lienthong/exchange"
)

// How long what looks forgotten is kept.
const (
	orphanLife  = 24 * time.Hour     // a file that no row names: its transaction may still come
	partialLife = 7 * 24 * time.Hour // a transfer that nobody goes on with
)

// Sweep deletes files that no row names and transfers that were given up, and
// returns their number. It is for a store that [Open] gave, once a day; now is the
// time. Letters go on while it runs.
func Sweep(ctx context.Context, rows exchange.Store, files exchange.Blobs, now time.Time) (int, error) {
	b, ok := files.(blobs)
	if !ok {
		return 0, fmt.Errorf("store: sweep: %T is no folder of blobs", files)
	}
	n, err := b.s.Sweep(now.Add(-orphanLife), now.Add(-partialLife), func(digest [32]byte) (bool, error) {
		_, err := rows.Blob(ctx, digest)
		if errors.Is(err, exchange.ErrNotFound) {
			return false, nil
		}
		return true, err
	})
	if err != nil {
		return n, fmt.Errorf("store: %w", err)
	}
	return n, nil
}
