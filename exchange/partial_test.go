package exchange_test

import (
	"bytes"
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/exchange"
)

// partials lists the keys of partial files on a node's disk.
func (n *testNode) partials() (keys []string) {
	n.w.t.Helper()
	err := filepath.WalkDir(n.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), "offer-") {
			keys = append(keys, d.Name())
		}
		return err
	})
	if err != nil {
		n.w.t.Fatal(err)
	}
	return keys
}

// A partial file says when its letter expires, and goes with its offer: here the rest of
// the file came with another letter.
func TestPartialFileBelongsToItsOffer(t *testing.T) {
	t.Parallel()
	p := newPutter(t)
	ctx := context.Background()
	if _, _, err := p.node.relay.PutAppend(ctx, "peer", p.key, 0, bytes.NewReader(p.file[:1000])); err != nil {
		t.Fatal(err)
	}
	keys := p.node.partials()
	if len(keys) != 1 {
		t.Fatalf("partial files %q, want one", keys)
	}
	if at, ok := exchange.PartialExpires(keys[0]); !ok || at != p.o.route.ExpiresAt {
		t.Errorf("%s expires at %d, %t; want %d", keys[0], at, ok, p.o.route.ExpiresAt)
	}
	p.p.close()
	p.ended()
	p.dial()
	p.hello("peer")
	other := p.offer(2, p.file)
	other.Files[0].Data = nil
	p.put(other.Offer)
	if f, ok := p.next().(exchange.NeedFiles); !ok {
		t.Fatalf("got %T, want NeedFiles", f)
	}
	key := exchange.FileKey{Letter: exchange.LetterKey{Origin: "peer", ID: other.route.ID}, Recipient: "so", Digest: p.key.Digest}
	if _, done, err := p.node.relay.PutAppend(ctx, "peer", key, 0, bytes.NewReader(p.file)); err != nil || !done {
		t.Fatalf("done %t, %v", done, err)
	}
	for i, o := range []*offer{other, p.o} {
		if i > 0 {
			p.put(o.Offer)
		}
		if f, ok := p.next().(exchange.Accepted); !ok {
			t.Fatalf("letter %d: got %+v, want Accepted", i, f)
		}
	}
	if keys := p.node.partials(); len(keys) != 0 {
		t.Errorf("both letters were taken, and %q stay", keys)
	}
}

func TestPartialExpires(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "offer-", "offer-ab", "offer-ab-", "offer-ab-x", "offer-ab-9-9", "upload-0192f3c4-7000-7000-8000-0192f3c40000"} {
		if at, ok := exchange.PartialExpires(key); ok {
			t.Errorf("%q expires at %d, want no time", key, at)
		}
	}
}
