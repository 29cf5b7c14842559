package exchange

import "sync"

// SignedRefusals is how many refusals for good of one peer's offers are signed in a minute:
// each is a statement and an entry of the journal, and a peer can make as many offers to be
// refused as it likes. Further ones are refused for now, and counted.
const SignedRefusals = 120

// refusalRetry is when a peer may ask again for what was not signed, in seconds: the next
// minute has begun by then.
const refusalRetry = 60

// signedRefusals counts by peer, in the present minute. Peers are those of the directory.
type signedRefusals struct {
	mu     sync.Mutex
	minute int64
	signed map[string]int
}

// take reports whether one more may be signed for a peer at a time.
func (r *signedRefusals) take(peer string, now int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if minute := now - now%microMinute; r.signed == nil || minute != r.minute {
		r.minute, r.signed = minute, make(map[string]int)
	}
	if r.signed[peer] >= SignedRefusals {
		return false
	}
	r.signed[peer]++
	return true
}

// unsigned puts a refusal off that would be signed, and counts it. What was signed before is
// answered from what is stored, however often.
func (n *Node) unsigned(peer string, why *refusal) *refusal {
	n.Refused(PeerHolder(peer), linkMethod, why.reason)
	later := *why
	later.permanent, later.retry = false, refusalRetry
	return &later
}
