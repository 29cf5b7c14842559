package exchange

import (
	"sync"

	"lienthong/envelope"
)

// AlarmEquivocated is the action of the journal entry of a peer that has offered two
// letters under one id.
const AlarmEquivocated = "alarm.equivocated"

// maxEquivocations bounds the letters that are remembered of a peer; it has no more of
// them written down until this process ends.
const maxEquivocations = 1024

// equivocations are the letters that peers have offered under an id that is another
// letter's. The first digest of each is signed and journalled; any further one, of which
// a peer can make as many as it likes, is refused and counted, and costs no write.
type equivocations struct {
	mu   sync.Mutex
	seen map[string]map[LetterKey]envelope.Digest // by peer, the first digest
}

// first reports whether this digest is to be written down.
func (e *equivocations) first(peer string, key LetterKey, digest envelope.Digest) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.seen == nil {
		e.seen = make(map[string]map[LetterKey]envelope.Digest)
	}
	of := e.seen[peer]
	if of == nil {
		of = make(map[LetterKey]envelope.Digest)
		e.seen[peer] = of
	}
	have, ok := of[key]
	if !ok && len(of) < maxEquivocations {
		of[key], have, ok = digest, digest, true
	}
	return ok && have == digest
}

// equivocated tells people, once, that somebody has signed two letters under one id.
func (d *draft) equivocated(o *offered, to *Delivery) {
	d.node.cfg.Log.Error("relay: ALARM: two letters under one id", "peer", o.peer, "origin", o.letter.Key.Origin, "letter", o.letter.Key.ID.String(), "digest", o.letter.Digest.String())
	e := d.entry(to.Key.Recipient, AlarmEquivocated, o.letter.Digest.String(), about(to.Key)+" peer="+o.peer)
	d.change.Entries[e].Outcome = "ALARM"
}
