package exchange

import (
	"context"
	"time"

	"lienthong/envelope"
)

// Patience changes for how long nothing may come of files that a peer is asked for, and the
// pause before a transfer is begun again.
func (r *Relay) Patience(quiet, try time.Duration) { r.putQuiet, r.tryPause = quiet, try }

// PutFiles gives a peer what it asks for of an offer, as a link would.
func (r *Relay) PutFiles(ctx context.Context, peer string, courier Courier, need NeedFiles, recipients ...string) error {
	s := r.session(peer, courier, courier)
	var keys []DeliveryKey
	for _, recipient := range recipients {
		keys = append(keys, DeliveryKey{need.Letter.Origin, need.Letter.ID, recipient})
	}
	s.window.add(keys, slot{})
	return s.put(ctx, need)
}

// Round lists the letters that a link with nothing in flight would offer at once.
func (r *Relay) Round(ctx context.Context, peer string) ([]LetterKey, error) {
	s := r.session(peer, nil, nil)
	rows, err := s.due(ctx)
	if err != nil {
		return nil, err
	}
	groups, err := r.choose(ctx, peer, rows, Window, s.admission(ctx))
	var out []LetterKey
	for _, b := range groups {
		out = append(out, b.key)
	}
	return out, err
}

// FitsLarger reports whether an offer of a class with larger files fits into a window beside
// others such, so many of each class.
func FitsLarger(class int, beside map[int]int) bool {
	w := window{slots: map[*slot]bool{}, offered: map[DeliveryKey]*slot{}}
	for of, n := range beside {
		for range n {
			w.add(nil, slot{class: of, larger: true})
		}
	}
	return w.fits(slot{class: class, larger: true}, nil)
}

// Parts cuts receipts into frames.
func Parts(list []envelope.Receipt) [][]envelope.Receipt { return parts(list) }

// TooMuch is what is said to a statement beside those of its key that are stored.
func TooMuch(stored []StatementRow, st *envelope.Statement) error { return tooMuch(stored, st) }
