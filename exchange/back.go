package exchange

import (
	"context"
	"errors"

	"lienthong/envelope"
)

// backTo is the peer to which statements about a delivery go: the one from which it came.
// Where that is no neighbour any more (it has ended, or the tree has changed), the next on
// the way to the node that signed the envelope: the sender's proof still arrives. It is
// empty at the origin, and where there is no way.
func (n *Node) backTo(d *Delivery) string {
	if d.From == "" {
		return ""
	}
	dir := n.Directory()
	if dir.neighbour(n.cfg.ID, d.From) {
		return d.From
	}
	if hop := dir.RouteTo(n.cfg.ID, d.Key.Origin); hop.Peer != "" {
		return hop.Peer
	}
	return d.From // nothing better is known: it waits, and is not lost
}

// passOn keeps a statement about a letter that did not come by this node, and sends it on
// along the tree to the node that signed the envelope: somebody behind has lost the way by
// which the letter came. It is kept once, so that it cannot go round.
func (s *settling) passOn(ctx context.Context, v verified, digest envelope.Digest) error {
	hop := s.node.Directory().RouteTo(s.node.cfg.ID, v.st.OriginNode)
	if hop.Peer == "" || hop.Peer == s.peer {
		return errUnknownSubject
	}
	_, err := s.keepAlone(ctx, v, digest, hop.Peer)
	return err
}

// errTooManyAlone is that of statements that come again later.
var errTooManyAlone = errors.New("exchange: more statements about letters that are not here than are kept in a minute: they are taken when they come again")

// keepAlone keeps a statement about a letter that has no row here, once, and reports
// whether it was new. It goes on as if the letter had come from a peer.
func (s *settling) keepAlone(ctx context.Context, v verified, digest envelope.Digest, from string) (bool, error) {
	stored, err := s.node.cfg.Store.Statements(ctx, v.st.Envelope, v.st.Recipient)
	if err != nil {
		return false, err
	}
	for _, row := range append(stored, s.stored[v.st.Recipient]...) {
		if row.Key == v.st.Key() {
			return false, nil
		}
	}
	// What this node has signed itself no peer can make more of.
	if v.st.Issuer != s.node.cfg.ID && !s.node.alone.take(s.peer, s.node.now(), AloneStatements) {
		s.node.Refused(PeerHolder(s.peer), linkMethod, reasonAlone)
		return false, errTooManyAlone
	}
	d := Delivery{Key: DeliveryKey{Origin: v.st.OriginNode, ID: v.st.EnvelopeID, Recipient: v.st.Recipient}, From: from}
	s.keep(&d, v, digest)
	return true, nil
}
