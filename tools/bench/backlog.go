package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// flat is how much memory may grow while a backlog drains, in MiB.
const flat = 64

// waiting measures how a backlog drains that has grown while a peer was away.
func (b *bench) waiting(ctx context.Context) (_ []row, err error) {
	p, n := opaque(), b.backlog
	sample := min(n, b.letters10)
	changes, err := b.record(ctx, p, sample)
	if err != nil {
		return nil, err
	}
	base, _, err := b.base(ctx, p, changes, letterDigests(p, sample))
	if err != nil {
		return nil, err
	}
	t, err := b.newTree("backlog", nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = closing(err, t) }()
	ward, err := t.open(ctx, "ward", nil)
	if err != nil {
		return nil, err
	}
	filled, err := rate(n, func() error { return ward.sendHere(ctx, p, 0, n, "a-district") })
	if err != nil {
		return nil, err
	}
	if err := t.start(ctx, "district"); err != nil {
		return nil, err
	}
	if err := ward.run(ctx); err != nil {
		return nil, err
	}
	memory := &memoryWatch{}
	drained, err := rate(n, func() error {
		return ward.until(ctx, func() (bool, error) { memory.look(); return ward.empty() })
	})
	if err != nil {
		return nil, err
	}
	again, err := b.base2(ctx, p, changes, sample, base.perSecond)
	if err != nil {
		return nil, err
	}
	displaced, err := order(ctx, t.nodes["district"], n)
	if err != nil {
		return nil, err
	}
	speed := row{what: fmt.Sprintf("%d letters of 10 KB", n), ours: fmt.Sprintf("%.0f a second", drained.perSecond), base: fmt.Sprintf("base: %.0f, half of it counts", again),
		found: fmt.Sprintf("%.0f %% of base ÷ 2", 200*drained.perSecond/again), limit: "≥ 50 % of base ÷ 2", asked: true, met: drained.perSecond >= again/4}
	ordered := most("letters that came before one that was sent before them", float64(displaced), exchange.Window+inFlight, "letters")
	grown := most("memory of both nodes, from the first quarter to the last", memory.grown(), flat, "MiB")
	return []row{speed, ordered, grown, shown("filling it", fmt.Sprintf("%.0f a second", filled.perSecond), "")}, nil
}

// base2 measures base once more, after what was compared with it, and gives the middle.
func (b *bench) base2(ctx context.Context, p payload, changes []exchange.Change, n int, before float64) (float64, error) {
	after, _, err := b.base(ctx, p, changes, letterDigests(p, n))
	return (before + after.perSecond) / 2, err
}

// order reads a node's inbox, and says behind how many letters one is, at most, that was
// sent before them all. Ids of envelopes go up as they are sent, those of deliveries as
// they come.
func order(ctx context.Context, n *treeNode, want int) (displaced int, err error) {
	var after, oldest envelope.ID
	behind, seen := 0, 0
	for {
		rows, err := n.rows.Inbox(ctx, "a-district", after, 1000)
		if err != nil {
			return 0, err
		}
		if len(rows) == 0 {
			break
		}
		for _, d := range rows { // the newest first
			seen++
			if seen == 1 || bytes.Compare(d.Key.ID[:], oldest[:]) < 0 {
				oldest, behind = d.Key.ID, 0
				continue
			}
			behind++
			displaced = max(displaced, behind)
		}
		after = rows[len(rows)-1].ID
	}
	if seen != want {
		return 0, fmt.Errorf("%d letters came, %d were sent", seen, want)
	}
	return displaced, nil
}

// A memoryWatch samples what this process has resident.
type memoryWatch struct {
	samples []float64 // MiB
	last    time.Time
}

func (m *memoryWatch) look() {
	if now := time.Now(); now.Sub(m.last) > 100*time.Millisecond {
		if mib, err := resident(os.Getpid()); err == nil {
			m.samples, m.last = append(m.samples, mib), now
		}
	}
}

// grown is the difference of the most in the last and in the first quarter.
func (m *memoryWatch) grown() float64 {
	quarter := len(m.samples) / 4
	if quarter == 0 {
		return 0
	}
	top := func(list []float64) (most float64) {
		for _, v := range list {
			most = max(most, v)
		}
		return most
	}
	return max(0, top(m.samples[len(m.samples)-quarter:])-top(m.samples[:quarter]))
}

// resident is what a process has in memory, in MiB.
func resident(pid int) (float64, error) { return statusOf(pid, "VmRSS:") }

func statusOf(pid int, field string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, value, _ := bytes.Cut(status, []byte(field))
	var kib int64
	if _, err := fmt.Sscan(string(value), &kib); err != nil {
		return 0, errors.Join(fmt.Errorf("no %s of process %d", field, pid), err)
	}
	return float64(kib) / 1024, nil
}
