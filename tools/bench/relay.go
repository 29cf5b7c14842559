package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/measure"
	"lienthong/store"
)

// lettersOf is how many letters of a payload are a round.
func (b *bench) lettersOf(p payload) int {
	if len(p.bytes) > 100_000 {
		return max(b.letters10/8, 1)
	}
	return b.letters10
}

// carrying measures how many letters a second a node takes, hands on, and three of them
// carry, beside what the store alone does of it.
func (b *bench) carrying(ctx context.Context) ([]row, error) {
	signed, err := b.signedLetter(ctx)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, p := range []payload{opaque(), signed} {
		more, err := b.carry(ctx, p)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// rates are those of the rounds, and their ratios to base.
type rates struct{ base, other, ratio, processor, beside []float64 }

func (r *rates) add(base, other pace) {
	r.base, r.other, r.ratio = append(r.base, base.perSecond), append(r.other, other.perSecond), append(r.ratio, other.perSecond/base.perSecond)
	r.processor, r.beside = append(r.processor, other.processor), append(r.beside, base.processor)
}

// row says whether a rate is so large a part of base.
func (r *rates) row(what string, part float64) row {
	found := measure.Median(r.ratio)
	x := row{what: what, ours: fmt.Sprintf("%.0f a second", measure.Median(r.other)), base: fmt.Sprintf("base: %.0f", measure.Median(r.base)),
		found: fmt.Sprintf("%.0f %% of base (%s of processors a letter, base %s)", 100*found, duration(measure.Median(r.processor)), duration(measure.Median(r.beside)))}
	if part > 0 {
		x.limit, x.asked, x.met = fmt.Sprintf("≥ %.0f %% of base", 100*part), true, found >= part
	}
	return x
}

func (b *bench) carry(ctx context.Context, p payload) ([]row, error) {
	n := b.lettersOf(p)
	changes, err := b.record(ctx, p, n)
	if err != nil {
		return nil, err
	}
	var accept, inside, hop, chain rates
	var delays, shared []float64
	files := letterDigests(p, n)
	for range b.rounds {
		base, perSync, err := b.base(ctx, p, changes, files)
		if err != nil {
			return nil, err
		}
		shared = append(shared, perSync)
		for _, m := range []struct {
			to *rates
			f  func(context.Context, payload, int) (pace, error)
		}{{&inside, b.acceptInside}, {&accept, b.accept}, {&hop, b.oneHop}, {&chain, b.threeNodes}} {
			got, err := m.f(ctx, p, n)
			if err != nil {
				return nil, err
			}
			m.to.add(base, got)
		}
	}
	half := measure.Median(slices.Clone(chain.other)) / 2
	if delays, err = b.latency(ctx, p, half, n); err != nil {
		return nil, err
	}
	rows := []row{
		{what: p.name + ": base, the store alone", ours: fmt.Sprintf("%.0f a second", measure.Median(slices.Clone(accept.base))),
			base: fmt.Sprintf("%.0f letters share a sync", measure.Median(shared))},
		accept.row(p.name+": accept, through the server", 0.5),
		inside.row(p.name+": accept, without a network", 0),
		hop.row(p.name+": one hop", 0.4),
		chain.row(p.name+": ward to province and back", 0.5/3),
		{what: p.name + ": latency at half that rate", ours: fmt.Sprintf("p50 %s, p99 %s", duration(quantile(delays, 0.5)), duration(quantile(delays, 0.99))),
			base: fmt.Sprintf("%d letters at %.0f a second", len(delays), half)},
	}
	return rows, nil
}

// quantile of milliseconds.
func quantile(list []float64, q float64) float64 {
	slices.Sort(list)
	return list[min(int(q*float64(len(list))), len(list)-1)]
}

// base writes the same files and rows, 256 at once, by the stores alone.
func (b *bench) base(ctx context.Context, p payload, changes []exchange.Change, files map[envelope.Digest]int) (done pace, perSync float64, err error) {
	t, err := b.newTree("base", nil) // for its folder
	if err != nil {
		return done, 0, err
	}
	defer func() { err = closing(err, t) }()
	rows, blobs, err := store.Open(ctx, "sqlite:"+filepath.Join(t.folder, "base"))
	if err != nil {
		return done, 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	done, err = rate(len(changes), func() error {
		return together(len(changes), inFlight, func(i int) error {
			for _, f := range changes[i].Letter.Files {
				if _, err := blobs.Put(ctx, p.of(files[f.Digest])); err != nil {
					return err
				}
			}
			_, err := rows.Commit(ctx, changes[i])
			return err
		})
	})
	written := rows.Written()
	return done, float64(written.Operations) / float64(max(written.Batches, 1)), err
}

// acceptInside is a node's service, which no network is in front of.
func (b *bench) acceptInside(ctx context.Context, p payload, n int) (got pace, err error) {
	t, err := b.newTree("inside", nil)
	if err != nil {
		return got, err
	}
	defer func() { err = closing(err, t) }()
	ward, err := t.open(ctx, "ward", nil)
	if err != nil {
		return got, err
	}
	return rate(n, func() error { return ward.sendHere(ctx, p, 0, n, "a-province") })
}

// accept is a node and its server.
func (b *bench) accept(ctx context.Context, p payload, n int) (got pace, err error) {
	t, err := b.newTree("accept", nil)
	if err != nil {
		return got, err
	}
	defer func() { err = closing(err, t) }()
	if err := t.start(ctx, "ward"); err != nil {
		return got, err
	}
	clients, done, err := t.clerks(ctx, "ward")
	if err != nil {
		return got, err
	}
	defer done()
	return rate(n, func() error { return sendThrough(ctx, clients, p, n, "a-province") })
}

// oneHop is the way of letters that wait at the ward to the district, which is their
// home, until the ward has the answers.
func (b *bench) oneHop(ctx context.Context, p payload, n int) (got pace, err error) {
	t, err := b.newTree("hop", nil)
	if err != nil {
		return got, err
	}
	defer func() { err = closing(err, t) }()
	ward, err := t.open(ctx, "ward", nil)
	if err != nil {
		return got, err
	}
	if err := ward.sendHere(ctx, p, 0, n, "a-district"); err != nil {
		return got, err
	}
	if err := t.start(ctx, "district"); err != nil {
		return got, err
	}
	if err := ward.run(ctx); err != nil {
		return got, err
	}
	if err := ward.until(ctx, func() (bool, error) { return ward.linkedTo("district"), nil }); err != nil {
		return got, err
	}
	return rate(n, func() error { return ward.until(ctx, ward.empty) })
}

// empty: nothing waits for a peer.
func (n *treeNode) empty() (bool, error) {
	peers, err := n.rows.OutboxPeers(context.Background())
	for _, waiting := range peers {
		if waiting > 0 {
			return false, err
		}
	}
	return true, err
}

func (n *treeNode) linkedTo(peer string) bool { return slices.Contains(n.relay.Connected(), peer) }

// askPause is how often a node is asked whether it is done.
const askPause = 2 * time.Millisecond

// until asks again and again.
func (n *treeNode) until(ctx context.Context, ok func() (bool, error)) error {
	tick := time.NewTicker(askPause)
	defer tick.Stop()
	for {
		done, err := ok()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// A watch sees letters become delivered, as the ward that sent them does.
type watch struct {
	n      *treeNode
	cursor uint64
	seen   map[envelope.ID]time.Time
}

// look reads what has changed since.
func (w *watch) look(ctx context.Context) error {
	for {
		rows, err := w.n.rows.Changes(ctx, "a-ward", w.cursor, 1000)
		if err != nil || len(rows) == 0 {
			return err
		}
		now := time.Now()
		for _, d := range rows {
			if _, was := w.seen[d.Key.ID]; !was && d.State == exchange.StateDelivered {
				w.seen[d.Key.ID] = now
			}
		}
		w.cursor = rows[len(rows)-1].Changed
	}
}

func (w *watch) until(ctx context.Context, n int) error {
	return w.n.until(ctx, func() (bool, error) { err := w.look(ctx); return len(w.seen) >= n, err })
}

// linked starts all three nodes and waits for their links.
func (t *tree) linked(ctx context.Context) error {
	if err := t.start(ctx, "province", "district", "ward"); err != nil {
		return err
	}
	for child, parent := range parentOf {
		n := t.nodes[child]
		if err := n.until(ctx, func() (bool, error) { return n.linkedTo(parent), nil }); err != nil {
			return err
		}
	}
	return nil
}

// threeNodes is from the first SendDocument to the last Delivered at the ward.
func (b *bench) threeNodes(ctx context.Context, p payload, n int) (got pace, err error) {
	t, err := b.newTree("three", nil)
	if err != nil {
		return got, err
	}
	defer func() { err = closing(err, t) }()
	if err := t.linked(ctx); err != nil {
		return got, err
	}
	clients, done, err := t.clerks(ctx, "ward")
	if err != nil {
		return got, err
	}
	defer done()
	w := &watch{n: t.nodes["ward"], seen: map[envelope.ID]time.Time{}}
	return rate(n, func() error {
		if err := sendThrough(ctx, clients, p, n, "a-province"); err != nil {
			return err
		}
		return w.until(ctx, n)
	})
}

// latency sends letters at a rate, and gives how long each took to Delivered, in ms.
func (b *bench) latency(ctx context.Context, p payload, perSecond float64, n int) (delays []float64, err error) {
	t, err := b.newTree("latency", nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = closing(err, t) }()
	if err := t.linked(ctx); err != nil {
		return nil, err
	}
	clients, done, err := t.clerks(ctx, "ward")
	if err != nil {
		return nil, err
	}
	defer done()
	var mu sync.Mutex
	began := map[envelope.ID]time.Time{}
	tick := time.NewTicker(time.Duration(float64(time.Second) / perSecond))
	defer tick.Stop()
	sent := make(chan error, 1)
	go func() {
		var wg sync.WaitGroup
		var first error
		for i := range n {
			<-tick.C
			wg.Go(func() {
				begin := time.Now()
				answer, err := clients[i%len(clients)].Documents.SendDocument(ctx, p.message(i, "a-province"))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					first = err
					return
				}
				began[envelope.ID(answer.GetDocument().GetEnvelopeId())] = begin
			})
		}
		wg.Wait()
		sent <- first
	}()
	w := &watch{n: t.nodes["ward"], seen: map[envelope.ID]time.Time{}}
	if err := w.until(ctx, n); err != nil {
		return nil, err
	}
	if err := <-sent; err != nil {
		return nil, err
	}
	for id, at := range w.seen {
		delays = append(delays, float64(at.Sub(began[id]))/float64(time.Millisecond))
	}
	return delays, nil
}
