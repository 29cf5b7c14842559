package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

// bystander is an honest peer of the node, whose letters must flow whatever the stranger does.
func (s *stranger) bystander() *testNode {
	s.t.Helper()
	third := s.w.start("third", s.t.TempDir())
	third.eventually("a link", func() bool { return third.relay.HasLink("node") })
	return third
}

// flows fails the test unless letters go both ways between the node and a bystander.
func (s *stranger) flows(third *testNode) {
	s.t.Helper()
	up, down := third.send(letter(s.t, "xa", "so")), s.node.send(letter(s.t, "so", "xa"))
	third.eventually("a letter up to be delivered", third.delivered(up.Letter.Key, "so"))
	s.node.eventually("a letter down to be delivered", s.node.delivered(down.Letter.Key, "xa"))
}

// cutFor waits for the end of the link, which must be for a fault of the peer.
func (s *stranger) cutFor(fault exchange.Fault, text string) {
	s.t.Helper()
	err := s.ended()
	var got *exchange.LinkError
	if !errors.As(err, &got) || got.Fault != fault || got.Peer != "peer" || !strings.Contains(err.Error(), text) {
		s.t.Fatalf("the link ended with %v, want the fault %s of the peer: %q", err, fault, text)
	}
	if n := s.counted(string(fault)); n != 1 {
		s.t.Errorf("the fault %s was counted %d times, want 1", fault, n)
	}
}

// counted is how often the peer was refused for a reason.
func (s *stranger) counted(reason string) (n int64) {
	s.t.Helper()
	rows, err := s.node.service.Refusals(context.Background(), exchange.Refusal{}, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, row := range rows {
		if row.Reason == reason && row.Principal == exchange.PeerHolder("peer") {
			n += row.Count
		}
	}
	return n
}

func (s *stranger) leaves() uint64 {
	s.t.Helper()
	n, err := s.node.store.TreeSize(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// heap is what the process has in use, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// An alien is a frame that no version knows.
type alien struct{ exchange.Frame }

func TestFaultsOfAPeer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		play  func(s *stranger)
		fault exchange.Fault
		text  string
	}{
		{"a frame that nobody knows", func(s *stranger) { s.put(alien{}) }, exchange.FaultFrame, "unknown frame exchange_test.alien"},
		{"a second Hello", func(s *stranger) { s.hello("peer") }, exchange.FaultFrame, "a second Hello"},
		{"more offers than it was granted", func(s *stranger) {
			for i := range 65 {
				s.put(s.large(byte(i)))
			}
		}, exchange.FaultOverrun, "more than 64 offers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStranger(t)
			third := s.bystander()
			tt.play(s)
			s.cutFor(tt.fault, tt.text)
			if away := s.away(); !strings.Contains(away, tt.text) {
				t.Errorf("the peer was told %q, want why", away)
			}
			s.flows(third)
			s.dial() // the fault ended a link, and not the peer
			s.hello("peer")
			s.put(s.offer(99, pdf).Offer)
			if f, ok := s.next().(exchange.Accepted); !ok {
				t.Errorf("on a new link an offer got %T, want Accepted", f)
			}
		})
	}
	for _, tt := range []struct {
		name  string
		hello exchange.Frame
		fault exchange.Fault
	}{
		{"as somebody else", exchange.Hello{Node: "third", ProtocolMin: 1, ProtocolMax: 1}, exchange.FaultHello},
		{"with an offer", exchange.Offer{}, exchange.FaultHello},
		{"with a later version", exchange.Hello{Node: "peer", ProtocolMin: 7, ProtocolMax: 9}, exchange.FaultVersion},
		{"with no version at all", exchange.Hello{Node: "peer"}, exchange.FaultVersion},
	} {
		t.Run("it begins "+tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStranger(t)
			s.p.close()
			s.ended()
			s.dial()
			s.put(tt.hello)
			s.cutFor(tt.fault, "")
		})
	}
}

// large is an offer of a file that would have to be put, and never is.
func (s *stranger) large(id byte) exchange.Offer {
	s.t.Helper()
	o := s.offer(id, append([]byte("%PDF-1.7"), make([]byte, 300<<10)...))
	o.Files[0].Data = nil
	return o.Offer
}

// Features that this version does not know are no fault: they come from a newer one.
func TestUnknownFeatures(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	s.p.close()
	s.ended()
	s.dial()
	s.put(exchange.Hello{Node: "peer", ProtocolMin: 1, ProtocolMax: 9, Features: slices.Repeat([]string{"phép lạ"}, 10_000), Clock: s.w.clock().UnixMicro()})
	s.put(s.offer(1, pdf).Offer)
	if f, ok := s.next().(exchange.Accepted); !ok {
		t.Errorf("an offer got %T, want Accepted", f)
	}
}

