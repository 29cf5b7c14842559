package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

const leaf = envelope.LeafSize

// A leafCourier carries leaf hashes too, over a line that flips bits.
type leafCourier struct {
	*courier
	line *noisyLine
}

// A noisyLine flips a bit of each byte whose place is in flips, as often as it says there, and
// counts what passes.
type noisyLine struct {
	mu     sync.Mutex
	flips  map[int64]int
	passed atomic.Int64
	again  atomic.Int64 // leaves that were fetched again
}

func (l *noisyLine) read(src io.ReaderAt, p []byte, at int64) (int, error) {
	n, err := src.ReadAt(p, at)
	l.passed.Add(int64(n))
	l.mu.Lock()
	defer l.mu.Unlock()
	for place, times := range l.flips {
		if i := place - at; times > 0 && i >= 0 && i < int64(n) {
			p[i] ^= 0x40
			l.flips[place]--
		}
	}
	return n, err
}

type lineReader struct {
	l   *noisyLine
	src io.ReaderAt
}

func (r lineReader) ReadAt(p []byte, at int64) (int, error) { return r.l.read(r.src, p, at) }

func (c *leafCourier) Put(ctx context.Context, file exchange.FileKey, src io.ReaderAt, size int64) error {
	offset, err := c.other.relay.PutOffset(ctx, c.from, file)
	if err != nil {
		return err
	}
	bad := lineReader{c.line, src}
	_, done, err := c.other.relay.PutChecked(ctx, c.from, file, offset, io.NewSectionReader(bad, offset, size-offset), func(at int64) error {
		c.line.again.Add(1)
		data := make([]byte, min(leaf, size-at))
		if _, err := bad.ReadAt(data, at); err != nil {
			return err
		}
		return c.other.relay.TakeLeaf(ctx, c.from, file, at, data)
	})
	if err == nil && !done {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (c *leafCourier) Get(ctx context.Context, file exchange.FileKey, offset int64) (io.ReadCloser, error) {
	blob, err := c.other.relay.OpenOffered(ctx, c.from, file)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(lineReader{c.line, blob}, offset, blob.Size()-offset), blob}, nil
}

func (c *leafCourier) GetLeaves(ctx context.Context, file exchange.FileKey) ([]byte, error) {
	return c.other.relay.OfferedLeaves(ctx, c.from, file)
}

func (c *leafCourier) GetLeaf(ctx context.Context, file exchange.FileKey, offset, length int64) ([]byte, error) {
	c.line.again.Add(1)
	src, err := c.Get(ctx, file, offset)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	data := make([]byte, length)
	_, err = io.ReadFull(src, data)
	return data, err
}

func (c *leafCourier) PutLeaves(ctx context.Context, file exchange.FileKey, leaves func() ([]byte, error)) error {
	wanted, err := c.other.relay.TakeLeaves(ctx, c.from, file, nil)
	if err != nil || !wanted {
		return err
	}
	list, err := leaves()
	if err == nil {
		_, err = c.other.relay.TakeLeaves(ctx, c.from, file, list)
	}
	return err
}

// A line that flips bits costs the leaves that it spoils and no more: each is fetched
// once more for each time that it came wrong, in both directions, and the file is right.
func TestFlippedLeavesAreFetchedAgain(t *testing.T) {
	t.Parallel()
	const size = 9*leaf + 1000
	annex := make([]byte, size)
	rand.NewChaCha8([32]byte{7}).Read(annex)
	for _, tt := range []struct{ name, from, at, to, home string }{
		{"up, put", "xa", "ward", "so", "district"},
		{"down, got", "so", "district", "xa", "ward"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"ward": "district", "district": ""}, agencySpec{"xa", "ward"}, agencySpec{"so", "district"})
			// Leaf 0; leaf 3 at two places; leaf 5, and when it comes again; the short one at the end.
			l := &noisyLine{flips: map[int64]int{0: 1, 3*leaf + 5: 1, 4*leaf - 1: 1, 5*leaf + 77: 2, size - 1: 1}}
			w.mu.Lock()
			w.courier = func(c *courier) exchange.Courier { return &leafCourier{c, l} }
			w.mu.Unlock()
			w.cut("ward", "district")
			n := w.node(tt.at)
			digest := n.upload(tt.from, annex)
			req := letter(t, tt.from, tt.to)
			req.Files = append(req.Files, exchange.OutgoingFile{Role: envelope.FileAnnex, Digest: digest, Name: "phụ lục.bin"})
			doc := n.send(req)
			n.eventually("delivered", n.delivered(doc.Letter.Key, tt.to))
			if got := l.again.Load(); got != 5 {
				t.Errorf("%d leaves were fetched again, want 5: one for each time that one came wrong", got)
			}
			if twice := l.passed.Load() - size; twice != 4*leaf+1000 {
				t.Errorf("%d bytes passed twice, want four leaves and the short one", twice)
			}
			_, blob, err := w.node(tt.home).service.OpenFile(context.Background(), tt.to, digest)
			if err != nil {
				t.Fatal(err)
			}
			defer blob.Close()
			got := make([]byte, blob.Size())
			if _, err := blob.ReadAt(got, 0); err != nil || !bytes.Equal(got, annex) {
				t.Errorf("the file that came is another one, %v", err)
			}
		})
	}
}

