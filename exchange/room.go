package exchange

import (
	"context"
	"sync"
)

// featureRoom in Hello says that a node understands [Room], and refusals for quotas.
const featureRoom = "room"

// Room tells the peer that there is space again for what was refused on this link for want
// of it: it offers that at once, and does not wait for the time that the refusal named.
type Room struct{}

func (Room) frame() {}

// forSpace are the reasons after which Room is worth something.
var forSpace = []string{ReasonSpace, ReasonQuota, ReasonQuotaAgency, ReasonQuotaNext}

// starved is what of a peer's was refused for space on a link: for each account the least
// that was asked for.
type starved struct {
	told bool // the peer understands Room; set before the link is up
	mu   sync.Mutex
	need holdings
}

// starve counts refusals for space, and notes what the peer is to be told of.
func (s *session) starve(why map[string]*refusal) {
	s.starved.mu.Lock()
	defer s.starved.mu.Unlock()
	for _, w := range why {
		if w == nil || w.account.kind == 0 {
			continue
		}
		s.relay.Refused(PeerHolder(s.peer), linkMethod, w.reason)
		if !s.starved.told {
			continue
		}
		if s.starved.need == nil {
			s.starved.need = holdings{}
		}
		least, ok := s.starved.need[w.account]
		if !ok {
			least = w.need
		}
		s.starved.need[w.account] = usage{min(least.letters, w.need.letters), min(least.bytes, w.need.bytes), min(least.files, w.need.files)}
	}
}

// fed forgets what there is space for now, and reports whether there was any.
func (s *session) fed() bool {
	s.starved.mu.Lock()
	defer s.starved.mu.Unlock()
	out := false
	for a, u := range s.starved.need {
		if s.relay.open(a, u) {
			delete(s.starved.need, a)
			out = true
		}
	}
	return out
}

// open reports whether an account takes so much now.
func (n *Node) open(a account, u usage) bool {
	n.space.mu.Lock()
	defer n.space.mu.Unlock()
	return !n.space.shut[a] && !n.overFiles(a, u) && !n.over(a, u)
}

// reasonFor is what a peer is told: one that knows nothing of quotas would take a refusal
// that it does not know for the letter's own fault.
func (s *session) reasonFor(reason string) string {
	switch reason {
	case ReasonQuota, ReasonQuotaAgency, ReasonQuotaNext:
		if !s.starved.told {
			return ReasonSpace
		}
	}
	return reason
}

// watchSpace looks every second, and tells those who wait for space that there is some.
func (r *Relay) watchSpace(ctx context.Context) error {
	if err := r.lookDue(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	sessions := make([]*session, 0, len(r.sessions))
	for _, s := range r.sessions {
		if s.greeted.Load() {
			sessions = append(sessions, s)
		}
	}
	r.mu.Unlock()
	for _, s := range sessions {
		if s.fed() {
			s.answerAll(Room{})
		}
	}
	return nil
}

// roomNews is what a session knows of Room that the peer has announced.
type roomNews struct {
	mu    sync.Mutex
	begun bool  // the link has: what was refused on an earlier one, nobody tells any more
	here  bool  // it was announced, and there may be letters that it is for
	at    int64 // when some were last made due, in microseconds
}

// roomPause is between two times that announced room makes letters due, in microseconds,
// whatever the peer announces.
const roomPause = 500_000

// hasRoom takes the peer's word that it has space.
func (s *session) hasRoom() {
	s.news.set(true)
	s.breaker.accept()
	s.relay.outboxes.wake(s.peer)
}

func (r *roomNews) set(here bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.here = here
}

// due reports whether letters that were refused for space are to be made due now.
func (r *roomNews) due(now int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.begun {
		r.begun = false
		return true
	}
	if !r.here || now >= r.at && now < r.at+roomPause {
		return false
	}
	r.here, r.at = false, now
	return true
}

// wakeRefused makes due what the peer refused for space, if it has announced some since or
// the link has just begun: not more than the pump reads at once, and the others when these
// are offered.
func (s *session) wakeRefused(ctx context.Context) error {
	now := s.relay.now()
	if !s.news.due(now) {
		return nil
	}
	woken, err := s.relay.cfg.Store.WakeRefused(ctx, s.peer, forSpace, now+maxRetry, outboxBatch)
	if err == nil && woken == outboxBatch {
		s.news.set(true)
	}
	return err
}
