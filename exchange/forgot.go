package exchange

import "lienthong/envelope"

// goneMargin is how much later than its restore by its own clock a node may have made the
// letters, by the clocks of their origins, that it had before.
const goneMargin = 3600 * 1_000_000

// mayHaveGone reports whether this node may have handed a letter on and have forgotten it:
// the letter is older than the store, which goes on from a backup. have is its row for a
// recipient, nil where there is none; what was stopped here has gone nowhere.
//
// Such a letter is never stopped here, and nobody is told so: a recall goes after it, as
// after one that was offered, and a node that remembers says what has become of it.
func (n *Node) mayHaveGone(letter LetterKey, have *Delivery) bool {
	if n.restored.Generation == 0 || have != nil && have.State == StateStopped {
		return false
	}
	return made(letter.ID) < int64(n.restored.Generation)*1_000_000+goneMargin
}

// made is when an id was made, by the clock of the node that made it.
func made(id envelope.ID) int64 {
	ms := int64(0)
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	return ms * 1000
}
