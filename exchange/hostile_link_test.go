package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

func TestLinksThatEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		play func(s *stranger)
		want string
	}{
		{"a second Hello", func(s *stranger) { s.hello("peer") }, "second Hello"},
		{"it goes away", func(s *stranger) { s.put(exchange.GoAway{Reason: "bảo trì"}) }, "bảo trì"},
		{"a statement flood", func(s *stranger) {
			s.put(exchange.Statements{Statements: make([]envelope.Receipt, 20_000)})
			s.put(exchange.GoAway{Reason: "still here"})
		}, "still here"},
		{"65 offers at once", func(s *stranger) {
			file := append([]byte("%PDF-1.7"), make([]byte, 300<<10)...)
			for i := range 65 {
				o := s.offer(byte(i), file)
				o.Files[0].Data = nil // they wait for bytes that never come
				s.put(o.Offer)
			}
		}, "more than 64 offers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStranger(t)
			tt.play(s)
			if err := s.ended(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the link ended with %v, want %q", err, tt.want)
			}
		})
	}
	for name, hello := range map[string]exchange.Frame{
		"another name":    exchange.Hello{Node: "third", ProtocolMin: 1, ProtocolMax: 1},
		"a later version": exchange.Hello{Node: "peer", ProtocolMin: 2, ProtocolMax: 3},
		"no Hello":        exchange.Heartbeat{},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStranger(t)
			s.p.close()
			s.ended()
			s.dial()
			s.put(hello)
			err := s.ended()
			if err == nil || errors.Is(err, errCut) {
				t.Fatalf("the link ended with %v, want a reason", err)
			}
			if away := s.away(); away != err.Error() {
				t.Errorf("the peer was told %q, want %q", away, err)
			}
		})
	}
}