// A putter is a stranger that puts one file of nine leaves and a half.
type putter struct {
	*stranger
	file []byte
	o    *offer
	key  exchange.FileKey
	asks []int64
}

func newPutter(t *testing.T) *putter {
	s := newStranger(t)
	p := &putter{stranger: s, file: make([]byte, 9*leaf+leaf/2)}
	rand.NewChaCha8([32]byte{9}).Read(p.file)
	p.o = s.offer(1, p.file)
	p.o.Files[0].Data = nil
	p.key = exchange.FileKey{Letter: exchange.LetterKey{Origin: "peer", ID: p.o.route.ID}, Recipient: "so", Digest: envelope.Sum(p.file)}
	p.offerIt()
	return p
}

func (p *putter) offerIt() {
	p.put(p.o.Offer)
	if f, ok := p.next().(exchange.NeedFiles); !ok {
		p.t.Fatalf("got %T, want NeedFiles", f)
	}
}

func (p *putter) list() []byte {
	leaves, _, err := envelope.Leaves(bytes.NewReader(p.file))
	if err != nil {
		p.t.Fatal(err)
	}
	var out []byte
	for _, d := range leaves {
		out = append(out, d[:]...)
	}
	return out
}

// answer puts the right leaf when it is asked for.
func (p *putter) answer(at int64) error {
	p.asks = append(p.asks, at)
	return p.node.relay.TakeLeaf(context.Background(), "peer", p.key, at, p.file[at:min(at+leaf, int64(len(p.file)))])
}

