package exchange_test

import (
	"bytes"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/store"
)

// slow is an offer of three files: two larger ones, and a small one in its frame.
func (s *stranger) slow(id byte) (o *offer, first, second []byte) {
	s.t.Helper()
	first, second = bytes.Repeat([]byte{'a', id}, 150<<10), bytes.Repeat([]byte{'b', id}, 150<<10)
	o = s.offer(id, first)
	o.route.ExpiresAt += (20 * 24 * time.Hour).Microseconds()
	o.Files[0].Data = nil
	for i, data := range [][]byte{second, []byte("phụ lục")} {
		root, size, err := envelope.LeafRoot(bytes.NewReader(data))
		if err != nil {
			s.t.Fatal(err)
		}
		o.content.Files = append(o.content.Files, envelope.ContentFile{Role: envelope.FileAnnex, Name: string(rune('b'+i)) + ".pdf", MediaType: "application/pdf", Size: size, SHA256: envelope.Sum(data), LeafRoot: root})
		o.Files = append(o.Files, exchange.OfferedFile{Digest: envelope.Sum(data), Size: size, LeafRoot: root, Data: data})
		o.route.FilesSize += size
	}
	o.Files[1].Data = nil
	s.seal(o, "peer")
	return o, first, second
}

// needs is which files the node asks for after an offer.
func (s *stranger) needs(o *offer, files ...[]byte) {
	s.t.Helper()
	s.put(o.Offer)
	f, ok := s.next().(exchange.NeedFiles)
	if !ok || len(f.Files) != len(files) {
		s.t.Fatalf("got %+v, want to be asked for %d files", f, len(files))
	}
	for i, file := range files {
		if f.Files[i] != envelope.Sum(file) {
			s.t.Fatalf("asked for %s", f.Files[i])
		}
	}
}

// gives puts a whole file.
func (s *stranger) gives(o *offer, file []byte) {
	s.t.Helper()
	key := exchange.FileKey{Letter: exchange.LetterKey{Origin: "peer", ID: o.route.ID}, Recipient: "so", Digest: envelope.Sum(file)}
	if _, done, err := s.node.relay.PutAppend(s.t.Context(), "peer", key, 0, bytes.NewReader(file)); err != nil || !done {
		s.t.Fatalf("done: %t, %v", done, err)
	}
}

// passes lets time pass, and sweeps.
func (s *stranger) passes(d time.Duration) {
	s.t.Helper()
	s.w.advance(d)
	if err := s.node.relay.KeepFetched(s.t.Context()); err != nil {
		s.t.Error(err)
	}
	if _, err := (&store.Sweeper{Rows: s.node.store, Files: s.node.blobs}).Sweep(s.t.Context(), s.w.clock(), true); err != nil {
		s.t.Error(err)
	}
}

// The files of a letter come over two days: the first, and what came with the offer, are
// there when the last has come.
func TestSlowLetter(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	o, first, second := s.slow(1)
	s.needs(o, first, second)
	s.gives(o, first)
	before := s.leaves()
	for range 5 {
		s.passes(10 * time.Hour)
	}
	if n := s.leaves() - before; n > 15 { // the sweeps' too
		t.Errorf("%d entries of the journal", n)
	}
	s.gives(o, second)
	if f := s.next(); !isAccepted(f) {
		t.Fatalf("got %+v, want it accepted", f)
	}
	for _, file := range [][]byte{first, second, []byte("phụ lục")} {
		if _, _, err := s.node.service.OpenFile(t.Context(), "so", envelope.Sum(file)); err != nil {
			t.Error(err)
		}
	}
	s.hangsUp()
}

// hangsUp ends the link, and waits until the node has noticed.
func (s *stranger) hangsUp() {
	s.t.Helper()
	s.p.close()
	_ = s.ended() // it is no fault
}

// A link breaks for almost a day between two files: the first counts from the new offer.
func TestSlowLetterOverTwoLinks(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	o, first, second := s.slow(1)
	s.needs(o, first, second)
	s.gives(o, first)
	s.hangsUp()
	s.passes(23*time.Hour + 50*time.Minute)
	s.dial()
	s.hello("peer")
	s.needs(o, second)
	s.passes(20 * time.Minute)
	s.gives(o, second)
	if f := s.next(); !isAccepted(f) {
		t.Fatalf("got %+v, want it accepted", f)
	}
	s.hangsUp()
}

func isAccepted(f exchange.Frame) bool {
	_, is := f.(exchange.Accepted)
	return is
}
