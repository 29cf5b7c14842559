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
		follows, err := s.descends(ctx, st.Previous, d)
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
