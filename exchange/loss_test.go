package exchange_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// Frames are lost, each time with the link that carried them, offers and answers
// alike. In the end every letter has arrived once, every statement came back, and
// every journal verifies: an ack that is lost is asked for again, and answered as
// it was.
func TestNothingIsLostWithLinks(t *testing.T) {
	t.Parallel()
	const letters = 40
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := threeLevels(t)
			var mu sync.Mutex
			random := rand.New(rand.NewPCG(seed, 1))
			losses := 12
			w.mu.Lock()
			w.lossy = func(from, to string, f exchange.Frame) bool {
				mu.Lock()
				defer mu.Unlock()
				if _, hello := f.(exchange.Hello); hello || losses == 0 || random.IntN(20) != 0 {
					return false
				}
				losses--
				return true
			}
			w.mu.Unlock()
			ward := w.node("ward")
			keys := make([]exchange.LetterKey, letters)
			for i := range keys {
				req := letter(t, "ba-hang", "pho-yen", "thai-nguyen", "so-tu-phap")
				req.Metadata.Number = fmt.Sprint(i + 1)
				keys[i] = ward.send(req).Letter.Key
			}
			for _, key := range keys {
				ward.eventually("delivered", ward.delivered(key, "pho-yen", "thai-nguyen", "so-tu-phap"))
			}
			for _, id := range []string{"ward", "district", "province"} {
				w.node(id).verifyJournal()
			}
			for agency, home := range map[string]string{"pho-yen": "district", "thai-nguyen": "province", "so-tu-phap": "province"} {
				inbox, err := w.node(home).service.Inbox(context.Background(), agency, envelope.ID{}, 1000)
				if err != nil {
					t.Fatal(err)
				}
				if len(inbox) != letters {
					t.Errorf("%q received %d letters, want each of %d once", agency, len(inbox), letters)
				}
			}
			assertOneDelivered(t, w.node("province"), keys)
		})
	}
}

// assertOneDelivered checks that the home node said Delivered once for each.
func assertOneDelivered(t *testing.T, n *testNode, keys []exchange.LetterKey) {
	t.Helper()
	for _, key := range keys {
		d, ok := n.delivery(key, "thai-nguyen")
		if !ok {
			t.Fatalf("letter %s is not at %q", key.ID, n.id)
		}
		rows, err := n.store.Statements(context.Background(), d.Digest, d.Key.Recipient)
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		for _, row := range rows {
			if row.Key.Kind == envelope.Delivered {
				count++
			}
		}
		if count != 1 {
			t.Errorf("letter %s: %d Delivered statements, want 1", key.ID, count)
		}
	}
}

// A node is stopped and started over its folder while letters are under way.
func TestRestartGoesOn(t *testing.T) {
	t.Parallel()
	w := threeLevels(t)
	ward := w.node("ward")
	var keys []exchange.LetterKey
	for i := range 30 {
		req := letter(t, "ba-hang", "thai-nguyen")
		req.Metadata.Number = fmt.Sprint(i + 1)
		keys = append(keys, ward.send(req).Letter.Key)
		if i%10 == 5 {
			district := w.node("district")
			district.stop()
			w.start("district", district.dir)
		}
	}
	for _, key := range keys {
		ward.eventually("delivered", ward.delivered(key, "thai-nguyen"))
	}
	assertOneDelivered(t, w.node("province"), keys)
	w.node("district").verifyJournal()
}

// While the way up is cut, the ward can prove that the district holds its letter.
func TestProofWhileTheProvinceIsAway(t *testing.T) {
	t.Parallel()
	w := threeLevels(t)
	w.setDown("district", "province", true)
	ward := w.node("ward")
	doc := ward.send(letter(t, "ba-hang", "thai-nguyen"))
	ward.eventually("relayed", func() bool { return ward.states(doc.Letter.Key)["thai-nguyen"] == exchange.StateRelayed })
	d, _ := ward.delivery(doc.Letter.Key, "thai-nguyen")
	view, err := ward.service.Delivery(context.Background(), "ba-hang", d.ID)
	if err != nil {
		t.Fatal(err)
	}
	last := view.History[len(view.History)-1]
	if last.Statement.Kind != envelope.Custody || last.Statement.Issuer != "district" || !last.Verified {
		t.Fatalf("the last event is %s by %q, verified %t; want custody of the district, verified", last.Statement.Kind, last.Statement.Issuer, last.Verified)
	}
	w.setDown("district", "province", false)
	ward.eventually("delivered", ward.delivered(doc.Letter.Key, "thai-nguyen"))
}

// A pathless store cannot be reached when a letter is put together for an offer, so many times.
type pathlessStore struct {
	exchange.Store
	times atomic.Int32
}

func (s *pathlessStore) Path(ctx context.Context, tip envelope.Digest) (exchange.Path, error) {
	if s.times.Add(-1) >= 0 {
		return exchange.Path{}, fmt.Errorf("here: %w", exchange.ErrAway)
	}
	return s.Store.Path(ctx, tip)
}

// A store that is away between marking a letter as offered and reading it is no fault of the
// letter, which goes as soon as the store is back: the clock of this test stands still.
func TestOfferWaitsForTheStore(t *testing.T) {
	t.Parallel()
	w, ward, _ := wardAndProvince(t)
	ward.stop()
	away := &pathlessStore{}
	away.times.Store(2)
	w.config = func(c *exchange.Config) { away.Store, c.Store = c.Store, away }
	ward = w.start("ward", ward.dir)
	key := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
	ward.eventually("the letter", ward.delivered(key, "thai-nguyen"))
	if left := away.times.Load(); left >= 0 {
		t.Errorf("the store was never away, %d", left)
	}
}

// A deafStore cannot be reached, or is full, when a Delivered has come, so many times.
type deafStore struct {
	exchange.Store
	why   error
	times atomic.Int32
}

func (s *deafStore) Commit(ctx context.Context, c exchange.Change) (exchange.Committed, error) {
	for _, row := range c.Statements {
		if row.Key.Kind == envelope.Delivered && s.times.Add(-1) >= 0 {
			return exchange.Committed{}, fmt.Errorf("here: %w", s.why)
		}
	}
	return s.Store.Commit(ctx, c)
}

// A store that is away or full when an answer has come is no bad answer of the peer: the link
// ends, and the letter is asked for again on the next, not minutes later. The clock stands still.
func TestAnswerWaitsForTheStore(t *testing.T) {
	t.Parallel()
	for _, why := range []error{exchange.ErrAway, exchange.ErrFull} {
		w, ward, _ := wardAndProvince(t)
		ward.stop()
		away := &deafStore{why: why}
		away.times.Store(1)
		w.config = func(c *exchange.Config) { away.Store, c.Store = c.Store, away }
		ward = w.start("ward", ward.dir)
		key := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
		ward.eventually("the answer", ward.delivered(key, "thai-nguyen"))
		if left := away.times.Load(); left >= 0 {
			t.Errorf("%v: the store never was, %d", why, left)
		}
	}
}
