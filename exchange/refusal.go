package exchange

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

const (
	// keptRefusals is how many rows of refusals a store keeps; the oldest go.
	keptRefusals = 10_000
	// waitingRefusals bounds the rows that wait in memory for the end of their minute.
	waitingRefusals = 1000
	// microMinute is the width of a row.
	microMinute = 60_000_000
)

// What is counted once there are too many rows.
const (
	anyMethod    = "*"
	reasonOthers = "OTHERS"
)

// refusals counts calls that were refused until they are written down, a minute at a
// time: however many calls a stranger makes, they cost a row a minute.
type refusals struct {
	mu   sync.Mutex
	rows map[Refusal]int64 // Count is 0 in the keys
}

// add counts a call and tells how many there are now of its row.
func (r *refusals) add(row Refusal) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows == nil {
		r.rows = make(map[Refusal]int64)
	}
	if _, ok := r.rows[row]; !ok && len(r.rows) >= waitingRefusals {
		row = Refusal{Minute: row.Minute, Method: anyMethod, Reason: reasonOthers}
	}
	r.rows[row]++
	return r.rows[row]
}

// take removes the rows of minutes before a time, in the order of their keys: of two
// processes that write at once neither waits for the other in a circle.
func (r *refusals) take(before int64) []Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Refusal
	for row, n := range r.rows {
		if row.Minute < before {
			delete(r.rows, row)
			row.Count = n
			out = append(out, row)
		}
	}
	slices.SortFunc(out, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(a.Minute, b.Minute), cmp.Compare(a.Principal, b.Principal), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

// giveBack puts rows again that could not be written.
func (r *refusals) giveBack(rows []Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, row := range rows {
		n := row.Count
		row.Count = 0
		r.rows[row] += n
	}
}

// Refused counts a call that was refused, and tells how many of the same kind there were
// in this minute. Principal is empty for a stranger. It costs no write.
func (n *Node) Refused(principal, method, reason string) int64 {
	now := n.now()
	return n.refused.add(Refusal{Minute: now - now%microMinute, Principal: principal, Method: method, Reason: reason})
}

// KeepRefusals writes down what was counted in minutes before a time, in microseconds.
func (n *Node) KeepRefusals(ctx context.Context, before int64) error {
	rows := n.refused.take(before)
	if len(rows) == 0 {
		return nil
	}
	err := n.cfg.Store.CountRefusals(ctx, rows, keptRefusals)
	if err != nil {
		n.refused.giveBack(rows)
	}
	return err
}

// Refusals lists calls that were refused, newest minute first, the present one included.
func (s *Service) Refusals(ctx context.Context, after Refusal, limit int) ([]Refusal, error) {
	if err := s.KeepRefusals(ctx, s.now()+1); err != nil {
		return nil, err
	}
	return s.cfg.Store.Refusals(ctx, after, page(limit))
}
