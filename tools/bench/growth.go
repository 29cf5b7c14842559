package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/measure"
	"lienthong/journal"
	"lienthong/store"
)

// A grown store holds many letters of one agency to another, both at home there.
type grown struct {
	rows  exchange.Store
	n     int
	first time.Time // when its letters began
}

// grownID is the id of the letter, or the delivery, of a number: they go up, as UUIDv7.
func (g *grown) id(i int, kind byte) (id envelope.ID) {
	binary.BigEndian.PutUint64(id[:8], uint64(g.first.UnixMilli()+int64(i))<<16|0x7000)
	binary.BigEndian.PutUint64(id[8:], 1<<63|uint64(i))
	id[15] = kind
	return id
}

func grownDigest(i int, kind string) envelope.Digest {
	return sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, i))
}

// change is a letter that was sent and has arrived.
func (g *grown) change(i int) exchange.Change {
	at := g.first.Add(time.Duration(i) * time.Millisecond).UnixMicro()
	file := exchange.LetterFile{Digest: grownDigest(i, "file"), Size: 10_000, LeafRoot: grownDigest(i, "root")}
	sealed := envelope.Sealed{Type: envelope.TypeRoute, Payload: make([]byte, 400),
		Signatures: []envelope.Signature{{KeyID: fmt.Sprintf("%064x", 1), Sig: make([]byte, 70)}}}
	l := exchange.Letter{Key: exchange.LetterKey{Origin: "ward", ID: g.id(i, 1)}, Digest: grownDigest(i, "letter"), Agency: "sender", Sealed: sealed,
		Content: make([]byte, 800), Files: []exchange.LetterFile{file}, Received: at, Urgency: envelope.UrgencyNormal, Expires: at + 1<<40,
		Register: grownDigest(i, "register"), Document: grownDigest(i, "document")}
	d := exchange.Delivery{ID: g.id(i, 2), Key: exchange.DeliveryKey{Origin: "ward", ID: l.Key.ID, Recipient: "receiver"}, Digest: l.Digest, OriginAgency: "sender",
		Role: envelope.RecipientTo, State: exchange.StateDelivered, Home: true, Urgency: l.Urgency, Created: at, Updated: at, ExpiresAt: l.Expires, Tip: grownDigest(i, "tip"), Arrived: at}
	st := exchange.StatementRow{Key: envelope.StatementKey{Envelope: l.Digest, Recipient: "receiver", Issuer: "ward", Kind: envelope.Delivered, Sequence: 1},
		Digest: grownDigest(i, "statement"), Agency: "receiver", Delivery: d.Key, Sealed: sealed, Received: at}
	return exchange.Change{Letter: &l, Wrote: []exchange.BlobRow{{Digest: file.Digest, Size: file.Size, LeafRoot: file.LeafRoot, Touched: at}},
		Files:      []exchange.File{{Holder: "receiver", Digest: file.Digest, Size: file.Size, LeafRoot: file.LeafRoot, Since: at}},
		Deliveries: []exchange.Delivery{d}, Statements: []exchange.StatementRow{st},
		Entries: []journal.Entry{{Time: at, Actor: benchClerk, Agency: "sender", Action: "document.send", Object: l.Digest.String(), Outcome: journal.OutcomeOK}}}
}

// fill writes letters until there are so many.
func (g *grown) fill(ctx context.Context, until int) error {
	from := g.n
	g.n = until
	return together(until-from, inFlight, func(i int) error {
		_, err := g.rows.Commit(ctx, g.change(from+i))
		return err
	})
}

// A call is what a node asks of its store, for a letter somewhere.
type call struct {
	name string
	most float64 // times what it takes in the small store; 0 asks for nothing
	ask  func(ctx context.Context, g *grown, i int) error
}

func asked[T any](_ T, err error) error { return err }

