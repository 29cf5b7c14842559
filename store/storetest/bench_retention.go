package storetest

import (
	"errors"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

// measured is how many letters BenchErase lets go.
const measured = 100_000

// BenchErase measures what retention costs: of 100,000 letters that passed through, each
// with a file of its own, the claim on the files ends, then the files' rows are doomed,
// 64 in an act, as a node and its sweeper do it.
func BenchErase(b *testing.B, open Opener) {
	for range b.N {
		w := &world{ctx: b.Context(), s: open(b, b.TempDir()), now: start}
		keys, files := w.passed(b)
		b.ResetTimer()
		begun := time.Now()
		for i := 0; i < measured; i += 64 {
			var c exchange.Change
			for _, key := range keys[i:min(i+64, measured)] {
				c.Erase = append(c.Erase, exchange.Erasure{Letter: key})
				c.Entries = append(c.Entries, w.entry("letter.erase"))
			}
			if _, err := w.s.Commit(w.ctx, c); err != nil {
				b.Fatal(err)
			}
		}
		erased := time.Now()
		b.ReportMetric(measured/erased.Sub(begun).Seconds(), "erased/s")
		for i := 0; i < measured; i += 64 {
			c := exchange.Change{Doom: &exchange.Doom{Digests: files[i:min(i+64, measured)], Before: w.now + hour}}
			for range c.Doom.Digests {
				c.Entries = append(c.Entries, w.entry("file.doomed"))
			}
			if _, err := w.s.Commit(w.ctx, c); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(measured/time.Since(erased).Seconds(), "doomed/s")
		b.StopTimer()
		if err := errors.Join(w.s.Close()); err != nil {
			b.Error(err)
		}
	}
}

// passed fills a store with letters that passed through and have ended.
func (w *world) passed(b *testing.B) (keys []exchange.LetterKey, files []envelope.Digest) {
	b.Helper()
	const together = 500
	for i := 0; i < measured; i += together {
		changes, failed := make([]exchange.Change, together), make([]error, together)
		for k := range changes {
			row := w.blob(100)
			l := w.letter("ward", "agency-1", "peer")
			l.Files, l.Passing = []exchange.LetterFile{{Digest: row.Digest, Size: row.Size, LeafRoot: row.LeafRoot}}, w.now
			d := w.delivery(&l, "agency-2", false)
			d.State = exchange.StateDelivered
			changes[k] = exchange.Change{Letter: &l, Wrote: []exchange.BlobRow{row}, Deliveries: []exchange.Delivery{d}, Entries: []journal.Entry{w.entry("letter")}}
			keys, files = append(keys, l.Key), append(files, row.Digest)
		}
		parallel(together, func(k int) { _, failed[k] = w.s.Commit(w.ctx, changes[k]) })
		if err := errors.Join(failed...); err != nil {
			b.Fatal(err)
		}
	}
	return keys, files
}
