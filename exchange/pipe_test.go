package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A pipe is a link in memory: two ends that carry frames until it is cut.
type pipe struct {
	frames map[string]chan exchange.Frame // by the receiving node
	cut    chan struct{}
	once   sync.Once
}

var errCut = errors.New("the link is cut")

func (p *pipe) close() { p.once.Do(func() { close(p.cut) }) }

type end struct {
	w        *world
	p        *pipe
	from, to string
}

func (e *end) Send(f exchange.Frame) error {
	e.w.mu.Lock()
	lossy := e.w.lossy
	e.w.mu.Unlock()
	if lossy != nil && lossy(e.from, e.to, f) {
		e.p.close()
		return errCut
	}
	select {
	case <-e.p.cut:
		return errCut
	default:
	}
	select {
	case e.p.frames[e.to] <- f:
		return nil
	case <-e.p.cut:
		return errCut
	}
}

func (e *end) Recv() (exchange.Frame, error) {
	select {
	case f := <-e.p.frames[e.from]:
		return f, nil
	case <-e.p.cut:
		return nil, errCut
	}
}

// A dialer connects the nodes of a world.
type dialer struct {
	w *world
	n *testNode
}

func (d *dialer) Dial(ctx context.Context, peer envelope.Node) (exchange.Courier, error) {
	w, pair := d.w, d.n.id+" "+peer.ID
	w.mu.Lock()
	other, down := w.nodes[peer.ID], w.down[pair]
	w.mu.Unlock()
	if other == nil || down {
		return nil, fmt.Errorf("node %q does not answer", peer.ID)
	}
	p := &pipe{frames: map[string]chan exchange.Frame{d.n.id: make(chan exchange.Frame, 4), peer.ID: make(chan exchange.Frame, 4)}, cut: make(chan struct{})}
	w.mu.Lock()
	w.cuts[pair] = append(w.cuts[pair], p.close)
	w.mu.Unlock()
	go func() {
		defer p.close()
		other.relay.Serve(context.Background(), d.n.id, &end{w, p, peer.ID, d.n.id}, nil)
	}()
	c := &courier{end: end{w, p, d.n.id, peer.ID}, other: other}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.courier != nil {
		return w.courier(c), nil
	}
	if w.spreads {
		return &spreadingCourier{c}, nil
	}
	return c, nil
}

// cut breaks all links of a pair, child first.
func (w *world) cut(a, b string) {
	w.mu.Lock()
	cuts := w.cuts[a+" "+b]
	w.cuts[a+" "+b] = nil
	w.mu.Unlock()
	for _, cut := range cuts {
		cut()
	}
}

func (w *world) cutAll(id string) {
	w.mu.Lock()
	var pairs [][2]string
	for a := range w.keys {
		pairs = append(pairs, [2]string{a, id}, [2]string{id, a})
	}
	w.mu.Unlock()
	for _, p := range pairs {
		w.cut(p[0], p[1])
	}
}

// setDown makes a pair unreachable, or reachable again.
func (w *world) setDown(a, b string, down bool) {
	w.mu.Lock()
	w.down[a+" "+b] = down
	w.mu.Unlock()
	if down {
		w.cut(a, b)
	}
}

// A courier moves larger files by calling the other node.
type courier struct {
	end
	other *testNode
}

func (c *courier) Close() error { c.p.close(); return nil }

// spread lets links carry the directory from now on: those that are up are dialled again.
func (w *world) spread() {
	w.mu.Lock()
	w.spreads = true
	w.mu.Unlock()
	for id := range w.keys {
		w.cutAll(id)
	}
}

// A spreadingCourier also carries the directory. Tests in which nodes are to disagree
// have none.
type spreadingCourier struct{ *courier }

func (c *spreadingCourier) GetDirectory(ctx context.Context, have []exchange.Epoch, take func(envelope.Sealed) error) error {
	return c.other.relay.GiveDirectory(ctx, have, take)
}

func (c *spreadingCourier) PutDirectory(ctx context.Context, next func() (envelope.Sealed, error)) error {
	return c.other.relay.TakeDirectory(ctx, c.from, next)
}

func (c *courier) Put(ctx context.Context, file exchange.FileKey, src io.ReaderAt, size int64) error {
	offset, err := c.other.relay.PutOffset(ctx, c.from, file)
	if err != nil {
		return err
	}
	_, done, err := c.other.relay.PutAppend(ctx, c.from, file, offset, io.NewSectionReader(src, offset, size-offset))
	if err == nil && !done {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (c *courier) Get(ctx context.Context, file exchange.FileKey, offset int64) (io.ReadCloser, error) {
	blob, err := c.other.relay.OpenOffered(ctx, c.from, file)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(blob, offset, blob.Size()-offset), blob}, nil
}
