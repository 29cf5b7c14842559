package exchange

import (
	"cmp"
	"fmt"
	"slices"
)

// An account is what letters are counted against while they hold space here.
type account struct {
	kind accountKind
	name string // of quotas: node id, or agency id
}

type accountKind uint8

const (
	spaceUp     accountKind = iota + 1 // letters to the parent
	spaceDown                          // letters to other neighbours, and those that wait for a way
	spaceHome                          // for agencies at home here; and recalls
	quotaFrom                          // what a neighbour gave, and that is not passed on or fetched
	quotaFor                           // what waits for a neighbour
	quotaAgency                        // what an agency has sent
	spaceAll                           // all bytes that are being taken
)

var (
	goingUp   = account{kind: spaceUp}
	goingDown = account{kind: spaceDown}
	goingHome = account{kind: spaceHome}
	anywhere  = account{kind: spaceAll}
)

// accountNames are stable: labels of metrics.
var accountNames = map[accountKind]string{spaceUp: "up", spaceDown: "down", spaceHome: "home", quotaFrom: "from", quotaFor: "for", quotaAgency: "agency"}

// String says in a refusal whose letters are meant.
func (a account) String() string {
	switch a.kind {
	case spaceUp:
		return "letters that go up"
	case spaceDown:
		return "letters that go down"
	case spaceHome:
		return "letters for agencies at home"
	case quotaFrom:
		return fmt.Sprintf("letters from node %q", a.name)
	case quotaFor:
		return fmt.Sprintf("letters for node %q", a.name)
	}
	return fmt.Sprintf("letters of agency %q", a.name)
}

// direction is whether letters go up or down here. What has no way yet goes on in the
// direction in which it came.
func (n *Node) direction(from, peer string) account {
	me, _ := n.Directory().Node(n.cfg.ID)
	if peer == "" {
		if from != "" && from == me.Parent {
			return goingDown
		}
		return goingUp
	}
	if peer == me.Parent {
		return goingUp
	}
	return goingDown
}

// accountsOf lists what a row counts against.
func (n *Node) accountsOf(h Holding) []account {
	out := []account{{quotaAgency, h.Agency}}
	if h.From != "" {
		out = append(out, account{quotaFrom, h.From})
	}
	if h.Home {
		return append(out, goingHome)
	}
	if h.Peer != "" {
		out = append(out, account{quotaFor, h.Peer})
	}
	return append(out, n.direction(h.From, h.Peer))
}

// Quotas bound what one neighbour and one agency may hold here, so that others have room.
// A letter counts once for each recipient, until the next node has taken it over, or the
// agency at home here has acknowledged it (24 hours long at most).
type Quotas struct {
	PeerBytes     int64 // from, and for, one neighbour; 0: half of what all may have
	PeerLetters   int64 // 0 means 2,000,000
	AgencyBytes   int64 // of one origin agency; 0: half of what all may have
	AgencyLetters int64 // 0 means 2,000,000
	LowWater      int   // what was refused is taken again below so much of a limit, in per cent; 0 means 90
}

func (q *Quotas) defaults() {
	for _, letters := range []*int64{&q.PeerLetters, &q.AgencyLetters} {
		if *letters <= 0 {
			*letters = 2_000_000
		}
	}
	if q.LowWater <= 0 || q.LowWater > 100 {
		q.LowWater = 90
	}
}

// quota is what an account may hold. The caller has the lock.
func (n *Node) quota(a account) usage {
	q := &n.cfg.Quotas
	out := usage{letters: q.PeerLetters, bytes: q.PeerBytes, files: maxUnfinished}
	if a.kind == quotaAgency {
		out.letters, out.bytes = q.AgencyLetters, q.AgencyBytes
	}
	if out.bytes <= 0 {
		out.bytes = n.space.share
	}
	return out
}

// floor is what must stay free of an account of space: the last reserve, and what of the
// other account's is not in use. The caller has the lock.
func (n *Node) floor(a account) int64 {
	reserve := n.cfg.Reserve
	switch a {
	case goingUp:
		return reserve + max(0, reserve-n.space.held(goingDown).bytes)
	case goingDown:
		return reserve + max(0, reserve-n.space.held(goingUp).bytes)
	}
	return reserve
}

// margin is how far below its high mark an account must be before it opens again.
func (n *Node) margin(high int64) int64 { return high * int64(100-n.cfg.Quotas.LowWater) / 100 }

