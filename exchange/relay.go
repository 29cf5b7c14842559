package exchange

import (
	"context"
	"io"

	"lienthong/envelope"
)

// A Relay hands letters over to peers, takes them over from peers, and carries
// statements back. There is one for a node; it shares the node with [Service].
type Relay struct {
	*Node
}

// NewRelay makes the relay of a node.
func NewRelay(n *Node) *Relay { return &Relay{Node: n} }

// Run keeps a link to every peer that this node dials (its parent, and those that
// the directory names), and does what time brings: deadlines, held letters. It
// returns when ctx ends and all links have ended.
func (r *Relay) Run(ctx context.Context, dialer Dialer) error { <-ctx.Done(); return nil }

// Serve speaks on one link until it breaks, the peer goes away, or ctx ends. The
// transport has proved that the other side is the node peer. A newer link to the
// same peer ends an older one. courier is nil where the peer dialled.
func (r *Relay) Serve(ctx context.Context, peer string, conn Conn, courier Courier) error { return nil }

// PutOffset tells a peer from which byte to put a file of an envelope that it offered
// on its present link.
func (r *Relay) PutOffset(ctx context.Context, peer string, file FileKey) (int64, error) {
	return 0, nil
}

// PutAppend takes bytes of a file from a peer, and tells what is durable; done: the
// file is whole and its digest is right.
func (r *Relay) PutAppend(ctx context.Context, peer string, file FileKey, offset int64, src io.Reader) (held int64, done bool, err error) {
	return 0, false, nil
}

// OpenOffered opens a file of an envelope that this node has offered to the peer.
func (r *Relay) OpenOffered(ctx context.Context, peer string, file FileKey) (Blob, error) {
	return nil, ErrNotFound
}

// Connected lists the peers that a link is up to.
func (r *Relay) Connected() []string { return nil }

var _ = envelope.Node{}
