package exchange

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"lienthong/envelope"
)

const (
	maxPage     = 1000
	defaultPage = 50
)

func page(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(limit, maxPage)
}

// Document finds a document that an agency (id or code) sent from here.
func (s *Service) Document(ctx context.Context, agency string, id envelope.ID) (*Document, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, err
	}
	letter, err := s.cfg.Store.Letter(ctx, LetterKey{s.cfg.ID, id})
	if err == nil && letter.Agency != a.ID {
		err = ErrNotFound
	}
	if errors.Is(err, ErrNotFound) {
		return nil, fail(NotFound, "NOT_FOUND", "agency %q has sent no document %s", agency, id)
	}
	if err != nil {
		return nil, err
	}
	return s.document(ctx, letter)
}

// Documents lists what an agency sent, newest first, after the cursor (zero: the newest).
func (s *Service) Documents(ctx context.Context, agency string, after envelope.ID, limit int) ([]Document, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, err
	}
	letters, err := s.cfg.Store.Documents(ctx, a.ID, after, page(limit))
	if err != nil {
		return nil, err
	}
	out := make([]Document, 0, len(letters))
	for _, letter := range letters {
		doc, err := s.document(ctx, letter)
		if err != nil {
			return nil, err
		}
		out = append(out, *doc)
	}
	return out, nil
}

func (n *Node) document(ctx context.Context, letter Letter) (*Document, error) {
	doc, err := opened(letter)
	if err != nil {
		return nil, err
	}
	if doc.Deliveries, err = n.cfg.Store.Deliveries(ctx, letter.Key); err != nil {
		return nil, err
	}
	return doc, n.remark(ctx, doc, letter.Agency)
}

// remark adds deadlines and warnings, as an agency (id) sees them; there are none of what
// was erased.
func (n *Node) remark(ctx context.Context, doc *Document, viewer string) error {
	if doc.Letter.Cleared != 0 {
		doc.Deadlines = make([]Deadlines, len(doc.Deliveries))
		return nil
	}
	m := &doc.Content.Metadata
	for i := range doc.Deliveries {
		doc.Deadlines = append(doc.Deadlines, n.deadlines(&doc.Deliveries[i], m))
	}
	twice, err := n.duplicates(ctx, viewer, &doc.Letter, m)
	doc.Warnings = slices.Concat(registrationWarnings(m), n.sentLate(&doc.Letter, &doc.Route, m), twice)
	return err
}

func opened(letter Letter) (*Document, error) {
	route, err := envelope.ParseRoute(letter.Sealed)
	if err != nil {
		return nil, err
	}
	doc := &Document{Letter: letter, Route: route}
	if letter.Cleared == 0 { // what was erased is there, and says nothing
		doc.Content, err = envelope.ParseContent(letter.Content)
	}
	return doc, err
}

// visible finds a delivery that an agency (id) sent from here or received here.
func (n *Node) visible(ctx context.Context, agency string, id envelope.ID) (Delivery, error) {
	d, err := n.cfg.Store.DeliveryByID(ctx, id)
	if err == nil && !n.sees(agency, &d) {
		err = ErrNotFound
	}
	if errors.Is(err, ErrNotFound) {
		return Delivery{}, fail(NotFound, "NOT_FOUND", "the agency has no delivery %s", id)
	}
	return d, err
}

// Delivery shows one delivery to its sender or receiver (id or code), with its history.
func (s *Service) Delivery(ctx context.Context, agency string, id envelope.ID) (*DeliveryView, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, err
	}
	d, err := s.visible(ctx, a.ID, id)
	if err != nil {
		return nil, err
	}
	view, err := s.view(ctx, a.ID, d)
	if err != nil {
		return nil, err
	}
	if view.History, err = s.history(ctx, d); err != nil {
		return nil, err
	}
	view.Thread, err = s.threadFor(ctx, a.ID, d)
	return view, err
}

// history lists every statement about a delivery, with a proof each, and whether
// signature and proof verify now: as they came, but statuses by their number, since
// they may overtake one another on the way.
func (n *Node) history(ctx context.Context, d Delivery) ([]Event, error) {
	rows, err := n.cfg.Store.Statements(ctx, d.Digest, d.Key.Recipient)
	if err != nil {
		return nil, err
	}
	dir := n.Directory()
	out := make([]Event, 0, len(rows))
	for _, row := range rows {
		receipt, err := n.receipt(ctx, row)
		if err != nil {
			return nil, err
		}
		st, err := envelope.ParseStatement(row.Sealed)
		if err != nil {
			return nil, err
		}
		_, err = dir.VerifyReceipt(receipt)
		out = append(out, Event{Statement: st, JournalIndex: row.JournalIndex, Receipt: receipt, Verified: err == nil})
	}
	orderStatuses(out)
	return out, nil
}

// orderStatuses puts the statuses of each issuer in order of their number, into the
// places that they have among the other events.
func orderStatuses(events []Event) {
	places := make(map[string][]int)
	for i, e := range events {
		if e.Statement.Kind == envelope.Status {
			places[e.Statement.Issuer] = append(places[e.Statement.Issuer], i)
		}
	}
	for _, at := range places {
		sorted := make([]Event, len(at))
		for i, place := range at {
			sorted[i] = events[place]
		}
		slices.SortFunc(sorted, func(a, b Event) int { return cmp.Compare(a.Statement.Sequence, b.Statement.Sequence) })
		for i, place := range at {
			events[place] = sorted[i]
		}
	}
}

func (n *Node) view(ctx context.Context, viewer string, d Delivery) (*DeliveryView, error) {
	letter, err := n.cfg.Store.Letter(ctx, d.Key.Letter())
	if err != nil {
		return nil, err
	}
	doc, err := opened(letter)
	if err != nil {
		return nil, err
	}
	doc.Deliveries = []Delivery{d}
	if err := n.remark(ctx, doc, viewer); err != nil {
		return nil, err
	}
	to, _ := doc.Route.Recipient(d.Key.Recipient)
	return &DeliveryView{Delivery: d, Document: *doc, Recipient: to}, nil
}

func (n *Node) views(ctx context.Context, viewer string, rows []Delivery) ([]DeliveryView, error) {
	out := make([]DeliveryView, 0, len(rows))
	for _, d := range rows {
		view, err := n.view(ctx, viewer, d)
		if err != nil {
			return nil, err
		}
		out = append(out, *view)
	}
	return out, nil
}

// Inbox lists what came to an agency, newest first, after the cursor (zero: the newest).
func (s *Service) Inbox(ctx context.Context, agency string, after envelope.ID, limit int) ([]DeliveryView, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, err
	}
	rows, err := s.cfg.Store.Inbox(ctx, a.ID, after, page(limit))
	if err != nil {
		return nil, err
	}
	return s.views(ctx, a.ID, rows)
}

// Changes lists deliveries of an agency that changed after a journal index, and the
// cursor to go on from. Where there are none it waits until there are, or ctx ends.
func (s *Service) Changes(ctx context.Context, agency string, after uint64, limit int) ([]DeliveryView, uint64, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, after, err
	}
	for {
		next := s.changed.next()
		rows, err := s.cfg.Store.Changes(ctx, a.ID, after, page(limit))
		if err != nil {
			return nil, after, err
		}
		if len(rows) > 0 {
			views, err := s.views(ctx, a.ID, rows)
			return views, rows[len(rows)-1].Changed, err
		}
		if !wait(ctx, next, 10*pollPause) {
			return nil, after, ctx.Err()
		}
	}
}
