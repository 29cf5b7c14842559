package exchange

import (
	"context"
	"errors"
	"sync"
)

// Space where files are kept is accounted for letters that go up (to the parent) and for
// those that go down (to all other neighbours), apart. Each account has a reserve that the
// other cannot use, and below both lies one more that no letter uses:
//
//	letters that go up      while what is left is more than one reserve, and than what of
//	                        the reserve for those that go down is not in use; the same the
//	                        other way round
//	letters for agencies    while one reserve is left: they may use what the other two have
//	at home, and recalls
//	receipts and statuses   always: they are what empties the neighbours
//
// Two neighbours that are both full therefore still take from each other what is at home
// with them, and every statement.
//
// Beside that there are quotas (see [Quotas]), so that what one neighbour, or one agency,
// pours in leaves room for the others.
//
// What is held is read from the store's rows, at most once a second, and what was taken
// since is added to it in memory: an offer or a document costs no read. It survives a
// restart so, and counts what other processes of this node take, a second later: what they
// take within it may go beyond a quota.
type space struct {
	looking    sync.Mutex // one look at a time
	mu         sync.Mutex
	looked     int64 // when, in microseconds; 0: never
	due        int64 // when to look again
	free       int64 // bytes where files are kept, as of the last look
	share      int64 // bytes that one neighbour, or agency, may hold where no setting says so
	stored     holdings
	before     holdings   // was taken before the look that goes on, and is not in stored
	recent     holdings   // was taken since the last look began
	pending    holdings   // is being taken, and is not durable yet
	unfinished unfinished // what broken transfers have left
	shut       map[account]bool
	refused    map[account]uint64 // since the process began
}

// holdings are what accounts hold.
type holdings map[account]usage

// A usage is letters, one for each recipient, bytes, and files that are not finished.
type usage struct{ letters, bytes, files int64 }

func (u usage) plus(v usage) usage {
	return usage{u.letters + v.letters, u.bytes + v.bytes, u.files + v.files}
}

func (h holdings) add(a account, u usage) {
	had := h[a].plus(u)
	if h[a] = had; had == (usage{}) {
		delete(h, a)
	}
}

// unfetched is for how long what an agency at home here has not acknowledged counts as held
// for its sender, in microseconds: an agency that never acknowledges closes nobody's way.
const unfetched = 24 * 3600 * 1_000_000

// Pauses between two looks, in microseconds. Of a very long queue a look takes a while:
// the next one waits so many times as long.
const (
	lookPause    = 1_000_000
	lookShare    = 50
	maxLookPause = 60_000_000
)

// look reads what is free and what is held, one at a time.
func (n *Node) look(ctx context.Context) error {
	n.space.looking.Lock()
	defer n.space.looking.Unlock()
	return n.lookNow(ctx)
}

func (n *Node) lookNow(ctx context.Context) error {
	s := &n.space
	began := n.now()
	s.mu.Lock()
	for a, u := range s.recent {
		s.before.add(a, u)
	}
	s.recent = holdings{}
	s.mu.Unlock()
	room, err := n.cfg.Blobs.Left(ctx)
	if errors.Is(err, ErrFull) {
		room, err = 0, nil
	}
	if err != nil {
		return err
	}
	rows, err := n.cfg.Store.Holdings(ctx, began-unfetched)
	if err != nil {
		return err
	}
	left, err := n.lookUnfinished(ctx, began)
	if err != nil {
		return err
	}
	stored := holdings{}
	for _, row := range rows {
		for _, a := range n.accountsOf(row) {
			stored.add(a, usage{letters: row.Letters, bytes: row.Bytes})
		}
	}
	n.dropIdle(ctx, n.looked(began, room, stored, left))
	return nil
}

// looked takes over what a look that began at a time has read, and gives the keys of files
// that are to make room.
func (n *Node) looked(began int64, room uint64, stored holdings, left *leftovers) []string {
	s := &n.space
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked, s.free, s.stored, s.before = began, int64(min(room, 1<<60)), stored, holdings{}
	s.due = began + min(max(lookPause, lookShare*(n.now()-began)), maxLookPause)
	s.share = max(s.free-n.cfg.Reserve+stored[goingUp].bytes+stored[goingDown].bytes+stored[goingHome].bytes, 0) / 2
	s.unfinished.found(left, began)
	n.settleAccounts()
	return s.unfinished.idle(n.now())
}

// seen looks if nobody has, or not for long: whoever runs the node looks every second. While
// one looks, and where that fails, the others go by what is known.
func (n *Node) seen(ctx context.Context) error {
	n.space.mu.Lock()
	looked, due := n.space.looked, n.space.due
	n.space.mu.Unlock()
	now := n.now()
	switch {
	case looked == 0:
		return n.look(ctx)
	case now >= looked && now < due+4*lookPause || !n.space.looking.TryLock():
		return nil
	}
	defer n.space.looking.Unlock()
	if err := n.lookNow(ctx); err != nil && ctx.Err() == nil {
		n.cfg.Log.Warn("space: what is free and held is not known", "error", err)
	}
	return nil
}

// lookDue is a look if it is time for one.
func (n *Node) lookDue(ctx context.Context) error {
	n.space.mu.Lock()
	wait := n.space.due - n.now()
	n.space.mu.Unlock()
	if wait > lookPause && wait <= maxLookPause {
		return nil // the last one took long
	}
	return n.look(ctx)
}

// begin makes the maps.
func (s *space) begin() {
	s.stored, s.before, s.recent, s.pending = holdings{}, holdings{}, holdings{}, holdings{}
	s.unfinished.begin()
	s.shut, s.refused = map[account]bool{}, map[account]uint64{}
}

// held is what an account holds. The caller has the lock.
func (s *space) held(a account) usage {
	var out usage
	for _, h := range []holdings{s.stored, s.before, s.recent, s.pending, s.unfinished.sums} {
		out = out.plus(h[a])
	}
	return out
}

// left is what is free, less what was promised or taken since the last look.
func (s *space) left() int64 {
	return s.free - s.pending[anywhere].bytes - s.recent[anywhere].bytes - s.before[anywhere].bytes
}

// A promise is space that is set aside for what is being taken.
type promise struct {
	node *Node
	over sync.Once
	what holdings

	larger []larger         // files that come by a transfer
	whose  account          // for whom they count when it is not kept
	left   map[string]int64 // bytes of them that are held then, by key
}

// end ends a promise, once: what was promised is durable here now (kept), or it is not.
func (p *promise) end(kept bool) {
	if p == nil {
		return
	}
	p.over.Do(func() {
		s := &p.node.space
		s.mu.Lock()
		defer s.mu.Unlock()
		for a, u := range p.what {
			s.pending.add(a, usage{-u.letters, -u.bytes, -u.files})
			if u.files = 0; kept {
				s.recent.add(a, u)
			}
		}
		p.settle(kept)
	})
}
