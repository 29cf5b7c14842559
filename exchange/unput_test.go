package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// sickBlobs fail at one act, as long as there is an error.
type sickBlobs struct {
	exchange.Blobs
	act  string
	fail atomic.Pointer[error]
}

func (b *sickBlobs) at(act string) error {
	if err := b.fail.Load(); err != nil && act == b.act {
		return fmt.Errorf("%s: %w", act, *err)
	}
	return nil
}

func (b *sickBlobs) Held(ctx context.Context, key string) (int64, error) {
	if err := b.at("held"); err != nil {
		return 0, err
	}
	return b.Blobs.Held(ctx, key)
}

func (b *sickBlobs) Append(ctx context.Context, key string, offset int64, r io.Reader) (int64, error) {
	if err := b.at("append"); err != nil {
		return 0, err
	}
	return b.Blobs.Append(ctx, key, offset, r)
}

func (b *sickBlobs) Finish(ctx context.Context, key string, want envelope.Digest, size int64) error {
	if err := b.at("finish"); err != nil {
		return err
	}
	return b.Blobs.Finish(ctx, key, want, size)
}

func (b *sickBlobs) Open(ctx context.Context, digest envelope.Digest) (exchange.Blob, error) {
	if err := b.at("open"); err != nil {
		return nil, err
	}
	return b.Blobs.Open(ctx, digest)
}

// newPutterOver is a putter whose node keeps files in blobs that fail when they are told to.
func newPutterOver(t *testing.T, act string) (*putter, *sickBlobs) {
	t.Helper()
	p, sick := newPutter(t), &sickBlobs{act: act}
	dir := p.node.dir
	p.node.stop()
	p.w.mu.Lock()
	p.w.blobs = func(b exchange.Blobs) exchange.Blobs { sick.Blobs = b; return sick }
	p.w.mu.Unlock()
	p.node = p.w.start("node", dir)
	p.p.close()
	p.ended()
	p.dial()
	p.hello("peer")
	return p, sick
}

// putOnce puts the whole file, as the service does.
func (p *putter) putOnce() error {
	ctx := context.Background()
	held, err := p.node.relay.PutOffset(ctx, "peer", p.key)
	if err == nil {
		_, _, err = p.node.relay.PutAppend(ctx, "peer", p.key, held, bytes.NewReader(p.file[held:]))
	}
	return err
}

// A file that this node cannot take is not the peer's to guess: the offer is answered with
// the reason, and its place given back, more often than there are places. When the trouble is
// over the same letter is taken.
func TestPutThatFailsHereIsAnswered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		act    string
		err    error
		reason string
	}{
		{"append", exchange.ErrFull, exchange.ReasonSpace},
		{"append", exchange.ErrAway, exchange.ReasonBusy},
		{"append", errors.New("input/output error"), exchange.ReasonBusy},
		{"held", exchange.ErrAway, exchange.ReasonBusy},
		{"finish", exchange.ErrFull, exchange.ReasonSpace},
		{"finish", errors.New("input/output error"), exchange.ReasonBusy},
	} {
		t.Run(tt.act+" "+tt.err.Error(), func(t *testing.T) {
			t.Parallel()
			p, sick := newPutterOver(t, tt.act)
			sick.fail.Store(&tt.err)
			for range exchange.Window + 2 {
				p.offerIt()
				if err := p.putOnce(); err == nil {
					t.Fatal("the file was taken")
				}
				f, ok := p.next().(exchange.Refused)
				if !ok || f.Reason != tt.reason || f.Permanent || f.RetryAfter == 0 {
					t.Fatalf("got %+v, want refused for now: %s", f, tt.reason)
				}
			}
			sick.fail.Store(nil)
			p.offerIt()
			if err := p.putOnce(); err != nil {
				t.Fatal(err)
			}
			if f, ok := p.next().(exchange.Accepted); !ok {
				t.Fatalf("got %T, want Accepted", f)
			}
		})
	}
}

// What keeps a peer from putting a file, this node does not see: when nothing comes, the offer
// is refused for now. A file of which pieces come is waited for.
func TestFilesThatNeverComeAreGivenUp(t *testing.T) {
	t.Parallel()
	p, _ := newPutterOver(t, "")
	p.node.relay.Patience(100*time.Millisecond, 0)
	for range 3 {
		p.offerIt()
		f, ok := p.next().(exchange.Refused)
		if !ok || f.Reason != exchange.ReasonBusy || f.Permanent {
			t.Fatalf("got %+v, want refused for now: busy", f)
		}
	}
	if err := p.putOnce(); err == nil {
		t.Error("a file of an offer that was refused is taken")
	}
}

