package exchange_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A stranger is the test itself, on a link to a node, with the keys of a peer.
type stranger struct {
	*end
	t    *testing.T
	w    *world
	node *testNode
	done chan error // what the node's Serve returned
}

// newStranger is node "node", which serves agency "so", and the test as its child
// "peer", home of agency "gian".
func newStranger(t *testing.T) *stranger {
	t.Helper()
	return newStrangerOver(t, nil)
}

// newStrangerOver is newStranger with other stores: node id to URL.
func newStrangerOver(t *testing.T, stores map[string]string) *stranger {
	t.Helper()
	w := newWorldOver(t, stores, map[string]string{"node": "", "peer": "node", "third": "node"}, agencySpec{"so", "node"}, agencySpec{"phong", "node"}, agencySpec{"gian", "peer"}, agencySpec{"xa", "third"})
	w.node("third").stop()
	w.node("peer").stop()
	w.mu.Lock()
	delete(w.nodes, "peer")
	delete(w.nodes, "third")
	w.mu.Unlock()
	s := &stranger{t: t, w: w, node: w.node("node")}
	s.dial()
	s.hello("peer")
	return s
}

func (s *stranger) dial() {
	p := &pipe{frames: map[string]chan exchange.Frame{"peer": make(chan exchange.Frame, 200), "node": make(chan exchange.Frame, 200)}, cut: make(chan struct{})}
	s.end = &end{s.w, p, "peer", "node"}
	done := make(chan error, 1)
	s.done = done
	s.t.Cleanup(p.close)
	go func() {
		done <- s.node.relay.Serve(context.Background(), "peer", &end{s.w, p, "node", "peer"}, nil)
		p.close()
	}()
}

func (s *stranger) hello(name string) {
	s.put(exchange.Hello{Node: name, ProtocolMin: 1, ProtocolMax: 1, Clock: s.w.clock().UnixMicro()})
}

func (s *stranger) put(f exchange.Frame) {
	s.t.Helper()
	if err := s.Send(f); err != nil {
		s.t.Fatal(err)
	}
}

// next is the next frame that answers, or offers, something.
func (s *stranger) next() exchange.Frame {
	s.t.Helper()
	for {
		select {
		case f := <-s.p.frames["peer"]:
			switch f.(type) {
			case exchange.Hello, exchange.Heartbeat, exchange.Statements:
				continue
			}
			return f
		case <-s.p.cut:
			s.t.Fatal("the node ended the link")
		case <-time.After(20 * time.Second):
			s.t.Fatal("no answer in 20 s")
		}
	}
}

// ended waits until the node has ended the link, and tells why.
func (s *stranger) ended() error {
	s.t.Helper()
	select {
	case err := <-s.done:
		return err
	case <-time.After(20 * time.Second):
		s.t.Fatal("the node keeps the link")
		return nil
	}
}

// An offer that is in order, to be spoilt.
type offer struct {
	exchange.Offer
	route   envelope.Route
	content envelope.Content
}

func (s *stranger) offer(id byte, file []byte) *offer {
	s.t.Helper()
	now := s.w.clock().UnixMicro()
	root, size, err := envelope.LeafRoot(bytes.NewReader(file))
	if err != nil {
		s.t.Fatal(err)
	}
	o := &offer{content: envelope.Content{Salt: [32]byte{1}, Metadata: metadata(), Files: []envelope.ContentFile{{Role: envelope.FileMain, Name: "a.pdf", MediaType: "application/pdf", Size: size, SHA256: envelope.Sum(file), LeafRoot: root}}}}
	o.route = envelope.Route{ID: envelope.ID{1, id, 6: 0x70, 8: 0x80}, Kind: envelope.KindDocument, Schema: 1, OriginNode: "peer", Incarnation: envelope.ID{1}, OriginAgency: envelope.AgencyRef{ID: "gian"},
		Recipients: []envelope.Recipient{{Agency: envelope.AgencyRef{ID: "so"}, Role: 1}, {Agency: envelope.AgencyRef{ID: "xa"}, Role: 1}}, Urgency: 1, Created: now, ExpiresAt: now + 3_600_000_000,
		Thread: envelope.ID{1, id}, Version: 1, FilesSize: size}
	o.Files = []exchange.OfferedFile{{Digest: envelope.Sum(file), Size: size, LeafRoot: root, Data: file}}
	o.Recipients = []string{"so"}
	s.seal(o, "peer")
	return o
}