// What a disk spoils of a file on its way in is found: the last whole leaf when the next
// link goes on, the one that had begun when it is whole, others at the end. These three
// are asked for, and nothing else.
func TestSpoiltPartialFileIsMended(t *testing.T) {
	t.Parallel()
	p := newPutter(t)
	ctx := context.Background()
	if _, err := p.node.relay.TakeLeaves(ctx, "peer", p.key, p.list()); err != nil {
		t.Fatal(err)
	}
	const cut = 6*leaf + 1000
	src := io.MultiReader(bytes.NewReader(p.file[:cut]), broken{})
	if held, _, err := p.node.relay.PutChecked(ctx, "peer", p.key, 0, src, p.answer); err == nil || held != cut {
		t.Fatalf("held %d, %v; want %d and an error", held, err, cut)
	}
	p.p.close()
	p.ended()
	p.spoil(leaf+1, 5*leaf+9, 6*leaf+10)
	p.dial()
	p.hello("peer")
	p.offerIt()
	if wanted, err := p.node.relay.TakeLeaves(ctx, "peer", p.key, nil); wanted || err != nil {
		t.Errorf("the leaf hashes are wanted again, %v", err)
	}
	if held, err := p.node.relay.PutOffset(ctx, "peer", p.key); held != cut || err != nil {
		t.Fatalf("held %d, %v; want %d", held, err, cut)
	}
	_, done, err := p.node.relay.PutChecked(ctx, "peer", p.key, cut, bytes.NewReader(p.file[cut:]), p.answer)
	if err != nil || !done {
		t.Fatalf("done %t, %v", done, err)
	}
	if want := []int64{5 * leaf, 6 * leaf, leaf}; len(p.asks) != 3 || p.asks[0] != want[0] || p.asks[1] != want[1] || p.asks[2] != want[2] {
		t.Errorf("asked for leaves from bytes %d, want %d", p.asks, want)
	}
	if f, ok := p.next().(exchange.Accepted); !ok {
		t.Fatalf("got %+v, want Accepted", f)
	}
}

// spoil flips a bit of bytes of the one partial file on the node's disk.
func (p *putter) spoil(places ...int64) {
	p.t.Helper()
	found := 0
	err := filepath.WalkDir(p.node.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(d.Name(), "offer-") {
			return err
		}
		found++
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, at := range places {
			data[at] ^= 1
		}
		return os.WriteFile(path, data, 0o600)
	})
	if err != nil || found != 1 {
		p.t.Fatalf("%d partial files, %v; want 1", found, err)
	}
}

// A list of leaf hashes that is not what was signed is refused by name, whatever is wrong
// with it; a leaf that nobody asked for is not taken; one that always comes wrong ends
// the transfer, and what came before it stays.
func TestWrongLeavesAreRefused(t *testing.T) {
	t.Parallel()
	p := newPutter(t)
	ctx, relay := context.Background(), p.node.relay
	list := p.list()
	swapped := append(bytes.Clone(list[32:64]), list[:32]...)
	for name, bad := range map[string][]byte{
		"a flipped bit": append(bytes.Clone(list[:len(list)-1]), list[len(list)-1]^1), "one too few": list[:len(list)-32],
		"one too many": append(bytes.Clone(list), list[:32]...), "not whole": list[:len(list)-1], "another order": append(swapped, list[64:]...),
	} {
		_, err := relay.TakeLeaves(ctx, "peer", p.key, bad)
		var why *exchange.Error
		if !errors.As(err, &why) || why.Reason != exchange.ReasonBadLeaves || !strings.Contains(why.Text, "peer") {
			t.Errorf("%s: %v, want BAD_LEAVES that names the peer", name, err)
		}
	}
	if wanted, err := relay.TakeLeaves(ctx, "peer", p.key, nil); !wanted || err != nil {
		t.Errorf("after wrong lists wanted %t, %v", wanted, err)
	}
	if _, err := relay.TakeLeaves(ctx, "peer", p.key, list); err != nil {
		t.Fatal(err)
	}
	if err := relay.TakeLeaf(ctx, "peer", p.key, 0, p.file[:leaf]); err == nil {
		t.Error("a leaf was taken that nobody asked for")
	}
	always := bytes.Clone(p.file)
	always[2*leaf] ^= 1
	asks := 0
	held, _, err := relay.PutChecked(ctx, "peer", p.key, 0, bytes.NewReader(always), func(at int64) error {
		asks++
		return relay.TakeLeaf(ctx, "peer", p.key, at, always[at:at+leaf])
	})
	if err == nil || !strings.Contains(err.Error(), exchange.ReasonBadLeaf) || held != 2*leaf || asks != 3 {
		t.Errorf("held %d after %d more tries, %v; want the two leaves before it, three, and BAD_LEAF", held, asks, err)
	}
}
