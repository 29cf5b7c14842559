package storetest

import (
	"errors"
	"slices"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

const hour = 3600_000_000 // microseconds

// aged commits blobs that were put long ago, with what else the change has.
func (w *world) aged(n int, c exchange.Change) []exchange.BlobRow {
	w.Helper()
	var rows []exchange.BlobRow
	for range n {
		b := w.blob(100)
		b.Touched -= 30 * hour
		rows = append(rows, b)
	}
	c.Wrote = append(c.Wrote, rows...)
	w.commit(c)
	return rows
}

// doom is a change that ends blobs which were not touched today.
func (w *world) doom(digests ...envelope.Digest) exchange.Change {
	return exchange.Change{Doom: &exchange.Doom{Digests: digests, Before: w.now - 24*hour}}
}

// state reads the row of a blob.
func (w *world) state(d envelope.Digest) exchange.StoredBlob {
	w.Helper()
	return ok[exchange.StoredBlob](w)(w.s.StoredBlob(w.ctx, d))
}

// keepers makes a blob for each kind of row that keeps one.
func (w *world) keepers() []envelope.Digest {
	w.Helper()
	rows := w.aged(8, exchange.Change{})
	at := func(i int) envelope.Digest { return rows[i].Digest }
	l := w.letter("ward", "agency-1", "")
	l.Files = []exchange.LetterFile{{Digest: at(0), Size: 100, LeafRoot: rows[0].LeafRoot}}
	session := w.session()
	session.Input, session.Output = at(6), at(7)
	w.commit(exchange.Change{Letter: &l, Sessions: []exchange.SigningSession{session},
		LevelJobs: []exchange.LevelJob{{ID: w.id(), Agency: "agency-1", Base: at(1), Level: "B-T", State: exchange.LevelWaiting}},
		Augmented: []exchange.Augmentation{{Agency: "agency-1", Base: at(2), Digest: at(3), Level: "B-T"}},
		Evidence:  []exchange.EvidenceRow{{Agency: "agency-1", File: at(4), Certificate: at(5)}}})
	digests := make([]envelope.Digest, len(rows))
	for i := range digests {
		digests[i] = at(i)
	}
	return digests
}

// testIdle: what something keeps, or what was touched today, is never idle nor doomed.
func testIdle(w *world) {
	kept := w.keepers()
	fresh := w.blob(5)
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{fresh}})
	idle := w.aged(3, exchange.Change{})
	// Possession alone keeps nothing, and ends.
	f := exchange.File{Holder: "agency-1", Digest: idle[0].Digest, Size: 100, LeafRoot: idle[0].LeafRoot, Since: w.now}
	w.commit(exchange.Change{Files: []exchange.File{f}})
	w.now += 30 * hour
	w.commit(exchange.Change{Uses: []envelope.Digest{fresh.Digest}})
	want := []envelope.Digest{idle[0].Digest, idle[1].Digest, idle[2].Digest}
	slices.SortFunc(want, func(a, b envelope.Digest) int { return slices.Compare(a[:], b[:]) })
	var got []envelope.Digest
	for after, more := (envelope.Digest{}), true; more; more = !after.IsZero() {
		page, next, err := w.s.Idle(w.ctx, w.now-24*hour, after, 2)
		if err != nil || len(page) > 2 {
			w.Fatalf("%d rows, %v", len(page), err)
		}
		got, after = append(got, page...), next
	}
	same(w, "idle", want, got)
	for _, d := range append(kept, fresh.Digest) {
		w.refuse(w.doom(d), exchange.ErrStale)
		w.refuse(w.doom(idle[1].Digest, d), exchange.ErrStale) // all or none
	}
	w.commit(w.doom(want...))
	fails[exchange.File](w, exchange.ErrNotFound)(w.s.File(w.ctx, "agency-1", idle[0].Digest))
	w.refuse(w.doom(idle[0].Digest), exchange.ErrStale) // once
	same(w, "all", len(kept)+4, len(ok[[]exchange.StoredBlob](w)(w.s.StoredBlobs(w.ctx, envelope.Digest{}, 100))))
}

// testDoomed: a doomed blob counts as missing, and is never revived: bytes that come again
// begin a new generation, which the end of the old one leaves alone.
func testDoomed(w *world) {
	b := w.aged(1, exchange.Change{})[0]
	w.commit(w.doom(b.Digest))
	doomed := w.now
	same(w, "state", exchange.BlobDoomed, w.state(b.Digest).State)
	fails[exchange.BlobRow](w, exchange.ErrNotFound)(w.s.Blob(w.ctx, b.Digest))
	w.refuse(exchange.Change{Uses: []envelope.Digest{b.Digest}}, exchange.ErrMissing)
	w.refuse(exchange.Change{Files: []exchange.File{{Holder: "a", Digest: b.Digest}}}, exchange.ErrMissing)
	first := exchange.BlobKey{Digest: b.Digest, Generation: 1}
	same(w, "not yet", 0, len(ok[[]exchange.BlobKey](w)(w.s.Doomed(w.ctx, doomed-1, 10))))
	same(w, "doomed", []exchange.BlobKey{first}, ok[[]exchange.BlobKey](w)(w.s.Doomed(w.ctx, doomed, 10)))

	b.Touched = w.now
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{b}})
	want := exchange.StoredBlob{BlobRow: b, Generation: 2, State: exchange.BlobLive}
	same(w, "put again", want, w.state(b.Digest))
	forget := func(k exchange.BlobKey) {
		w.Helper()
		if err := w.s.Forget(w.ctx, []exchange.BlobKey{k}); err != nil {
			w.Fatal(err)
		}
	}
	forget(first)
	forget(want.Key()) // live
	same(w, "after the old one ended", want, w.state(b.Digest))
	w.now += 25 * hour
	w.commit(w.doom(b.Digest))
	forget(first)
	w.state(b.Digest)
	forget(want.Key())
	fails[exchange.StoredBlob](w, exchange.ErrNotFound)(w.s.StoredBlob(w.ctx, b.Digest))
}