// A peer that makes an offer again has given up the first: that one holds no place any more,
// and is not answered. The second is.
func TestOfferMadeAgainReplacesTheFirst(t *testing.T) {
	t.Parallel()
	p, _ := newPutterOver(t, "")
	for range exchange.Window + 10 {
		p.offerIt()
	}
	if err := p.putOnce(); err != nil {
		t.Fatal(err)
	}
	if f, ok := p.next().(exchange.Accepted); !ok {
		t.Fatalf("got %T, want Accepted", f)
	}
	p.put(exchange.GoAway{Reason: "the end"})
	p.ended()
	for {
		select {
		case f := <-p.p.frames["peer"]:
			switch f.(type) {
			case exchange.Accepted, exchange.Refused:
				t.Fatalf("a second answer: %+v", f)
			}
			continue
		default:
		}
		break
	}
}

// A badCourier puts no file: it reads it, and the way breaks.
type badCourier struct {
	exchange.Courier
	tries int
}

func (c *badCourier) Put(_ context.Context, _ exchange.FileKey, src io.ReaderAt, size int64) error {
	c.tries++
	if _, err := src.ReadAt(make([]byte, size), 0); err != nil {
		return err
	}
	return errors.New("the peer's bucket is away")
}

// However often a file cannot be put, the letter is not dead, unless the file cannot be read
// at this node.
func TestTransferThatFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		own    error
		state  exchange.State
		reason string
		tries  int // of Put for one offer
	}{
		{"the peer's trouble", nil, exchange.StateOffered, "TRANSFER", 5},
		{"its own store is away", exchange.ErrAway, exchange.StateOffered, "TRANSFER", 0},
		{"its own file is unreadable", errors.New("input/output error"), exchange.StateDead, "UNREADABLE", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			w := newWorld(t, nil, agencySpec{"from", "child"}, agencySpec{"to", "parent"})
			for id, parent := range map[string]string{"child": "parent", "parent": ""} {
				w.keys[id] = w.key(id)
				w.directory.Nodes = append(w.directory.Nodes, envelope.Node{ID: id, Parent: parent, Addresses: []string{id},
					Certificates: []envelope.NodeCertificate{{Certificate: w.keys[id].Certificate.Raw}}})
			}
			sick := &sickBlobs{act: "open"}
			w.blobs = func(b exchange.Blobs) exchange.Blobs { sick.Blobs = b; return sick }
			child := w.open("child", t.TempDir())
			t.Cleanup(func() { child.store.Close() })
			child.relay.Patience(0, time.Microsecond)
			req := letter(t, "from", "to")
			req.Files = append(req.Files, exchange.OutgoingFile{Role: envelope.FileAnnex, Digest: child.upload("from", make([]byte, 1<<20)), Name: "quét.bin"})
			doc := child.send(req)
			c, offers := &badCourier{}, 0
			for range 2 * exchange.MaxSetbacks {
				for _, o := range child.offers(t) {
					offers++
					if tt.own != nil {
						sick.fail.Store(&tt.own)
					}
					need := exchange.NeedFiles{Letter: doc.Letter.Key, Files: []envelope.Digest{o.Files[1].Digest}}
					if err := child.relay.PutFiles(ctx, "parent", c, need, "to"); err == nil {
						t.Fatal("it was put")
					}
					sick.fail.Store(nil)
				}
				w.advance(6 * time.Minute)
			}
			d, _ := child.delivery(doc.Letter.Key, "to")
			if d.State != tt.state || d.Reason != tt.reason {
				t.Errorf("it is %s (%s), want %s (%s)", d.State, d.Reason, tt.state, tt.reason)
			}
			if want := map[bool]int{true: exchange.MaxSetbacks, false: 2 * exchange.MaxSetbacks}[tt.state == exchange.StateDead]; offers != want {
				t.Errorf("it was offered %d times, want %d", offers, want)
			}
			if c.tries != tt.tries*offers {
				t.Errorf("%d times Put in %d offers, want %d in each", c.tries, offers, tt.tries)
			}
		})
	}
}
