package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

// flat is how much memory may grow while a backlog drains, in MiB.
const flat = 64

// waiting measures how a backlog drains that has grown while a peer was away.
func (b *bench) waiting(ctx context.Context) (_ []row, err error) {
	p, n := opaque(), b.backlog
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
	sample := min(n, b.letters10)
	changes, err := b.record(ctx, p, sample)
	if err != nil {
		return nil, err
	}
	base, _, err := b.base(ctx, p, changes, letterDigests(p, sample))
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
	displaced, err := order(ctx, ward.rows, t.nodes["district"].rows, n)
	if err != nil {
		return nil, err
	}
	speed := row{what: fmt.Sprintf("%d letters of 10 KB", n), ours: fmt.Sprintf("%.0f a second", drained.perSecond), base: fmt.Sprintf("base: %.0f, half of it counts", again),
		found: fmt.Sprintf("%.0f %% of base ÷ 2", 200*drained.perSecond/again), limit: "≥ 50 % of base ÷ 2", asked: true, met: drained.perSecond >= again/4}
	ordered := most("letters that came before one that was sent before them", float64(displaced), exchange.Window, "letters")
	grown := most("memory of both nodes, from the first quarter to the last", memory.grown(), flat, "MiB")
	return []row{speed, ordered, grown, shown("filling it", fmt.Sprintf("%.0f a second", filled.perSecond), "")}, nil
}

// base2 measures base once more, after what was compared with it, and gives the middle.
func (b *bench) base2(ctx context.Context, p payload, changes []exchange.Change, n int, before float64) (float64, error) {
	after, _, err := b.base(ctx, p, changes, letterDigests(p, n))
	return (before + after.perSecond) / 2, err
}

// order says behind how many letters one arrived, at most, that was sent before them all: as
// the journals of both sides have it, whose entries stand as they were committed.
func order(ctx context.Context, sender, receiver exchange.Store, want int) (displaced int, err error) {
	sent, err := letters(ctx, sender, "document.send")
	if err != nil {
		return 0, err
	}
	came, err := letters(ctx, receiver, "statement.delivered")
	if err != nil {
		return 0, err
	}
	if len(sent) != want || len(came) != want {
		return 0, fmt.Errorf("%d letters were sent and %d came, want %d", len(sent), len(came), want)
	}
	place := make(map[envelope.ID]int, len(sent))
	for i, id := range sent {
		place[id] = i
	}
	oldest, at := len(sent), 0 // of those that came later than the one looked at
	for i, id := range slices.Backward(came) {
		sent, is := place[id]
		if !is {
			return 0, fmt.Errorf("letter %s came, and was not sent", id)
		}
		if sent < oldest {
			oldest, at = sent, i
			continue
		}
		displaced = max(displaced, at-i)
	}
	return displaced, nil
}

// letters lists the letters of a kind of entry, in the order of the journal.
func letters(ctx context.Context, rows exchange.Store, action string) (out []envelope.ID, err error) {
	for from := uint64(0); ; {
		leaves, err := rows.Leaves(ctx, from, 10_000)
		if err != nil || len(leaves) == 0 {
			return out, err
		}
		from += uint64(len(leaves))
		for _, leaf := range leaves {
			entry, err := journal.ParseLeaf(leaf.Data)
			if err != nil {
				return nil, err
			}
			if entry.Action != action {
				continue
			}
			_, rest, _ := strings.Cut(entry.Detail, "letter=")
			text, _, _ := strings.Cut(rest, " ")
			id, err := envelope.ParseID(text)
			if err != nil {
				return nil, err
			}
			out = append(out, id)
		}
	}
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