// testFence: bytes that were put before a sweep began get no row after.
func testFence(w *world) {
	stalled, live := w.blob(1), w.blob(2)
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{live}})
	u := exchange.Upload{ID: w.id(), Agency: "agency-1", Started: w.now}
	old := exchange.Upload{ID: w.id(), Agency: "agency-1", Started: w.now - 25*hour}
	for _, up := range []exchange.Upload{u, old} {
		if err := w.s.StartUpload(w.ctx, up); err != nil {
			w.Fatal(err)
		}
	}
	w.now += hour
	w.commit(exchange.Change{Swept: w.now})
	w.refuse(exchange.Change{Wrote: []exchange.BlobRow{stalled}}, exchange.ErrMissing)
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{live}}) // has its row
	w.commit(exchange.Change{Swept: w.now - hour})             // a fence never goes back
	w.refuse(exchange.Change{Wrote: []exchange.BlobRow{stalled}}, exchange.ErrMissing)
	stalled.Touched = w.now
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{stalled}})
	ok[exchange.Upload](w)(w.s.Upload(w.ctx, u.ID))
	fails[exchange.Upload](w, exchange.ErrNotFound)(w.s.Upload(w.ctx, old.ID))
}

// testDamage: a damaged blob is missing, its rows stay, and bytes that come anew heal it.
func testDamage(w *world) {
	b := w.blob(100)
	l := w.letter("ward", "agency-1", "")
	l.Files = []exchange.LetterFile{{Digest: b.Digest, Size: b.Size, LeafRoot: b.LeafRoot}}
	f := exchange.File{Holder: "agency-1", Digest: b.Digest, Size: b.Size, LeafRoot: b.LeafRoot, Since: w.now}
	w.commit(exchange.Change{Letter: &l, Wrote: []exchange.BlobRow{b}, Files: []exchange.File{f}})
	w.commit(exchange.Change{Damage: []envelope.Digest{b.Digest, w.digest()}})
	same(w, "damaged", 1, ok[int](w)(w.s.Damaged(w.ctx)))
	fails[exchange.File](w, exchange.ErrNotFound)(w.s.File(w.ctx, "agency-1", b.Digest))
	w.refuse(exchange.Change{Uses: []envelope.Digest{b.Digest}}, exchange.ErrMissing)
	w.refuse(w.doom(b.Digest), exchange.ErrStale) // a letter keeps it
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{b}})
	same(w, "healed", exchange.StoredBlob{BlobRow: b, Generation: 1, State: exchange.BlobLive}, w.state(b.Digest))
	same(w, "damaged", 0, ok[int](w)(w.s.Damaged(w.ctx)))
	same(w, "file", f, ok[exchange.File](w)(w.s.File(w.ctx, "agency-1", b.Digest)))
}

// testSweepRace: of a letter that names a blob, and a sweeper that ends it, one wins.
func testSweepRace(w *world) {
	blobs := w.aged(writers, exchange.Change{})
	named, ended := make([]exchange.Change, writers), make([]exchange.Change, writers)
	for i, b := range blobs {
		l := w.letter("ward", "agency-1", "")
		l.Files = []exchange.LetterFile{{Digest: b.Digest, Size: b.Size, LeafRoot: b.LeafRoot}}
		named[i] = exchange.Change{Letter: &l, Uses: []envelope.Digest{b.Digest}, Entries: []journal.Entry{w.entry("letter")}}
		ended[i] = w.doom(b.Digest)
		ended[i].Entries = []journal.Entry{w.entry("doom")}
	}
	took := make([]error, 2*writers)
	parallel(2*writers, func(i int) {
		c := named[i/2]
		if i%2 == 1 {
			c = ended[i/2]
		}
		_, took[i] = w.s.Commit(w.ctx, c)
	})
	w.adopt(1 + writers)
	for i, b := range blobs {
		letter, doom := took[2*i], took[2*i+1]
		if (letter == nil) == (doom == nil) || letter != nil && !errors.Is(letter, exchange.ErrMissing) || doom != nil && !errors.Is(doom, exchange.ErrStale) {
			w.Errorf("blob %d: letter %v, doom %v; want one to win", i, letter, doom)
		}
		if state := w.state(b.Digest).State; (state == exchange.BlobLive) != (letter == nil) {
			w.Errorf("blob %d is %s, letter %v", i, state, letter)
		}
	}
}
