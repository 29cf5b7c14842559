package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"lienthong/client"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// check holds the nodes against what was promised.
func (r *round) check(ctx context.Context) {
	inboxes, err := r.inboxes(ctx)
	if err != nil {
		r.ledger.complain("%v", err)
	}
	for _, wrong := range r.wrongIn(inboxes) {
		r.ledger.complain("%s", wrong)
	}
	for number := range r.ledger.letters {
		r.known[number] = true
	}
	var wg sync.WaitGroup
	wg.Go(func() { r.checkJournals(ctx) })
	wg.Go(func() { r.checkRequests(ctx) })
	wg.Go(func() { r.checkFiles(ctx, inboxes) })
	wg.Go(func() { r.checkEvidence(ctx, inboxes) })
	wg.Wait()
	for _, p := range r.world.processes {
		if n := p.ended(); n > 0 {
			r.ledger.complain("%s ended %d times by itself: %s", p.name, n, p.lastLog())
		}
	}
}

// inboxes lists all that came to agencies: by agency and number.
func (r *round) inboxes(ctx context.Context) (map[string]map[string][]*lienthongv1.Delivery, error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	out := make(map[string]map[string][]*lienthongv1.Delivery)
	var failed error
	for _, a := range agencies {
		wg.Go(func() {
			inbox, err := r.inbox(ctx, a.id)
			mu.Lock()
			defer mu.Unlock()
			if out[a.id] = inbox; err != nil {
				failed = errors.Join(failed, fmt.Errorf("inbox of %s: %w", a.id, err))
			}
		})
	}
	wg.Wait()
	return out, failed
}

// inbox lists all that came to an agency.
func (r *round) inbox(ctx context.Context, agency string) (map[string][]*lienthongv1.Delivery, error) {
	c := r.world.clerk(agency, r.rand("inbox"))
	defer c.close()
	seen := make(map[string][]*lienthongv1.Delivery)
	for token := ""; ; {
		var page *lienthongv1.ListDeliveriesResponse
		err := c.insist(ctx, func(ctx context.Context, to *client.Client) (err error) {
			page, err = to.Deliveries.ListDeliveries(ctx, &lienthongv1.ListDeliveriesRequest{Agency: agency, PageSize: 500, PageToken: token, All: true})
			return err
		})
		if err != nil {
			return seen, err
		}
		for _, d := range page.GetDeliveries() {
			number := keyOf(d.GetDocument())
			if number == "" {
				number = fmt.Sprintf("recall %x", d.GetDocument().GetEnvelopeId())
			}
			seen[number] = append(seen[number], d)
		}
		if token = page.GetNextPageToken(); token == "" {
			return seen, nil
		}
	}
}

// wrongIn finds each promised letter once at each of its recipients, those of earlier rounds
// still once, and nothing that nobody was promised; it says what is not so.
func (r *round) wrongIn(inboxes map[string]map[string][]*lienthongv1.Delivery) (out []string) {
	wrong := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for number, m := range r.ledger.letters {
		for _, to := range m.to {
			if n := len(inboxes[to][number]); n != 1 && (n != 0 || m.ended != recalled) { // that may be stopped on the way
				wrong("letter %s of %s is %d times in the inbox of %s, want once", number, m.agency, n, to)
			}
		}
	}
	for agency, inbox := range inboxes {
		for number, list := range inbox {
			m := r.ledger.letters[number]
			switch {
			case len(list) > 1 && m == nil:
				wrong("letter %s of an earlier round is %d times in the inbox of %s", number, len(list), agency)
			case m == nil && strings.HasPrefix(number, "recall "):
			case m == nil && !r.known[number]:
				wrong("letter %s is in the inbox of %s, and nobody was promised it", number, agency)
			case m != nil && !bytes.Equal(list[0].GetDocument().GetEnvelopeDigest(), m.digest):
				wrong("letter %s in the inbox of %s has another envelope than was promised", number, agency)
			case m != nil && list[0].GetCopy() != m.copyWanted():
				wrong("letter %s at %s is %s, want %s", number, agency, list[0].GetCopy(), m.copyWanted())
			case m != nil && list[0].GetStatus() < r.ledger.status(number, agency):
				wrong("letter %s at %s has status %d, and %d was promised", number, agency, list[0].GetStatus(), r.ledger.status(number, agency))
			}
		}
	}
	return out
}

// checkJournals hashes the journal of each node again.
func (r *round) checkJournals(ctx context.Context) {
	for _, n := range nodes {
		c := r.world.clerk(agencyAt(n.id), r.rand("journal"))
		var answer *lienthongv1.VerifyJournalResponse
		err := c.insist(ctx, func(ctx context.Context, to *client.Client) (err error) {
			answer, err = to.Journal.VerifyJournal(ctx, &lienthongv1.VerifyJournalRequest{})
			return err
		})
		c.close()
		if err != nil || !answer.GetOk() {
			r.ledger.complain("journal of %s: %v %v", n.id, answer.GetProblems(), err)
		}
	}
}

func agencyAt(node string) string {
	for _, a := range agencies {
		if a.node == node {
			return a.id
		}
	}
	return ""
}

// checkRequests asks again for some letters, with the id and the words of the first time,
// and wants the answer of the first time.
func (r *round) checkRequests(ctx context.Context) {
	asked := 0
	for number, m := range r.ledger.letters {
		if m.request == nil {
			continue // an update
		}
		if asked++; asked > 8 {
			return
		}
		c := r.world.clerk(m.agency, r.rand("again"+number))
		again := *m
		err := c.insist(ctx, func(ctx context.Context, to *client.Client) error { return again.send(ctx, to) })
		c.close()
		if err != nil || again.name != m.name || !bytes.Equal(again.digest, m.digest) {
			r.ledger.complain("letter %s, asked for again, is %q (%v), and was %q", number, again.name, err, m.name)
		}
	}
}

// checkFiles downloads some files at their receivers.
func (r *round) checkFiles(ctx context.Context, inboxes map[string]map[string][]*lienthongv1.Delivery) {
	got := 0
	for number, m := range r.ledger.letters {
		if len(inboxes[m.to[0]][number]) == 0 || m.ended == recalled || got > 8 && m.upload == nil {
			continue
		}
		got++
		c := r.world.clerk(m.to[0], r.rand("file"+number))
		for _, f := range inboxes[m.to[0]][number][0].GetDocument().GetFiles() {
			if err := c.download(ctx, f.GetSha256()); err != nil {
				r.ledger.complain("file of letter %s at %s: %v", number, m.to[0], err)
			}
		}
		c.close()
	}
}

// download checks the digest of a file as its bytes come.
func (c *clerk) download(ctx context.Context, digest []byte) error {
	if len(digest) != 32 {
		return fmt.Errorf("digest of %d bytes", len(digest))
	}
	return c.insist(ctx, func(ctx context.Context, to *client.Client) error {
		var whole bytes.Buffer
		_, err := to.Download(ctx, c.agency, [32]byte(digest), &whole, nil)
		return err
	})
}
