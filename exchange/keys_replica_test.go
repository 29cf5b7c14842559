package exchange_test

import (
	"context"
	"testing"

	"lienthong/exchange"
	"lienthong/signer"
)

// A key that a person opened at one process of a node, and closes at another, is closed; and one
// that was suspended and resumed there is not open here as if nothing had been.
func TestKeyIsClosedAtAllProcesses(t *testing.T) {
	t.Parallel()
	w, first, _ := cardWorldOver(t, map[string]string{"node": database(t)})
	second := w.start("node", "")
	door(second, first.signing)
	second.signing.Keys = first.signing.Keys
	ctx := context.Background()
	admin := chairmanKey
	admin.Admin = true
	for _, end := range []func() error{
		func() error { return second.service.DeactivateKey(ctx, clerk, chairmanKey) },
		func() error {
			if err := second.service.SuspendKey(ctx, clerk, chairmanKey); err != nil {
				return err
			}
			return second.service.ResumeKey(ctx, clerk, admin)
		},
	} {
		if _, err := first.activate(goodPIN); err != nil {
			t.Fatal(err)
		}
		if err := first.signNow(t); err != nil || first.use(t) != signer.KeyActive {
			t.Fatalf("active: %v, %s", err, first.use(t))
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		wantError(t, first.signNow(t), exchange.Precondition, signer.RefusedInactive)
		if got := first.use(t); got != signer.KeyInactive {
			t.Errorf("the key is %s at the first process", got)
		}
	}
	// Opened at both: each has its own, and one end is the end of both.
	for _, n := range []*testNode{first, second} {
		if _, err := n.activate(goodPIN); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []*testNode{first, second} {
		if err := n.signNow(t); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := first.service.DeactivateKey(ctx, clerk, chairmanKey); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []*testNode{first, second} {
		wantError(t, n.signNow(t), exchange.Precondition, signer.RefusedInactive)
	}
	if got := first.action("key.deactivate"); got != 2 {
		t.Errorf("the journal has %d times that it was closed, want 2", got)
	}
}
