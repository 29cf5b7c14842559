package exchange

import (
	"context"
	"errors"
	"slices"
	"time"

	"lienthong/envelope"
)

// featureChainBack in Hello says that a node takes custody statements that come back, to it
// or to its next hop, as evidence alone: no letter moves by them. To a node that does not say
// so they are not sent.
const featureChainBack = "chain-back"

// giveChains gives a restored peer back what it had signed in the chains under which letters
// came here from it since a time. It burned with the peer, and was nowhere else if the node
// before had not heard of it: nobody could follow a Delivered past the peer then. Statements
// that are kept here as such are sent by [replaying.sendAgain]. given counts those that the
// peer has, gone those that it does not take.
func (s *session) giveChains(ctx context.Context, since int64) (given, gone int, err error) {
	silent := 0
	for after, more := (envelope.ID{}), true; more; {
		rows, err := s.relay.cfg.Store.Exchanged(ctx, s.peer, since, after, replayBatch)
		if err != nil {
			return given, gone, err
		}
		list, err := s.relay.chains(ctx, s.peer, rows, since)
		if err != nil {
			return given, gone, err
		}
		for batch := range slices.Chunk(list, chainBatch) {
			rest := batch
			for try := 0; len(rest) > 0 && try < giveTries && silent < giveTries; try++ {
				before := len(rest)
				if rest, err = s.giveChain(ctx, rest); err != nil {
					return given, gone, err
				}
				if len(rest) == before {
					silent++
				}
			}
			given, gone = given+len(batch)-len(rest), gone+len(rest)
		}
		if more = len(rows) == replayBatch; more {
			after = rows[len(rows)-1].ID
		}
	}
	if gone > 0 {
		s.relay.cfg.Log.Error("relay: custody statements of a restored peer are not given back: it does not take them", "peer", s.peer, "statements", gone)
	}
	return given, gone, nil
}

// giveTries is how often statements are given back of which the peer stores none.
const giveTries = 3

// chains lists what is to be given back for deliveries that came from a peer.
func (n *Node) chains(ctx context.Context, peer string, rows []Delivery, since int64) ([]envelope.Sealed, error) {
	seen := map[envelope.Digest]bool{}
	var out []envelope.Sealed
	for i := range rows {
		if rows[i].From != peer {
			continue
		}
		stored, err := n.cfg.Store.Statements(ctx, rows[i].Digest, rows[i].Key.Recipient)
		if err != nil {
			return nil, err
		}
		for _, row := range stored {
			seen[row.Digest] = true // sent as a statement
		}
		chain, err := n.chainTo(ctx, &rows[i], stored)
		if err != nil {
			return nil, err
		}
		for _, sealed := range chain {
			digest := sealed.Digest()
			st, err := envelope.ParseStatement(sealed)
			if err != nil {
				return nil, err
			}
			if !seen[digest] && st.Issuer == peer && st.Time >= since {
				out = append(out, sealed)
			}
			seen[digest] = true
		}
	}
	return out, nil
}

// chainTo lists the statements under which this node took a delivery, each time that it did,
// as far as they are kept; the origin's first.
func (n *Node) chainTo(ctx context.Context, to *Delivery, stored []StatementRow) ([]envelope.Sealed, error) {
	tips := []envelope.Digest{to.Tip}
	for _, row := range stored {
		if row.Key.Issuer != n.cfg.ID || row.Key.Kind != envelope.Custody && row.Key.Kind != envelope.Delivered {
			continue
		}
		st, err := envelope.ParseStatement(row.Sealed)
		if err != nil {
			return nil, err
		}
		tips = append(tips, st.Previous)
	}
	var out []envelope.Sealed
	for _, tip := range tips {
		path, err := n.cfg.Store.Path(ctx, tip)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		out = append(out, path.Chain...)
	}
	return out, nil
}

// keepChain keeps the chain of an offer where no path of this node's own does: at the
// recipient's home, and where it was taken before.
func (t *taking) keepChain() {
	for _, p := range t.change.Paths {
		if p.Tip == t.under {
			return
		}
	}
	t.change.Paths = append(t.change.Paths, Path{Tip: t.under, Letter: t.letter.Key, From: t.peer, Chain: t.chain})
}

// A handing is a frame of statements that is being given back: one at a time on a link, so
// that the next Stored which names one of them names all that were taken.
type handing struct {
	open   map[envelope.Digest]bool
	stored chan []envelope.Digest
}

// How many statements go in one such frame, whatever size they have, and how long a peer may
// take to store them.
const (
	chainBatch = 32
	chainWait  = 20 * time.Second
)

// giveChain gives statements back, and tells which of them the peer has not stored.
func (s *session) giveChain(ctx context.Context, list []envelope.Sealed) ([]envelope.Sealed, error) {
	h := &handing{open: make(map[envelope.Digest]bool, len(list)), stored: make(chan []envelope.Digest, 1)}
	frame := Statements{}
	for _, sealed := range list {
		h.open[sealed.Digest()] = true
		frame.Statements = append(frame.Statements, envelope.Receipt{Statement: sealed})
	}
	s.handing.Store(h)
	defer s.handing.Store(nil)
	select {
	case s.outgo <- frame:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	timer := time.NewTimer(chainWait)
	defer timer.Stop()
	select {
	case stored := <-h.stored:
		return slices.DeleteFunc(slices.Clone(list), func(sealed envelope.Sealed) bool { return slices.Contains(stored, sealed.Digest()) }), nil
	case <-timer.C:
		return list, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// take is told of a Stored that may answer what is being given back.
func (h *handing) take(digests []envelope.Digest) {
	if h == nil || !slices.ContainsFunc(digests, func(d envelope.Digest) bool { return h.open[d] }) {
		return
	}
	select {
	case h.stored <- digests:
	default: // it has answered already
	}
}

// withholds reports whether a statement is not for the peer: one of an earlier version would
// take custody that came back to this node for the answer to an offer, and no more hand on
// what this node has forgotten.
func (s *session) withholds(row *StatementRow) (bool, error) {
	if row.Key.Kind != envelope.Custody || row.Key.Issuer != s.relay.cfg.ID || contains(s.hello.Features, featureChainBack) {
		return false, nil
	}
	st, err := envelope.ParseStatement(row.Sealed)
	return st.Incarnation != s.relay.incarnation, err
}

// evidenceAlone reports whether a custody statement moves nothing: an offer is answered by
// Accepted. One of the next hop that comes otherwise may be what it had said before it was
// restored, for letters that it has no more.
func (s *settling) evidenceAlone(d *Delivery, st *envelope.Statement) bool {
	return st.Kind == envelope.Custody && st.Issuer == d.Peer && !s.answered && d.State != StateRelayed
}
