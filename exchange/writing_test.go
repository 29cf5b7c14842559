package exchange_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"lienthong/exchange"
	"lienthong/internal/testpg"
	"lienthong/journal"
)

// A stuckStore writes as its test wants.
type stuckStore struct {
	exchange.Store
	commit func(context.Context, exchange.Change) (exchange.Committed, error)
}

func (s *stuckStore) Commit(ctx context.Context, c exchange.Change) (exchange.Committed, error) {
	if s.commit != nil {
		return s.commit(ctx, c)
	}
	return s.Store.Commit(ctx, c)
}

func record(n *exchange.Node) error {
	return n.Record(context.Background(), journal.Entry{Time: 1, Actor: journal.System, Action: "test", Object: "x", Outcome: journal.OutcomeOK})
}

// aNode is a node that does nothing by itself.
func aNode(t *testing.T) (*world, *exchange.Node, *stuckStore) {
	t.Helper()
	w := newWorld(t, map[string]string{"province": ""}, agencySpec{"a-province", "province"})
	n := w.node("province")
	store := &stuckStore{Store: n.store}
	core, err := exchange.NewNode(exchange.Config{ID: "province", Signer: n.core.Signer(), Authorities: n.service.Authorities(), Store: store, Blobs: n.blobs, Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	return w, core, store
}

func cannotWrite(t *testing.T, when string, n *exchange.Node, want string) {
	t.Helper()
	if err := n.Writing(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want %q", when, err, want)
	}
}

func canWrite(t *testing.T, when string, n *exchange.Node) {
	t.Helper()
	if err := n.Writing(); err != nil {
		t.Errorf("%s: %v, want that it can", when, err)
	}
}

// A node whose acts fail for want of a disk says so after some seconds, until one succeeds
// or nobody has tried for a minute. What fails by its own fault says nothing of the store.
func TestWritingFails(t *testing.T) {
	t.Parallel()
	w, n, store := aNode(t)
	fails := func(err error) {
		t.Helper()
		store.commit = func(context.Context, exchange.Change) (exchange.Committed, error) { return exchange.Committed{}, err }
		if record(n) == nil {
			t.Fatal("written to a store that fails")
		}
	}
	canWrite(t, "before anything", n)
	for range 3 {
		fails(fmt.Errorf("store: %w", exchange.ErrStale))
		w.advance(time.Minute)
		canWrite(t, "an act that was too late", n)
	}
	full := fmt.Errorf("store: %w", exchange.ErrFull)
	fails(full)
	canWrite(t, "after one failure", n)
	w.advance(10 * time.Second)
	cannotWrite(t, "ten seconds later", n, full.Error())
	fails(fmt.Errorf("store: %w", exchange.ErrStale))
	cannotWrite(t, "after an act that was too late", n, full.Error())
	w.advance(time.Minute)
	canWrite(t, "nobody has tried", n)
	fails(full)
	cannotWrite(t, "it fails again", n, full.Error())
	store.commit = nil
	if err := record(n); err != nil {
		t.Fatal(err)
	}
	canWrite(t, "after one that succeeded", n)
}

// A node whose acts get no answer says so, until they do.
func TestWritingWaits(t *testing.T) {
	t.Parallel()
	w, n, store := aNode(t)
	inside, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error)
	store.commit = func(ctx context.Context, c exchange.Change) (exchange.Committed, error) {
		inside <- struct{}{}
		<-goOn
		return store.Store.Commit(ctx, c)
	}
	for range 2 {
		go func() { done <- record(n) }()
		<-inside
	}
	canWrite(t, "at once", n)
	w.advance(11 * time.Second)
	cannotWrite(t, "two wait", n, "2 acts wait to be written, the first for 11s")
	goOn <- struct{}{}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	canWrite(t, "one of two was written", n)
	w.advance(11 * time.Second)
	cannotWrite(t, "the other waits", n, "1 acts wait")
	goOn <- struct{}{}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	canWrite(t, "both were written", n)
}

// What PostgreSQL says as a standby, and with a full disk, is understood: it can be read all
// the while.
func TestWritingToPostgres(t *testing.T) {
	t.Parallel()
	at := testpg.New(t)
	w := newWorldOver(t, map[string]string{"province": storeIn(t, at)}, map[string]string{"province": ""}, agencySpec{"a-province", "province"})
	n := w.node("province")
	for _, code := range []string{"25006", "53100"} {
		if err := record(n.core); err != nil {
			t.Fatal(err)
		}
		testpg.Exec(t, at, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'cannot write' USING ERRCODE = '`+code+`'; END $$`)
		testpg.Exec(t, at, `CREATE TRIGGER refuse BEFORE UPDATE ON head EXECUTE FUNCTION refuse()`)
		for range 2 {
			if record(n.core) == nil {
				t.Fatal("written to a database that refuses")
			}
			w.advance(11 * time.Second)
		}
		cannotWrite(t, code, n.core, "cannot write")
		if _, err := n.store.TreeSize(t.Context()); err != nil {
			t.Errorf("%s: it cannot be read: %v", code, err)
		}
		testpg.Exec(t, at, `DROP FUNCTION refuse CASCADE`)
		if err := record(n.core); err != nil {
			t.Fatal(err)
		}
		canWrite(t, "after "+code, n.core)
	}
}
