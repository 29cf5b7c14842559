package exchange

import (
	"cmp"
	"slices"

	"lienthong/envelope"
)

// A strand is what a node has of one thread for one recipient.
type strand struct {
	rows []Delivery                 // letters and recalls
	aims map[envelope.Digest][]Aim  // at the letters, by recalls and replacements
	by   map[DeliveryKey]Delivery   // the rows of those aims, as far as they are here
	fate map[envelope.ID]strandFate // by id of the delivery here
}

// A strandFate is what fold finds for one row.
type strandFate struct {
	copy     Copy
	takeBack TakeBack
}

// fold finds what has become of the receiver's copies: a function of what has been
// delivered, and of the answers given, and of nothing else. So it makes no difference in
// which order things came, and home and origin agree when they know the same.
//
//   - A version is applied when it follows none, or the one that it follows is applied;
//     else it waits. Of two applied ones the earlier is updated, or replaced, by the later.
//   - A letter is recalled when a recall aimed at it has been delivered that acts at once,
//     or that the receiver agreed to. This goes before everything else.
//   - A take-back is open while a letter that it is aimed at is here and not recalled, and
//     no answer was given; a recall in between makes it moot.
func (s *strand) fold() map[envelope.ID]strandFate {
	slices.SortFunc(s.rows, func(a, b Delivery) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), slices.Compare(a.Key.ID[:], b.Key.ID[:]))
	})
	s.fate = make(map[envelope.ID]strandFate, len(s.rows))
	s.versions()
	for _, row := range s.rows {
		if row.Kind == envelope.KindRecall || row.State != StateDelivered {
			continue
		}
		f := s.fate[row.ID]
		for _, aim := range s.aims[row.Digest] {
			by, here := s.by[aim.By]
			switch {
			case !here || by.State != StateDelivered || aim.Agency != row.OriginAgency:
			case aim.Kind == envelope.RelationReplaces && s.applied(by) && f.copy == CopyCurrent:
				f.copy = CopyReplaced
			case aim.Kind == envelope.RelationRecalls && (aim.Mode == envelope.RecallNow || by.TakeBack == TakeBackAgreed):
				f.copy = CopyRecalled
			}
		}
		s.fate[row.ID] = f
	}
	s.takeBacks()
	return s.fate
}

// versions finds which letters wait, and which have been overtaken by a later version.
func (s *strand) versions() {
	applied := make(map[uint32]bool)
	var last *Delivery
	for i := range s.rows {
		row := &s.rows[i]
		if row.Kind == envelope.KindRecall || row.State != StateDelivered {
			continue
		}
		if row.Follows != 0 && !applied[row.Follows] {
			s.fate[row.ID] = strandFate{copy: CopyWaiting}
			continue
		}
		applied[row.Version] = true
		s.fate[row.ID] = strandFate{copy: CopyCurrent}
		if last != nil {
			by := CopyUpdated
			if row.Kind == envelope.KindReplacement {
				by = CopyReplaced
			}
			s.fate[last.ID] = strandFate{copy: by}
		}
		last = row
	}
}

// applied reports whether a replacement, of this thread or another, waits for nothing.
func (s *strand) applied(by Delivery) bool {
	if f, ok := s.fate[by.ID]; ok {
		return f.copy != CopyWaiting
	}
	return by.Copy != CopyWaiting
}

// takeBacks finds how far recalls are, and which letters are asked back.
func (s *strand) takeBacks() {
	for _, recall := range s.rows {
		if recall.Kind != envelope.KindRecall || recall.State != StateDelivered {
			continue
		}
		f, mode, open := strandFate{CopyNotice, TakeBackNone}, envelope.RecallMode(0), false
		for _, row := range s.rows {
			aim := s.aimed(row, recall)
			if aim == nil {
				continue
			}
			mode = aim.Mode
			open = open || s.fate[row.ID].copy != CopyRecalled
		}
		switch {
		case mode == envelope.RecallNow && recall.Status == 0:
			f.copy = CopyCurrent // the clerk has not seen it
		case mode != envelope.TakeBack:
		case recall.TakeBack == TakeBackAgreed || recall.TakeBack == TakeBackRefused:
			f.takeBack = recall.TakeBack
		case open:
			f = strandFate{CopyCurrent, TakeBackAsked}
		default:
			f.takeBack = TakeBackMoot
		}
		s.fate[recall.ID] = f
		for _, row := range s.rows {
			if aim := s.aimed(row, recall); aim != nil && aim.Mode == envelope.TakeBack {
				had := s.fate[row.ID]
				s.fate[row.ID] = strandFate{had.copy, later(had.takeBack, f.takeBack)}
			}
		}
	}
}

// later is the one of two take-backs of a letter that came after the other. Ids do not say
// it where both were made in one millisecond; the rules do: none is asked while another
// is open, none after one was agreed to, and a recall leaves none open.
func later(a, b TakeBack) TakeBack {
	for _, last := range []TakeBack{TakeBackAsked, TakeBackAgreed, TakeBackMoot, TakeBackRefused} {
		if a == last || b == last {
			return last
		}
	}
	return TakeBackNone
}

// aimed finds a recall's aim at a letter that is here.
func (s *strand) aimed(row, recall Delivery) *Aim {
	if row.Kind == envelope.KindRecall || row.State != StateDelivered {
		return nil
	}
	for i, aim := range s.aims[row.Digest] {
		if aim.By == recall.Key && aim.Kind == envelope.RelationRecalls && aim.Agency == row.OriginAgency {
			return &s.aims[row.Digest][i]
		}
	}
	return nil
}
