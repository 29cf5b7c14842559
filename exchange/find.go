package exchange

import (
	"context"
	"math"

	"lienthong/envelope"
	"lienthong/exchange/notation"
)

// A DocumentRef names a document as the messages of the axis do: by the id that its sender
// gave it, or by number, symbol and date of issue.
type DocumentRef struct {
	Origin     string // id or code of the agency that issued it
	DocumentID string
	Number     string
	Symbol     string
	Issued     string // yyyy-mm-dd
}

// maxSameName bounds the letters of one name that are looked at.
const maxSameName = 100

// errUnknownDocument is one for all that an agency does not have, and for all that others have.
func errUnknownDocument() error {
	return fail(NotFound, "NOT_FOUND", "the agency knows no such document: want the DocumentId, or number, symbol and date, of one that it sent or received here")
}

// FindSent finds the thread of a document that an agency (id or code) sent from here. Of
// several with one name it is the newest.
func (s *Service) FindSent(ctx context.Context, agency string, ref DocumentRef) (envelope.ID, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return envelope.ID{}, err
	}
	var thread envelope.ID
	err = s.named(ctx, a.ID, a.ID, WayOut, ref, func(letter LetterKey) (bool, error) {
		l, err := s.cfg.Store.Letter(ctx, letter)
		if err != nil || l.Agency != a.ID || letter.Origin != s.cfg.ID {
			return false, err
		}
		route, err := envelope.ParseRoute(l.Sealed)
		thread = route.Thread
		return true, err
	})
	return thread, err
}

// FindReceived finds, of a document that came to an agency (id or code) here, the copy on
// which the agency reports: the newest version, or, for an answer (15, 16), the one that its
// sender asks back.
func (s *Service) FindReceived(ctx context.Context, agency string, ref DocumentRef, answer bool) (Delivery, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return Delivery{}, err
	}
	origin, known := s.Directory().Agency(ref.Origin)
	if !known {
		return Delivery{}, errUnknownDocument()
	}
	var out Delivery
	err = s.named(ctx, a.ID, origin.ID, WayIn, ref, func(letter LetterKey) (bool, error) {
		rows, err := s.cfg.Store.Deliveries(ctx, letter)
		if err != nil {
			return false, err
		}
		for _, d := range rows {
			if d.Home && d.Key.Recipient == a.ID && d.OriginAgency == origin.ID {
				out, err = s.reportable(ctx, a.ID, d, answer)
				return true, err
			}
		}
		return false, nil
	})
	return out, err
}

// reportable is the row of a thread on which its receiver reports.
func (s *Service) reportable(ctx context.Context, agency string, of Delivery, answer bool) (Delivery, error) {
	rows, err := s.cfg.Store.Thread(ctx, of.OriginAgency, of.Thread, agency)
	if err != nil {
		return of, err
	}
	out := of
	for _, d := range rows {
		switch {
		case !d.Home || d.Kind == envelope.KindRecall:
		case answer && d.TakeBack == TakeBackAsked:
			return d, nil
		case d.Version > out.Version:
			out = d
		}
	}
	return out, nil
}

// named looks at the letters of a name, the newest first, until one is taken.
func (s *Service) named(ctx context.Context, viewer, issuer string, way Way, ref DocumentRef, take func(LetterKey) (bool, error)) error {
	letters, err := s.sameName(ctx, viewer, issuer, ref)
	if err != nil {
		return err
	}
	for i := len(letters) - 1; i >= 0; i-- {
		if done, err := take(letters[i].Key); done || err != nil {
			return err
		}
	}
	// Later versions have a register of their own: what was updated or replaced is found there.
	if ref.Number == "" && ref.Symbol == "" {
		return errUnknownDocument()
	}
	search := SearchRequest{Agency: viewer, Number: ref.Number, Symbol: ref.Symbol, Way: way}
	if way == WayIn {
		search.Other = issuer
	}
	found, err := s.Search(ctx, search, 0, maxSameName)
	if err != nil {
		return err
	}
	for _, f := range found {
		m := &f.Content.Metadata
		if ref.DocumentID != "" && notation.Clean(ref.DocumentID) != m.DocumentID && ref.Issued != m.IssuedDate {
			continue
		}
		if done, err := take(f.Filing.Letter); done || err != nil {
			return err
		}
	}
	return errUnknownDocument()
}

// sameName lists first versions by the id, or else by the number, oldest first.
func (s *Service) sameName(ctx context.Context, viewer, issuer string, ref DocumentRef) ([]LetterMark, error) {
	register, document := registerKeys(&envelope.Metadata{DocumentID: ref.DocumentID, Number: ref.Number, Symbol: ref.Symbol, IssuedDate: ref.Issued})
	if !document.IsZero() {
		letters, err := s.cfg.Store.SameDocument(ctx, viewer, document, math.MaxInt64, maxSameName)
		if err != nil || len(letters) > 0 {
			return letters, err
		}
	}
	if register.IsZero() {
		return nil, nil
	}
	return s.cfg.Store.SameNumber(ctx, viewer, issuer, register, math.MaxInt64, maxSameName)
}
