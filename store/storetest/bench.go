package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/exchange"
)

// Bench measures how many letters a second a store takes, with one and with 256
// in flight: letter, file, path, delivery, statement, job and journal entry, all
// durable when it answers. The files' bytes are not written: see package blob.
func Bench(b *testing.B, open Opener) {
	for _, flight := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("in flight %d", flight), func(b *testing.B) {
			w := &world{ctx: b.Context(), s: open(b, b.TempDir()), now: start}
			changes := make([]exchange.Change, b.N)
			for i := range changes {
				changes[i], _ = taken(w)
			}
			b.ResetTimer()
			begun := time.Now()
			var next atomic.Int64
			var wg sync.WaitGroup
			for range flight {
				wg.Go(func() {
					for i := next.Add(1) - 1; i < int64(len(changes)); i = next.Add(1) - 1 {
						if _, err := w.s.Commit(w.ctx, changes[i]); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "accepts/s")
			b.StopTimer()
			if err := w.s.Close(); err != nil {
				b.Error(err)
			}
		})
	}
}
