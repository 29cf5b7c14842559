package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

// start is the time at which every world begins: 2026-11-21T00:00:00Z, in microseconds.
const start = 1795219200_000_000

// A world is a store under test, and what the test knows must be in it.
type world struct {
	*testing.T
	ctx  context.Context
	open Opener
	dir  string
	s    exchange.Store

	n      uint64 // counts ids and digests
	now    int64  // microseconds
	leaves [][]byte
}

func newWorld(t *testing.T, open Opener) *world {
	w := &world{T: t, ctx: t.Context(), open: open, dir: t.TempDir(), now: start}
	w.s = open(t, w.dir)
	t.Cleanup(func() {
		if w.s != nil {
			w.close()
		}
	})
	return w
}

func (w *world) close() {
	w.Helper()
	if err := w.s.Close(); err != nil {
		w.Errorf("close: %v", err)
	}
	w.s = nil
}

// reopen closes the store and opens it again.
func (w *world) reopen() {
	w.Helper()
	w.close()
	w.s = w.open(w, w.dir)
}

// id makes ids that go up, as UUIDv7 does.
func (w *world) id() envelope.ID {
	w.n++
	var id envelope.ID
	binary.BigEndian.PutUint64(id[:8], uint64(start/1000)<<16|0x7000)
	binary.BigEndian.PutUint64(id[8:], 1<<63|w.n)
	return id
}

// digest makes digests that are nobody else's.
func (w *world) digest() envelope.Digest {
	w.n++
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, w.n))
}

// sealed makes an envelope with a signature that has the right form and no more.
func (w *world) sealed(payload string) envelope.Sealed {
	w.n++
	return envelope.Sealed{Type: envelope.TypeRoute, Payload: fmt.Appendf(nil, "%s %d", payload, w.n),
		Signatures: []envelope.Signature{{KeyID: strings.Repeat("0a", 32), Sig: []byte("signature")}}}
}

// entry makes a journal entry.
func (w *world) entry(action string) journal.Entry {
	w.now += 1000
	w.n++
	return journal.Entry{Time: w.now, Actor: journal.System, Agency: "agency-1", Action: action,
		Object: fmt.Sprint(w.n), Outcome: journal.OutcomeOK}
}

// letter makes a letter from an agency at a node.
func (w *world) letter(origin, agency, from string) exchange.Letter {
	sealed := w.sealed("route")
	return exchange.Letter{Key: exchange.LetterKey{Origin: origin, ID: w.id()}, Digest: sealed.Digest(), Agency: agency,
		Sealed: sealed, Content: []byte("nội dung"), From: from, Received: w.now, Urgency: envelope.UrgencyNormal,
		Expires: w.now + 7*24*3600_000_000, Staff: "staff-7", Register: w.digest(), Document: w.digest()}
}

// delivery makes a new delivery of a letter to an agency.
func (w *world) delivery(l *exchange.Letter, recipient string, home bool) exchange.Delivery {
	return exchange.Delivery{ID: w.id(), Key: exchange.DeliveryKey{Origin: l.Key.Origin, ID: l.Key.ID, Recipient: recipient},
		Digest: l.Digest, OriginAgency: l.Agency, Role: envelope.RecipientTo, State: exchange.StateQueued, Home: home,
		From: l.From, Urgency: l.Urgency, Created: w.now, Updated: w.now, ExpiresAt: l.Expires, Tip: w.digest(), Arrived: w.now, AnswerBy: w.now + 1, Size: 1000}
}

// outbox makes an outbox row of a delivery that is due now.
func (w *world) outbox(d *exchange.Delivery, peer string) exchange.OutboxRow {
	return exchange.OutboxRow{Key: d.Key, Peer: peer, Agency: d.OriginAgency, Class: int(d.Urgency), Tip: d.Tip, DueAt: w.now}
}

// statement makes a statement of a node about a delivery.
func (w *world) statement(d *exchange.Delivery, issuer string, kind envelope.StatementKind) exchange.StatementRow {
	sealed := w.sealed("statement")
	return exchange.StatementRow{
		Key:    envelope.StatementKey{Envelope: d.Digest, Recipient: d.Key.Recipient, Issuer: issuer, Kind: kind, Sequence: 1},
		Digest: sealed.Digest(), Agency: d.Key.Recipient, Delivery: d.Key, Sealed: sealed, Received: w.now}
}

