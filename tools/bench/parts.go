package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"lienthong/certs"
	"lienthong/certs/dev"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/measure"
	"lienthong/internal/testpdf"
	"lienthong/journal"
	"lienthong/signer"
	"lienthong/signer/tsp"
	"lienthong/store"
)

// A discard is a journal that keeps nothing: what a node's own takes is the
// difference to it.
type discard struct{}

func (discard) Record(context.Context, ...journal.Entry) error { return nil }

// A timed is a journal whose commits are timed, each in ms.
type timed struct {
	signer.Journal
	commits []float64
}

func (t *timed) Record(ctx context.Context, entries ...journal.Entry) error {
	begin := time.Now()
	err := t.Journal.Record(ctx, entries...)
	t.commits = append(t.commits, float64(time.Since(begin))/float64(time.Millisecond))
	return err
}

// A memorySink keeps a signed file in memory, so that no disk but the journal's is
// waited for.
type memorySink struct{ bytes.Buffer }

func (m *memorySink) Reopen(context.Context, *signer.Signed) (signer.Source, error) {
	return bytes.NewReader(m.Bytes()), nil
}

// node opens a node over a store on disk, to be closed after use.
func (b *bench) node(ctx context.Context) (*exchange.Node, io.Closer, error) {
	issued, err := b.pki.Issue(dev.Request{Kind: dev.Node, ID: "node"})
	if err != nil {
		return nil, nil, err
	}
	key, err := private(issued)
	if err != nil {
		return nil, nil, err
	}
	kept, blobs, err := store.Open(ctx, "sqlite:"+filepath.Join(b.temp, "node"))
	if err != nil {
		return nil, nil, err
	}
	node, err := exchange.NewNode(exchange.Config{ID: "node", Signer: envelope.Signer{Key: key, Certificate: issued.Certificate},
		Authorities: []*x509.Certificate{b.root}, Store: kept, Blobs: blobs, Now: b.clock})
	if err != nil {
		kept.Close()
		return nil, nil, err
	}
	return node, kept, nil
}

// journal signs at a node: with the node's journal, with one that keeps nothing, and
// by the engine alone.
func (b *bench) journal(ctx context.Context) ([]row, error) {
	node, kept, err := b.node(ctx)
	if err != nil {
		return nil, err
	}
	defer kept.Close()
	in := testpdf.Letter(650)
	log := &timed{Journal: node}
	sign := b.door(ctx, node, log, in)
	m, err := measure.Pairs(b.pairs, sign, b.ours(ctx, b.person, in))
	if err != nil {
		return nil, err
	}
	rows := []row{above("journal: RSA-2048 at a node (SQLite)", "engine alone", m, 0)}
	if m, err = measure.Pairs(b.pairs, sign, b.door(ctx, node, discard{}, in)); err != nil {
		return nil, err
	}
	rows = append(rows, above("journal: its two entries of that", "a journal that keeps nothing", m, 0))
	m, err = measure.Pairs(b.pairs, sign, func() error {
		return durably(filepath.Join(b.temp, "entry"), func(w io.Writer) error { _, err := w.Write(make([]byte, 512)); return err })
	})
	commit := duration(measure.Median(log.commits))
	return append(rows, shown("journal: one commit of these", commit, "durable file of 512 bytes: "+duration(m.Base))), err
}

// door signs the file in memory through the door to a node's keys.
func (b *bench) door(ctx context.Context, node *exchange.Node, j signer.Journal, in []byte) func() error {
	s := &signer.Service{Journal: j, Suspended: node.KeySuspended, Trust: b.trust, Evidence: b.evidence, Now: b.clock, Bind: b.bind, Keys: []signer.KeyEntry{
		{ID: "person", Key: b.person, Agency: "ward", AgencyCode: agencyCode, Role: signer.RolePersonal, Holder: b.person.Certificate().Subject.CommonName, Principals: []string{"person"}},
	}}
	return func() error {
		_, _, err := s.Sign(ctx, journal.Actor{Principal: "person"}, bytes.NewReader(in), signer.Request{Agency: "ward", Key: "person"}, &memorySink{})
		return err
	}
}

// network asks authorities on loopback, which sign each answer in this process.
func (b *bench) network(ctx context.Context) (rows []row, err error) {
	serving, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- b.pki.Serve(serving, b.listener) }()
	defer func() {
		stop()
		if e := <-done; err == nil {
			err = e
		}
	}()
	in := testpdf.Letter(650)
	stamped := signer.SignOptions{Level: signer.LevelBT, TSA: &tsp.Client{URL: b.pki.TSAURL()}}
	m, err := measure.Pairs(b.pairs, func() error { return b.sign(ctx, bytes.NewReader(in), b.person, stamped, io.Discard) }, b.ours(ctx, b.person, in))
	if err != nil {
		return nil, err
	}
	rows = append(rows, above("network: RSA-2048 with a time-stamp, B-T", "B-B", m, 0))
	for _, kind := range []string{certs.KindOCSP, certs.KindCRL} {
		fresh := func() error { return b.revocation(ctx, b.fetching(), kind) }
		known := b.fetching()
		m, err := measure.Pairs(b.pairs, fresh, func() error { return b.revocation(ctx, known, kind) })
		if err != nil {
			return nil, err
		}
		rows = append(rows, above("network: revocation fetched ("+kind+")", "fetched before", m, 0))
	}
	return rows, nil
}

// fetching is evidence that knows nothing and may ask the authorities.
func (b *bench) fetching() *certs.Evidence {
	e := certs.NewEvidence()
	e.Fetcher = &certs.Fetcher{Hosts: []string{b.pki.Host()}}
	return e
}

// revocation asks for the status of the person's certificate by one kind of answer.
func (b *bench) revocation(ctx context.Context, e *certs.Evidence, kind string) error {
	leaf := *b.person.Certificate()
	if kind == certs.KindCRL {
		leaf.OCSPServer = nil
	}
	s := e.Resolve(ctx, &leaf, b.person.Chain()[0], b.now, b.now)
	if s.Status != certs.Good || s.Kind != kind {
		return fmt.Errorf("found status %s by %q, want good by %q: %s", s.Status, s.Kind, kind, s.Detail)
	}
	return nil
}

// apart are the parts that no other row counts, one after another.
func (b *bench) apart(ctx context.Context) ([]row, error) {
	var rows []row
	for _, part := range []func(context.Context) ([]row, error){b.journal, b.network, b.command} {
		more, err := part(ctx)
		if err != nil {
			return nil, err
		}
		rows = slices.Concat(rows, more)
	}
	return rows, nil
}
