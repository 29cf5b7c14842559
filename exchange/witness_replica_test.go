package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpki"
	"lienthong/journal"
)

// A log is a journal that a child of a node shows by hand.
type log struct {
	w      *world
	size   uint64
	hashes []journal.Hash
}

func (l *log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = l.hashes[index]
	}
	return out, nil
}

// grow appends leaves, of which no two logs have the same.
func (l *log) grow(leaves int, of string) *log {
	l.w.t.Helper()
	for range leaves {
		added, err := journal.StoredHashes(l.size, fmt.Appendf(nil, "%s %d", of, l.size), l)
		if err != nil {
			l.w.t.Fatal(err)
		}
		l.hashes = append(l.hashes, added...)
		l.size++
	}
	return l
}

// fork is another log with the same beginning.
func (l *log) fork() *log { return &log{l.w, l.size, append([]journal.Hash(nil), l.hashes...)} }

// head is the signed head, proved from one of fewer leaves; 0: from none.
func (l *log) head(from uint64) exchange.Head {
	l.w.t.Helper()
	root, err := journal.Root(l.size, l)
	if err != nil {
		l.w.t.Fatal(err)
	}
	head := envelope.Checkpoint{Node: "district", Incarnation: silentStore, TreeSize: l.size, RootHash: envelope.Digest(root), Time: l.w.clock().UnixMicro()}
	sealed, err := envelope.SealCheckpoint(&head, l.w.keys["district"])
	if err != nil {
		l.w.t.Fatal(err)
	}
	out := exchange.Head{Checkpoint: sealed, From: from}
	if from == 0 {
		return out
	}
	proof, err := journal.ProveConsistency(l.size, from, l)
	if err != nil {
		l.w.t.Fatal(err)
	}
	for _, h := range proof {
		out.Proof = append(out.Proof, envelope.Digest(h))
	}
	return out
}

// A pausingStore stops a process once at the head that it holds of a child: before it reads it,
// or after.
type pausingStore struct {
	exchange.Store
	before, after atomic.Pointer[pause]
}

type pause struct{ reached, goOn chan struct{} }

func (p *pause) stop() {
	if p != nil {
		close(p.reached)
		<-p.goOn
	}
}

func pauseAt(at *atomic.Pointer[pause]) *pause {
	p := &pause{make(chan struct{}), make(chan struct{})}
	at.Store(p)
	return p
}

func (s *pausingStore) NewestCheckpoint(ctx context.Context, node string, incarnation envelope.ID) (exchange.CheckpointRow, error) {
	s.before.Swap(nil).stop()
	row, err := s.Store.NewestCheckpoint(ctx, node, incarnation)
	s.after.Swap(nil).stop()
	return row, err
}

// twoWitnesses are two processes of one node, whose child is a log; the first can be paused.
func twoWitnesses(t *testing.T) (w *world, first, second *testNode, paused *pausingStore, child *log) {
	t.Helper()
	w = newWorldOver(t, map[string]string{"province": database(t)}, nil, agencySpec{"a-province", "province"})
	for id, parent := range map[string]string{"district": "province", "province": ""} {
		w.keys[id] = w.key(id)
		w.directory.Nodes = append(w.directory.Nodes, envelope.Node{ID: id, Parent: parent, Addresses: []string{id},
			Certificates: []envelope.NodeCertificate{{Certificate: w.keys[id].Certificate.Raw, NotBefore: testpki.Now.UnixMicro()}}})
	}
	paused = &pausingStore{}
	w.config = func(c *exchange.Config) { paused.Store, c.Store = c.Store, paused }
	first = w.start("province", "")
	w.config = nil
	return w, first, w.start("province", ""), paused, &log{w: w}
}

func show(t *testing.T, e *end, head exchange.Head) {
	t.Helper()
	if err := e.Send(head); err != nil {
		t.Fatal(err)
	}
}

// kept lists the sizes of the heads of the child that a node has cosigned, and has refused.
func kept(t *testing.T, at *testNode) (cosigned, refused []uint64) {
	t.Helper()
	rows, err := at.store.Checkpoints(t.Context(), "district", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.Refused == "" {
			cosigned = append(cosigned, row.Size)
		} else {
			refused = append(refused, row.Size)
		}
	}
	return cosigned, refused
}

// The first process has a head in hand when the link moves to the second, which cosigns a later
// one. The first finds that it holds more than it is shown, and it is no journal that was put
// back: nobody is told so.
func TestHeadInHandAsTheLinkMoves(t *testing.T) {
	t.Parallel()
	w, first, second, paused, child := twoWitnesses(t)
	old, ended := w.silent("district", first)
	next[exchange.Hello](t, old)
	p := pauseAt(&paused.before)
	show(t, old, child.grow(100, "leaf").head(0))
	<-p.reached

	e, _ := w.silent("district", second)
	next[exchange.Hello](t, e)
	show(t, e, child.grow(20, "leaf").head(0))
	if answer := next[exchange.Cosigned](t, e); answer.Refused != "" {
		t.Fatalf("the later head is refused: %s", answer.Refused)
	}
	close(p.goOn)
	if err := <-ended; !errors.Is(err, exchange.ErrFenced) {
		t.Errorf("the old link ended with %v, want ErrFenced", err)
	}
	if cosigned, refused := kept(t, second); len(cosigned) != 1 || len(refused) != 0 {
		t.Errorf("cosigned %d leaves, refused %d; want 120 and none", cosigned, refused)
	}
	if n := second.action("checkpoint.refused"); n != 0 {
		t.Errorf("the journal has %d alarms", n)
	}
}

// A child shows two heads that contradict each other, both proved from the one that is held,
// to two processes at once: one is cosigned.
func TestForkShownToTwoProcesses(t *testing.T) {
	t.Parallel()
	w, first, second, paused, child := twoWitnesses(t)
	old, ended := w.silent("district", first)
	next[exchange.Hello](t, old)
	show(t, old, child.grow(50, "leaf").head(0))
	if answer := next[exchange.Cosigned](t, old); answer.Refused != "" {
		t.Fatalf("the first head is refused: %s", answer.Refused)
	}
	other := child.fork()
	p := pauseAt(&paused.after)
	show(t, old, child.grow(50, "leaf").head(50))
	<-p.reached

	e, _ := w.silent("district", second)
	next[exchange.Hello](t, e)
	show(t, e, other.grow(60, "another leaf").head(50))
	if answer := next[exchange.Cosigned](t, e); answer.Refused != "" {
		t.Fatalf("the head of the newer link is refused: %s", answer.Refused)
	}
	close(p.goOn)
	if err := <-ended; !errors.Is(err, exchange.ErrFenced) {
		t.Errorf("the old link ended with %v, want ErrFenced", err)
	}
	if cosigned, _ := kept(t, second); len(cosigned) != 2 || cosigned[1] != 110 {
		t.Errorf("cosigned %d leaves, want 50 and 110 of one journal", cosigned)
	}
	// Shown again over the newest link, it is evidence.
	show(t, e, child.grow(100, "leaf").head(100))
	next[exchange.Cosigned](t, e)
	show(t, e, child.head(110))
	if answer := next[exchange.Cosigned](t, e); answer.Refused != exchange.ReasonInconsistent {
		t.Errorf("the fork is answered with %q, want INCONSISTENT", answer.Refused)
	}
}
