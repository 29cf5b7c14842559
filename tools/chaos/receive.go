package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"lienthong/client"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// The statuses that a receiver reports, one after the other.
var answers = []uint32{1, 3, 6}

// last is the status at which a letter is finished with: letters differ, by their number.
func last(number string) uint32 {
	return answers[int(number[len(number)-1])%len(answers)]
}

// receivePause is how long a receiver waits before it follows its agency again.
const receivePause = 300 * time.Millisecond

// receive lets the clerks of all agencies take in what comes, until ctx ends.
func (r *round) receive(ctx context.Context) {
	var wg sync.WaitGroup
	for _, a := range agencies {
		c := r.world.clerk(a.id, r.rand("receiver "+a.id))
		wg.Go(func() {
			defer c.close()
			for ctx.Err() == nil {
				r.follow(ctx, c) // until it breaks
				c.close()        // another process, or the same one later
				pause(ctx, receivePause)
			}
		})
	}
	wg.Wait()
}

// follow watches what changes for an agency, and does what is next for each letter that came
// to it. It goes on where it was: a list by time would hide what a node with a wrong clock
// has taken in.
func (r *round) follow(ctx context.Context, c *clerk) {
	if err := c.connect(); err != nil {
		return
	}
	if c.node == r.silent() {
		r.world.cursors.set(c.agency, 0) // its journal may be shorter than it was
	}
	stream, err := c.client.Deliveries.WatchDeliveries(ctx, &lienthongv1.WatchDeliveriesRequest{Agency: c.agency, Cursor: r.world.cursors.get(c.agency)})
	if err != nil {
		return
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			return
		}
		if d := m.GetDelivery(); d.GetRecipient().GetAgency().GetId() == c.agency && d.GetState() == lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED {
			limited, cancel := context.WithTimeout(ctx, callLimit)
			err = r.answer(limited, c, c.client, d)
			cancel()
		}
		var known *exchange.Error
		if err != nil && !(errors.As(err, &known) && known.Code == exchange.Precondition) { // else it has gone on since
			return
		}
		r.world.cursors.set(c.agency, m.GetCursor())
	}
}

// cursors are how far each agency has followed.
type cursors struct {
	mu sync.Mutex
	at map[string]uint64
}

func (c *cursors) get(agency string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at[agency]
}

func (c *cursors) set(agency string, at uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at == nil {
		c.at = make(map[string]uint64)
	}
	c.at[agency] = at
}

func (r *round) answer(ctx context.Context, c *clerk, to *client.Client, d *lienthongv1.Delivery) error {
	number := d.GetDocument().GetMetadata().GetNumber()
	if keyOf(d.GetDocument()) == "" || d.GetCopy() != lienthongv1.CopyState_COPY_STATE_UNSPECIFIED {
		return nil // a recall, or not the version that stands
	}
	var next uint32
	began := time.Now()
	for _, code := range answers {
		if next == 0 && code > d.GetStatus() && code <= last(number) {
			next = code
		}
	}
	switch {
	case next == 0:
		return nil
	case next == 1:
		var files [][]byte
		for _, f := range d.GetDocument().GetFiles() {
			files = append(files, f.GetSha256())
		}
		if _, err := to.Deliveries.AcknowledgeDelivery(ctx, &lienthongv1.AcknowledgeDeliveryRequest{Name: d.GetName(), Sha256: files}); err != nil {
			return err
		}
	default:
		err := r.report(ctx, c, to, d, next)
		if sayLast(err) {
			if err = r.lastGiven(ctx, c, to); err == nil {
				err = r.report(ctx, c, to, d, next)
			}
		}
		if err != nil {
			return err
		}
	}
	r.ledger.answered(keyOf(d.GetDocument()), c.agency, answer{next, began})
	return nil
}

func (r *round) report(ctx context.Context, c *clerk, to *client.Client, d *lienthongv1.Delivery, code uint32) error {
	_, err := to.Deliveries.ReportStatus(ctx, &lienthongv1.ReportStatusRequest{Name: d.GetName(), Code: code, Reason: "thử nghiệm", OverrideVerdict: true,
		RequestId: fmt.Sprintf("status-%s-%d-%s-%d", d.GetDocument().GetMetadata().GetNumber(), d.GetDocument().GetVersion(), c.agency, code)})
	return err
}

// sayLast reports whether a node that goes on from a backup asks for the last number that
// was given in the register of what comes.
func sayLast(err error) bool {
	var e *exchange.Error
	return errors.As(err, &e) && e.Reason == exchange.ReasonSeriesUnsure
}

// lastGiven is the clerk who reads it in the paper register, where no agency has a thousand
// letters in one round. Another clerk of the agency may have said it just before.
func (r *round) lastGiven(ctx context.Context, c *clerk, to *client.Client) error {
	_, err := to.Registers.StartSeries(ctx, &lienthongv1.StartSeriesRequest{Agency: c.agency, Direction: lienthongv1.Direction_DIRECTION_IN,
		Year: int32(time.Now().In(exchange.Vietnam).Year()), Last: 1000 * uint64(r.number)})
	var e *exchange.Error
	if errors.As(err, &e) && e.Code == exchange.Precondition {
		return nil
	}
	return err
}

// An answer is a status that a receiver's node has taken.
type answer struct {
	code  uint32
	began time.Time // of the call
}

// answered notes a status that the receiver's node has taken.
func (l *ledger) answered(number, agency string, a answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.statuses[number] == nil {
		l.statuses[number] = make(map[string][]answer)
	}
	l.statuses[number][agency] = append(l.statuses[number][agency], a)
}

// burned notes that a node has burned down.
func (l *ledger) burned(node string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.burnt[node] = time.Now()
}

// status is the last that stands, of those that were promised. What its node took before it
// burned down may have burned with it, if no neighbour could take it meanwhile; where one had,
// it is back, since both ends say the same ([round.letterEvidence]).
func (l *ledger) status(number, agency string) (code uint32) {
	burnt := l.burnt[homeOf(agency)]
	for _, a := range l.statuses[number][agency] {
		if a.began.After(burnt) {
			code = max(code, a.code)
		}
	}
	return code
}
