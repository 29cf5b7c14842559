package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A file is put over a link that is cut a hundred times at random places: each time the
// peer goes on at the byte that is held, on a new link. At most one byte in a hundred
// comes twice, and the file is what was signed.
func TestFileOverALinkCutAHundredTimes(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	ctx := context.Background()
	random := rand.New(rand.NewPCG(4, 2))
	const cuts = 100
	file := make([]byte, 16<<20)
	copy(file, "%PDF-1.7\n")
	for i := 9; i < len(file); i += 8 {
		file[i] = byte(random.Uint32())
	}
	o := s.offer(1, file)
	o.Files[0].Data = nil
	key := exchange.FileKey{Letter: exchange.LetterKey{Origin: "peer", ID: o.route.ID}, Recipient: "so", Digest: envelope.Sum(file)}
	sent, done := int64(0), false
	for cut := 0; !done; cut++ {
		if cut > 0 && cut <= cuts && cut%10 == 0 { // the link, too
			s.p.close()
			s.ended()
			s.dial()
			s.hello("peer")
		}
		if cut%10 == 0 {
			s.put(o.Offer)
			if f, ok := s.next().(exchange.NeedFiles); !ok {
				t.Fatalf("after %d cuts got %T, want NeedFiles", cut, f)
			}
		}
		held, err := s.node.relay.PutOffset(ctx, "peer", key)
		if err != nil {
			t.Fatal(err)
		}
		length := int64(len(file)) - held
		if cut < cuts {
			length = min(length-1, random.Int64N(int64(2*len(file)/cuts)))
		}
		var src io.Reader = bytes.NewReader(file[held : held+length])
		if cut < cuts {
			src = io.MultiReader(src, broken{})
		}
		sent += length
		_, done, err = s.node.relay.PutAppend(ctx, "peer", key, held, src)
		if cut < cuts && (err == nil || done) {
			t.Fatalf("cut %d: done %t, %v", cut, done, err)
		}
	}
	if f, ok := s.next().(exchange.Accepted); !ok {
		t.Fatalf("got %+v, want Accepted", f)
	}
	if twice := sent - int64(len(file)); twice > int64(len(file))/100 {
		t.Errorf("%d of %d bytes came twice, want at most one in a hundred", twice, len(file))
	}
}

// broken is a link that was cut.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the link is cut") }