// over reports whether so much is beyond the high mark of an account. One that holds
// nothing takes any letter. The caller has the lock.
func (n *Node) over(a account, u usage) bool {
	if a.isSpace() {
		return n.space.left()-u.bytes < n.floor(a)
	}
	held, most := n.space.held(a), n.quota(a)
	return held != (usage{}) && (held.letters+u.letters > most.letters || held.bytes+u.bytes > most.bytes)
}

// why refuses so much: what was found, what the limit is, and what to do. The caller has
// the lock.
func (n *Node) why(a account, u usage) *refusal {
	out := &refusal{account: a, need: u, retry: spaceRetry}
	if a.isSpace() {
		floor := n.floor(a)
		out.reason, out.text = ReasonSpace, fmt.Sprintf("node %q has no space for %s: %s are free where it keeps files, %s must stay free, and this one has %s: "+
			"make space there (limits.reserve), or wait: they are taken again when %s are free",
			n.cfg.ID, a, mib(n.space.left()), mib(floor), mib(u.bytes), mib(floor+max(u.bytes, n.margin(n.cfg.Reserve))))
		return out
	}
	held, most := n.space.held(a), n.quota(a)
	out.reason = quotaReasons[a.kind]
	if a.kind != quotaFrom {
		out.retry = quotaRetry
	}
	out.text = fmt.Sprintf("node %q holds %d %s, with %s, that were not passed on or fetched; at most %d with %s are taken (limits.quota), and this one is %d with %s: "+
		"wait, or see what holds them up: they are taken again at %d per cent", n.cfg.ID, held.letters, a, mib(held.bytes), most.letters, mib(most.bytes), u.letters, mib(u.bytes), n.cfg.Quotas.LowWater)
	return out
}

// quotaReasons are why a letter is refused.
var quotaReasons = map[accountKind]string{quotaFrom: ReasonQuota, quotaFor: ReasonQuotaNext, quotaAgency: ReasonQuotaAgency}

// When what was refused for space may come again, in seconds, where the link does not tell:
// what concerns one agency or one way alone comes more rarely. What met a full disk comes
// soon: the accounts know it by then, and whoever they refuse is told when there is space.
const (
	spaceRetry = 60
	quotaRetry = 300
	fullRetry  = 5
)

func (a account) isSpace() bool {
	return a.kind == spaceUp || a.kind == spaceDown || a.kind == spaceHome
}

// low reports whether an account that was shut is below its low mark. The caller has the
// lock.
func (n *Node) low(a account) bool {
	s := &n.space
	if a.isSpace() {
		return s.left() >= n.floor(a)+n.margin(n.cfg.Reserve)
	}
	held, most := s.held(a), n.quota(a)
	return held == (usage{}) || held.letters <= most.letters-n.margin(most.letters) && held.bytes <= most.bytes-n.margin(most.bytes)
}

// small reports whether a letter that does not fit shows that the account is full: a large
// one is refused alone. The caller has the lock.
func (n *Node) small(a account, u usage) bool {
	if a.isSpace() {
		return u.bytes <= n.margin(n.cfg.Reserve)
	}
	most := n.quota(a)
	return u.letters <= max(1, n.margin(most.letters)) && u.bytes <= n.margin(most.bytes)
}

// An AccountState is what one account holds, for who operates the node.
type AccountState struct {
	Kind    string // up, down, home: space; from, for, agency: a quota
	Name    string // of a quota: node id, or agency id
	Letters int64
	Bytes   int64
	Full    bool    // its letters are refused
	Used    float64 // of a quota: the part that is used
	Refused uint64  // letters since the process began
}

// Accounts lists the accounts of space, and the quotas of which anything is used, as they
// were seen last; nothing is read.
func (n *Node) Accounts() []AccountState {
	s := &n.space
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[account]bool{goingUp: true, goingDown: true, goingHome: true}
	for _, h := range []holdings{s.stored, s.before, s.recent, s.pending, s.unfinished.sums} {
		for a := range h {
			all[a] = true
		}
	}
	for a := range s.refused {
		all[a] = true
	}
	delete(all, anywhere)
	var out []AccountState
	for a := range all {
		held := s.held(a)
		state := AccountState{accountNames[a.kind], a.name, held.letters, held.bytes, s.shut[a], 0, s.refused[a]}
		if most := n.quota(a); !a.isSpace() {
			state.Used = float64(held.letters) / float64(most.letters)
			if most.bytes > 0 {
				state.Used = max(state.Used, float64(held.bytes)/float64(most.bytes))
			}
		}
		out = append(out, state)
	}
	slices.SortFunc(out, func(a, b AccountState) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	return out
}

// mib prints bytes for people.
func mib(bytes int64) string {
	if bytes < 10<<20 {
		return fmt.Sprintf("%d KiB", (bytes+1023)>>10)
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}