// A newer link takes over: the queue has one owner.
func TestNewerLinkTakesOver(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	doc := s.node.send(letter(t, "so", "gian"))
	if _, ok := s.next().(exchange.Offer); !ok {
		t.Fatal("no offer on the first link")
	}
	old := s.done
	s.dial()
	s.hello("peer")
	select {
	case err := <-old:
		if err == nil || !strings.Contains(err.Error(), "newer link") {
			t.Errorf("the older link ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the older link stays")
	}
	// What was not answered there is offered again here.
	if f, ok := s.next().(exchange.Offer); !ok || f.Envelope.Digest() != doc.Letter.Digest {
		t.Errorf("got %T, want the offer again", f)
	}
}

// Nothing is served, or taken, but files of offers under way.
func TestFilesOfNoOffer(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	ctx := context.Background()
	secret := s.node.upload("so", []byte("mật khẩu"))
	doc := s.node.send(letter(t, "so", "gian"))
	if _, ok := s.next().(exchange.Offer); !ok {
		t.Fatal("no offer")
	}
	file := doc.Content.Files[0].SHA256
	for name, key := range map[string]exchange.FileKey{
		"a file of no letter":          {Letter: doc.Letter.Key, Recipient: "gian", Digest: secret},
		"a letter that is not offered": {Letter: exchange.LetterKey{Origin: "node", ID: envelope.ID{9}}, Recipient: "gian", Digest: file},
		"another recipient":            {Letter: doc.Letter.Key, Recipient: "xa", Digest: file},
	} {
		if _, err := s.node.relay.OpenOffered(ctx, "peer", key); err == nil {
			t.Errorf("get: %s was served", name)
		}
		if _, _, err := s.node.relay.PutAppend(ctx, "peer", key, 0, bytes.NewReader([]byte("x"))); err == nil {
			t.Errorf("put: %s was taken", name)
		}
	}
	key := exchange.FileKey{Letter: doc.Letter.Key, Recipient: "gian", Digest: file}
	if _, err := s.node.relay.OpenOffered(ctx, "third", key); err == nil {
		t.Error("another peer was served")
	}
	blob, err := s.node.relay.OpenOffered(ctx, "peer", key)
	if err != nil {
		t.Fatal(err)
	}
	blob.Close()
}

// A larger file comes in pieces over broken transfers, goes on at the byte that is
// held, also on the next link, and is taken only with the right digest.
func TestPutGoesOn(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	ctx := context.Background()
	file := append([]byte("%PDF-1.7"), bytes.Repeat([]byte("0123456789abcdef"), 40<<10)...)
	o := s.offer(1, file)
	o.Files[0].Data = nil
	key := exchange.FileKey{Letter: exchange.LetterKey{Origin: "peer", ID: o.route.ID}, Recipient: "so", Digest: envelope.Sum(file)}
	s.put(o.Offer)
	if f, ok := s.next().(exchange.NeedFiles); !ok || len(f.Files) != 1 {
		t.Fatalf("got %+v, want NeedFiles", f)
	}
	if held, done, err := s.node.relay.PutAppend(ctx, "peer", key, 0, bytes.NewReader(file[:100_000])); err != nil || done || held != 100_000 {
		t.Fatalf("held %d, done %t, %v", held, done, err)
	}
	s.p.close()
	s.ended()
	s.dial()
	s.hello("peer")
	s.put(o.Offer)
	s.next()
	held, err := s.node.relay.PutOffset(ctx, "peer", key)
	if err != nil || held != 100_000 {
		t.Fatalf("on the next link %d bytes are held, %v; want 100000", held, err)
	}
	if _, _, err := s.node.relay.PutAppend(ctx, "peer", key, 5, bytes.NewReader(file)); err == nil {
		t.Error("bytes were taken at another offset than what is held")
	}
	if _, done, err := s.node.relay.PutAppend(ctx, "peer", key, held, bytes.NewReader(file[held:])); err != nil || !done {
		t.Fatalf("done %t, %v", done, err)
	}
	if f, ok := s.next().(exchange.Accepted); !ok {
		t.Fatalf("got %T, want Accepted", f)
	}
	// A file that turns out to be another one is refused, and the letter with it.
	bad := s.offer(2, append(bytes.Clone(file), 'x'))
	bad.Files[0].Data = nil
	badKey := exchange.FileKey{Letter: exchange.LetterKey{Origin: "peer", ID: bad.route.ID}, Recipient: "so", Digest: bad.Files[0].Digest}
	s.put(bad.Offer)
	s.next()
	if _, done, err := s.node.relay.PutAppend(ctx, "peer", badKey, 0, bytes.NewReader(append(bytes.Clone(file), 'y'))); err == nil || done {
		t.Errorf("another file was taken: done %t", done)
	}
	if f, ok := s.next().(exchange.Refused); !ok || f.Reason != exchange.ReasonDigestMismatch {
		t.Errorf("got %+v, want refused for its digest", f)
	}
}

// What only a later version understands goes on as it is: its home may be newer.
func TestForwardsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	o := s.offer(1, pdf)
	o.route.Kind, o.route.Schema = 77, 9
	o.Content = []byte("sealed to the receiver")
	o.route.ContentDigest, o.route.ContentSize = envelope.Sum(o.Content), uint64(len(o.Content))
	var err error
	if o.Envelope, err = envelope.SealRoute(&o.route, s.w.keys["peer"]); err != nil {
		t.Fatal(err)
	}
	o.Chain = []envelope.Sealed{s.statement(o, envelope.Submitted, "peer", envelope.Digest{}, "xa", 1)}
	o.Recipients = []string{"xa"}
	s.put(o.Offer)
	if f, ok := s.next().(exchange.Accepted); !ok {
		t.Fatalf("got %+v, want Accepted", f)
	}
	letter, err := s.node.store.Letter(context.Background(), exchange.LetterKey{Origin: "peer", ID: o.route.ID})
	if err != nil || !bytes.Equal(letter.Content, o.Content) || letter.Digest != o.Envelope.Digest() {
		t.Errorf("kept %+v, %v; want it as it came", letter, err)
	}
}

// away is what the node said when it went away.
func (s *stranger) away() string {
	for {
		select {
		case f := <-s.p.frames["peer"]:
			if away, ok := f.(exchange.GoAway); ok {
				return away.Reason
			}
		default:
			return ""
		}
	}
}

// A peer that is told why there is no link knows it, and does not take it for a fault.
func TestRefusedLinkSaysWhy(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	s.p.close()
	s.ended()
	s.dial()
	s.put(exchange.GoAway{Reason: "it speaks protocol 7 to 9"})
	if err := s.ended(); err == nil || !strings.Contains(err.Error(), "it speaks protocol 7 to 9") {
		t.Errorf("the link ended with %v, want the peer's reason", err)
	}
}
