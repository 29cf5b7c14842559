package exchange

import (
	"context"
	"fmt"
	"time"

	"lienthong/envelope"
)

// NextChange is closed when the node commits again, so that tests wait for what they
// want to see, and not for time.
func (n *Node) NextChange() <-chan struct{} { return n.changed.next() }

// HasLink reports whether the newest link to a peer is up.
func (r *Relay) HasLink(peer string) bool { return contains(r.Connected(), peer) }

// OffersFor claims what waits for a peer and builds the offers, as a link would.
func (r *Relay) OffersFor(ctx context.Context, peer string) ([]Offer, error) {
	rows, err := r.cfg.Store.DueOutbox(ctx, peer, r.now(), outboxBatch)
	if err != nil {
		return nil, err
	}
	marked, err := r.markOffered(ctx, Link{Peer: peer}, group(rows, Window, nil))
	if err != nil {
		return nil, err
	}
	var out []Offer
	for _, b := range marked {
		offer, err := r.buildOffer(ctx, b)
		if err != nil {
			return nil, err
		}
		out = append(out, *offer)
	}
	return out, nil
}

// TakeOffer answers one offer, as a link would.
func (r *Relay) TakeOffer(ctx context.Context, peer string, offer Offer) []Frame {
	frames, _ := r.session(peer, nil, nil).take(ctx, offer) // an error ends the link
	return frames
}

// SettleAnswer takes one answer from a peer, as a link would.
func (r *Relay) SettleAnswer(ctx context.Context, peer string, frame Frame) error {
	s := r.session(peer, nil, nil)
	switch f := frame.(type) {
	case Accepted:
		return s.accepted(ctx, f)
	case Refused:
		var keys []DeliveryKey
		for _, recipient := range f.Recipients {
			keys = append(keys, DeliveryKey{f.Letter.Origin, f.Letter.ID, recipient})
		}
		s.window.add(keys, slot{})
		return s.refused(ctx, f)
	}
	return fmt.Errorf("answer %T", frame)
}

// SettleStatements takes statements from a peer and says which are stored.
func (r *Relay) SettleStatements(ctx context.Context, peer string, frame Statements) error {
	_, err := r.settle(ctx, Link{Peer: peer}, frame.Statements, false)
	return err
}

// StatementsFor builds what waits for a peer.
func (r *Relay) StatementsFor(ctx context.Context, peer string) (Statements, []envelope.Digest, error) {
	rows, err := r.cfg.Store.StatementsTo(ctx, peer, 0, statementBatch)
	if err != nil {
		return Statements{}, nil, err
	}
	var out Statements
	var digests []envelope.Digest
	for _, row := range rows {
		receipt, err := r.receipt(ctx, row.StatementRow)
		if err != nil {
			return Statements{}, nil, err
		}
		out.Statements = append(out.Statements, receipt)
		digests = append(digests, row.Digest)
	}
	return out, digests, nil
}

// SetDirectory gives the node another directory than its store has, an older one too.
func (n *Node) SetDirectory(d envelope.Directory) error {
	dir, err := NewDirectory(d)
	if err == nil {
		n.directory.Store(dir)
	}
	return err
}

// ChooseFor lists the letters that would be offered to a peer next, at most limit.
func (r *Relay) ChooseFor(ctx context.Context, peer string, limit int) ([]LetterKey, error) {
	rows, err := r.cfg.Store.DueOutbox(ctx, peer, r.now(), outboxBatch)
	if err != nil {
		return nil, err
	}
	groups, err := r.choose(ctx, peer, rows, limit, nil)
	if err != nil {
		return nil, err
	}
	var out []LetterKey
	for _, b := range groups {
		out = append(out, b.key)
	}
	_, err = r.markOffered(ctx, Link{Peer: peer}, groups)
	return out, err
}

// RetryPause is retryPause.
func RetryPause(attempts int, atLeast int64) int64 { return retryPause(attempts, atLeast) }

// BreakAfter is breakAfter.
const BreakAfter = breakAfter

// MaxSetbacks is maxSetbacks.
const MaxSetbacks = maxSetbacks

// Meet lets this node see the store of a peer, as Hello shows it. If the peer goes on from
// a backup, what it may have forgotten is offered and sent again.
func (r *Relay) Meet(ctx context.Context, peer *Node) error {
	s := r.session(peer.cfg.ID, nil, nil)
	s.hello = Hello{Node: peer.cfg.ID, Incarnation: peer.incarnation, Restored: peer.restored.Until}
	changed, err := s.meet(ctx)
	if err != nil || !changed {
		return err
	}
	return s.replay(ctx)
}

// Beat makes links of a relay quicker to notice silence.
func (r *Relay) Beat(pause time.Duration) { r.heartbeat = pause }

// Look reads what is free and held, as a running node does every second.
func (n *Node) Look(ctx context.Context) error { return n.look(ctx) }

// Turns are those of a link's transfers, by a clock of the test.
type Turns struct{ turns }

// NewTurns makes turns that nobody has.
func NewTurns(now func() int64) *Turns { return &Turns{turns{now: now}} }

// Join gives a transfer its place: mayMove reports, and counts, that it may move a chunk.
func (t *Turns) Join(class int) (mayMove func() bool, leave func()) {
	turn := t.join(class)
	return turn.mayGo, turn.leave
}

// Unjudged is what a file becomes that was not read, at an attempt of its job.
func (n *Node) Unjudged(attempts int, err error) (string, error) {
	verdict, _, err := n.unjudged(Job{Attempts: attempts}, envelope.ContentFile{}, err)
	return verdict, err
}

// FitVerdicts makes verdicts fit into a statement, and reports whether reports were left out.
func FitVerdicts(d *envelope.ValidatedDetail, main int) bool {
	fitVerdicts(d, main)
	return shortened(d)
}

// Pauses is how often in a row the link to a peer has waited because the peer took nothing.
func (r *Relay) Pauses(peer string) int {
	s := r.newest(peer)
	if s == nil {
		return 0
	}
	s.breaker.mu.Lock()
	defer s.breaker.mu.Unlock()
	return s.breaker.trips
}

// KeepFetched does what Run does every second for files of letters that still come.
func (r *Relay) KeepFetched(ctx context.Context) error { return r.keepFetched(ctx) }
