package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"lienthong/client"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// The statuses that a receiver reports, one after the other.
var answers = []uint32{1, 3, 6}

// last is the status at which a letter is finished with: letters differ, by their number.
func last(number string) uint32 {
	return answers[int(number[len(number)-1])%len(answers)]
}

// receivePause is how often an inbox is looked at.
const receivePause = 200 * time.Millisecond

// receive lets the clerks of all agencies take in what comes, until ctx ends.
func (r *round) receive(ctx context.Context) {
	var wg sync.WaitGroup
	for _, a := range agencies {
		c := r.world.clerk(a.id, r.rand("receiver "+a.id))
		wg.Go(func() {
			defer c.close()
			for ctx.Err() == nil {
				if err := r.takeIn(ctx, c); err != nil {
					c.close() // another process, or the same one later
				}
				pause(ctx, receivePause)
			}
		})
	}
	wg.Wait()
}

// takeIn looks at the newest page of an inbox, and does what is next for each letter of
// this round.
func (r *round) takeIn(ctx context.Context, c *clerk) error {
	return c.try(ctx, func(ctx context.Context, to *client.Client) error {
		page, err := to.Deliveries.ListDeliveries(ctx, &lienthongv1.ListDeliveriesRequest{Agency: c.agency, PageSize: 200})
		if err != nil {
			return err
		}
		for _, d := range page.GetDeliveries() {
			if err := r.answer(ctx, c, to, d); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *round) answer(ctx context.Context, c *clerk, to *client.Client, d *lienthongv1.Delivery) error {
	number := d.GetDocument().GetMetadata().GetNumber()
	var next uint32
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
		_, err := to.Deliveries.ReportStatus(ctx, &lienthongv1.ReportStatusRequest{Name: d.GetName(), Code: next, Reason: "thử nghiệm",
			OverrideVerdict: true, RequestId: fmt.Sprintf("status-%s-%s-%d", number, c.agency, next)})
		if err != nil {
			return err
		}
	}
	r.ledger.answered(number, c.agency, next)
	return nil
}

// answered notes a status that the receiver's node has taken.
func (l *ledger) answered(number, agency string, code uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.statuses[number] == nil {
		l.statuses[number] = make(map[string]uint32)
	}
	l.statuses[number][agency] = max(l.statuses[number][agency], code)
}
