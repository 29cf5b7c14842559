package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/measure"
	"lienthong/internal/testpdf"
	"lienthong/journal"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// inFlight is how many letters are sent at once.
const inFlight = 256

// A payload is the file of a letter; no two letters carry the same bytes.
type payload struct {
	name  string
	bytes []byte
}

// opaque is a file of 10 KB that looks like a PDF and is none: its bytes are carried alone.
func opaque() payload {
	data := make([]byte, 10_000)
	rand.Read(data) // never fails
	return payload{"10 KB", append([]byte("%PDF-1.7\n"), data...)}
}

// signedLetter is a letter of 200 KB that a person has signed.
func (b *bench) signedLetter(ctx context.Context) (payload, error) {
	var out bytes.Buffer
	err := b.sign(ctx, bytes.NewReader(testpdf.Letter(650)), b.personP256, signer.SignOptions{}, &out)
	return payload{"200 KB, signed", out.Bytes()}, err
}

// of gives the file of one letter: a comment behind its end makes it one of its own.
func (p payload) of(i int) []byte {
	return append(bytes.Clone(p.bytes), fmt.Sprintf("\n%%%% %016x\n", i)...)
}

func number(i int) string { return strconv.Itoa(i%99_999 + 1) }

func issuedToday() string { return time.Now().In(exchange.Vietnam).Format(time.DateOnly) }

// request asks a node's service to send a letter.
func (p payload) request(i int, to string) exchange.SendRequest {
	return exchange.SendRequest{Agency: "a-ward", Recipients: []exchange.OutgoingRecipient{{Agency: to}},
		Metadata: envelope.Metadata{Number: number(i), Symbol: "BC-UBND", Subject: "Báo cáo", TypeCode: "BC", IssuedDate: issuedToday()},
		Files:    []exchange.OutgoingFile{{Role: envelope.FileMain, Name: "thu.pdf", MediaType: "application/pdf", Data: p.of(i)}}}
}

// message asks a server to send a letter.
func (p payload) message(i int, to string) *lienthongv1.SendDocumentRequest {
	return &lienthongv1.SendDocumentRequest{Agency: "a-ward", Recipients: []*lienthongv1.OutgoingRecipient{{Agency: to}},
		Metadata: &lienthongv1.DocumentMetadata{Number: number(i), Symbol: "BC-UBND", Subject: "Báo cáo", TypeCode: "BC", IssuedDate: issuedToday()},
		Files:    []*lienthongv1.OutgoingFile{{Role: lienthongv1.FileRole_FILE_ROLE_MAIN, Name: "thu.pdf", MediaType: "application/pdf", Data: p.of(i)}}}
}

// together runs f for every number, so many at once, and gives the first error.
func together(n, atOnce int, f func(i int) error) error {
	var next atomic.Int64
	var first atomic.Pointer[error]
	var wg sync.WaitGroup
	for range min(atOnce, n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && first.Load() == nil; i = int(next.Add(1)) - 1 {
				if err := f(i); err != nil {
					first.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	wg.Wait()
	if err := first.Load(); err != nil {
		return *err
	}
	return nil
}

// A pace is how many were done a second, and how much of a processor each took.
type pace struct {
	perSecond float64
	processor float64 // ms each
}

// rate measures n of something.
func rate(n int, f func() error) (pace, error) {
	begin, before := time.Now(), measure.Processor()
	err := f()
	took, used := time.Since(begin), measure.Processor()-before
	return pace{float64(n) / took.Seconds(), float64(used) / float64(time.Millisecond) / float64(n)}, err
}

var benchClerk = journal.Actor{Principal: "clerk"}

// sendHere sends letters through a node's service, without a network.
func (n *treeNode) sendHere(ctx context.Context, p payload, from, count int, to string) error {
	return together(count, inFlight, func(i int) error {
		_, err := n.service.Send(ctx, benchClerk, p.request(from+i, to))
		return err
	})
}

// sendThrough sends letters to a node's server; sent is told of each before and after.
func sendThrough(ctx context.Context, clients []*client.Client, p payload, count int, to string) error {
	return together(count, inFlight, func(i int) error {
		_, err := clients[i%len(clients)].Documents.SendDocument(ctx, p.message(i, to))
		return err
	})
}

// clerks are several connections: one is a bottleneck of its own.
func (t *tree) clerks(ctx context.Context, id string) (out []*client.Client, done func(), err error) {
	for range 4 {
		c, err := t.clerk(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, c)
	}
	return out, func() {
		for _, c := range out {
			c.Close() // nothing is in it
		}
	}, nil
}

// A recorder remembers what is committed to a store.
type recorder struct {
	exchange.Store
	mu      sync.Mutex
	changes []exchange.Change
}

func (r *recorder) Commit(ctx context.Context, c exchange.Change) (exchange.Committed, error) {
	done, err := r.Store.Commit(ctx, c)
	if err == nil && c.Letter != nil {
		r.mu.Lock()
		r.changes = append(r.changes, c)
		r.mu.Unlock()
	}
	return done, err
}

// record has a ward accept letters, and gives what it wrote for them.
func (b *bench) record(ctx context.Context, p payload, count int) (_ []exchange.Change, err error) {
	t, err := b.newTree("record", nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = closing(err, t) }()
	r := &recorder{}
	n, err := t.open(ctx, "ward", func(s exchange.Store) exchange.Store { r.Store = s; return r })
	if err != nil {
		return nil, err
	}
	return r.changes, n.sendHere(ctx, p, 0, count, "a-province")
}

func closing(err error, t *tree) error {
	if e := t.close(); err == nil {
		return e
	}
	return err
}

// A counter counts frames that a node sends, by kind.
type counter struct {
	mu     sync.Mutex
	offers int
	rows   int // recipients in them
}

// A counting dialer counts what goes over its links.
type counting struct {
	exchange.Dialer
	to *counter
}

func (c *counting) Dial(ctx context.Context, peer envelope.Node) (exchange.Courier, error) {
	courier, err := c.Dialer.Dial(ctx, peer)
	if err != nil {
		return nil, err
	}
	return &countingCourier{courier, c.to}, nil
}

type countingCourier struct {
	exchange.Courier
	to *counter
}

func (c *countingCourier) Send(f exchange.Frame) error {
	if o, is := f.(exchange.Offer); is {
		c.to.mu.Lock()
		c.to.offers++
		c.to.rows += len(o.Recipients)
		c.to.mu.Unlock()
	}
	return c.Courier.Send(f)
}

// letterDigests are the files of recorded letters, by digest, as payload numbers.
func letterDigests(p payload, count int) map[envelope.Digest]int {
	out := make(map[envelope.Digest]int, count)
	for i := range count {
		out[envelope.Sum(p.of(i))] = i
	}
	return out
}
