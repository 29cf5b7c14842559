package storetest

import (
	"fmt"
	"sync"

	"lienthong/envelope"
	"lienthong/exchange"
)

func testClaims(w *world) {
	const hour = 60 * minute
	var all []exchange.Delivery
	for i := range 4 {
		l := w.letter("province", "agency-9", "peer")
		d, other, transit := w.delivery(&l, "agency-1", true), w.delivery(&l, "agency-2", true), w.delivery(&l, "agency-3", false)
		d.Arrived = int64(10 + i)
		if i == 3 {
			d.Status = exchange.StatusArrived
		}
		w.put(&d, &other, &transit)
		all = append(all, d)
	}
	claim := func(consumer string, lease int64, limit int) []exchange.Delivery {
		return ok[[]exchange.Delivery](w)(w.s.ClaimDeliveries(w.ctx, "agency-1", envelope.UrgencyNormal, consumer, w.now, lease, limit))
	}
	same(w, "the oldest", all[:2], claim("a", hour, 2))
	same(w, "another gets the rest", all[2:3], claim("b", 0, 10)) // a lease that has ended at once
	same(w, "what was given back", all[2:3], claim("a", hour, 10))
	same(w, "nothing is left", nil, claim("b", hour, 10))
	same(w, "of another urgency", nil, ok[[]exchange.Delivery](w)(w.s.ClaimDeliveries(w.ctx, "agency-1", envelope.UrgencyFlash, "b", w.now, hour, 10)))
	same(w, "in transit", nil, ok[[]exchange.Delivery](w)(w.s.ClaimDeliveries(w.ctx, "agency-3", envelope.UrgencyNormal, "b", w.now, hour, 10)))
	w.reopen()
	same(w, "after a restart", nil, claim("b", hour, 10))
	all[0].Status = exchange.StatusArrived
	w.put(&all[0])
	same(w, "acknowledged", nil, claim("b", hour, 10))
}

// testClaimRace lets many consumers claim at once: each delivery is one's.
func testClaimRace(w *world) {
	const deliveries, consumers = 30, 8
	for range deliveries {
		l := w.letter("province", "agency-9", "peer")
		d := w.delivery(&l, "agency-1", true)
		w.put(&d)
	}
	var mu sync.Mutex
	owner := map[envelope.ID]string{}
	parallel(consumers, func(i int) {
		name := fmt.Sprint("consumer ", i)
		for {
			got, err := w.s.ClaimDeliveries(w.ctx, "agency-1", envelope.UrgencyNormal, name, w.now, 60*minute, 3)
			if err != nil {
				w.Error(err)
				return
			}
			if len(got) == 0 {
				return
			}
			mu.Lock()
			for _, d := range got {
				if owner[d.ID] != "" {
					w.Errorf("delivery %s is claimed by %s and %s", d.ID, owner[d.ID], name)
				}
				owner[d.ID] = name
			}
			mu.Unlock()
		}
	})
	if len(owner) != deliveries {
		w.Errorf("%d of %d deliveries were claimed", len(owner), deliveries)
	}
}
