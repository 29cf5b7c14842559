package main

import (
	"context"
	"log/slog"
	"time"

	"lienthong/store"
)

// What nobody names any more goes: rows are looked at every hour, all files once a day,
// first when the node has had time to find its peers.
const (
	sweepFirst  = 10 * time.Minute
	sweepEvery  = time.Hour
	folderEvery = 24 * time.Hour
)

// sweep deletes what nothing keeps, until ctx ends. What fails is logged, and tried
// again an hour later.
func (n *node) sweep(ctx context.Context, now func() time.Time, log *slog.Logger) error {
	s := &store.Sweeper{Rows: n.store, Files: n.blobs}
	var walked time.Time
	timer := time.NewTimer(sweepFirst)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		began := now()
		erased, err := n.service.Retain(ctx)
		if err != nil {
			log.Error("retention", "error", err)
		} else if erased > 0 {
			log.Info("what was kept long enough was let go", "letters", erased)
		}
		folder := began.Sub(walked) >= folderEvery
		done, err := s.Sweep(ctx, began, folder)
		switch {
		case err != nil:
			log.Error("sweep", "error", err)
		case folder:
			walked = began
			fallthrough
		case done != store.Swept{}:
			log.Info("what nothing keeps was deleted", "doomed", done.Doomed, "files", done.Removed, "orphans", done.Orphans)
		}
		timer.Reset(sweepEvery)
	}
}