// seal signs content, route and chain anew, the route by a node of choice.
func (s *stranger) seal(o *offer, by string) {
	s.t.Helper()
	var err error
	if o.Content, err = o.content.Marshal(); err != nil {
		s.t.Fatal(err)
	}
	o.route.ContentDigest, o.route.ContentSize = envelope.Sum(o.Content), uint64(len(o.Content))
	if o.Envelope, err = envelope.SealRoute(&o.route, s.w.keys[by]); err != nil {
		s.t.Fatal(err)
	}
	o.Chain = []envelope.Sealed{s.statement(o, envelope.Submitted, "peer", envelope.Digest{}, "so", 1)}
}

func (s *stranger) statement(o *offer, kind envelope.StatementKind, issuer string, previous envelope.Digest, recipient string, seq uint64) envelope.Sealed {
	s.t.Helper()
	st := &envelope.Statement{Kind: kind, Envelope: o.Envelope.Digest(), OriginNode: o.route.OriginNode, EnvelopeID: o.route.ID, Recipient: recipient, Issuer: issuer,
		Incarnation: envelope.ID{1}, Sequence: seq, Time: s.w.clock().UnixMicro(), Previous: previous,
		Validated: nil, Failed: nil}
	if kind == envelope.Failed {
		st.Failed = &envelope.FailedDetail{Reason: "X"}
	}
	sealed, err := envelope.SealStatement(st, s.w.keys[issuer])
	if err != nil {
		s.t.Fatal(err)
	}
	return sealed
}

var pdf = []byte("%PDF-1.7 đơn")

func TestOffersThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	other := func(n byte) envelope.Digest { return envelope.Sum([]byte{n}) }
	for i, tt := range []struct {
		name      string
		spoil     func(o *offer)
		reason    string
		permanent bool
	}{
		{"content of another digest", func(o *offer) { o.Content = append(bytes.Clone(o.Content), 0) }, exchange.ReasonDigestMismatch, false},
		{"a route that somebody else signed", func(o *offer) { s.seal(o, "third") }, exchange.ReasonBadSignature, false},
		{"a route of a node that nobody knows", func(o *offer) { o.route.OriginNode = "who"; s.seal(o, "peer") }, exchange.ReasonUnknownOrigin, false},
		{"a route for an agency of another node", func(o *offer) { o.route.OriginAgency.ID = "xa"; s.seal(o, "peer") }, exchange.ReasonUnknownOrigin, false},
		{"a payload that is no route", func(o *offer) { o.Envelope.Payload = []byte{0xff} }, exchange.ReasonMalformed, false},
		{"a payload of another type", func(o *offer) { o.Envelope.Type = envelope.TypeStatement }, exchange.ReasonMalformed, false},
		{"content that is none", func(o *offer) {
			o.Content = []byte{0xff, 0xff}
			o.route.ContentDigest, o.route.ContentSize = envelope.Sum(o.Content), 2
			o.Envelope, _ = envelope.SealRoute(&o.route, s.w.keys["peer"])
		}, exchange.ReasonMalformed, false},
		{"a recipient that is not in the route", func(o *offer) { o.Recipients = []string{"gian"} }, exchange.ReasonMalformed, false},
		{"a recipient twice", func(o *offer) { o.Recipients = []string{"so", "so"} }, exchange.ReasonMalformed, false},
		{"no recipient", func(o *offer) { o.Recipients = nil }, exchange.ReasonMalformed, false},
		{"a million recipients", func(o *offer) { o.Recipients = make([]string, 1_000_000) }, exchange.ReasonMalformed, false},
		{"file bytes of another digest", func(o *offer) { o.Files[0].Data = []byte("%PDF-1.7 Đơn") }, exchange.ReasonDigestMismatch, false},
		{"a file that the content does not name", func(o *offer) { o.Files[0].Digest = other(1) }, exchange.ReasonDigestMismatch, false},
		{"a file of another size", func(o *offer) { o.Files[0].Size++ }, exchange.ReasonDigestMismatch, false},
		{"another leaf root", func(o *offer) { o.Files[0].LeafRoot = other(1) }, exchange.ReasonDigestMismatch, false},
		{"a file too many", func(o *offer) { o.Files = append(o.Files, o.Files[0]) }, exchange.ReasonMalformed, false},
		{"a sum of sizes that is wrong", func(o *offer) { o.route.FilesSize = 1; s.seal(o, "peer") }, exchange.ReasonMalformed, false},
		{"a file beyond all limits", func(o *offer) {
			o.content.Files[0].Size, o.route.FilesSize, o.Files[0].Size, o.Files[0].Data = 1<<60, 1<<60, 1<<60, nil
			s.seal(o, "peer")
		}, exchange.ReasonTooLarge, true},
		{"no chain", func(o *offer) { o.Chain = nil }, exchange.ReasonBadChain, false},
		{"a chain that does not begin with Submitted", func(o *offer) {
			o.Chain[0] = s.statement(o, envelope.Custody, "peer", envelope.Digest{}, "so", 1)
		}, exchange.ReasonBadChain, false},
		{"a chain that ends with another node", func(o *offer) {
			o.Chain = append(o.Chain, s.statement(o, envelope.Custody, "third", o.Chain[0].Digest(), "so", 1))
		}, exchange.ReasonBadChain, false},
		{"a chain with a gap", func(o *offer) {
			o.Chain = append(o.Chain, s.statement(o, envelope.Custody, "peer", other(3), "so", 1))
		}, exchange.ReasonBadChain, false},
		{"a chain about another envelope", func(o *offer) {
			o.Chain = []envelope.Sealed{s.statement(s.offer(200, pdf), envelope.Submitted, "peer", envelope.Digest{}, "so", 1)}
		}, exchange.ReasonBadChain, false},
		{"a chain with a broken signature", func(o *offer) { o.Chain[0].Signatures[0].Sig[9] ^= 1 }, exchange.ReasonBadChain, false},
		{"nine hops", func(o *offer) {
			for len(o.Chain) <= exchange.HopLimit {
				o.Chain = append(o.Chain, s.statement(o, envelope.Custody, "peer", o.Chain[len(o.Chain)-1].Digest(), "so", uint64(len(o.Chain))))
			}
		}, exchange.ReasonHopLimit, true},
		{"a kind that this version does not know, at home", func(o *offer) { o.route.Kind = 77; s.seal(o, "peer") }, exchange.ReasonNotUnderstood, false},
		{"content of a later schema, at home", func(o *offer) { o.route.Schema = 2; s.seal(o, "peer") }, exchange.ReasonNotUnderstood, false},
		{"a mark of secrecy", func(o *offer) { o.content.Metadata.Secrecy = "MẬT"; s.seal(o, "peer") }, exchange.ReasonSecret, true},
		{"it has expired", func(o *offer) { o.route.ExpiresAt = o.route.Created + 1; s.seal(o, "peer") }, exchange.ReasonExpired, true},
	} {
		o := s.offer(byte(i), pdf)
		tt.spoil(o)
		s.put(o.Offer)
		got, ok := s.next().(exchange.Refused)
		if !ok || got.Reason != tt.reason || got.Permanent != tt.permanent || got.Permanent != (len(got.Failed) == 1) {
			t.Errorf("%s: %+v; want refused with %s, permanent %t, with a Failed statement only then", tt.name, got, tt.reason, tt.permanent)
		}
		if states := s.node.states(exchange.LetterKey{Origin: "peer", ID: o.route.ID}); len(states) != 0 {
			t.Errorf("%s: the letter was kept: %v", tt.name, states)
		}
	}
	// After all that the link is as it was.
	s.put(s.offer(100, pdf).Offer)
	if f, ok := s.next().(exchange.Accepted); !ok {
		t.Errorf("a sound offer got %T, want Accepted", f)
	}
	s.node.verifyJournal()
}

