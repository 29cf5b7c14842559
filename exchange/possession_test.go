package exchange_test

import (
	"bytes"
	"context"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A peer names in its letter a file that this node has from somebody else, and sends no
// bytes, as if it had put them here before: it is asked for them. Other bytes are not
// taken, and neither the peer nor the recipient comes to the file.
func TestPeerClaimsToHavePut(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	ctx := context.Background()
	secret := []byte("%PDF-1.7 phương án nhân sự")
	digest := s.node.upload("phong", secret)
	o := s.offer(1, secret)
	o.Files[0].Data = nil
	s.put(o.Offer)
	need, ok := s.next().(exchange.NeedFiles)
	if !ok || len(need.Files) != 1 || need.Files[0] != digest {
		t.Fatalf("got %+v, want to be asked for the file", need)
	}
	key := exchange.FileKey{Letter: need.Letter, Recipient: "so", Digest: digest}
	if held, err := s.node.relay.PutOffset(ctx, "peer", key); err != nil || held != 0 {
		t.Errorf("told that %d bytes are here, %v: want 0", held, err)
	}
	if _, done, err := s.node.relay.PutAppend(ctx, "peer", key, 0, bytes.NewReader(bytes.Repeat([]byte("x"), len(secret)))); err == nil || done {
		t.Errorf("other bytes of the same length were taken: %v", err)
	}
	if refused, ok := s.next().(exchange.Refused); !ok {
		t.Errorf("got %+v, want the letter refused", refused)
	}
	if _, err := s.node.relay.OpenOffered(ctx, "peer", key); err == nil {
		t.Error("the file was served to the peer")
	}
	if _, _, err := s.node.service.OpenFile(ctx, "so", digest); err == nil {
		t.Error("the recipient has the file")
	}
	if _, err := s.node.store.File(ctx, exchange.PeerHolder("peer"), digest); err == nil {
		t.Error("the peer possesses the file")
	}

	// The bytes themselves are taken, and only then is it spared them.
	o = s.offer(2, secret)
	s.put(o.Offer)
	if got, ok := s.next().(exchange.Accepted); !ok {
		t.Errorf("with its bytes: got %+v, want it accepted", got)
	}
	if _, _, err := s.node.service.OpenFile(ctx, "so", envelope.Sum(secret)); err != nil {
		t.Errorf("the recipient of a letter that came whole: %v", err)
	}
}
