package exchange

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"lienthong/envelope"
)

// A QueueEntry is one delivery under way as an operator sees it: no subject, no name.
type QueueEntry struct {
	Delivery Delivery
	DueAt    int64 // of its outbox row; 0 if it has none
	LateAt   int64 // when it counts as late in transit; 0 once it has come to an end
}

// A QueueFilter chooses what an operator lists. With Late it is all that has not arrived
// in time, the oldest first; else what waits in a state.
type QueueFilter struct {
	State State  // 0: all that wait (dead, held, in doubt, offered, queued), one after the other
	Peer  string // only what waits for it; empty: all
	Late  bool
}

// A QueueCursor is where a list goes on.
type QueueCursor struct {
	State State
	QueueMark
}

// waitingStates is the order of a list of all: what wants an operator first.
var waitingStates = []State{StateDead, StateHeld, StateInDoubt, StateOffered, StateQueued}

// lateAfter is how long a letter may be under way by its urgency: it is to be there in
// minutes if it is HỎA TỐC, and in a day if it is nothing.
var lateAfter = map[envelope.Urgency]time.Duration{
	envelope.UrgencyFlash: 5 * time.Minute, envelope.UrgencyVeryUrgent: time.Hour, envelope.UrgencyUrgent: 4 * time.Hour, envelope.UrgencyNormal: 24 * time.Hour,
}

// lateAt is when a delivery counts as late in transit, from when this node took it.
func (d *Delivery) lateAt() int64 {
	if !d.State.underway() {
		return 0
	}
	return d.Created + LateAfter(d.Urgency).Microseconds()
}

// LateAfter is how long a letter of an urgency may be under way.
func LateAfter(u envelope.Urgency) time.Duration {
	if after, ok := lateAfter[u]; ok {
		return after
	}
	return lateAfter[envelope.UrgencyNormal]
}

// underway reports that a delivery has not come to an end.
func (s State) underway() bool { return s.answerable() || s == StateRelayed }

// Queue lists deliveries under way after the cursor (zero: from the first), and where the
// list goes on; done: it does not.
func (s *Service) Queue(ctx context.Context, f QueueFilter, after QueueCursor, limit int) (list []QueueEntry, next QueueCursor, done bool, err error) {
	limit = page(limit)
	if f.Late {
		list, next, err = s.late(ctx, f, after, limit)
		return list, next, len(list) < limit, err
	}
	states := waitingStates
	if f.State != 0 {
		if states = []State{f.State}; !slices.Contains(waitingStates, f.State) {
			return nil, after, true, &Error{Code: Invalid, Reason: "BAD_FIELD", Text: "nothing was listed",
				Fields: []Field{{"state", "BAD_FIELD", "is " + f.State.String() + ", want queued, offered, held, in doubt or dead"}}}
		}
	}
	if at := slices.Index(states, after.State); at > 0 {
		states = states[at:]
	}
	for _, state := range states {
		if state != after.State {
			after = QueueCursor{State: state}
		}
		rows, err := s.waiting(ctx, state, f.Peer, after.QueueMark, limit-len(list))
		if err != nil {
			return nil, after, false, err
		}
		for _, d := range rows {
			e, err := s.queueEntry(ctx, d)
			if err != nil {
				return nil, after, false, err
			}
			list = append(list, *e)
			after.QueueMark = QueueMark{d.Peer, Mark{d.Created, d.ID}}
		}
		if len(list) == limit {
			return list, after, false, nil
		}
	}
	return list, after, true, nil
}

func (s *Service) waiting(ctx context.Context, state State, peer string, after QueueMark, limit int) ([]Delivery, error) {
	if peer != "" {
		return s.cfg.Store.WaitingFor(ctx, state, peer, after.Mark, limit)
	}
	return s.cfg.Store.Waiting(ctx, state, after, limit)
}

// late merges the lists of each urgency, which may be under way for different times.
func (s *Service) late(ctx context.Context, f QueueFilter, after QueueCursor, limit int) ([]QueueEntry, QueueCursor, error) {
	var rows []Delivery
	for urgency := range lateAfter {
		before := s.now() - LateAfter(urgency).Microseconds()
		some, err := s.cfg.Store.Underway(ctx, urgency, before, after.Mark, limit)
		if err != nil {
			return nil, after, err
		}
		rows = append(rows, some...)
	}
	slices.SortFunc(rows, func(a, b Delivery) int {
		return cmp.Or(cmp.Compare(a.Created, b.Created), bytes.Compare(a.ID[:], b.ID[:]))
	})
	var out []QueueEntry
	for _, d := range rows[:min(limit, len(rows))] {
		e, err := s.queueEntry(ctx, d)
		if err != nil {
			return nil, after, err
		}
		out = append(out, *e)
		after = QueueCursor{QueueMark: QueueMark{Mark: Mark{d.Created, d.ID}}}
	}
	return out, after, nil
}

func (s *Service) queueEntry(ctx context.Context, d Delivery) (*QueueEntry, error) {
	out := &QueueEntry{Delivery: d, LateAt: d.lateAt()}
	if !d.State.open() {
		return out, nil
	}
	row, err := s.cfg.Store.Outbox(ctx, d.Key)
	if errors.Is(err, ErrNotFound) {
		return out, nil // settled since it was listed
	}
	out.DueAt = row.DueAt
	return out, err
}

// countLimit bounds what CountLate reads of each urgency.
const countLimit = 1000

// CountLate counts what is late in transit, by urgency; a thousand stands for more.
func CountLate(ctx context.Context, store QueueStore, now int64) (map[envelope.Urgency]int, error) {
	out := make(map[envelope.Urgency]int, len(lateAfter))
	for urgency := range lateAfter {
		rows, err := store.Underway(ctx, urgency, now-LateAfter(urgency).Microseconds(), Mark{}, countLimit)
		if err != nil {
			return nil, err
		}
		out[urgency] = len(rows)
	}
	return out, nil
}
