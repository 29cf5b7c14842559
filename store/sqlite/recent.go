package sqlite

import "sync"

// recentSize bounds what a recent keeps: twice so many values.
const recentSize = 512

// A recent keeps in memory what was read or written last, so that what a letter needs again
// and again on its way is not asked of the database each time. It is never older than the
// database, and never newer: what a batch changes is taken out before the batch commits, and
// whoever asks in between asks the database; what it is now is put in afterwards. The
// process has the database to itself (lock.go), and one goroutine writes.
//
// It has two generations: when the young one is full it becomes the old one.
type recent[K comparable, V any] struct {
	mu         sync.Mutex
	young, old map[K]V
	changing   map[K]bool    // by the batch that is being committed
	asked      map[K]*ticket // what somebody reads, until it changes
}

// A ticket is for whoever reads a value from the database: it is kept only if nothing has
// changed it since the ticket was given.
type ticket struct{ _ byte } // not of size 0: each has an address of its own

// get gives what is kept, or a ticket with which to keep what is read; nil: do not.
func (r *recent[K, V]) get(key K) (v V, found bool, t *ticket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, found = r.young[key]; found {
		return v, true, nil
	}
	if v, found = r.old[key]; found {
		r.set(key, v)
		return v, true, nil
	}
	if r.changing[key] {
		return v, false, nil
	}
	if t = r.asked[key]; t == nil && len(r.asked) < recentSize {
		if r.asked == nil {
			r.asked = make(map[K]*ticket)
		}
		t = &ticket{}
		r.asked[key] = t
	}
	return v, false, t
}

// peek gives what is kept, and no ticket.
func (r *recent[K, V]) peek(key K) (v V, found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, found = r.young[key]; !found {
		v, found = r.old[key]
	}
	return v, found
}

// keep gives a ticket back, with what was read; ok: it may be kept.
func (r *recent[K, V]) keep(key K, t *ticket, v V, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t == nil || r.asked[key] != t {
		return
	}
	delete(r.asked, key)
	if ok {
		r.set(key, v)
	}
}

func (r *recent[K, V]) set(key K, v V) {
	if r.young == nil || len(r.young) >= recentSize {
		r.young, r.old = make(map[K]V, recentSize), r.young
	}
	r.young[key] = v
}

// take is called before a batch commits that changes key, and gives what was kept.
func (r *recent[K, V]) take(key K) (v V, found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, found = r.young[key]; !found {
		v, found = r.old[key]
	}
	delete(r.young, key)
	delete(r.old, key)
	delete(r.asked, key)
	if r.changing == nil {
		r.changing = make(map[K]bool)
	}
	r.changing[key] = true
	return v, found
}

// give is called after the commit, with what the value is now; ok: it is known, and may be kept.
func (r *recent[K, V]) give(key K, v V, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.changing, key)
	if ok {
		r.set(key, v)
	}
}

// forget empties it, before a batch commits that has changed all, and after.
func (r *recent[K, V]) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.young, r.old, r.asked = nil, nil, nil
}

// read gives what is kept, or reads it; small says whether it may be kept.
func (r *recent[K, V]) read(key K, small func(V) bool, from func() (V, error)) (V, error) {
	v, found, t := r.get(key)
	if found {
		return v, nil
	}
	v, err := from()
	r.keep(key, t, v, err == nil && small(v))
	return v, err
}
