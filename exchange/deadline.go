package exchange

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"lienthong/envelope"
	"lienthong/exchange/calendar"
)

// Overdue is what is late about a delivery.
type Overdue uint8

const (
	OverdueNone        Overdue = 0
	OverdueAcknowledge Overdue = 1 // no status was reported in time
	OverdueAnswer      Overdue = 2 // the date by which an answer was wanted is over
)

// Deadlines are those of one delivery: microseconds, the first that is too late; 0: none.
type Deadlines struct {
	AcknowledgeBy int64
	AnswerBy      int64
	Overdue       Overdue
	Guessed       bool // the calendar has no data of a year that was counted in
}

// deadlines counts those of a delivery by this node's calendar, as of now. A recall has
// none: what it says of its document's is the document's.
func (n *Node) deadlines(d *Delivery, m *envelope.Metadata) Deadlines {
	if d.Kind == envelope.KindRecall {
		return Deadlines{}
	}
	out := Deadlines{AnswerBy: answerBy(m)}
	if d.Arrived > 0 {
		arrived := time.UnixMicro(d.Arrived)
		by := n.cfg.Calendar.Acknowledge(arrived, int(d.Urgency))
		out.AcknowledgeBy, out.Guessed = by.UnixMicro(), !n.cfg.Calendar.Knows(arrived) || !n.cfg.Calendar.Knows(by)
	}
	switch now := n.now(); {
	case d.Copy >= CopyUpdated: // nobody waits for it any more
	case d.Status == 0 && out.AcknowledgeBy > 0 && out.AcknowledgeBy <= now:
		out.Overdue = OverdueAcknowledge
	case out.AnswerBy > 0 && out.AnswerBy <= now && d.Status != StatusRefused && d.Status <= StatusHandling:
		out.Overdue = OverdueAnswer
	}
	return out
}

// sentLate warns of a document that went out after the morning of the working day after
// the one on which it was issued (Decision 28/2018, Art. 6). When it was signed on that
// day is not known, so the minutes of urgent ones are not counted.
func (n *Node) sentLate(l *Letter, route *envelope.Route, m *envelope.Metadata) []Field {
	issued, err := time.ParseInLocation(time.DateOnly, m.IssuedDate, calendar.Zone)
	sent := time.UnixMicro(max(l.Received, route.NotBefore))
	if err != nil || l.From != "" {
		return nil
	}
	limit := n.cfg.Calendar.Send(issued, int(envelope.UrgencyNormal)).Limit
	if sent.Before(limit) {
		return nil
	}
	return []Field{{"metadata.issued_date", "SENT_LATE", "is " + m.IssuedDate + ": it was to be sent by " + limit.Format("15:04 2006-01-02") + ", and went at " + sent.In(calendar.Zone).Format("15:04 2006-01-02")}}
}

// Overdue lists deliveries to an agency that are late in one way, the longest first, and
// the mark after which the list goes on.
func (s *Service) Overdue(ctx context.Context, agency string, what Overdue, after Mark, limit int) ([]DeliveryView, Mark, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, after, err
	}
	var rows []Delivery
	at := func(d *Delivery) int64 { return d.AnswerBy }
	switch what {
	case OverdueAcknowledge:
		at = func(d *Delivery) int64 { return d.Arrived }
		rows, err = s.unacknowledged(ctx, a.ID, after, page(limit))
	case OverdueAnswer:
		rows, err = s.cfg.Store.Unanswered(ctx, a.ID, s.now(), after, page(limit))
	default:
		err = fail(Invalid, "BAD_FIELD", "overdue is %d, want 1 (acknowledge) or 2 (answer)", what)
	}
	if err != nil || len(rows) == 0 {
		return nil, after, err
	}
	last := &rows[len(rows)-1]
	views, err := s.views(ctx, a.ID, rows)
	return views, Mark{at(last), last.ID}, err
}

// unacknowledged merges the lists of each urgency, whose deadlines differ.
func (n *Node) unacknowledged(ctx context.Context, agency string, after Mark, limit int) ([]Delivery, error) {
	var out []Delivery
	for urgency := envelope.UrgencyNormal; urgency <= envelope.UrgencyFlash; urgency++ {
		before := n.cfg.Calendar.Unacknowledged(n.cfg.Now(), int(urgency)).UnixMicro()
		rows, err := n.cfg.Store.Unacknowledged(ctx, agency, urgency, before, after, limit)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	slices.SortFunc(out, func(a, b Delivery) int {
		return cmp.Or(cmp.Compare(a.Arrived, b.Arrived), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return out[:min(limit, len(out))], nil
}
