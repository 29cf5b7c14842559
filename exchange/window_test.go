package exchange_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// slowReader is a peer that takes no larger file for as long as the test goes on: its offers
// stay without an answer.
type slowReader struct {
	*stranger
	scan envelope.Digest // a file that does not ride in the offer
}

func newSlowReader(t *testing.T) *slowReader {
	s := &slowReader{stranger: newStranger(t)}
	s.scan = s.node.upload("so", make([]byte, exchange.MaxInline+1))
	return s
}

func (s *slowReader) send(urgency envelope.Urgency, scanned bool) exchange.LetterKey {
	s.t.Helper()
	req := letter(s.t, "so", "gian")
	req.Urgency = urgency
	if scanned {
		req.Files = append(req.Files, exchange.OutgoingFile{Role: envelope.FileAnnex, Digest: s.scan, Name: "quét.bin"})
	}
	return s.node.send(req).Letter.Key
}

// offered is the next offer, which has to be of this letter.
func (s *slowReader) offered(what string, want exchange.LetterKey) {
	s.t.Helper()
	o, ok := s.next().(exchange.Offer)
	if !ok {
		s.t.Fatalf("%s: got %T, want an offer", what, o)
	}
	route, err := envelope.ParseRoute(o.Envelope)
	if err != nil || route.ID != want.ID {
		s.t.Fatalf("%s: letter %s is offered, %v; want %s", what, route.ID, err, want.ID)
	}
}

// Normal letters with scans on a line that is slow for ever hold back neither an urgent letter
// nor a normal one without scans, nor, much later, an urgent one that has scans itself.
func TestLargerFilesHoldNothingBack(t *testing.T) {
	t.Parallel()
	s := newSlowReader(t)
	slow := map[exchange.LetterKey]bool{}
	for range 50 {
		slow[s.send(envelope.UrgencyNormal, true)] = true
	}
	for i := range 32 {
		o, ok := s.next().(exchange.Offer)
		if !ok || len(o.Files[1].Data) != 0 {
			t.Fatalf("%d: got %T, want an offer with a larger file", i, o)
		}
	}
	s.offered("hỏa tốc", s.send(envelope.UrgencyFlash, false))
	s.offered("normal, small", s.send(envelope.UrgencyNormal, false))
	for i := range 16 {
		s.offered(fmt.Sprintf("hỏa tốc with a scan, %d", i), s.send(envelope.UrgencyFlash, true))
	}
	last := s.send(envelope.UrgencyFlash, true)
	s.offered("hỏa tốc, when larger files have all of their part", s.send(envelope.UrgencyFlash, false))
	for key := range slow {
		d, _ := s.node.delivery(key, "gian")
		if d.State == exchange.StateOffered {
			s.put(exchange.Refused{Letter: key, Recipients: []string{"gian"}, Reason: exchange.ReasonNotYet, RetryAfter: 300})
			break
		}
	}
	s.offered("hỏa tốc with a scan, when one has gone", last)
}

// Half of the window has to be free before more is offered, but not for a letter that is more
// urgent than what is in flight.
func TestUrgentLetterIsOfferedAtOnce(t *testing.T) {
	t.Parallel()
	s := newSlowReader(t)
	for i := range exchange.Window/2 + 1 {
		s.offered(fmt.Sprintf("normal, %d", i), s.send(envelope.UrgencyNormal, false))
	}
	s.send(envelope.UrgencyNormal, false)
	s.offered("khẩn", s.send(envelope.UrgencyUrgent, false))
	s.offered("hỏa tốc", s.send(envelope.UrgencyFlash, false))
	s.offered("hỏa tốc once more", s.send(envelope.UrgencyFlash, false))
}

// Each class finds room for its larger files, whatever the others have.
func TestLargerFilesOfEachClass(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		class  int
		beside map[int]int
		want   bool
	}{
		{1, map[int]int{1: 31}, true},
		{1, map[int]int{1: 32}, false},
		{2, map[int]int{1: 32}, true},
		{2, map[int]int{1: 32, 2: 5}, false},
		{3, map[int]int{1: 32, 2: 5}, true},
		{4, map[int]int{1: 32, 2: 5, 3: 5}, true},
		{4, map[int]int{1: 32, 2: 5, 3: 5, 4: 6}, false},
		{4, map[int]int{4: 35}, true},
		{4, map[int]int{4: 36}, false},
		{3, map[int]int{4: 36}, true},
		{1, map[int]int{4: 36, 3: 4, 2: 4}, true},
		{1, map[int]int{4: 36, 3: 4, 2: 4, 1: 4}, false},
		{0, map[int]int{}, true}, // a class of a later version
		{9, map[int]int{1: 32}, true},
	} {
		if got := exchange.FitsLarger(tt.class, tt.beside); got != tt.want {
			t.Errorf("class %d beside %v: %t, want %t", tt.class, tt.beside, got, tt.want)
		}
	}
}

// What is offered at once is bounded in bytes: an urgent letter that comes next waits no longer
// than that takes.
func TestOffersAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	_, child := idle(t)
	random := rand.NewChaCha8([32]byte{3})
	for range 5 {
		req := letter(t, "from", "to")
		for i := range 9 {
			file := make([]byte, 200<<10)
			random.Read(file)
			req.Files = append(req.Files, exchange.OutgoingFile{Role: envelope.FileAnnex, Digest: child.upload("from", file), Name: fmt.Sprint(i, ".bin")})
		}
		child.send(req)
	}
	keys, err := child.relay.Round(context.Background(), "parent")
	if err != nil || len(keys) != 3 {
		t.Errorf("%d letters of 2 MB are offered at once, %v; want 3", len(keys), err)
	}
}