// A peer that asks and never reads costs at most the answers that may wait, and is cut
// although the stream is stuck. Not parallel: it measures memory.
func TestPeerThatNeverReads(t *testing.T) {
	s := newStranger(t)
	third := s.bystander()
	s.node.send(letter(t, "so", "gian"))
	o, ok := s.next().(exchange.Offer)
	if !ok {
		t.Fatal("no offer")
	}
	answer := s.custody(o)
	s.put(answer)
	before := heap()
	go func() { // each is acknowledged, and needs no credit
		for s.Send(exchange.Statements{Statements: answer.Custody}) == nil {
		}
	}()
	s.cutFor(exchange.FaultNotReading, "it does not read")
	if used := int64(heap()) - int64(before); used > 32<<20 {
		t.Errorf("%d MiB are held after a peer that never reads, want at most 32", used>>20)
	}
	s.flows(third)
	s.dial() // and a new link does not wait for the old
	s.hello("peer")
	s.put(s.offer(1, pdf).Offer)
	if f, ok := s.next().(exchange.Accepted); !ok {
		t.Errorf("on a new link an offer got %T, want Accepted", f)
	}
}

// Lists without end cost what the frame weighs: while they are worked on no more is read.
// Not parallel: it measures memory.
func TestGiantCounts(t *testing.T) {
	s := newStranger(t)
	third := s.bystander()
	many, receipts := make([]string, 1_000_000), make([]envelope.Receipt, 100_000)
	before := heap()
	for name, frame := range map[string]exchange.Frame{
		"recipients": exchange.Offer{Recipients: many},
		"files":      exchange.Offer{Recipients: []string{"so"}, Files: make([]exchange.OfferedFile, 100_000)},
		"chain":      exchange.Offer{Recipients: []string{"so"}, Chain: make([]envelope.Sealed, 100_000)},
	} {
		for range 40 {
			s.put(frame)
			if f, ok := s.next().(exchange.Refused); !ok || f.Reason != exchange.ReasonMalformed {
				t.Errorf("%s without end got %T, want refused as malformed", name, f)
			}
		}
	}
	for range 20 {
		s.put(exchange.Statements{Statements: receipts})
		s.put(exchange.Accepted{Custody: receipts})
		s.put(exchange.Refused{Recipients: many, Failed: receipts})
		s.put(exchange.Stored{Digests: make([]envelope.Digest, 10_000)})
		s.put(exchange.NeedFiles{Files: make([]envelope.Digest, 10_000)})
	}
	s.flows(third)
	if used := int64(heap()) - int64(before); used > 100<<20 {
		t.Errorf("%d MiB are held, want at most 100", used>>20)
	}
	s.put(s.offer(1, pdf).Offer)
	if f, ok := s.next().(exchange.Accepted); !ok {
		t.Errorf("after that an offer got %T, want Accepted", f)
	}
}

// A peer that answers nothing gets as many offers as may be without an answer, and no
// more; all else goes on.
func TestPeerThatNeverAnswers(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	third := s.bystander()
	for range exchange.Window + 20 {
		s.node.send(letter(t, "so", "gian"))
	}
	for range exchange.Window / 2 {
		if f, ok := s.next().(exchange.Offer); !ok {
			t.Fatalf("got %T, want an offer", f)
		}
	}
	s.flows(third)
	got := exchange.Window/2 + len(s.p.frames["peer"])
	if got > exchange.Window+1 { // a heartbeat may be among them
		t.Errorf("%d offers are without an answer, want at most %d", got, exchange.Window)
	}
	s.put(s.offer(1, pdf).Offer) // it may still offer itself
	for {
		if f, ok := s.next().(exchange.Accepted); ok && f.Letter.Origin == "peer" {
			break
		}
	}
}

// A peer that says Hello and nothing more is silent: it is heard by whole frames alone.
func TestPeerThatFallsSilent(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	third := s.bystander()
	s.p.close()
	s.ended()
	s.node.relay.Beat(time.Millisecond)
	s.dial()
	s.hello("peer")
	s.cutFor(exchange.FaultSilent, "no whole frame within 4ms")
	s.node.relay.Beat(15 * time.Second)
	s.flows(third)
}

// Answers count in whatever order they come and however often: each letter is relayed,
// and repeats write nothing.
func TestReplayedAndReorderedAnswers(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	third := s.bystander()
	var docs []*exchange.Document
	for range 10 {
		docs = append(docs, s.node.send(letter(t, "so", "gian")))
	}
	var answers []exchange.Accepted
	for range docs {
		o, ok := s.next().(exchange.Offer)
		if !ok {
			t.Fatal("no offer")
		}
		answers = append(answers, s.custody(o))
	}
	slices.Reverse(answers)
	crossed := answers[0]
	crossed.Letter = answers[1].Letter // the answer of one letter under the name of another
	s.put(crossed)
	for _, a := range answers {
		s.put(a)
	}
	for _, doc := range docs {
		s.node.eventually("relayed", func() bool { return s.node.states(doc.Letter.Key)["gian"] == exchange.StateRelayed })
	}
	before := s.leaves()
	for range 100 {
		for _, a := range answers {
			s.put(a)
		}
	}
	s.put(exchange.Refused{Letter: answers[0].Letter, Recipients: []string{"gian"}, Reason: exchange.ReasonSpace}) // it answers for it
	last := s.offer(1, pdf)
	s.put(last.Offer)
	if f, ok := s.next().(exchange.Accepted); !ok {
		t.Fatalf("an offer got %T, want Accepted", f)
	}
	s.node.eventually("validation to end", func() bool {
		d, _ := s.node.delivery(exchange.LetterKey{Origin: "peer", ID: last.route.ID}, "so")
		return d.Verdict != ""
	})
	if n := s.leaves() - before; n > 20 {
		t.Errorf("1000 answers again added %d journal entries, want those of one letter", n)
	}
	for _, doc := range docs {
		if got := s.node.states(doc.Letter.Key)["gian"]; got != exchange.StateRelayed {
			t.Errorf("after repeats a letter is %s, want relayed", got)
		}
	}
	s.flows(third)
}

