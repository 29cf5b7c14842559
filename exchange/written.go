package exchange

import (
	"slices"
	"strings"
)

// written are the deliveries of a letter as a change has put them into the store, in the
// order in which it lists them.
func (d *draft) written(key LetterKey, done Committed) (out []Delivery) {
	for _, to := range d.change.Deliveries {
		if to.Key.Letter() == key {
			to.Revision++
			to.Changed = done.First + uint64(len(d.change.Entries)) - 1
			out = append(out, to)
		}
	}
	slices.SortFunc(out, func(a, b Delivery) int { return strings.Compare(a.Key.Recipient, b.Key.Recipient) })
	return out
}
