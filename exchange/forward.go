package exchange

import (
	"context"
	"slices"

	"lienthong/envelope"
	"lienthong/journal"
)

// A ForwardRequest asks to send a document that came to an agency on to others.
type ForwardRequest struct {
	Agency     string // the one that received it, id or code
	Delivery   envelope.ID
	Recipients []OutgoingRecipient
	Urgency    envelope.Urgency // as it came if 0
	Staff      envelope.Staff
	RequestID  string
}

// Forward sends a document on as it came: the same files and metadata, with a relation that
// names the agency that issued it, for whose signatures it is validated. It is a letter of
// the agency that forwards, which alone can recall it; a recall of the original does not
// reach it.
func (s *Service) Forward(ctx context.Context, actor journal.Actor, req ForwardRequest) (*Document, error) {
	agency, err := s.agencyHere(req.Agency)
	if err != nil {
		return nil, err
	}
	content := req
	content.RequestID = ""
	return s.once(ctx, actor, methodForward, req.RequestID, agency.ID, fingerprint(content), func(request *Request) (envelope.ID, error) {
		if err := s.takesNew(ctx, &agency); err != nil {
			return envelope.ID{}, err
		}
		to, err := s.visible(ctx, agency.ID, req.Delivery)
		if err != nil {
			return envelope.ID{}, err
		}
		doc, err := s.forwardable(ctx, &to, agency.ID)
		if err != nil {
			return envelope.ID{}, err
		}
		send := SendRequest{Agency: agency.ID, Metadata: doc.Content.Metadata, Urgency: req.Urgency, Staff: req.Staff,
			Relations: []envelope.Relation{origin(doc)}}
		if send.Urgency == 0 {
			send.Urgency = doc.Route.Urgency
		}
		recipients, bad, err := s.recipients(ctx, agency.ID, req.Recipients)
		if err != nil {
			return envelope.ID{}, err
		}
		if bad = append(bad, s.checkWords(&agency, &send)...); len(bad) > 0 {
			return envelope.ID{}, &Error{Code: Invalid, Reason: "INVALID_DOCUMENT", Text: "the document was not forwarded, to anybody", Fields: bad}
		}
		sent, err := s.submit(ctx, actor, agency, &send, recipients, doc.Content.Files, nil, request)
		if err != nil {
			return envelope.ID{}, err
		}
		return sent.Letter.Key.ID, nil
	})
}

// forwardable reads a document that came to an agency and that it may send on.
func (s *Service) forwardable(ctx context.Context, to *Delivery, agency string) (*Document, error) {
	switch {
	case !to.Home || to.Key.Recipient != agency:
		return nil, fail(Precondition, "NOT_RECIPIENT", "only what came to the agency is forwarded, and %s did not", to.ID)
	case to.Kind == envelope.KindRecall:
		return nil, fail(Precondition, "IS_RECALL", "a recall is not forwarded")
	}
	if err := checkCopy(to, StatusArrived); err != nil {
		return nil, err
	}
	letter, err := s.cfg.Store.Letter(ctx, to.Key.Letter())
	if err == nil {
		err = letter.legible()
	}
	if err != nil {
		return nil, err
	}
	return opened(letter)
}

// origin points to the document that is forwarded: where it was forwarded before, to the
// one that was issued.
func origin(doc *Document) envelope.Relation {
	i := slices.IndexFunc(doc.Route.Relations, func(r envelope.Relation) bool { return r.Kind == envelope.RelationForwards })
	if i >= 0 {
		return doc.Route.Relations[i]
	}
	return envelope.Relation{Kind: envelope.RelationForwards, Origin: doc.Route.OriginAgency, Document: doc.Content.Metadata.DocumentID, Digest: doc.Letter.Digest}
}

// issuer is the agency (id) for whose signatures a letter is validated.
func issuer(route *envelope.Route) string {
	for _, rel := range route.Relations {
		if rel.Kind == envelope.RelationForwards && rel.Origin.ID != "" {
			return rel.Origin.ID
		}
	}
	return route.OriginAgency.ID
}
