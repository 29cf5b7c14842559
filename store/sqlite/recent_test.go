package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A checked is a store that compares what it keeps in memory with the database, each time
// that it is asked.
type checked struct {
	*Store
	t testing.TB
}

func openChecked(t testing.TB, dir string) exchange.Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(dir, "node.db"))
	if err != nil {
		t.Fatal(err)
	}
	return &checked{s, t}
}

// same fails where what is kept differs from what is read, and does not change meanwhile.
func same[V any](t testing.TB, what string, kept, read func() (V, error)) (V, error) {
	for {
		a, aErr := kept()
		b, bErr := read()
		if aErr != nil || bErr != nil || reflect.DeepEqual(a, b) {
			if (aErr == nil) != (bErr == nil) && !errors.Is(aErr, context.Canceled) && !errors.Is(bErr, context.Canceled) {
				if c, cErr := kept(); (cErr == nil) != (aErr == nil) {
					return c, cErr
				}
				t.Errorf("%s: kept in memory: %v; read: %v", what, aErr, bErr)
			}
			return a, aErr
		}
		if c, err := kept(); err == nil && reflect.DeepEqual(a, c) {
			t.Errorf("%s\nis kept in memory as %+v\nis read as           %+v", what, a, b)
			return a, nil
		}
	}
}

func (c *checked) Deliveries(ctx context.Context, key exchange.LetterKey) ([]exchange.Delivery, error) {
	return same(c.t, "deliveries", func() ([]exchange.Delivery, error) { return c.Store.Deliveries(ctx, key) },
		func() ([]exchange.Delivery, error) { return c.deliveries(ctx, selectDeliveries, key.ID[:], key.Origin) })
}

func (c *checked) Statements(ctx context.Context, digest envelope.Digest, recipient string) ([]exchange.StatementRow, error) {
	return same(c.t, "statements", func() ([]exchange.StatementRow, error) { return c.Store.Statements(ctx, digest, recipient) },
		func() ([]exchange.StatementRow, error) { return c.statements(ctx, digest, recipient) })
}

func (c *checked) Path(ctx context.Context, tip envelope.Digest) (exchange.Path, error) {
	return same(c.t, "path", func() (exchange.Path, error) { return c.Store.Path(ctx, tip) },
		func() (exchange.Path, error) { return c.path(ctx, tip) })
}

func (c *checked) Principal(ctx context.Context, key envelope.Digest) (exchange.Principal, error) {
	return same(c.t, "principal", func() (exchange.Principal, error) { return c.Store.Principal(ctx, key) },
		func() (exchange.Principal, error) { return c.principal(ctx, key) })
}

func (c *checked) Aims(ctx context.Context, target envelope.Digest, recipient string) ([]exchange.Aim, error) {
	query, args := selectAims, []any{target[:], recipient}
	if recipient == "" {
		query, args = selectAllAims, args[:1]
	}
	return same(c.t, "aims", func() ([]exchange.Aim, error) { return c.Store.Aims(ctx, target, recipient) },
		func() ([]exchange.Aim, error) { return c.aims(ctx, query, args...) })
}

func (c *checked) Leaves(ctx context.Context, from uint64, limit int) ([]exchange.Leaf, error) {
	if limit != 1 { // such are not kept
		return c.Store.Leaves(ctx, from, limit)
	}
	return same(c.t, "leaves", func() ([]exchange.Leaf, error) { return c.Store.Leaves(ctx, from, limit) },
		func() ([]exchange.Leaf, error) { return c.leaves(ctx, from, limit) })
}

func (c *checked) Retirement(ctx context.Context) (exchange.Retirement, error) {
	return same(c.t, "retirement", func() (exchange.Retirement, error) { return c.Store.Retirement(ctx) },
		func() (r exchange.Retirement, err error) {
			err = c.must(ctx, name("retirement"), selectRetirement, nil, &r.Since, &r.By, &r.Reason, &r.Done, unsigned{&r.Revision})
			return r, err
		})
}

// What was read before a change is not kept after it, whenever the reader comes back.
func TestRecentTickets(t *testing.T) {
	var r recent[string, int]
	_, _, before := r.get("a")
	r.take("a")
	if _, _, during := r.get("a"); during != nil {
		t.Error("a reader has a ticket while the value changes")
	}
	r.keep("a", before, 1, true)
	if _, found := r.peek("a"); found {
		t.Error("what was read before the change is kept while it commits")
	}
	r.give("a", 0, false)
	r.keep("a", before, 1, true)
	if _, found := r.peek("a"); found {
		t.Error("what was read before the change is kept after it")
	}
	_, _, after := r.get("a")
	r.keep("a", after, 2, true)
	if v, found := r.peek("a"); !found || v != 2 {
		t.Errorf("what was read after the change: found %d, %t, want 2", v, found)
	}
	r.forget()
	if _, found := r.peek("a"); found {
		t.Error("what was forgotten is kept")
	}
}

// Memory is bounded, and what is asked for stays.
func TestRecentIsBounded(t *testing.T) {
	var r recent[int, int]
	r.give(-1, 1, true)
	for i := range 10 * recentSize {
		r.give(i, i, true)
		r.get(i + 1_000_000) // a ticket that never comes back
		if _, found, _ := r.get(-1); !found {
			t.Fatalf("what is asked for all the time is gone after %d others", i)
		}
	}
	if n := len(r.young) + len(r.old); n > 2*recentSize {
		t.Errorf("%d values are kept, want at most %d", n, 2*recentSize)
	}
	if len(r.asked) > recentSize {
		t.Errorf("%d tickets are out, want at most %d", len(r.asked), recentSize)
	}
}

// A row that does not follow what is kept makes the list unknown: the database is asked.
func TestRecentDeliveries(t *testing.T) {
	d := func(id byte, recipient string, revision uint64) exchange.Delivery {
		return exchange.Delivery{ID: envelope.ID{id}, Key: exchange.DeliveryKey{Recipient: recipient}, Revision: revision}
	}
	list, ok := withDeliveries(nil, []exchange.Delivery{d(1, "b", 1), d(2, "a", 1), d(1, "b", 2)})
	if want := []exchange.Delivery{d(2, "a", 1), d(1, "b", 2)}; !ok || !reflect.DeepEqual(list, want) {
		t.Errorf("found %v, want %v", list, want)
	}
	for _, bad := range []exchange.Delivery{d(3, "c", 2), d(1, "b", 4), d(1, "b", 2)} {
		if got, ok := withDeliveries(list, []exchange.Delivery{bad}); ok {
			t.Errorf("revision %d of %x after revision 2 of 1: found %v, want none", bad.Revision, bad.ID, got)
		}
	}
}
