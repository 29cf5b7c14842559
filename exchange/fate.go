package exchange

import (
	"context"
	"errors"

	"lienthong/envelope"
	"lienthong/exchange/notation"
)

// A Fate is what has become of a document that stands in a register: of its copies, that
// its sender has asked them back, or sent another document in their place.
type Fate struct {
	Recalled   int    // copies that were recalled, given back, or stopped on their way
	Replaced   int    // copies in whose place another document is
	ReplacedBy string // its number and symbol; empty while none is replaced
}

// fate finds it from the deliveries of a line.
func (s *Service) fate(ctx context.Context, rows []Delivery) (Fate, error) {
	var out Fate
	for i := range rows {
		switch d := &rows[i]; {
		case d.Copy == CopyRecalled || d.State == StateStopped:
			out.Recalled++
		case d.Copy == CopyReplaced:
			out.Replaced++
			if out.ReplacedBy == "" {
				var err error
				if out.ReplacedBy, err = s.replacedBy(ctx, d); err != nil {
					return out, err
				}
			}
		}
	}
	return out, nil
}

// replacedBy is the number of the document in whose favour a copy was replaced: of the
// next version of its thread, or of one of another thread that says so. It is empty for one
// whose text was erased.
func (s *Service) replacedBy(ctx context.Context, d *Delivery) (string, error) {
	versions, err := s.cfg.Store.Thread(ctx, d.OriginAgency, d.Thread, d.Key.Recipient)
	if err != nil {
		return "", err
	}
	for _, v := range versions { // in order
		if v.Version > d.Version && v.Kind == envelope.KindReplacement && v.State == StateDelivered && v.Copy != CopyWaiting {
			return s.numberOf(ctx, v.Key.Letter())
		}
	}
	aims, err := s.cfg.Store.Aims(ctx, d.Digest, d.Key.Recipient)
	if err != nil {
		return "", err
	}
	for _, aim := range aims {
		if aim.Kind == envelope.RelationReplaces && aim.Agency == d.OriginAgency {
			number, err := s.numberOf(ctx, aim.By.Letter())
			if number != "" || err != nil {
				return number, err
			}
		}
	}
	return "", nil
}

// numberOf is the number and symbol of a letter; empty if it is not here, or was erased.
func (s *Service) numberOf(ctx context.Context, key LetterKey) (string, error) {
	letter, err := s.cfg.Store.Letter(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	doc, err := opened(letter)
	if err != nil {
		return "", err
	}
	return notation.Join(doc.Content.Metadata.Number, doc.Content.Metadata.Symbol), nil
}
