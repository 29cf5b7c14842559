package exchange

import "sync"

// A window counts offers that are not answered. Those with larger files stay for as long as
// the files take, which on a slow line is hours: they get a part of it, and others go past.
type window struct {
	mu      sync.Mutex
	slots   map[*slot]bool
	offered map[DeliveryKey]*slot
	freed   broadcast
}

// A slot is one offer.
type slot struct {
	open   int    // recipients that are not answered
	class  int    // urgency
	bytes  uint64 // as [offerBytes] counts them, about
	larger bool   // it has files that do not ride in it
}

// Offers with larger files of a class and those below it are at most so many, and of a class
// and those above it: each class finds room beside the others, and what has no larger files
// finds a quarter of the window whatever the others do.
func mostBelow(class int) int { return Window/2 + Window/4*(min(max(class, 1), 4)-1)/3 }
func mostAbove(class int) int { return Window*3/4 - Window/16*(min(max(class, 1), 4)-1) }

func (w *window) free() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Window - len(w.slots)
}

// room is how many offers of a class may be made now: to mark offers costs a commit, which
// the others in flight hide, so it is none until half of the window is free. Larger ones are
// not counted in this, nor those of lower classes.
func (w *window) room(class int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	quick, ahead := Window, 0
	for s := range w.slots {
		switch {
		case s.larger:
			quick--
		case s.class >= class:
			ahead++
		}
	}
	if 2*ahead > quick {
		return 0
	}
	return Window - len(w.slots)
}

// fits reports whether an offer fits beside those in flight, and more that are about to be.
func (w *window) fits(it slot, more []slot) bool {
	if !it.larger {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	below, above, bytes := 0, 0, uint64(0)
	count := func(s *slot) {
		if !s.larger {
			return
		}
		if bytes += s.bytes; s.class <= it.class {
			below++
		}
		if s.class >= it.class {
			above++
		}
	}
	for s := range w.slots {
		count(s)
	}
	for i := range more {
		count(&more[i])
	}
	most := mostBelow(it.class)
	// Of the bytes that the peer grants they leave a part too.
	return below < most && above < mostAbove(it.class) && (bytes == 0 || bytes+it.bytes <= uint64(most)*(grantedBytes/Window))
}

func (w *window) add(keys []DeliveryKey, s slot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.open = len(keys)
	for _, k := range keys {
		w.offered[k] = &s
	}
	w.slots[&s] = true
}

func (w *window) answered(keys ...DeliveryKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, k := range keys {
		s := w.offered[k]
		if s == nil {
			continue
		}
		delete(w.offered, k)
		if s.open--; s.open == 0 {
			delete(w.slots, s)
			w.freed.notify()
		}
	}
}

// open lists the recipients of a letter that were offered and are not answered.
func (w *window) open(key LetterKey) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for k := range w.offered {
		if k.Letter() == key {
			out = append(out, k.Recipient)
		}
	}
	return out
}

func (w *window) has(key DeliveryKey) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.offered[key] != nil
}
