package main

import (
	"context"
	"fmt"
	"time"

	"lienthong/client"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// quietLimit bounds how long the nodes may take, healed, until all is delivered, judged
// and answered.
const quietLimit = 90 * time.Second

// await waits until the senders of this round's letters know that each of their
// recipients has it and has answered; and where a node was restored, until it has got back
// what it took after its backup, which senders knew before it burned.
func (r *round) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, quietLimit)
	defer cancel()
	last := "nothing was seen"
	for {
		waiting, err := r.waiting(ctx)
		if err == nil && waiting == "" && r.restoring && r.number%restoreEvery == 0 {
			waiting, err = r.lacking(ctx)
		}
		switch {
		case err == nil && waiting == "":
			return nil
		case err == nil:
			last = waiting
		case ctx.Err() == nil:
			last = err.Error()
		}
		if !pause(ctx, 400*time.Millisecond) {
			return fmt.Errorf("after %s: %s", quietLimit, last)
		}
	}
}

// lacking names what is not as it should be in the inboxes, and how much.
func (r *round) lacking(ctx context.Context) (string, error) {
	inboxes, err := r.inboxes(ctx)
	if err != nil {
		return "", err
	}
	wrong := r.wrongIn(inboxes)
	if len(wrong) == 0 {
		return "", nil
	}
	return fmt.Sprintf("%d things are wrong in the inboxes, such as: %s", len(wrong), wrong[0]), nil
}

// waiting names what is not finished, and how much.
func (r *round) waiting(ctx context.Context) (string, error) {
	count, one := 0, ""
	for _, a := range agencies {
		mine := make(map[string]*letter)
		for number, m := range r.ledger.letters {
			if m.agency == a.id {
				mine[number] = m
			}
		}
		c := r.world.clerk(a.id, r.rand("settle"))
		documents, err := c.documents(ctx, mine)
		c.close()
		if err != nil {
			return "", err
		}
		for number, m := range mine {
			d := documents[number]
			if d == nil {
				return "", fmt.Errorf("letter %s is not listed at its sender %s", number, a.id)
			}
			if len(d.GetDeliveries()) != len(m.to) {
				r.ledger.complain("letter %s has %d deliveries, want %d", number, len(d.GetDeliveries()), len(m.to))
			}
			for _, s := range d.GetDeliveries() {
				if !m.settled(s) {
					count++
					one = fmt.Sprintf("letter %s to %s is %s %s at %q, verdict %q, status %d", number, s.GetRecipient().GetAgency().GetId(), s.GetState(), s.GetCopy(), s.GetCustodian(), s.GetVerdict(), s.GetStatus())
				}
			}
		}
	}
	if count == 0 {
		return "", nil
	}
	return fmt.Sprintf("%d recipients are not done, such as: %s", count, one), nil
}

// documents lists what the clerk's agency sent, newest first, until all that are looked
// for were seen.
func (c *clerk) documents(ctx context.Context, wanted map[string]*letter) (map[string]*lienthongv1.Document, error) {
	seen := make(map[string]*lienthongv1.Document)
	missing := len(wanted)
	for token := ""; missing > 0; {
		var page *lienthongv1.ListDocumentsResponse
		err := c.insist(ctx, func(ctx context.Context, to *client.Client) (err error) {
			page, err = to.Documents.ListDocuments(ctx, &lienthongv1.ListDocumentsRequest{Agency: c.agency, PageSize: 60, PageToken: token})
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, d := range page.GetDocuments() {
			number := keyOf(d)
			if wanted[number] != nil && seen[number] == nil {
				missing--
			}
			seen[number] = d
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	return seen, nil
}
