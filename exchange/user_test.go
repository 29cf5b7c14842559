package exchange_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"lienthong/exchange"
	"lienthong/journal"
)

// A hookedStore lets something happen between what an act reads and what it writes.
type hookedStore struct {
	exchange.Store
	read func() // once, when all principals have been read
}

func (h *hookedStore) Principals(ctx context.Context) ([]exchange.Principal, error) {
	out, err := h.Store.Principals(ctx)
	if read := h.read; read != nil {
		h.read = nil
		read()
	}
	return out, err
}

// twoProcesses are two services over one store, as two processes of a node are.
func twoProcesses(t *testing.T, stores map[string]string) (first, second *exchange.Service, hook *hookedStore) {
	t.Helper()
	w := newWorldOver(t, stores, map[string]string{"province": ""}, agencySpec{"a-province", "province"})
	first = w.node("province").service
	w.config = func(cfg *exchange.Config) {
		hook = &hookedStore{Store: cfg.Store}
		cfg.Store = hook
	}
	if stores != nil {
		return first, w.start("province", "").service, hook
	}
	// SQLite is one process's. What decides stands in the store, and a service knows nothing
	// of another: two over one store are in each other's way like two processes.
	n := w.node("province")
	cfg := exchange.Config{ID: "province", Signer: n.core.Signer(), Authorities: first.Authorities(), Store: n.store, Blobs: n.blobs, Now: w.clock}
	w.config(&cfg)
	core, err := exchange.NewNode(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return first, exchange.NewService(core), hook
}

func eachStore(t *testing.T, test func(t *testing.T, first, second *exchange.Service, hook *hookedStore)) {
	for name, stores := range map[string]func(*testing.T) map[string]string{
		"sqlite":   func(*testing.T) map[string]string { return nil },
		"postgres": func(t *testing.T) map[string]string { return map[string]string{"province": database(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second, hook := twoProcesses(t, stores(t))
			test(t, first, second, hook)
		})
	}
}

func setUser(t *testing.T, s *exchange.Service, id string, change func(*exchange.Principal)) {
	t.Helper()
	if _, err := s.ChangePrincipal(context.Background(), journal.System, id, true, func(p *exchange.Principal) error { change(p); return nil }); err != nil {
		t.Fatal(err)
	}
}

func users(t *testing.T, s *exchange.Service) map[string]exchange.Principal {
	t.Helper()
	list, err := s.Principals(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]exchange.Principal{}
	for _, p := range list {
		out[p.ID] = p
	}
	return out
}

var (
	adminGrant = exchange.Grant{Role: exchange.RoleAdmin}
	clerkGrant = exchange.Grant{Role: exchange.RoleClerk, Agency: "a-province"}
)

func makeAdmin(p *exchange.Principal) { p.Grants, p.Disabled = []exchange.Grant{adminGrant}, false }
func disable(p *exchange.Principal)   { p.Disabled = true }

// Two administrators change one user at once, each at another process: both changes stay.
func TestTwoProcessesChangeOneUser(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, first, second *exchange.Service, _ *hookedStore) {
		for _, id := range []string{"stored", "new"} {
			if id == "stored" {
				setUser(t, first, id, func(p *exchange.Principal) { p.Name = "Văn thư" })
			}
			calls := 0
			setUser(t, second, id, func(p *exchange.Principal) {
				if calls++; calls == 1 {
					setUser(t, first, id, disable)
				}
				p.Grant([]exchange.Grant{clerkGrant}, nil)
			})
			got := users(t, second)[id]
			if !got.Disabled || !slices.Contains(got.Grants, clerkGrant) || calls != 2 {
				t.Errorf("%s user: %+v after %d decisions, want it disabled and with the role after 2", id, got, calls)
			}
		}
	})
}

// Two administrators each take the other's role, or disable the other, at once and at two
// processes: one of them stays.
func TestTwoProcessesLeaveAnAdministrator(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, first, second *exchange.Service, hook *hookedStore) {
		setUser(t, first, "an", makeAdmin)
		setUser(t, first, "binh", makeAdmin)
		hook.read = func() { setUser(t, first, "binh", disable) }
		_, err := second.ChangePrincipal(context.Background(), journal.System, "an", false, func(p *exchange.Principal) error { p.Grants = nil; return nil })
		var refused *exchange.Error
		if !errors.As(err, &refused) || refused.Reason != "LAST_ADMIN" {
			t.Errorf("the second: %v, want LAST_ADMIN", err)
		}
		if got := users(t, first); !got["binh"].Disabled || !slices.Contains(got["an"].Grants, adminGrant) {
			t.Errorf("left are %+v, want an as administrator and binh disabled", got)
		}
	})
}

// The same without a hook, again and again, as fast as it goes.
func TestProcessesRaceForTheLastAdministrator(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, first, second *exchange.Service, _ *hookedStore) {
		for range 10 {
			setUser(t, first, "an", makeAdmin)
			setUser(t, first, "binh", makeAdmin)
			done := make(chan error, 2)
			for id, s := range map[string]*exchange.Service{"an": first, "binh": second} {
				go func() {
					_, err := s.ChangePrincipal(context.Background(), journal.System, id, false, func(p *exchange.Principal) error { disable(p); return nil })
					done <- err
				}()
			}
			refusals := 0
			for range 2 {
				var refused *exchange.Error
				switch err := <-done; {
				case errors.As(err, &refused) && refused.Reason == "LAST_ADMIN":
					refusals++
				case err != nil:
					t.Fatal(err)
				}
			}
			if got := users(t, first); refusals != 1 || got["an"].Disabled == got["binh"].Disabled {
				t.Fatalf("%d refusals, an disabled: %t, binh disabled: %t, want one administrator left", refusals, got["an"].Disabled, got["binh"].Disabled)
			}
		}
	})
}