// However many letters a peer signs under one id: one of them is written down, with an
// alarm, and the others are counted.
func TestEquivocationIsWrittenOnce(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	third := s.bystander()
	s.put(s.offer(1, pdf).Offer)
	if f, ok := s.next().(exchange.Accepted); !ok {
		t.Fatalf("got %T, want Accepted", f)
	}
	s.node.eventually("validation to end", func() bool {
		d, _ := s.node.delivery(exchange.LetterKey{Origin: "peer", ID: envelope.ID{1, 1, 6: 0x70, 8: 0x80}}, "so")
		return d.Verdict != ""
	})
	before := s.leaves()
	const others = 30
	for i := range others {
		o := s.offer(1, []byte(fmt.Sprintf("%s số %d", pdf, i)))
		for range 2 {
			s.put(o.Offer)
			f, ok := s.next().(exchange.Refused)
			if !ok || !f.Permanent || f.Reason != exchange.ReasonDigestMismatch || len(f.Failed) != map[bool]int{true: 1}[i == 0] {
				t.Fatalf("letter %d under one id got %+v, want refused for good, and only the first with a signature", i, f)
			}
		}
	}
	if n := s.counted(exchange.ReasonDigestMismatch); n != 2*others {
		t.Errorf("%d were counted, want %d", n, 2*others)
	}
	var added []string
	leaves, err := s.node.store.Leaves(context.Background(), before, others)
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range leaves {
		entry, err := journal.ParseLeaf(leaf.Data)
		if err != nil {
			t.Fatal(err)
		}
		if entry.Actor.Node != "third" { // whose heads are cosigned meanwhile
			added = append(added, entry.Action)
		}
	}
	if !slices.Equal(added, []string{exchange.AlarmEquivocated, "statement.failed"}) {
		t.Errorf("%d letters under one id added the entries %q, want the alarm and the statement", others, added)
	}
	s.flows(third)
}

// A peer offers letters that are refused for good, thousands of them: a bounded number a
// minute is signed and journalled, the others are refused for now and counted. What was
// signed is answered from what is stored; and in the next minute there are signatures again.
func TestRefusalsAreNotSignedWithoutEnd(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	third := s.bystander()
	expired := func(i int) *offer {
		o := s.offer(1, pdf)
		o.route.ID = envelope.ID{1, byte(i), byte(i >> 8), 6: 0x70, 8: 0x80}
		o.route.Created, o.route.ExpiresAt = o.route.Created-7_200_000_000, o.route.Created-3_600_000_000
		s.seal(o, "peer")
		return o
	}
	ask := func(o *offer) exchange.Refused {
		s.put(o.Offer)
		f, ok := s.next().(exchange.Refused)
		if !ok || f.Reason != exchange.ReasonExpired {
			t.Fatalf("got %+v, want it refused as expired", f)
		}
		return f
	}
	const action = "statement.failed"
	const flood = 5 * exchange.SignedRefusals
	var first *offer
	signed := 0
	for i := range flood {
		o := expired(i)
		if f := ask(o); len(f.Failed) == 1 && f.Permanent {
			signed++
		} else if f.Permanent || f.RetryAfter == 0 {
			t.Fatalf("offer %d: %+v, want a signature, or to be asked again later", i, f)
		}
		if i == 0 {
			first = o
		}
	}
	if n := s.node.action(action); signed != n || n < exchange.SignedRefusals || n > 2*exchange.SignedRefusals { // the minute may turn once
		t.Errorf("%d offers: %d signed, %d journal entries, want %d of each", flood, signed, n, exchange.SignedRefusals)
	}
	if n := s.counted(exchange.ReasonExpired); int(n) != flood-signed {
		t.Errorf("%d were counted, want %d", n, flood-signed)
	}
	before := s.node.action(action)
	if f := ask(first); len(f.Failed) != 1 || !f.Permanent || s.node.action(action) != before {
		t.Errorf("asked again: %+v, want the stored signature and no entry", f)
	}
	s.w.advance(time.Minute)
	if f := ask(expired(flood)); len(f.Failed) != 1 {
		t.Errorf("a minute later: %+v, want a signature", f)
	}
	s.flows(third)
}
