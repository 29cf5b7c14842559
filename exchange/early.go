package exchange

import (
	"context"
	"errors"

	"lienthong/envelope"
)

// isEnd reports whether a statement says that nobody answers any more.
func isEnd(kind envelope.StatementKind) bool {
	return kind == envelope.Failed || kind == envelope.Stopped || kind == envelope.Dropped
}

// ended applies an end that came before the answer of the next hop, which is here now. It
// counts only if it follows that answer, link by link: one of an earlier tenure, before the
// letter was sent again, ended that one alone.
func (s *settling) ended(ctx context.Context, d *Delivery, home string) error {
	for _, row := range s.stored[d.Key.Recipient] {
		if !isEnd(row.Key.Kind) {
			continue
		}
		st, err := envelope.ParseStatement(row.Sealed)
		if err != nil {
			return err
		}
		follows, err := s.answersFor(ctx, &st, d)
		if err != nil {
			return err
		}
		if follows {
			s.apply(d, &st, home)
			return nil
		}
	}
	return nil
}

// descends reports whether a custody statement follows the one under which this node has a
// delivery. What a node takes for several recipients follows a statement about one of
// them, so those of all are looked at.
func (s *settling) descends(ctx context.Context, digest envelope.Digest, d *Delivery) (bool, error) {
	before := make(map[envelope.Digest]envelope.Digest)
	for recipient, row := range s.rows {
		stored, ok := s.stored[recipient]
		if !ok {
			var err error
			if stored, err = s.node.cfg.Store.Statements(ctx, row.Digest, recipient); err != nil {
				return false, err
			}
		}
		for _, r := range stored {
			if r.Key.Kind != envelope.Custody {
				continue
			}
			st, err := envelope.ParseStatement(r.Sealed)
			if err != nil {
				return false, err
			}
			before[r.Digest] = st.Previous
		}
	}
	for range HopLimit {
		previous, ok := before[digest]
		if !ok || previous == d.Tip {
			return ok, nil
		}
		digest = previous
	}
	return false, nil
}

// round sends the end that was kept last to the peer from which the letter came round, if it
// did: that one answers for it in between, and would wait for ever. All else goes to where
// the letter came from first.
func (s *settling) round(ctx context.Context, d *Delivery) error {
	path, err := s.node.cfg.Store.Path(ctx, d.Tip)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil || path.From == "" || path.From == d.From || path.From == s.peer {
		return err
	}
	again := s.change.Statements[len(s.change.Statements)-1]
	again.SendTo = path.From
	s.change.Statements = append(s.change.Statements, again)
	return nil
}

// applies is apply for statements whose issuer has something to say about this letter: of
// one that another node answers for, only the nodes that took it over from one another,
// behind this node, say who has it now and that it has ended. Another's word is kept as
// history, and changes nothing.
func (s *settling) applies(ctx context.Context, d *Delivery, st *envelope.Statement, home string) (changed, done bool, err error) {
	if d.State == StateRelayed && (isEnd(st.Kind) || st.Kind == envelope.Custody && (st.Issuer != d.Peer || st.Previous != d.Tip)) {
		if ok, err := s.answersFor(ctx, st, d); err != nil || !ok {
			return false, false, err
		}
	}
	if s.evidenceAlone(d, st) {
		return false, false, nil
	}
	changed, done = s.apply(d, st, home)
	return changed, done, nil
}

// answersFor reports whether a statement follows the custody under which this node has
// handed a delivery on, and comes from where such statements come: from the next hop, or
// signed by it. Nobody signs to whom it hands a letter, so a stranger can name any custody
// that it has heard of; only the way shows who is behind the next hop.
func (s *settling) answersFor(ctx context.Context, st *envelope.Statement, d *Delivery) (bool, error) {
	if s.peer != d.Peer && st.Issuer != d.Peer {
		return false, nil
	}
	if ok, err := s.descends(ctx, st.Previous, d); ok || err != nil || st.Issuer != d.Peer {
		return ok, err
	}
	// It came to the next hop by two ways, and ends for both under the first.
	for _, row := range s.stored[d.Key.Recipient] {
		if row.Key.Kind != envelope.Custody || row.Key.Issuer != st.Issuer {
			continue
		}
		custody, err := envelope.ParseStatement(row.Sealed)
		if err != nil || custody.Previous == d.Tip && custody.Time <= st.Time {
			return err == nil, err
		}
	}
	return false, nil
}
