package testnode

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
)

// dialer reaches a peer through the wire between the two.
type dialer struct{ from *Node }

func (d dialer) Dial(ctx context.Context, peer envelope.Node) (exchange.Courier, error) {
	w, err := d.from.network.wire(d.from.ID, peer.ID)
	if err != nil {
		return nil, err
	}
	peer.Addresses = []string{w.listener.Addr().String()}
	c := client.Dialer{Current: d.from.current.Load, Now: d.from.network.Now}
	return c.Dial(ctx, peer)
}

// A wire carries connections between two nodes until it is cut.
type wire struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

var wiresMu sync.Mutex

// wire finds or lays the wire of two nodes. It is closed with the process: a test
// has three.
func (n *Network) wire(from, to string) (*wire, error) {
	wiresMu.Lock()
	defer wiresMu.Unlock()
	key := [2]string{from, to}
	if w := n.wires[key]; w != nil {
		return w, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{listener: l, to: n.nodes[to].address, conns: make(map[net.Conn]bool)}
	n.wires[key] = w
	go w.serve()
	return w, nil
}

// Cut breaks the wire from a child to its parent, with all that is on it.
func (n *Network) Cut(t testing.TB, child, parent string) { n.set(t, child, parent, true) }

// Mend lets connections through again.
func (n *Network) Mend(t testing.TB, child, parent string) { n.set(t, child, parent, false) }

func (n *Network) set(t testing.TB, child, parent string, cut bool) {
	t.Helper()
	w, err := n.wire(child, parent)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for c := range w.conns {
			c.Close()
		}
	}
}

func (w *wire) serve() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		go w.carry(near)
	}
}

func (w *wire) carry(near net.Conn) {
	defer near.Close()
	if !w.add(near) {
		return
	}
	defer w.remove(near)
	far, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer far.Close()
	if !w.add(far) {
		return
	}
	defer w.remove(far)
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1]) // ends when either side does
			pair[0].Close()
			done <- struct{}{}
		}()
	}
	<-done
}

// add notes a connection, unless the wire is cut.
func (w *wire) add(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		return false
	}
	w.conns[c] = true
	return true
}

func (w *wire) remove(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c)
}