// The same id with another digest is refused for good, and journalled once, however
// often it is tried; a repeat of the true one is answered with the same bytes.
func TestSameIDWithAnotherDigest(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	o := s.offer(1, pdf)
	s.put(o.Offer)
	accepted, ok := s.next().(exchange.Accepted)
	if !ok {
		t.Fatalf("got %T", accepted)
	}
	size := func() uint64 {
		n, err := s.node.store.TreeSize(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	s.put(o.Offer)
	again, ok := s.next().(exchange.Accepted)
	if !ok || !bytes.Equal(again.Custody[0].Statement.Marshal(), accepted.Custody[0].Statement.Marshal()) {
		t.Fatalf("a repeat got %+v, want the statement of the first answer, byte for byte", again)
	}
	forged := s.offer(1, pdf)
	s.put(forged.Offer)
	refused, ok := s.next().(exchange.Refused)
	if !ok || refused.Reason != exchange.ReasonDigestMismatch || !refused.Permanent || len(refused.Failed) != 1 {
		t.Fatalf("another digest got %+v, want a refusal for good", refused)
	}
	s.node.eventually("validation to end", func() bool {
		d, _ := s.node.delivery(exchange.LetterKey{Origin: "peer", ID: o.route.ID}, "so")
		return d.Verdict != ""
	})
	before := size()
	for range 5 {
		s.put(forged.Offer)
		s.put(o.Offer)
		s.next()
		s.next()
	}
	if after := size(); after != before {
		t.Errorf("repeats added %d journal entries, want none", after-before)
	}
}

// Statements count only by the signature of who may say so, about what is here, from
// whom it was handed to. Each case is of a letter of its own, and of two frames: in the first
// a statement that counts goes along, so that its acknowledgement tells that both were judged.
func TestStatementsThatDoNotCount(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	for _, tt := range []struct {
		name  string
		forge func(o *offer, tip envelope.Digest) envelope.Sealed
	}{
		{"a broken signature", func(o *offer, tip envelope.Digest) envelope.Sealed {
			forged := s.statement(o, envelope.Delivered, "peer", tip, "gian", 1)
			forged.Signatures[0].Sig[9] ^= 1
			return forged
		}},
		{"the signature of another", func(o *offer, tip envelope.Digest) envelope.Sealed {
			forged := s.statement(o, envelope.Delivered, "peer", tip, "gian", 1)
			forged.Signatures = s.statement(o, envelope.Delivered, "third", tip, "gian", 1).Signatures
			return forged
		}},
		{"by one who is not its home", func(o *offer, tip envelope.Digest) envelope.Sealed {
			return s.statement(o, envelope.Delivered, "third", tip, "gian", 1)
		}},
		{"about another envelope", func(_ *offer, tip envelope.Digest) envelope.Sealed {
			return s.statement(s.offer(9, pdf), envelope.Delivered, "peer", tip, "gian", 1)
		}},
		{"about a recipient not of it", func(o *offer, tip envelope.Digest) envelope.Sealed {
			return s.statement(o, envelope.Delivered, "third", tip, "xa", 1)
		}},
		{"a payload of another type", func(o *offer, tip envelope.Digest) envelope.Sealed {
			sound := s.statement(o, envelope.Delivered, "peer", tip, "gian", 1)
			return envelope.Sealed{Type: envelope.TypeRoute, Payload: []byte{1}, Signatures: sound.Signatures}
		}},
	} {
		doc := s.node.send(letter(t, "so", "gian"))
		got, ok := s.next().(exchange.Offer)
		if !ok {
			t.Fatalf("%s: got %T, want an offer", tt.name, got)
		}
		o, tip := &offer{Offer: got, route: doc.Route}, got.Chain[len(got.Chain)-1].Digest()
		forged := tt.forge(o, tip)
		// Custody under another tenure moves nothing: it is kept as history, and acknowledged.
		history := s.statement(o, envelope.Custody, "peer", envelope.Sum(nil), "gian", 1)
		s.put(exchange.Statements{Statements: []envelope.Receipt{{Statement: forged}, {Statement: history}}})
		if stored, ok := s.next().(exchange.Stored); !ok || !slices.Equal(stored.Digests, []envelope.Digest{history.Digest()}) {
			t.Errorf("%s: got %+v, want the statement %s alone acknowledged", tt.name, stored, history.Digest())
		}
		s.put(exchange.Accepted{Letter: doc.Letter.Key, Custody: []envelope.Receipt{{Statement: forged}}})
		d := exchange.Delivery{}
		s.node.eventually("the answer to be judged", func() bool {
			d, _ = s.node.delivery(doc.Letter.Key, "gian")
			return d.Reason == "BAD_ANSWER" || d.State != exchange.StateOffered || s.keeps(doc, forged)
		})
		if d.Reason != "BAD_ANSWER" || d.State != exchange.StateOffered {
			t.Errorf("%s: the delivery is %s (%s) by a forged answer, want offered (BAD_ANSWER)", tt.name, d.State, d.Reason)
		}
		if s.keeps(doc, forged) || !s.keeps(doc, history) {
			t.Errorf("%s: the forged statement is stored: %t, that beside it: %t; want false, true", tt.name, s.keeps(doc, forged), s.keeps(doc, history))
		}
		s.put(exchange.Accepted{Letter: doc.Letter.Key, Custody: []envelope.Receipt{{Statement: s.statement(o, envelope.Delivered, "peer", tip, "gian", 1)}}})
		s.node.eventually(tt.name+": delivered by the true one", s.node.delivered(doc.Letter.Key, "gian"))
	}
	s.node.verifyJournal()
}

// keeps reports whether the node has stored a statement, as one of a letter or of what it
// says itself that it is about.
func (s *stranger) keeps(doc *exchange.Document, sealed envelope.Sealed) bool {
	s.t.Helper()
	type subject struct {
		envelope  envelope.Digest
		recipient string
	}
	subjects := []subject{{doc.Letter.Digest, "gian"}, {doc.Letter.Digest, "xa"}}
	if st, err := envelope.ParseStatement(sealed); err == nil {
		subjects = append(subjects, subject{st.Envelope, st.Recipient})
	}
	for _, of := range subjects {
		rows, err := s.node.store.Statements(context.Background(), of.envelope, of.recipient)
		if err != nil {
			s.t.Fatal(err)
		}
		if slices.ContainsFunc(rows, func(row exchange.StatementRow) bool { return row.Digest == sealed.Digest() }) {
			return true
		}
	}
	return false
}

// accept answers an offer as a peer does that takes the letter over.
func (s *stranger) accept(o exchange.Offer) { s.t.Helper(); s.put(s.custody(o)) }

// custody is that answer.
func (s *stranger) custody(o exchange.Offer) exchange.Accepted {
	s.t.Helper()
	var out exchange.Accepted
	for _, recipient := range o.Recipients {
		out.Custody = append(out.Custody, s.says(&out.Letter, o, envelope.Statement{Kind: envelope.Custody, Recipient: recipient, Previous: o.Chain[len(o.Chain)-1].Digest()}))
	}
	return out
}

// says signs a statement of the peer about an offered letter, whose key it fills in.
func (s *stranger) says(key *exchange.LetterKey, o exchange.Offer, st envelope.Statement) envelope.Receipt {
	s.t.Helper()
	route, err := envelope.ParseRoute(o.Envelope)
	if err != nil {
		s.t.Fatal(err)
	}
	*key = exchange.LetterKey{Origin: route.OriginNode, ID: route.ID}
	st.Envelope, st.OriginNode, st.EnvelopeID, st.Issuer, st.Incarnation = o.Envelope.Digest(), route.OriginNode, route.ID, "peer", envelope.ID{7}
	st.Sequence, st.Time = 1, s.w.clock().UnixMicro()
	sealed, err := envelope.SealStatement(&st, s.w.keys["peer"])
	if err != nil {
		s.t.Fatal(err)
	}
	return envelope.Receipt{Statement: sealed}
}

// The peer's Dropped overtakes its Accepted: the letter has ended all the same.
func TestEndOvertakesAnswer(t *testing.T) {
	t.Parallel()
	for kind, want := range map[envelope.StatementKind]exchange.State{envelope.Dropped: exchange.StateDropped, envelope.Failed: exchange.StateFailed, envelope.Stopped: exchange.StateStopped} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			s := newStranger(t)
			doc := s.node.send(letter(t, "so", "gian"))
			o, ok := s.next().(exchange.Offer)
			if !ok {
				t.Fatal("no offer")
			}
			answer := s.custody(o)
			end := s.says(&answer.Letter, o, envelope.Statement{Kind: kind, Recipient: "gian", Previous: answer.Custody[0].Statement.Digest(), Failed: &envelope.FailedDetail{Reason: "DROPPED"}})
			s.put(exchange.Statements{Statements: []envelope.Receipt{end}})
			if _, ok := s.next().(exchange.Stored); !ok {
				t.Fatal("the statement was not stored")
			}
			if got := s.node.states(doc.Letter.Key)["gian"]; got != exchange.StateOffered {
				t.Fatalf("it is %s, want offered: nobody has answered", got)
			}
			s.put(answer)
			s.node.eventually(want.String(), func() bool { return s.node.states(doc.Letter.Key)["gian"] == want })
		})
	}
}
