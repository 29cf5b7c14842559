package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/internal/testpdf"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// A letter is what a clerk has asked a node to send.
type letter struct {
	number  string // in its metadata; no other document of the campaign has it
	version uint32 // in its thread: 1, or that of an update
	agency  string // that sends
	to      []string
	request *lienthongv1.SendDocumentRequest
	upload  []byte // of an annex that is sent by its digest; nil for none
	main    envelope.Digest
	name    string // of the document, once it was promised
	digest  []byte // of the envelope
	ended   ended  // what the sender has done to it since
}

// ended is what a sender does to a document: a later version takes its place, or it is
// recalled.
type ended uint8

const (
	stands ended = iota
	updated
	recalled
)

// key is what a letter is known by: its number, and its version after the first.
func key(number string, version uint32) string {
	if version <= 1 {
		return number
	}
	return fmt.Sprintf("%s v%d", number, version)
}

// keyOf is the key of a document that a node shows; empty for a recall, which has no number.
func keyOf(d *lienthongv1.Document) string {
	if d.GetKind() == lienthongv1.EnvelopeKind_ENVELOPE_KIND_RECALL {
		return ""
	}
	return key(d.GetMetadata().GetNumber(), d.GetVersion())
}

// A ledger is what was promised in a round.
type ledger struct {
	mu       sync.Mutex
	letters  map[string]*letter             // promised, by key
	statuses map[string]map[string][]answer // that were promised, by key and recipient
	burnt    map[string]time.Time           // when a node burned down in this round
	wrong    []string
}

func newLedger() *ledger {
	return &ledger{letters: make(map[string]*letter), statuses: make(map[string]map[string][]answer), burnt: make(map[string]time.Time)}
}

func (l *ledger) promised(m *letter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.letters[key(m.number, m.version)] = m
}

// end notes what was done to a letter.
func (l *ledger) end(m *letter, how ended) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m.ended = how
}

func (l *ledger) complain(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// senders is how many clerks of each agency send at the same time, and sendPause how long
// each rests between two letters.
const (
	senders   = 2
	sendPause = 200 * time.Millisecond
)

// send lets the clerks of all agencies send until stop is closed, and each go on asking
// for its last letter until it has an answer, or ctx ends.
func (r *round) send(ctx context.Context, stop <-chan struct{}) {
	var wg sync.WaitGroup
	for i, a := range agencies {
		if a.node == r.silent() {
			continue
		}
		for k := range senders {
			id := i*senders + k
			c := r.world.clerk(a.id, r.rand(fmt.Sprint("clerk ", id)))
			wg.Go(func() {
				defer c.close()
				r.sendAs(ctx, stop, c, id)
			})
		}
	}
	wg.Wait()
}

func (r *round) sendAs(ctx context.Context, stop <-chan struct{}, c *clerk, id int) {
	for n := 0; ; n++ {
		m := newLetter(fmt.Sprintf("%d%02d%03d", r.number, id, n), c.agency, c.random)
		err := c.insist(ctx, func(ctx context.Context, to *client.Client) error { return m.send(ctx, to) })
		if err != nil {
			r.ledger.complain("letter %s of %s was not taken: %v", m.number, c.agency, err)
		} else {
			r.ledger.promised(m)
			r.goOn(ctx, c, m)
		}
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		case <-time.After(sendPause/2 + time.Duration(c.random.Int64N(int64(sendPause)))):
		}
	}
}

// newLetter draws recipients and sizes: most letters ride in one frame; some have an annex
// that is fetched on a connection of its own.
func newLetter(number, agency string, random *rand.Rand) *letter {
	m := &letter{number: number, agency: agency, version: 1}
	for _, i := range random.Perm(len(agencies)) {
		if a := agencies[i]; a.id != agency && len(m.to) < 1+random.IntN(3) {
			m.to = append(m.to, a.id)
		}
	}
	file := append(testpdf.Letter([]int{20, 200, 2000}[random.IntN(3)]), "%"+number+"\n"...)
	m.main = envelope.Sum(file)
	m.request = &lienthongv1.SendDocumentRequest{Agency: agency, RequestId: "chaos-" + number, Urgency: lienthongv1.Urgency(random.IntN(4)),
		Metadata: &lienthongv1.DocumentMetadata{Number: number, Symbol: "BC-UBND", Subject: "Thử nghiệm " + number, IssuedDate: "2026-01-05"},
		Files:    []*lienthongv1.OutgoingFile{{Role: lienthongv1.FileRole_FILE_ROLE_MAIN, Name: "thu.pdf", MediaType: "application/pdf", Data: file}}}
	for _, to := range m.to {
		m.request.Recipients = append(m.request.Recipients, &lienthongv1.OutgoingRecipient{Agency: to})
	}
	if random.IntN(8) == 0 {
		m.upload = bytes.Repeat([]byte(number), (300<<10+random.IntN(1<<20))/len(number))
		digest := envelope.Sum(m.upload)
		m.request.Files = append(m.request.Files, &lienthongv1.OutgoingFile{Role: lienthongv1.FileRole_FILE_ROLE_ANNEX, Sha256: digest[:]})
	}
	return m
}

// send asks once. What was asked before and answered nothing is asked for in the same words.
func (m *letter) send(ctx context.Context, c *client.Client) error {
	if m.upload != nil {
		if _, err := c.Upload(ctx, m.agency, "phu-luc.bin", "application/octet-stream", bytes.NewReader(m.upload), int64(len(m.upload)), nil); err != nil {
			return err
		}
	}
	answer, err := c.Documents.SendDocument(ctx, m.request)
	if err != nil {
		return err
	}
	m.name, m.digest = answer.GetDocument().GetName(), answer.GetDocument().GetEnvelopeDigest()
	return nil
}
