package exchange

import (
	"context"
	"errors"
	"fmt"

	"lienthong/envelope"
	"lienthong/journal"
)

// A HoldRequest asks that letters be kept, whatever a policy says. One of Letter and
// Agency is given.
type HoldRequest struct {
	Letter envelope.ID // of a document that was sent from here, or of a delivery here
	Origin string      // node id: Letter is the id of an envelope of this node; empty otherwise
	Thread bool        // all versions of the document, and those that come
	Agency string      // id or code: all letters from and to it
	Reason string
}

// maxHoldReason bounds why something is held, or no more, in bytes.
const maxHoldReason = 2000

// AddHold keeps letters from being erased until the hold is released: whatever its policy
// says, the node lets neither text nor files of them go. Of a hold and an erasure that come
// at once one is first: then the hold is there, or it is refused with ERASED.
func (s *Service) AddHold(ctx context.Context, actor journal.Actor, req HoldRequest) (LegalHold, error) {
	if err := holdReason(req.Reason); err != nil {
		return LegalHold{}, err
	}
	var h LegalHold
	err := s.decide(ctx, func() (err error) {
		if h, err = s.newHold(ctx, &req); err != nil {
			return err
		}
		h.Reason, h.By, h.Placed = req.Reason, actor.Principal, s.now()
		d := s.draft(actor)
		d.change.Holds = []LegalHold{h}
		d.entry(h.Agency, "hold.add", h.ID.String(), h.about())
		_, err = s.commit(ctx, d.change)
		return err
	})
	h.Revision = 1
	return h, storeError(err)
}

func holdReason(reason string) error {
	if reason != "" && len(reason) <= maxHoldReason && plainText(reason) {
		return nil
	}
	return &Error{Code: Invalid, Reason: "INVALID_HOLD", Text: "nothing was changed",
		Fields: []Field{{"reason", "REQUIRED", fmt.Sprintf("has %d bytes, want 1 to %d of plain text: whoever comes after reads it", len(reason), maxHoldReason)}}}
}

// about names what a hold keeps, for the journal.
func (h *LegalHold) about() string {
	switch h.Kind {
	case HoldLetter:
		return fmt.Sprintf("origin=%s letter=%s", h.Letter.Origin, h.Letter.ID)
	case HoldThread:
		return fmt.Sprintf("thread=%s", h.Thread)
	default:
		return "agency"
	}
}

// newHold finds what is to be held.
func (s *Service) newHold(ctx context.Context, req *HoldRequest) (LegalHold, error) {
	id, err := s.newID()
	if err != nil {
		return LegalHold{}, err
	}
	h := LegalHold{ID: id, Kind: HoldAgency}
	if (req.Agency == "") == req.Letter.IsZero() || req.Thread && req.Letter.IsZero() {
		return h, fail(Invalid, "INVALID_HOLD", "a hold keeps one letter, one document with all its versions, or one agency: name one of them")
	}
	if req.Agency != "" {
		a, ok := s.Directory().Agency(req.Agency)
		if h.Agency = a.ID; !ok {
			return h, fail(NotFound, "NOT_FOUND", "agency %q is not in the directory", req.Agency)
		}
		return h, nil
	}
	letter, err := s.toHold(ctx, req)
	if err != nil {
		return h, err
	}
	h.Kind, h.Letter, h.Agency = HoldLetter, letter.Key, letter.Agency
	if !req.Thread {
		return h, letter.legible()
	}
	rows, err := s.cfg.Store.Deliveries(ctx, letter.Key)
	if err != nil || len(rows) == 0 {
		return h, errors.Join(err, letter.legible())
	}
	h.Kind, h.Letter, h.Thread = HoldThread, LetterKey{}, rows[0].Thread
	a, err := s.ageOf(ctx, &letter)
	if err == nil && len(a.letters) == 1 { // the one that was named
		err = letter.legible()
	}
	return h, err
}

// toHold finds a letter by the id of its envelope or of a delivery.
func (s *Service) toHold(ctx context.Context, req *HoldRequest) (Letter, error) {
	key := LetterKey{req.Origin, req.Letter}
	if req.Origin == "" {
		key.Origin = s.cfg.ID
		switch row, err := s.cfg.Store.DeliveryByID(ctx, req.Letter); {
		case err == nil:
			key = row.Key.Letter()
		case !errors.Is(err, ErrNotFound):
			return Letter{}, err
		}
	}
	letter, err := s.cfg.Store.Letter(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return letter, fail(NotFound, "NOT_FOUND", "this node has no delivery %s, and no letter %s of node %q", req.Letter, key.ID, key.Origin)
	}
	return letter, err
}

// ReleaseHold ends a hold: what it kept goes when the policy says, within 30 days if its
// time is over.
func (s *Service) ReleaseHold(ctx context.Context, actor journal.Actor, id envelope.ID, reason string) (LegalHold, error) {
	if err := holdReason(reason); err != nil {
		return LegalHold{}, err
	}
	var h LegalHold
	err := s.decide(ctx, func() (err error) {
		h, err = s.cfg.Store.LegalHold(ctx, id)
		switch {
		case errors.Is(err, ErrNotFound):
			return fail(NotFound, "NOT_FOUND", "there is no hold %s", id)
		case err != nil:
			return err
		case h.Released != 0:
			return fail(Precondition, "RELEASED", "hold %s was released on %s by %q", id, timeText(h.Released), h.ReleasedBy)
		}
		h.Released, h.ReleasedBy, h.ReleaseReason = s.now(), actor.Principal, reason
		d := s.draft(actor)
		d.change.Holds = []LegalHold{h}
		d.entry(h.Agency, "hold.release", h.ID.String(), h.about())
		_, err = s.commit(ctx, d.change)
		return err
	})
	h.Revision++
	return h, storeError(err)
}

// Holds lists holds, newest first, after the cursor (zero: the newest): those that hold, or
// all.
func (s *Service) Holds(ctx context.Context, active bool, after envelope.ID, limit int) ([]LegalHold, error) {
	return s.cfg.Store.LegalHolds(ctx, active, after, page(limit))
}
