package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
)

// A TransportState is what a client's program says of a message that it fetches. It is
// kept apart from the business status: a clerk knows nothing of it.
type TransportState string

const (
	TransportNew        TransportState = "initial"
	TransportProcessing TransportState = "processing"
	TransportDone       TransportState = "done"
	TransportFailed     TransportState = "fail"
)

const methodTransport = "updateStatus"

// transportLife is how long what clients said is asked for: a day less than request ids
// are remembered, among which it is kept.
const transportLife = 29 * 24 * time.Hour

// MarkTransport remembers what a client says of a message of an agency (id). Repeats
// change nothing.
func (s *Service) MarkTransport(ctx context.Context, actor journal.Actor, agency, message string, state TransportState) error {
	if state != TransportProcessing && state != TransportDone && state != TransportFailed {
		return &Error{Code: Invalid, Reason: "INVALID_STATE", Text: "nothing was remembered", Fields: []Field{{"status", "UNKNOWN", fmt.Sprintf("is %.40q, want processing, done or fail", state)}}}
	}
	request, done, err := s.request(ctx, actor, methodTransport, message+" "+string(state), agency, envelope.Sum([]byte(agency+" "+message)))
	if err != nil || done != "" {
		return err
	}
	request.Answer = string(state)
	d := s.draft(actor)
	d.change.Request = request
	d.entry(agency, "transport.mark", message, "state="+string(state))
	if _, err := s.commit(ctx, d.change); err != nil && !errors.Is(err, ErrConflict) { // said twice at once
		return storeError(err)
	}
	return nil
}

// Transport is what a client (principal's id) said of a message.
func (s *Service) Transport(ctx context.Context, principal, message string) (TransportState, error) {
	for _, state := range []TransportState{TransportDone, TransportFailed, TransportProcessing} {
		_, err := s.cfg.Store.Request(ctx, principal, methodTransport, message+" "+string(state))
		if err == nil || !errors.Is(err, ErrNotFound) {
			return state, err
		}
	}
	return TransportNew, nil
}

// Unfetched lists deliveries to an agency (id or code) that nobody has acknowledged, the
// most urgent first, then the oldest.
func (s *Service) Unfetched(ctx context.Context, agency string, limit int) ([]Delivery, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, err
	}
	var out []Delivery
	for u := envelope.UrgencyFlash; u >= envelope.UrgencyNormal && len(out) < limit; u-- {
		rows, err := s.cfg.Store.Unfetched(ctx, a.ID, u, limit-len(out))
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// A StatusNews is a status that the receiver of a document reported, as its sender gets it.
type StatusNews struct {
	Delivery  Delivery
	Statement envelope.Statement
}

// ID names the status for clients: delivery, kind and number.
func (n *StatusNews) ID() string {
	return fmt.Sprintf("%s.%d.%d", n.Delivery.ID, n.Statement.Kind, n.Statement.Sequence)
}

// StatusNews lists the statuses of documents that an agency (id or code) sent and whose
// deliveries changed after a journal index, and the index to go on from; more: there are further ones.
func (s *Service) StatusNews(ctx context.Context, agency string, after uint64) (news []StatusNews, next uint64, more bool, err error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, after, false, err
	}
	const rowsAtOnce = 500
	rows, err := s.cfg.Store.Changes(ctx, a.ID, after, rowsAtOnce)
	if err != nil || len(rows) == 0 {
		return nil, after, false, err
	}
	oldest := s.now() - transportLife.Microseconds()
	for _, d := range rows {
		if d.OriginAgency != a.ID || d.From != "" || d.Key.Origin != s.cfg.ID || d.Status == 0 && d.TakeBack == 0 {
			continue
		}
		stored, err := s.cfg.Store.Statements(ctx, d.Digest, d.Key.Recipient)
		if err != nil {
			return nil, after, false, err
		}
		for _, row := range stored {
			st, err := envelope.ParseStatement(row.Sealed)
			if err != nil {
				return nil, after, false, err
			}
			early := st.Kind == envelope.Status && st.Sequence > d.StatusSeq
			if st.Status == nil || st.Kind != envelope.Status && st.Kind != envelope.Consent || early || st.Time < oldest {
				continue
			}
			news = append(news, StatusNews{d, st})
		}
	}
	return news, rows[len(rows)-1].Changed, len(rows) >= rowsAtOnce, nil
}