var grownCalls = []call{
	{"a letter", 1.25, func(ctx context.Context, g *grown, i int) error {
		return asked(g.rows.Letter(ctx, exchange.LetterKey{Origin: "ward", ID: g.id(i, 1)}))
	}},
	{"a page of 50 that were sent", 1.25, func(ctx context.Context, g *grown, i int) error {
		return asked(g.rows.Documents(ctx, "sender", g.id(i, 1), 50))
	}},
	{"a page of 50 of the inbox", 1.25, func(ctx context.Context, g *grown, i int) error {
		return asked(g.rows.Inbox(ctx, "receiver", g.id(i, 2), 50))
	}},
	{"50 changes", 1.25, func(ctx context.Context, g *grown, i int) error {
		return asked(g.rows.Changes(ctx, "receiver", uint64(i), 50))
	}},
	{"deliveries and statements of a letter", 1.25, func(ctx context.Context, g *grown, i int) error {
		return errors.Join(asked(g.rows.Deliveries(ctx, exchange.LetterKey{Origin: "ward", ID: g.id(i, 1)})),
			asked(g.rows.Statements(ctx, grownDigest(i, "letter"), "receiver")))
	}},
	{"letters of one number", 1.25, func(ctx context.Context, g *grown, i int) error {
		return asked(g.rows.SameNumber(ctx, "receiver", "sender", grownDigest(i, "register"), 1<<60, 10))
	}},
	{"who has a file, and its row", 1.25, func(ctx context.Context, g *grown, i int) error {
		return errors.Join(asked(g.rows.File(ctx, "receiver", grownDigest(i, "file"))), asked(g.rows.Blob(ctx, grownDigest(i, "file"))))
	}},
	{"50 that nobody has acknowledged", 1.25, func(ctx context.Context, g *grown, i int) error {
		at := g.first.Add(time.Duration(i) * time.Millisecond).UnixMicro()
		return asked(g.rows.Unacknowledged(ctx, "receiver", envelope.UrgencyNormal, 1<<60, exchange.Mark{At: at}, 50))
	}},
	{"what waits, counted", 1.25, func(ctx context.Context, g *grown, i int) error { return asked(g.rows.Backlog(ctx, 1<<60)) }},
	{"the proof of an entry, which has a hash for each doubling", 0, func(ctx context.Context, g *grown, i int) error {
		_, err := journal.Prove(uint64(g.n), uint64(i), journal.HashReaderFunc(func(indexes []int64) ([]journal.Hash, error) {
			return g.rows.Hashes(ctx, indexes)
		}))
		return err
	}},
}

// growth asks a small store and a large one the same, in turn.
func (b *bench) growth(ctx context.Context) (rows []row, err error) {
	if b.documents < 10_000 {
		return nil, fmt.Errorf("-documents %d: want 10000 or more", b.documents)
	}
	small, err := b.grow(ctx, b.documents/100)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, small.rows.Close()) }()
	large, err := b.grow(ctx, b.documents)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, large.rows.Close()) }()
	for _, c := range grownCalls {
		m, err := measure.Pairs(5, large.calls(ctx, c), small.calls(ctx, c))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		rows = append(rows, ratio(fmt.Sprintf("%s: 500 times, of %d documents", c.name, large.n), fmt.Sprintf("of %d", small.n), m, c.most))
	}
	writes := func(g *grown) func() error { return func() error { return g.fill(ctx, g.n+500) } }
	m, err := measure.Pairs(5, writes(large), writes(small))
	if err != nil {
		return nil, err
	}
	return append(rows, ratio(fmt.Sprintf("500 more letters, to %d", b.documents), fmt.Sprintf("to %d", b.documents/100), m, 1.25)), nil
}

func (b *bench) grow(ctx context.Context, n int) (*grown, error) {
	dir, err := os.MkdirTemp(b.temp, "grown-")
	if err != nil {
		return nil, err
	}
	g := &grown{first: b.now}
	if g.rows, _, err = store.Open(ctx, "sqlite:"+filepath.Join(dir, "store")); err != nil {
		return nil, err
	}
	return g, g.fill(ctx, n)
}

// calls asks for letters all over the store, the same each time: pages that were read
// before are in memory, in the small one and in the large one.
func (g *grown) calls(ctx context.Context, c call) func() error {
	const times = 500
	return func() error {
		for k := range times {
			if err := c.ask(ctx, g, (k*7919+60)%(g.n-50)); err != nil {
				return err
			}
		}
		return nil
	}
}
