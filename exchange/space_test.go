package exchange_test

import (
	"context"
	"sync/atomic"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A disk says how much is free, as a test wants it.
type disk struct {
	exchange.Blobs
	free *atomic.Uint64
}

func (d disk) Left(context.Context) (uint64, error) { return d.free.Load(), nil }

const reserve = 1 << 20

// disks gives every node that is opened from now on a disk of its own.
func (w *world) disks(free *atomic.Uint64) {
	w.blobs = func(b exchange.Blobs) exchange.Blobs { return disk{b, free} }
	w.config = func(c *exchange.Config) { c.Reserve = reserve }
}

// has says how much is free from now on, at nodes that look at once.
func (w *world) has(free *atomic.Uint64, bytes uint64, nodes ...*testNode) {
	w.t.Helper()
	free.Store(bytes)
	for _, n := range nodes {
		if err := n.core.Look(context.Background()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// Two neighbours are full, and letters wait for and behind each of them. What is at home
// with the other is taken all the same, so are all statements; what passes through waits,
// is not lost, and goes on when there is space.
func TestFullNeighboursStillDrain(t *testing.T) {
	t.Parallel()
	var free atomic.Uint64
	free.Store(1 << 40)
	w := newWorld(t, nil, agencySpec{"at-left", "left"}, agencySpec{"at-right", "right"}, agencySpec{"beyond-left", "far-left"}, agencySpec{"beyond-right", "far-right"})
	w.disks(&free)
	for id, parent := range map[string]string{"left": "right", "right": "", "far-left": "left", "far-right": "right"} {
		w.keys[id] = w.key(id)
		w.directory.Nodes = append(w.directory.Nodes, envelope.Node{ID: id, Parent: parent, Addresses: []string{id},
			Certificates: []envelope.NodeCertificate{{Certificate: w.keys[id].Certificate.Raw}}})
	}
	left, right := w.start("left", t.TempDir()), w.start("right", t.TempDir())
	w.start("far-left", t.TempDir())
	w.start("far-right", t.TempDir())
	left.eventually("a link", func() bool { return left.relay.HasLink("right") && left.relay.HasLink("far-left") })
	right.eventually("a link", func() bool { return right.relay.HasLink("far-right") })
	w.setDown("left", "right", true)
	right.eventually("no link", func() bool { return !right.relay.HasLink("left") })
	rightward := left.send(letter(t, "at-left", "at-right", "beyond-right"))
	leftward := right.send(letter(t, "at-right", "at-left", "beyond-left"))
	w.has(&free, reserve*3/2+100_000, left, right) // less than two reserves
	w.setDown("left", "right", false)
	left.eventually("delivered next door", left.delivered(rightward.Letter.Key, "at-right"))
	right.eventually("delivered next door", right.delivered(leftward.Letter.Key, "at-left"))
	for n, key := range map[*testNode]exchange.LetterKey{left: rightward.Letter.Key, right: leftward.Letter.Key} {
		beyond := map[*testNode]string{left: "beyond-right", right: "beyond-left"}[n]
		n.eventually("refused for space", func() bool {
			d, _ := n.delivery(key, beyond)
			return d.State == exchange.StateQueued && d.Reason == exchange.ReasonSpace
		})
	}
	// Nothing is left but one reserve: statements still pass, and clients are told.
	w.has(&free, reserve/2, left, right)
	d, _ := right.delivery(rightward.Letter.Key, "at-right")
	if _, err := right.service.ReportStatus(context.Background(), clerk, exchange.StatusRequest{Agency: "at-right", Delivery: d.ID, Code: exchange.StatusRefused, Reason: "gửi nhầm"}); err != nil {
		t.Fatal(err)
	}
	left.eventually("the status", func() bool {
		d, _ := left.delivery(rightward.Letter.Key, "at-right")
		return d.Status == exchange.StatusRefused
	})
	_, err := left.service.StartUpload(context.Background(), clerk, exchange.UploadRequest{Agency: "at-left", Name: "x.pdf", MediaType: "application/pdf", Size: 10})
	wantReason(t, err, exchange.ReasonSpace)
	_, err = left.service.Send(context.Background(), clerk, letter(t, "at-left", "at-right"))
	wantReason(t, err, exchange.ReasonSpace)
	// There is space again.
	free.Store(1 << 40)
	for n, key := range map[*testNode]exchange.LetterKey{left: rightward.Letter.Key, right: leftward.Letter.Key} {
		beyond := map[*testNode]string{left: "beyond-right", right: "beyond-left"}[n]
		d, _ := n.delivery(key, beyond)
		if _, err := n.service.Retry(context.Background(), operator, orderFor(d)); err != nil {
			t.Fatal(err)
		}
	}
	left.eventually("delivered beyond", left.delivered(rightward.Letter.Key, "beyond-right"))
	right.eventually("delivered beyond", right.delivered(leftward.Letter.Key, "beyond-left"))
}
