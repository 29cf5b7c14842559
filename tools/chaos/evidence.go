package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"lienthong/client"
	"lienthong/envelope"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// checkEvidence reads the history of every delivery of this round at its sender and at its
// receiver, verifies each receipt, and holds the two against each other.
func (r *round) checkEvidence(ctx context.Context, inboxes map[string]map[string][]*lienthongv1.Delivery) {
	var wg sync.WaitGroup
	for _, a := range agencies {
		wg.Go(func() {
			sender := r.world.clerk(a.id, r.rand("evidence"))
			defer sender.close()
			documents, err := sender.documents(ctx, r.ledger.letters)
			if err != nil {
				r.ledger.complain("documents of %s: %v", a.id, err)
				return
			}
			for number, m := range r.ledger.letters {
				if m.agency != a.id || documents[number] == nil {
					continue
				}
				if err := r.agrees(ctx, sender, documents[number], inboxes); err != nil {
					r.ledger.complain("evidence of letter %s of %s: %v", number, a.id, err)
				}
			}
		})
	}
	wg.Wait()
}

// agrees waits until the evidence of both ends of a letter agrees: what a node that was
// restored had said before comes back to it some time after the letter.
func (r *round) agrees(ctx context.Context, sender *clerk, d *lienthongv1.Document, inboxes map[string]map[string][]*lienthongv1.Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, quietLimit)
	defer cancel()
	var last error
	for {
		err := r.letterEvidence(ctx, sender, d, inboxes)
		if ctx.Err() == nil || last == nil {
			last = err // else it only says that the time is over
		}
		if err == nil || !pause(ctx, time.Second) {
			return last
		}
	}
}

// letterEvidence compares what the ends of all deliveries of a letter can prove. Custody is
// taken for several recipients at once, so a statement may follow one about another of them.
func (r *round) letterEvidence(ctx context.Context, sender *clerk, d *lienthongv1.Document, inboxes map[string]map[string][]*lienthongv1.Delivery) error {
	type end struct{ here, there history }
	ends, all := make(map[string]end), make(history)
	for _, s := range d.GetDeliveries() {
		to := s.GetRecipient().GetAgency().GetId()
		here, err := r.history(ctx, sender, s.GetDelivery(), d.GetEnvelopeDigest())
		if err != nil {
			return fmt.Errorf("at the sender: %w", err)
		}
		maps.Copy(all, here)
		received := inboxes[to][keyOf(d)]
		if len(received) == 0 {
			continue // said already, or stopped
		}
		receiver := r.world.clerk(to, r.rand("evidence of "+to))
		there, err := r.history(ctx, receiver, received[0].GetName(), d.GetEnvelopeDigest())
		receiver.close()
		if err != nil {
			return fmt.Errorf("at %s: %w", to, err)
		}
		ends[to] = end{here, there}
	}
	for to, e := range ends {
		home := homeOf(to)
		if err := delivered(e.here, all, home, len(r.ledger.burnt) > 0); err != nil {
			return fmt.Errorf("to %s: %w", to, err)
		}
		// What the receiver's home said, its sender has, and nothing else in its name.
		if here, there := said(e.here, home), said(e.there, home); !slices.Equal(here, there) {
			return fmt.Errorf("to %s: the sender has %v of %s, the receiver %v", to, here, home, there)
		}
	}
	return nil
}

func homeOf(agency string) string {
	for _, a := range agencies {
		if a.id == agency {
			return a.node
		}
	}
	return ""
}

// A history is the statements about a delivery, by digest.
type history map[envelope.Digest]envelope.Statement

// delivered finds the Delivered of the recipient's home, and follows it back to the origin's
// Submitted through what the sender has. Where a node burned down, a statement of it may have
// burned that its neighbour had gone on from, and another stands beside it: one way is proof.
func delivered(here, all history, home string, burnt bool) error {
	var broken error
	found, proven := false, false
	for _, st := range here {
		if st.Kind != envelope.Delivered || st.Issuer != home {
			continue
		}
		found = true
		if err := leadsBack(st, all); err != nil {
			broken = err
		} else {
			proven = true
		}
	}
	switch {
	case !found:
		return fmt.Errorf("the sender has no Delivered of %s", home)
	case proven && burnt:
		return nil
	}
	return broken
}

func leadsBack(st envelope.Statement, all history) error {
	for !st.Previous.IsZero() {
		before, ok := all[st.Previous]
		if !ok {
			return fmt.Errorf("%s of %s follows a statement that the sender has not", st.Kind, st.Issuer)
		}
		st = before
	}
	if st.Kind != envelope.Submitted {
		return fmt.Errorf("the chain begins with %s of %s, want Submitted", st.Kind, st.Issuer)
	}
	return nil
}

// said lists the statements of one issuer, by kind and number.
func said(list history, issuer string) []string {
	var out []string
	for digest, st := range list {
		if st.Issuer == issuer {
			out = append(out, fmt.Sprintf("%s %d %.8s", st.Kind, st.Sequence, digest))
		}
	}
	slices.Sort(out)
	return out
}

// history reads the statements about a delivery at one of its ends; each must verify, be
// about this envelope, and stand once.
func (r *round) history(ctx context.Context, c *clerk, name string, digest []byte) (history, error) {
	var answer *lienthongv1.GetDeliveryResponse
	err := c.insist(ctx, func(ctx context.Context, to *client.Client) (err error) {
		answer, err = to.Deliveries.GetDelivery(ctx, &lienthongv1.GetDeliveryRequest{Name: name})
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make(history)
	keys := make(map[envelope.StatementKey]bool)
	for _, e := range answer.GetDelivery().GetHistory() {
		receipt, err := envelope.ReceiptFromProto(e.GetReceipt())
		if err != nil {
			return nil, err
		}
		st, err := r.world.directory.VerifyReceipt(receipt)
		if err != nil || !bytes.Equal(st.Envelope[:], digest) {
			return nil, fmt.Errorf("receipt %s of %s, about envelope %s: %w", e.GetKind(), e.GetNode(), st.Envelope, err)
		}
		if keys[st.Key()] {
			return nil, fmt.Errorf("%s %d of %s stands twice", st.Kind, st.Sequence, st.Issuer)
		}
		keys[st.Key()] = true
		out[receipt.Statement.Digest()] = st
	}
	return out, nil
}
