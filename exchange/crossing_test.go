package exchange_test

import (
	"context"
	"slices"
	"testing"

	"lienthong/envelope"
)

// rehang gives a node another parent in the directory that is given out next.
func (s *byHand) rehang(node, parent string) {
	s.directory.Nodes = slices.Clone(s.directory.Nodes)
	for i := range s.directory.Nodes {
		if n := &s.directory.Nodes[i]; n.ID == node {
			n.Parent = parent
		}
	}
}

// In a tree there is one way from node to node; where a node has moved there are two for a
// while. One letter for two recipients goes up by both: from its sender, and from the node
// that had taken it and hangs beside the sender now. Then an operator sends it again, so that
// one recipient's comes by both. Whichever is first: it is one letter there, each recipient
// gets it once, and every node that had it in its hands hears that it has arrived.
func TestWaysCrossAfterANodeMoved(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"near", "ward"} {
		t.Run(first+" comes first", func(t *testing.T) {
			t.Parallel()
			s := newByHand(t, map[string]string{"ward": "top", "near": "ward", "leaf": "near"}, []string{"top", "ward", "near", "leaf"},
				agencySpec{"from", "ward"}, agencySpec{"straight", "top"}, agencySpec{"moved", "leaf"})
			doc := s.nodes["ward"].send(letter(t, "from", "straight", "moved"))
			s.hand("ward", "near")
			s.want(doc, "moved", map[string]string{"ward": "relayed", "near": "queued", "top": "unknown"})
			ctx := context.Background()
			s.rehang("near", "top")
			s.move("moved", "top", "near", "top")
			s.tend("near")        // what waited for the leaf follows the directory
			s.hand("ward", "top") // for the one recipient
			s.want(doc, "straight", map[string]string{"top": "delivered"})
			s.nodes["ward"].imports(s.directory)
			d, _ := s.nodes["ward"].delivery(doc.Letter.Key, "moved")
			if e, err := s.nodes["ward"].service.Redeliver(ctx, operator, orderFor(d)); err != nil || e.Delivery.Peer != "top" {
				t.Fatalf("sent again by %+v, %v; want by top", e, err)
			}
			for _, from := range []string{first, map[string]string{"near": "ward", "ward": "near"}[first]} {
				if !s.hand(from, "top") {
					t.Errorf("%s has nothing for top, want the letter", from)
				}
				s.want(doc, "moved", map[string]string{from: "delivered", "top": "delivered"})
			}
			s.quiet()
			for _, recipient := range []string{"straight", "moved"} {
				s.want(doc, recipient, map[string]string{"ward": "delivered", "top": "delivered", "leaf": "unknown"})
				s.once("top", doc, recipient)
				s.wantSaid("ward", doc, recipient, envelope.Delivered, "top")
			}
			s.want(doc, "moved", map[string]string{"near": "delivered"})
			rows, err := s.nodes["top"].store.Deliveries(ctx, doc.Letter.Key)
			if err != nil || len(rows) != 2 {
				t.Errorf("%d deliveries at the top, %v; want two of one letter", len(rows), err)
			}
		})
	}
}
