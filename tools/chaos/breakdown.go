package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// drawDatabase stops the database of the province as a crash does, and starts it again.
func drawDatabase(r *round, random *rand.Rand) (*fault, error) {
	if r.taken("province") {
		return nil, nil // its database is stopped, or made anew, by that fault
	}
	return &fault{what: "pg_ctl -m immediate", lasts: some(random, 100*time.Millisecond, 1200*time.Millisecond),
		begin: func(context.Context) error { return r.world.database.stop() },
		end:   func(context.Context) error { return r.world.database.again() }}, nil
}

// drawDisk fills the disk of a node; on that of the province are its files alone.
func drawDisk(r *round, random *rand.Rand) (*fault, error) {
	for _, d := range r.world.disks {
		if !d.mounted {
			return nil, fmt.Errorf("%w: no tmpfs can be mounted", errUnavailable)
		}
	}
	node := r.free(random)
	d, leave := r.world.disks[node], random.Int64N(256<<10)
	return &fault{what: fmt.Sprintf("disk of %s has %d KiB left", node, leave>>10), lasts: some(random, 500*time.Millisecond, 2*time.Second),
		begin: func(context.Context) error { return d.fill(leave) },
		end:   func(context.Context) error { return d.empty() }}, nil
}

// skew is how wrong a clock is, in either direction.
const skew = 10 * time.Minute

// drawClock starts a process again with a wrong clock, until the round is healed.
func drawClock(r *round, random *rand.Rand) (*fault, error) {
	p, offset := r.process(random), skew
	if random.IntN(2) == 0 {
		offset = -skew
	}
	return &fault{what: fmt.Sprintf("clock of %s is wrong by %s", p.name, offset),
		begin: func(context.Context) error {
			p.setClock(offset)
			return p.restart()
		}}, nil
}

// drawKill kills a process with SIGKILL, and starts it again a little later.
func drawKill(r *round, random *rand.Rand) (*fault, error) {
	p := r.process(random)
	return &fault{what: "kill -9 " + p.name, lasts: some(random, 0, 800*time.Millisecond),
		begin: func(context.Context) error { p.kill(); return nil },
		end:   func(context.Context) error { return p.start() }}, nil
}

// process draws one that no fault of this round has to itself.
func (r *round) process(random *rand.Rand) *process {
	var free []*process
	for _, p := range r.world.processes {
		if !r.taken(p.node) {
			free = append(free, p)
		}
	}
	return free[random.IntN(len(free))]
}

// free draws a node that no fault of this round has to itself.
func (r *round) free(random *rand.Rand) string {
	var free []string
	for _, n := range nodes {
		if !r.taken(n.id) {
			free = append(free, n.id)
		}
	}
	return free[random.IntN(len(free))]
}

// taken reports whether a fault of this round has a node to itself.
func (r *round) taken(node string) bool {
	for _, f := range r.faults {
		if f.alone == node {
			return true
		}
	}
	return false
}
