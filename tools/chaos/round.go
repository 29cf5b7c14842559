package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"
)

// A round is one turn of load, faults, healing and checks.
type round struct {
	world  *world
	seed   uint64
	number int
	load   time.Duration
	ledger *ledger
	known  map[string]bool // numbers of letters of all rounds in this world, with this one's
	// restoring: nodes are restored in this campaign.
	restoring bool
	faults    []*fault
	begun     time.Time
	mu        sync.Mutex
	log       []string // what happened, with times
}

// rand is a source of chance of its own for each purpose, so that what one goroutine draws
// does not depend on how fast another is.
func (r *round) rand(purpose string) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, r.number, " ", purpose)
	return rand.New(rand.NewPCG(r.seed, h.Sum64()))
}

// note keeps a line for the report of a round that fails.
func (r *round) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, fmt.Sprintf("%s +%5.2fs  ", time.Now().Format(stamp), time.Since(r.begun).Seconds())+fmt.Sprintf(format, args...))
}

// run carries letters through the faults, heals all, waits until it is quiet, and checks.
// An error is something that the campaign cannot go on after.
func (r *round) run(ctx context.Context) error {
	if err := r.backUp(ctx); err != nil {
		return err
	}
	for _, f := range r.faults {
		if f.prepare != nil {
			if err := f.prepare(ctx); err != nil {
				return fmt.Errorf("%s: %w", f.family, err)
			}
		}
	}
	r.begun = time.Now()
	receiving, endReceiving := context.WithCancel(ctx)
	defer endReceiving()
	limited, cancel := context.WithTimeout(ctx, r.load+quietLimit)
	defer cancel()
	stop := make(chan struct{})
	var sending, receivers, faults sync.WaitGroup
	sending.Go(func() { r.send(limited, stop) })
	receivers.Go(func() { r.receive(receiving) })
	for _, f := range r.faults {
		faults.Go(func() { r.happen(ctx, f) })
	}
	pause(ctx, r.load)
	close(stop)
	faults.Wait()
	if err := r.heal(ctx); err != nil {
		return err
	}
	sending.Wait() // those that had no answer have one now
	r.note("all letters are promised: %d", len(r.ledger.letters))
	quiet := r.await(ctx)
	endReceiving()
	receivers.Wait()
	if quiet != nil {
		r.ledger.complain("not quiet: %v", quiet)
		for _, p := range r.world.processes {
			p.dump()
		}
		return nil
	}
	r.note("quiet")
	r.check(ctx)
	r.note("checked")
	return ctx.Err()
}

// happen lets one fault begin and end.
func (r *round) happen(ctx context.Context, f *fault) {
	pause(ctx, f.at)
	r.note("%s: %s", f.family, f.what)
	if err := f.begin(ctx); err != nil {
		r.ledger.complain("%s: %s: %v", f.family, f.what, err)
	}
	if f.end == nil {
		return
	}
	pause(ctx, f.lasts)
	if err := f.end(ctx); err != nil {
		r.ledger.complain("end of %s: %s: %v", f.family, f.what, err)
	}
	r.note("%s ends: %s", f.family, f.what)
}

// heal brings everything back: disks, wires, the database, clocks, processes.
func (r *round) heal(ctx context.Context) error {
	w := r.world
	for _, d := range w.disks {
		if err := d.empty(); err != nil {
			return err
		}
	}
	for _, wire := range w.wires {
		wire.set(mood{})
	}
	for _, wire := range w.database.wires {
		wire.set(mood{})
	}
	if err := w.database.again(); err != nil {
		return err
	}
	for _, p := range w.processes {
		if p.heal() {
			p.kill()
		}
	}
	err := w.await(ctx)
	r.note("healed")
	return err
}
