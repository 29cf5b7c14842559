package exchange_test

import (
	"testing"

	"lienthong/exchange"
)

// newCreditor is a stranger that keeps to credit, on a new link.
func newCreditor(t *testing.T) *stranger {
	t.Helper()
	s := newStranger(t)
	s.p.close()
	s.ended()
	s.dial()
	s.put(exchange.Hello{Node: "peer", ProtocolMin: 1, ProtocolMax: 1, Features: []string{"credit"}, Clock: s.w.clock().UnixMicro()})
	if f, ok := s.next().(exchange.Credit); !ok || f.Offers != exchange.Window || f.Bytes == 0 {
		t.Fatalf("got %+v, want credit for %d offers first", f, exchange.Window)
	}
	return s
}

// offers reads frames until so many offers have come.
func (s *stranger) offers(n int) {
	s.t.Helper()
	for i := range n {
		if f, ok := s.next().(exchange.Offer); !ok {
			s.t.Fatalf("frame %d is %T, want an offer", i, f)
		}
	}
}

// takes lets the stranger offer a letter, and fails unless the answer to it, and then new
// credit, are the very next frames.
func (s *stranger) takes(id byte, offers uint64) {
	s.t.Helper()
	s.put(s.offer(id, pdf).Offer)
	if f, ok := s.next().(exchange.Accepted); !ok || f.Letter.Origin != "peer" {
		s.t.Fatalf("got %T, want the answer, which needs no credit", f)
	}
	if f, ok := s.next().(exchange.Credit); !ok || f.Offers != offers {
		s.t.Fatalf("got %+v, want credit for %d offers in all", f, offers)
	}
}

// Offers wait for credit; what answers the peer does not.
func TestOffersWaitForCredit(t *testing.T) {
	t.Parallel()
	s := newCreditor(t)
	third := s.bystander()
	for range 5 {
		s.node.send(letter(t, "so", "gian"))
	}
	s.takes(1, exchange.Window+1)
	s.put(exchange.Credit{Offers: 2, Bytes: 1 << 30})
	s.offers(2)
	s.takes(2, exchange.Window+2)
	s.put(exchange.Credit{Offers: 1}) // less than before: it came too late
	s.put(exchange.Credit{Offers: 3, Bytes: 1})
	s.offers(1)
	s.flows(third)
	s.takes(3, exchange.Window+3)
	s.put(exchange.Credit{Offers: 1 << 63, Bytes: 1 << 63})
	s.offers(2)
}

// Credit counts bytes too: an offer waits for as many as it has.
func TestOffersWaitForBytes(t *testing.T) {
	t.Parallel()
	s := newCreditor(t)
	s.put(exchange.Credit{Offers: 10, Bytes: 100})
	s.node.send(letter(t, "so", "gian"))
	s.takes(1, exchange.Window+1)
	s.put(exchange.Credit{Offers: 10, Bytes: 1 << 20})
	s.offers(1)
}

// A peer that takes more than it was granted is cut.
func TestCreditOverrun(t *testing.T) {
	t.Parallel()
	s := newCreditor(t)
	third := s.bystander()
	o := s.offer(1, pdf)
	o.Files[0].Data = make([]byte, 65<<20)
	s.put(o.Offer)
	s.cutFor(exchange.FaultOverrun, "more than it was granted")
	s.flows(third)
}
