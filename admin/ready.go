package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"lienthong/exchange"
)

// lookLimit is how long one look may take. Whoever asks gives up after some seconds.
const lookLimit = 3 * time.Second

// Ready knows whether a node can do its work: take a letter, keep it, know its way.
type Ready struct {
	Store     exchange.Store
	Blobs     exchange.Blobs
	Directory func() *exchange.Directory
	Binding   func() exchange.Binding        // of the node's certificate; nil: not told
	Now       func() time.Time               // nil: ages of zones are not told
	Writing   func() error                   // an error while acts fail or wait; nil: it is not told
	MinFree   uint64                         // bytes below which it is not ready
	Stopping  context.Context                // ends when the node is told to stop
	Accounts  func() []exchange.AccountState // of space, and quotas; nil: they are not told

	mu sync.Mutex // one look at a time: each writes a small file
}

// Look asks everything, and says of each check how it went, a line each.
func (r *Ready) Look(ctx context.Context) (text string, ready bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	var b strings.Builder
	ready = true
	for _, check := range []struct {
		name string
		ask  func(context.Context) error
	}{{"running", r.running}, {"store", r.store}, {"files", r.files}, {"directory", r.directory}} {
		if err := check.ask(ctx); err != nil {
			ready = false
			fmt.Fprintf(&b, "%s: %v\n", check.name, err)
			continue
		}
		fmt.Fprintf(&b, "%s: ok\n", check.name)
	}
	// A file that a disk has lost is an alarm, and no reason to send everybody elsewhere.
	if n, err := r.Store.Damaged(ctx); err == nil && n > 0 {
		fmt.Fprintf(&b, "damaged: %d files, see the journal (file.damaged) and docs/storage.md\n", n)
	}
	r.retirement(ctx, &b)
	r.certificate(&b)
	r.accounts(&b)
	r.zones(&b)
	return b.String(), ready
}

// accounts names what is full: its letters are refused, and all else is taken.
func (r *Ready) accounts(b *strings.Builder) {
	if r.Accounts == nil {
		return
	}
	for _, a := range r.Accounts() {
		if a.Full {
			fmt.Fprintf(b, "full: %s %s holds %d letters of %d bytes, %d were refused: docs/operating.md, section 11\n", a.Kind, a.Name, a.Letters, a.Bytes, a.Refused)
		}
	}
}

// zones tells how old what the authorities signed is. An old directory works: nodes are
// ready for as long as they have one, without anybody above them.
func (r *Ready) zones(b *strings.Builder) {
	if r.Now == nil {
		return
	}
	for _, z := range r.Directory().Zones() {
		if z.Epoch == 0 {
			fmt.Fprintf(b, "zone %s: not here yet\n", z.Zone)
			continue
		}
		fmt.Fprintf(b, "zone %s: epoch %d, signed %s ago\n", z.Zone, z.Epoch, r.Now().Sub(time.UnixMicro(z.Issued)).Round(time.Second))
	}
}

func (r *Ready) running(context.Context) error {
	if r.Stopping.Err() != nil {
		return errors.New("the node is stopping")
	}
	return nil
}

// store reads one row, and asks how the writes of others go: it writes nothing itself.
func (r *Ready) store(ctx context.Context) error {
	if _, err := r.Store.TreeSize(ctx); err != nil || r.Writing == nil {
		return err
	}
	return r.Writing()
}

// Mirror looks again and again until ctx ends, and tells of each change, and of the first
// look.
func (r *Ready) Mirror(ctx context.Context, pause time.Duration, tell func(ready bool, text string)) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for first, was := true, false; ; first = false {
		text, ready := r.Look(ctx)
		if ctx.Err() != nil {
			return
		}
		if first || ready != was {
			tell(ready, text)
		}
		was = ready
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *Ready) files(ctx context.Context) error {
	free, err := r.Blobs.Room(ctx)
	if err == nil && free < r.MinFree {
		err = fmt.Errorf("%d bytes are free, want %d (admin.min_free): delete what is not the node's, or make the disk larger", free, r.MinFree)
	}
	return err
}

func (r *Ready) directory(context.Context) error {
	if r.Directory().Zone == "" {
		return errors.New("no directory is loaded: directory.file, or lienthong agency import")
	}
	return nil
}

// certificate tells how long the node's own is good for. Clients are served with one that no
// neighbour takes, and letters wait: that is for people to mend, not for a balancer.
func (r *Ready) certificate(b *strings.Builder) {
	if r.Binding == nil || r.Now == nil {
		return
	}
	own := r.Binding()
	switch left := own.Ends.Sub(r.Now()); {
	case !own.Bound:
		fmt.Fprintf(b, "certificate: %x is not bound to this node by the directory now: no neighbour lets it in\n", own.Certificate[:8])
	case left < 30*24*time.Hour:
		fmt.Fprintf(b, "certificate: ends in %s (%s): lienthong node rotate\n", left.Round(time.Hour), own.Ends.UTC().Format(time.RFC3339))
	default:
		fmt.Fprintf(b, "certificate: ends %s\n", own.Ends.UTC().Format(time.RFC3339))
	}
}
