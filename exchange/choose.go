package exchange

import (
	"context"

	"lienthong/envelope"
)

// ageing is the part of the offers that lower classes get, one in so many for each,
// however many letters of higher ones wait: so none waits for ever.
const ageing = 8

// choose bundles what waits for a peer: by class, but for the share that each lower class
// has of what goes out.
// admits says of each whether it may go now; nil: all may.
func (n *Node) choose(ctx context.Context, peer string, rows []OutboxRow, limit int, admits func(*bundle) bool) ([]*bundle, error) {
	groups := group(rows, limit, admits)
	if len(rows) == 0 || len(groups) < limit && len(rows) < outboxBatch || limit < ageing {
		return groups, nil
	}
	var aged []*bundle
	for class := int(envelope.UrgencyNormal); class < rows[0].Class; class++ {
		lower, err := n.cfg.Store.DueOutboxOf(ctx, peer, class, outboxBatch/ageing)
		if err != nil {
			return nil, err
		}
		aged = append(aged, group(lower, limit/ageing, admits)...)
	}
	taken := make(map[LetterKey]bool, len(aged))
	for _, b := range aged {
		taken[b.key] = true
	}
	out := make([]*bundle, 0, limit)
	for _, b := range groups {
		if len(out)+len(aged) < limit && !taken[b.key] {
			out = append(out, b)
		}
	}
	return append(out, aged...), nil
}

func (b *bundle) class() int { return b.rows[0].Class }

// A bundle is what goes in one offer: recipients of one letter under one tenure.
type bundle struct {
	key    LetterKey
	tip    envelope.Digest
	rows   []OutboxRow
	letter *Letter // nil: not read
}

// group bundles rows in their order, at most limit bundles of those that are admitted.
func group(rows []OutboxRow, limit int, admits func(*bundle) bool) []*bundle {
	var out []*bundle
	type id struct {
		key LetterKey
		tip envelope.Digest
	}
	at := make(map[id]*bundle)
	for _, row := range rows {
		k := id{row.Key.Letter(), row.Tip}
		b := at[k]
		if b == nil {
			if len(out) == limit {
				continue
			}
			b = &bundle{key: k.key, tip: k.tip, rows: []OutboxRow{row}}
			at[k] = b
			if admits == nil || admits(b) {
				out = append(out, b)
			}
			continue
		}
		b.rows = append(b.rows, row)
	}
	return out
}

func (n *Node) letterOf(ctx context.Context, b *bundle) (*Letter, error) {
	if b.letter != nil {
		return b.letter, nil
	}
	letter, err := n.cfg.Store.Letter(ctx, b.key)
	return &letter, err
}

// rides is how many bytes of a letter go in its offer, and whether it has files that do not.
func (l *Letter) rides() (bytes uint64, larger bool) {
	bytes = uint64(len(l.Sealed.Payload) + len(l.Content))
	for _, f := range l.Files {
		if inline(f.Size, bytes) {
			bytes += f.Size
		} else {
			larger = true
		}
	}
	return bytes, larger
}

// slot is what the offer of a bundle takes of the window.
func (b *bundle) slot() slot {
	out := slot{class: b.class()}
	if b.letter != nil {
		out.bytes, out.larger = b.letter.rides()
	}
	return out
}

// roundBytes is how much is offered at once: a more urgent letter that comes meanwhile waits
// until that has gone out.
const roundBytes = 4 << 20

// maxLarger bounds what a session remembers of letters that wait for room.
const maxLarger = 4096

// admission says, for one round of offers, of each bundle whether there is room for it.
func (s *session) admission(ctx context.Context) func(*bundle) bool {
	var round []slot
	bytes := uint64(0)
	return func(b *bundle) bool {
		if bytes >= roundBytes {
			return false
		}
		if known, is := s.larger[b.key]; is && !s.window.fits(known, round) {
			return false
		}
		if letter, err := s.relay.letterOf(ctx, b); err == nil { // else who builds the offer finds it again
			b.letter = letter
		}
		it := b.slot()
		if !s.window.fits(it, round) {
			if len(s.larger) >= maxLarger {
				clear(s.larger)
			}
			s.larger[b.key] = it
			return false
		}
		delete(s.larger, b.key)
		round = append(round, it)
		bytes += it.bytes
		return true
	}
}

// roomy are those of rows, which are in the order of their classes, that are urgent enough to
// go now.
func (s *session) roomy(rows []OutboxRow) []OutboxRow {
	for i, row := range rows {
		if s.window.room(row.Class) == 0 {
			return rows[:i]
		}
	}
	return rows
}

// A glance is what was last seen of the most urgent letter that waits: to look after each
// answer would cost a read each.
type glance struct {
	woken <-chan struct{}
	at    int64
	class int // 0: none waits
}

func (g *glance) look(ctx context.Context, s *session, woken <-chan struct{}) (int, error) {
	now := s.relay.now()
	if g.woken == woken && now >= g.at && now < g.at+pollPause.Microseconds() {
		return g.class, nil
	}
	rows, err := s.relay.cfg.Store.DueOutbox(ctx, s.peer, now, 1)
	if *g = (glance{woken: woken, at: now}); len(rows) > 0 {
		g.class = rows[0].Class
	}
	return g.class, err
}
