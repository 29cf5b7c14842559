package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"lienthong/envelope"
	"lienthong/store"
)

// scrub reads all files again, at the rate of the configuration, until ctx ends. It begins
// somewhere: a node that is restarted often reads other files each time.
func (n *node) scrub(ctx context.Context, now func() time.Time, log *slog.Logger) error {
	if n.cfg.Scrub.Rate <= 0 {
		<-ctx.Done()
		return nil
	}
	p := &pacer{rate: int64(n.cfg.Scrub.Rate)}
	s := &store.Scrubber{Rows: n.store, Files: n.blobs, Now: now, Pace: p.wait, Log: log}
	var at envelope.Digest
	rand.Read(at[:]) // never fails
	if !p.pause(ctx, sweepFirst) {
		return nil
	}
	for {
		began := now()
		done, stopped, err := s.Scrub(ctx, at)
		if ctx.Err() != nil {
			return nil
		}
		if at = stopped; err != nil {
			log.Error("scrub", "error", err)
		} else {
			log.Info("files were read again", "files", done.Files, "damaged", done.Damaged, "healed", done.Healed, "unread", done.Unread)
		}
		if !p.pause(ctx, max(n.cfg.Scrub.Every-now().Sub(began), time.Minute)) {
			return nil
		}
	}
}

// A pacer lets through so many bytes a second.
type pacer struct {
	rate int64
	debt int64 // bytes that were let through and not waited for
}

// pauseAfter is how many bytes are read in one go, as a part of a second's.
const pauseAfter = 4

func (p *pacer) wait(ctx context.Context, n int) error {
	if p.debt += int64(n); p.debt < p.rate/pauseAfter {
		return ctx.Err()
	}
	p.pause(ctx, time.Duration(float64(p.debt)/float64(p.rate)*float64(time.Second)))
	p.debt = 0
	return ctx.Err()
}

// pause waits, and reports whether ctx goes on.
func (p *pacer) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
