package exchange

import "sync"

// SignedRefusals is how many refusals for good of one peer's offers are signed in a minute:
// each is a statement and an entry of the journal, and a peer can make as many offers to be
// refused as it likes. Further ones are refused for now, and counted.
const SignedRefusals = 120

// AloneStatements is how many statements of one peer about letters that are not here are
// kept in a minute, each with an entry: a peer can name as many letters as it likes.
// Further ones are counted, and come again, since nobody says that they are stored.
const AloneStatements = 120

// reasonAlone is what they are counted by.
const reasonAlone = "UNKNOWN_LETTER"

// refusalRetry is when a peer may ask again for what was not signed, in seconds: the next
// minute has begun by then.
const refusalRetry = 60

// perMinute counts by peer, in the present minute. Peers are those of the directory.
type perMinute struct {
	mu     sync.Mutex
	minute int64
	done   map[string]int
}

// take reports whether one more may be done for a peer at a time, of so many.
func (r *perMinute) take(peer string, now int64, most int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if minute := now - now%microMinute; r.done == nil || minute != r.minute {
		r.minute, r.done = minute, make(map[string]int)
	}
	if r.done[peer] >= most {
		return false
	}
	r.done[peer]++
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
