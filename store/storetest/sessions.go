package storetest

import (
	"errors"
	"sync/atomic"

	"lienthong/exchange"
	"lienthong/journal"
)

func (w *world) session() exchange.SigningSession {
	return exchange.SigningSession{ID: w.id(), Agency: "agency-1", Principal: "clerk", Input: w.digest(), State: exchange.SessionOpen,
		Prepared: []byte(`{"version":1}`), Field: "Chữ ký", Level: "B-B", Created: w.now, Expires: w.now + 600_000_000}
}

func testSessions(w *world) {
	r := w.session()
	fails[exchange.SigningSession](w, exchange.ErrNotFound)(w.s.Session(w.ctx, r.ID))
	w.commit(exchange.Change{Sessions: []exchange.SigningSession{r}})
	w.refuse(exchange.Change{Sessions: []exchange.SigningSession{r}}, exchange.ErrStale)
	r.Revision = 1
	same(w, "prepared", r, ok[exchange.SigningSession](w)(w.s.Session(w.ctx, r.ID)))

	// It is found when its time has passed, and not on the dot.
	list := ok[[]exchange.SigningSession](w)
	same(w, "expired on the dot", nil, list(w.s.ExpiredSessions(w.ctx, r.Expires, 10)))
	bare := r
	bare.Prepared = nil
	same(w, "expired", []exchange.SigningSession{bare}, list(w.s.ExpiredSessions(w.ctx, r.Expires+1, 10)))

	done := bare
	done.State, done.Answer, done.Output, done.Level = exchange.SessionComplete, w.digest(), w.digest(), "B-T"
	w.commit(exchange.Change{Sessions: []exchange.SigningSession{done}})
	cancelled := bare
	cancelled.State = exchange.SessionCancelled
	w.refuse(exchange.Change{Sessions: []exchange.SigningSession{cancelled}}, exchange.ErrStale)
	done.Revision = 2
	same(w, "complete", done, ok[exchange.SigningSession](w)(w.s.Session(w.ctx, r.ID)))
	same(w, "expired, after it was completed", nil, list(w.s.ExpiredSessions(w.ctx, r.Expires+1, 10)))

	// Those that ended go when new ones come, thirty days later; open ones stay.
	open := w.session()
	w.commit(exchange.Change{Sessions: []exchange.SigningSession{open}})
	w.now = r.Expires + 31*24*3600_000_000
	w.commit(exchange.Change{Sessions: []exchange.SigningSession{w.session()}})
	fails[exchange.SigningSession](w, exchange.ErrNotFound)(w.s.Session(w.ctx, r.ID))
	ok[exchange.SigningSession](w)(w.s.Session(w.ctx, open.ID))
}

func testSessionRace(w *world) {
	r := w.session()
	w.commit(exchange.Change{Sessions: []exchange.SigningSession{r}})
	r.Revision, r.State, r.Prepared = 1, exchange.SessionComplete, nil
	var won, lost atomic.Int32
	changes := make([]exchange.Change, writers)
	for i := range changes {
		r.Answer = w.digest()
		changes[i] = exchange.Change{Sessions: []exchange.SigningSession{r}, Entries: []journal.Entry{w.entry("race")}}
	}
	parallel(writers, func(i int) {
		switch _, err := w.s.Commit(w.ctx, changes[i]); {
		case err == nil:
			won.Add(1)
		case errors.Is(err, exchange.ErrStale):
			lost.Add(1)
		default:
			w.Error(err)
		}
	})
	if won.Load() != 1 || lost.Load() != writers-1 {
		w.Errorf("%d won and %d lost, want 1 and %d", won.Load(), lost.Load(), writers-1)
	}
	w.adopt(2)
}
