package exchange

import (
	"bytes"
	"cmp"
	"context"
	"time"
)

// A Retained says of a document what the policy does with it at a time.
type Retained struct {
	Letters []Letter // all that go together: those of a thread that have their text
	What    string   // [ErasedText] or [ErasedFiles]
	Ended   int64    // when the last of them came to an end
	Holds   []LegalHold
}

// PlanRetention tells what the policy would let go at a time, and what of it a hold keeps.
// It changes nothing.
func (s *Service) PlanRetention(ctx context.Context, at int64, tell func(Retained) error) error {
	if err := s.planPassed(ctx, at, tell); err != nil {
		return err
	}
	classes, err := s.cfg.Store.Classes(ctx)
	if err != nil {
		return err
	}
	for _, class := range classes {
		if err := s.planClass(ctx, class, at, tell); err != nil {
			return err
		}
	}
	return nil
}

// maxPlanned bounds how many letters that pass through a plan names.
const maxPlanned = 1000

func (s *Service) planPassed(ctx context.Context, at int64, tell func(Retained) error) error {
	if s.cfg.Retention.Transit <= 0 {
		return nil
	}
	upTo := at - s.cfg.Retention.Transit.Microseconds()
	letters, err := s.cfg.Store.PassedThrough(ctx, upTo, maxPlanned)
	if err != nil {
		return err
	}
	for _, l := range letters {
		rows, err := s.cfg.Store.Deliveries(ctx, l.Key)
		if err != nil {
			return err
		}
		from := passingFrom(rows, l.Received, upTo)
		if from == 0 || from > upTo {
			continue
		}
		holds, err := s.cfg.Store.HeldBy(ctx, l.Key)
		if err != nil {
			return err
		}
		if err := tell(Retained{Letters: []Letter{l}, What: ErasedFiles, Ended: from, Holds: holds}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) planClass(ctx context.Context, class string, at int64, tell func(Retained) error) error {
	years := s.cfg.Retention.Years(class)
	if years <= 0 {
		return nil
	}
	now, after := time.UnixMicro(at), AgedPlace{}
	for {
		letters, err := s.cfg.Store.Aged(ctx, class, agedUpTo(now, years), after, eraseTogether)
		if err != nil || len(letters) == 0 {
			return err
		}
		for i := range letters {
			after = AgedPlace{letters[i].Aging, letters[i].Key.ID}
			a, err := s.ageOf(ctx, &letters[i])
			if err != nil {
				return err
			}
			if !a.over(&s.cfg.Retention, now) || !a.tellsOf(&letters[i], &s.cfg.Retention, now) {
				continue
			}
			if err := tell(Retained{Letters: a.letters, What: ErasedText, Ended: a.ended, Holds: a.holds}); err != nil {
				return err
			}
		}
	}
}

// tellsOf reports that of the letters of a document that come up at a time this one comes
// first, so that the document is told of once.
func (a *age) tellsOf(l *Letter, r *Retention, at time.Time) bool {
	for i := range a.letters {
		o := &a.letters[i]
		if o.Aging > agedUpTo(at, r.Years(o.Class)) {
			continue
		}
		if cmp.Or(cmp.Compare(o.Class, l.Class), cmp.Compare(o.Aging, l.Aging), bytes.Compare(o.Key.ID[:], l.Key.ID[:])) < 0 {
			return false
		}
	}
	return true
}
