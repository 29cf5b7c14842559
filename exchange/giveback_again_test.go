package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// givingBack is a ward whose letter, sent after its backup, a district has.
func givingBack(t *testing.T, prepare func(*world)) (w *world, ward, district *testNode) {
	t.Helper()
	w = newWorld(t, nil, agencySpec{"xa", "ward"}, agencySpec{"so", "district"})
	for _, n := range [][2]string{{"district", ""}, {"ward", "district"}} {
		w.keys[n[0]] = w.key(n[0])
		w.directory.Nodes = append(w.directory.Nodes, envelope.Node{ID: n[0], Parent: n[1], Addresses: []string{n[0]},
			Certificates: []envelope.NodeCertificate{{Certificate: w.keys[n[0]].Certificate.Raw}}})
	}
	ward = w.start("ward", t.TempDir())
	if prepare != nil {
		prepare(w)
	}
	district = w.start("district", t.TempDir())
	w.blobs = nil
	ward.eventually("a link", func() bool { return ward.relay.HasLink("district") })
	return w, ward, district
}

// wantPeerRestored waits until a neighbour has said what it gave back, and looks for that.
func (n *testNode) wantPeerRestored(detail string) {
	n.w.t.Helper()
	n.eventually("the peer has all that it can have", func() bool { return n.action("peer.restored") == 1 })
	leaves, err := n.store.Leaves(context.Background(), 0, 10_000)
	if err != nil {
		n.w.t.Fatal(err)
	}
	for _, l := range leaves {
		if s := string(l.Data); strings.Contains(s, `"peer.restored"`) && !strings.Contains(s, detail) {
			n.w.t.Errorf("%s: want %q in it", s, detail)
		}
	}
}

// Whose agency has as much under way as it may, gets its letters back all the same: it had
// sent them before.
func TestGivenBackWhateverTheQuota(t *testing.T) {
	t.Parallel()
	w, ward, district := givingBack(t, nil)
	for range 2 {
		req := letter(t, "xa", "so")
		req.NotBefore = w.clock().Add(time.Hour).UnixMicro()
		ward.send(req)
	}
	backup := ward.backup()
	key := ward.send(letter(t, "xa", "so")).Letter.Key
	ward.eventually("the letter", ward.delivered(key, "so"))
	w.config = func(c *exchange.Config) { c.Quotas = exchange.Quotas{AgencyLetters: 2, PeerLetters: 2} }
	ward = ward.restored(backup)
	_, err := ward.service.Send(context.Background(), clerk, letter(t, "xa", "so"))
	wantReason(t, err, exchange.ReasonQuotaAgency)
	ward.eventually("it is given back", ward.delivered(key, "so"))
	district.wantPeerRestored("returned=1 gone=0")
}

// A restored node has no space for what it is given back; when it has, it gets it on the same
// link: a letter and its recall, in whichever order they come.
func TestGivenBackWhenThereIsSpace(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]time.Duration{"the letter first": time.Second, "the recall first": -time.Second} {
		t.Run(name, func(t *testing.T) { t.Parallel(); givenBackWithSpace(t, step) })
	}
}

func givenBackWithSpace(t *testing.T, step time.Duration) {
	w, ward, district := givingBack(t, nil)
	backup := ward.backup()
	first := ward.send(letter(t, "xa", "so"))
	ward.eventually("the letter", ward.delivered(first.Letter.Key, "so"))
	w.advance(step) // which orders the two where they are
	recall, err := ward.service.Recall(context.Background(), clerk, exchange.RecallRequest{Agency: "xa", Document: first.Letter.Key.ID, Mode: envelope.TakeBack, Reason: "gửi nhầm"})
	if err != nil {
		t.Fatal(err)
	}
	ward.eventually("the recall", ward.delivered(recall.Letter.Key, "so"))
	var free atomic.Uint64
	free.Store(reserve / 2)
	w.disks(&free)
	ward = ward.restored(backup)
	district.eventually("it is refused", func() bool {
		return slices.ContainsFunc(ward.core.Accounts(), func(a exchange.AccountState) bool { return a.Refused > 0 })
	})
	if n := ward.action("letter.returned"); n != 0 {
		t.Errorf("%d letters came back without space", n)
	}
	w.has(&free, 1<<40, ward)
	ward.eventually("both are given back", func() bool {
		return ward.delivered(first.Letter.Key, "so")() && ward.delivered(recall.Letter.Key, "so")()
	})
	district.wantPeerRestored("returned=2 gone=0")
	ward.verifyJournal()
}

// spoilt is a disk on which some files cannot be read as they were.
type spoilt struct {
	exchange.Blobs
	mu  sync.Mutex
	how map[envelope.Digest]string
}

func (s *spoilt) Open(ctx context.Context, digest envelope.Digest) (exchange.Blob, error) {
	blob, err := s.Blobs.Open(ctx, digest)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.how[digest] {
	case "short":
		return cutShort{blob}, nil
	case "unreadable":
		return unreadable{blob}, nil
	case "altered":
		return altered{blob}, nil
	}
	return blob, nil
}

type cutShort struct{ exchange.Blob }

func (c cutShort) Size() int64 { return c.Blob.Size() - 1 }

type unreadable struct{ exchange.Blob }

func (unreadable) ReadAt([]byte, int64) (int, error) { return 0, errors.New("input/output error") }

type altered struct{ exchange.Blob }

func (a altered) ReadAt(p []byte, off int64) (int, error) {
	n, err := a.Blob.ReadAt(p, off)
	for i := range p[:n] {
		p[i] ^= 1
	}
	return n, err
}

// A neighbour cannot read a file of one letter: the others are given back, the journal names
// the one, and the next link does not begin again.
func TestGivenBackButForASpoiltFile(t *testing.T) {
	t.Parallel()
	for how, size := range map[string]int{"short": 1000, "unreadable": 1001, "short ": 400_000, "altered": 400_001} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			bad := bytes.Repeat([]byte{'x'}, size)
			disk := &spoilt{how: map[envelope.Digest]string{}}
			w, ward, district := givingBack(t, func(w *world) {
				w.blobs = func(b exchange.Blobs) exchange.Blobs { disk.Blobs = b; return disk }
			})
			backup := ward.backup()
			var keys []exchange.LetterKey
			for i := range 3 {
				req := letter(t, "xa", "so")
				if i == 1 {
					req.Files = append(req.Files, exchange.OutgoingFile{Role: envelope.FileAnnex, Name: "phụ lục.txt", MediaType: "text/plain", Digest: ward.upload("xa", bad)})
				}
				keys = append(keys, ward.send(req).Letter.Key)
				ward.eventually("the letter", ward.delivered(keys[i], "so"))
			}
			district.eventually("all are judged", func() bool {
				for _, key := range keys {
					if d, _ := district.delivery(key, "so"); d.Verdict == "" {
						return false
					}
				}
				return true
			})
			ward.stop()
			w.cutAll("district")
			disk.mu.Lock()
			disk.how[envelope.Sum(bad)] = strings.TrimSpace(how)
			disk.mu.Unlock()
			ward = ward.restored(backup)
			district.wantPeerRestored("returned=2 gone=1")
			ward.eventually("the others are given back", func() bool {
				return ward.delivered(keys[0], "so")() && ward.delivered(keys[2], "so")()
			})
			if _, ok := ward.delivery(keys[1], "so"); ok || district.action("letter.not_returned") != 1 {
				t.Errorf("the letter is there: %v; the journal names it %d times", ok, district.action("letter.not_returned"))
			}
		})
	}
}
