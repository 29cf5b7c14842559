package exchange_test

import (
	"context"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// byHand is a world that is driven step by step: no node runs by itself, and every frame
// goes when the test says so.
type byHand struct {
	*world
	t      *testing.T
	ids    []string
	closed bool
}

// newByHand makes nodes, each before its children ("province", "district"…), as child to
// parent, and agencies.
func newByHand(t *testing.T, parents map[string]string, ids []string, agencies ...agencySpec) *byHand {
	t.Helper()
	w := newWorld(t, nil, agencies...)
	for _, id := range ids {
		w.keys[id] = w.key(id)
		w.directory.Nodes = append(w.directory.Nodes, envelope.Node{ID: id, Parent: parents[id], Addresses: []string{id},
			Certificates: []envelope.NodeCertificate{{Certificate: w.keys[id].Certificate.Raw}}})
	}
	for _, id := range ids {
		w.nodes[id] = w.open(id, t.TempDir())
	}
	s := &byHand{world: w, t: t, ids: ids}
	t.Cleanup(s.close)
	return s
}

func (s *byHand) close() {
	if s.closed {
		return
	}
	s.closed = true
	for _, n := range s.nodes {
		s.counted(n)
		if err := n.store.Close(); err != nil {
			s.t.Error(err)
		}
	}
}

// line is ward, district and province, with an agency "from" and one "near" at the ward,
// "middle" at the district, "to", "other" and "third" at the province.
func line(t *testing.T) *byHand {
	t.Helper()
	return newByHand(t, map[string]string{"ward": "district", "district": "province"}, []string{"ward", "district", "province"},
		agencySpec{"from", "ward"}, agencySpec{"near", "ward"}, agencySpec{"middle", "district"}, agencySpec{"to", "province"}, agencySpec{"other", "province"}, agencySpec{"third", "province"})
}

// offers claims what waits for a peer, as a link does before it writes a frame.
func (s *byHand) offers(from, to string) []exchange.Offer {
	s.t.Helper()
	out, err := s.nodes[from].relay.OffersFor(context.Background(), to)
	if err != nil {
		s.t.Fatalf("%s offers to %s: %v", from, to, err)
	}
	return out
}

// take lets a node take offers; the answers are not sent.
func (s *byHand) take(from, to string, offers []exchange.Offer) []exchange.Frame {
	s.t.Helper()
	var out []exchange.Frame
	for _, o := range offers {
		out = append(out, s.nodes[to].relay.TakeOffer(context.Background(), from, o)...)
	}
	return out
}

// settle gives answers to who offered.
func (s *byHand) settle(from, to string, answers []exchange.Frame) {
	s.t.Helper()
	for _, frame := range answers {
		if err := s.nodes[from].relay.SettleAnswer(context.Background(), to, frame); err != nil {
			s.t.Fatalf("%s settles %T of %s: %v", from, frame, to, err)
		}
	}
}

// refuse answers an offer with a refusal for now, whatever the peer did with it before.
func (s *byHand) refuse(from, to string, o exchange.Offer) {
	s.t.Helper()
	route, err := envelope.ParseRoute(o.Envelope)
	if err != nil {
		s.t.Fatal(err)
	}
	s.settle(from, to, []exchange.Frame{exchange.Refused{Letter: exchange.LetterKey{Origin: route.OriginNode, ID: route.ID}, Recipients: o.Recipients,
		Reason: exchange.ReasonBusy, RetryAfter: 1}})
}

// hand offers, takes and settles, and says whether there was anything.
func (s *byHand) hand(from, to string) bool {
	s.t.Helper()
	offers := s.offers(from, to)
	s.settle(from, to, s.take(from, to, offers))
	return len(offers) > 0
}

// tell carries the statements that wait, and says whether there were any.
func (s *byHand) tell(from, to string) bool {
	s.t.Helper()
	ctx := context.Background()
	frame, digests, err := s.nodes[from].relay.StatementsFor(ctx, to)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(digests) == 0 {
		return false
	}
	if err := s.nodes[to].relay.SettleStatements(ctx, from, frame); err != nil {
		s.t.Fatalf("statements of %s to %s: %v", from, to, err)
	}
	if err := s.nodes[from].store.StatementsSent(ctx, to, digests); err != nil {
		s.t.Fatal(err)
	}
	return true
}

// relink makes what was offered and not answered due again, as a new link does.
func (s *byHand) relink(from, to string) {
	s.t.Helper()
	if _, err := s.nodes[from].store.TakeLink(context.Background(), to); err != nil {
		s.t.Fatal(err)
	}
}

// quiet lets everything go where it goes, until nothing moves.
func (s *byHand) quiet() {
	s.t.Helper()
	for range 20 {
		moved := false
		for _, from := range s.ids {
			for _, to := range s.ids {
				if from == to {
					continue
				}
				s.relink(from, to)
				handed, told := s.hand(from, to), s.tell(from, to)
				moved = moved || handed || told
			}
		}
		if !moved {
			return
		}
	}
}

// state is a delivery at a node, in words: state, copy and take-back, as far as they say something.
func (s *byHand) state(node string, doc *exchange.Document, recipient string) string {
	s.t.Helper()
	d, ok := s.nodes[node].delivery(doc.Letter.Key, recipient)
	if !ok {
		return "unknown"
	}
	out := d.State.String()
	if d.Copy != exchange.CopyCurrent {
		out += " " + d.Copy.String()
	}
	if d.TakeBack != exchange.TakeBackNone {
		out += " " + d.TakeBack.String()
	}
	return out
}

// want compares the states of a document's delivery at nodes.
func (s *byHand) want(doc *exchange.Document, recipient string, states map[string]string) {
	s.t.Helper()
	for _, node := range s.ids {
		if want, ok := states[node]; ok {
			if got := s.state(node, doc, recipient); got != want {
				s.t.Errorf("%s at %s: %q, want %q", recipient, node, got, want)
			}
		}
	}
}

// home is a document's delivery at the recipient's home node.
func (s *byHand) home(node string, doc *exchange.Document, recipient string) exchange.Delivery {
	s.t.Helper()
	d, ok := s.nodes[node].delivery(doc.Letter.Key, recipient)
	if !ok || !d.Home {
		s.t.Fatalf("%s is not at home at %s", recipient, node)
	}
	return d
}

func (s *byHand) send(to ...string) *exchange.Document {
	s.t.Helper()
	return s.nodes["ward"].send(letter(s.t, "from", to...))
}

func (s *byHand) recall(doc *exchange.Document, mode envelope.RecallMode, recipients ...string) *exchange.Document {
	s.t.Helper()
	out, err := s.tryRecall(doc, mode, recipients...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *byHand) tryRecall(doc *exchange.Document, mode envelope.RecallMode, recipients ...string) (*exchange.Document, error) {
	return s.nodes["ward"].service.Recall(context.Background(), clerk, exchange.RecallRequest{Agency: "from", Document: doc.Route.ID, Recipients: recipients,
		Mode: mode, Reason: "Ban hành nhầm", Staff: envelope.Staff{ID: "cb-17"}})
}

// report reports a status at the recipient's home.
func (s *byHand) report(node, recipient string, d exchange.Delivery, code uint32) error {
	_, err := s.nodes[node].service.ReportStatus(context.Background(), clerk, exchange.StatusRequest{Agency: recipient, Delivery: d.ID, Code: code,
		Reason: "Lý do", OverrideVerdict: true, Staff: envelope.Staff{ID: "cb-3", Name: "Lê Văn Ưởng"}})
	return err
}