// blob makes the row of a file.
func (w *world) blob(size uint64) exchange.BlobRow {
	return exchange.BlobRow{Digest: w.digest(), Size: size, LeafRoot: w.digest(), Touched: w.now}
}

// commit commits a change that must succeed, adding an entry if it has none, and
// verifies the journal.
func (w *world) commit(c exchange.Change) exchange.Committed {
	w.Helper()
	if c.Entries == nil {
		c.Entries = []journal.Entry{w.entry("test")}
	}
	done, err := w.s.Commit(w.ctx, c)
	if err != nil {
		w.Fatalf("commit: %v", err)
	}
	if done.First != uint64(len(w.leaves)) || done.Size < done.First+uint64(len(c.Entries)) {
		w.Fatalf("committed %+v, want first %d and %d entries", done, len(w.leaves), len(c.Entries))
	}
	for _, e := range c.Entries {
		leaf, err := e.Leaf()
		if err != nil {
			w.Fatal(err)
		}
		w.leaves = append(w.leaves, leaf)
	}
	w.verify()
	return done
}

// refuse commits a change that must fail with an error, and leave nothing.
func (w *world) refuse(c exchange.Change, want error) error {
	w.Helper()
	if c.Entries == nil {
		c.Entries = []journal.Entry{w.entry("test")}
	}
	_, err := w.s.Commit(w.ctx, c)
	if !errors.Is(err, want) {
		w.Fatalf("commit: error %v, want %v", err, want)
	}
	w.verify()
	return err
}

// verify compares the journal with the leaves that the test has put: every byte,
// and the root over the stored hashes with one made anew.
func (w *world) verify() {
	w.Helper()
	size, err := w.s.TreeSize(w.ctx)
	if err != nil || size != uint64(len(w.leaves)) {
		w.Fatalf("the journal has %d leaves, %v; want %d", size, err, len(w.leaves))
	}
	got := allLeaves(w, w.s)
	if diff := cmp.Diff(w.leaves, got); diff != "" {
		w.Fatalf("leaves (-want +got):\n%s", diff)
	}
	verifyTree(w, w.s, got)
}

// allLeaves reads the journal a page at a time.
func allLeaves(t testing.TB, s exchange.Store) (out [][]byte) {
	t.Helper()
	for {
		page, err := s.Leaves(t.Context(), uint64(len(out)), 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page {
			if l.Index != uint64(len(out)) {
				t.Fatalf("leaf %d comes at place %d", l.Index, len(out))
			}
			out = append(out, l.Data)
		}
		if len(page) == 0 {
			return out
		}
	}
}

// verifyTree compares the stored hashes with those that the leaves give.
func verifyTree(t testing.TB, s exchange.Store, leaves [][]byte) {
	t.Helper()
	want := rebuild(t, leaves)
	size := uint64(len(leaves))
	rebuilt, err := journal.Root(size, reader(want))
	if err != nil {
		t.Fatal(err)
	}
	got, err := journal.Root(size, hashes(t, s))
	if err != nil {
		t.Fatalf("root over stored hashes: %v", err)
	}
	if got != rebuilt {
		t.Fatalf("root over stored hashes %x, rebuilt from leaves %x", got, rebuilt)
	}
}

// rebuild computes all stored hashes of a tree.
func rebuild(t testing.TB, leaves [][]byte) []journal.Hash {
	t.Helper()
	var all []journal.Hash
	for i, leaf := range leaves {
		added, err := journal.StoredHashes(uint64(i), leaf, reader(all))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, added...)
	}
	return all
}

func reader(all []journal.Hash) journal.HashReader {
	return journal.HashReaderFunc(func(indexes []int64) ([]journal.Hash, error) {
		out := make([]journal.Hash, len(indexes))
		for i, n := range indexes {
			out[i] = all[n]
		}
		return out, nil
	})
}

func hashes(t testing.TB, s exchange.Store) journal.HashReader {
	return journal.HashReaderFunc(func(indexes []int64) ([]journal.Hash, error) {
		return s.Hashes(t.Context(), indexes)
	})
}

// same fails if got is not want.
func same[T any](w *world, what string, want, got T) {
	w.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		w.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// ok returns a value that must come without an error.
func ok[T any](w *world) func(T, error) T {
	return func(v T, err error) T {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
		return v
	}
}

// fails checks the error of a read.
func fails[T any](w *world, want error) func(T, error) {
	return func(v T, err error) {
		w.Helper()
		if !errors.Is(err, want) {
			w.Fatalf("got %+v, error %v; want error %v", v, err, want)
		}
	}
}
