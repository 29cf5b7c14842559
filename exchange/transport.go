package exchange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// transports are the states that clients say, the one that counts first.
var transports = []TransportState{TransportDone, TransportFailed, TransportProcessing}

// Transports are what a client (principal's id) said of messages, by their ids.
func (s *Service) Transports(ctx context.Context, principal string, messages []string) (map[string]TransportState, error) {
	out := make(map[string]TransportState, len(messages))
	if len(messages) == 0 {
		return out, nil
	}
	var ids []string
	for _, message := range messages {
		out[message] = TransportNew
		for _, state := range transports {
			ids = append(ids, message+" "+string(state))
		}
	}
	said, err := s.cfg.Store.Answered(ctx, principal, methodTransport, ids)
	if err != nil {
		return nil, err
	}
	for _, state := range slices.Backward(transports) {
		for _, id := range said {
			if message, is := strings.CutSuffix(id, " "+string(state)); is {
				out[message] = state
			}
		}
	}
	return out, nil
}

// CountUnfetched counts the documents that came to an agency (id or code) and that nobody has
// acknowledged.
func (s *Service) CountUnfetched(ctx context.Context, agency string) (int, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return 0, err
	}
	return s.cfg.Store.CountUnfetched(ctx, a.ID)
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
		of := len(news)
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
		slices.SortStableFunc(news[of:], func(a, b StatusNews) int { // they are stored as they came
			return cmp.Or(cmp.Compare(a.Statement.Kind, b.Statement.Kind), cmp.Compare(a.Statement.Sequence, b.Statement.Sequence))
		})
	}
	return news, rows[len(rows)-1].Changed, len(rows) >= rowsAtOnce, nil
}
