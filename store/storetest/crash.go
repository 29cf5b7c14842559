package storetest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// crashDir names the store that a child process is to write to.
const crashDir = "LIENTHONG_STORETEST_CRASH"

// childOf makes this process the child of testCrash, if it was started as one: it
// writes until it is killed, and prints the id of each delivery that was
// acknowledged.
func childOf(t *testing.T, open Opener) bool {
	dir := os.Getenv(crashDir)
	if dir == "" {
		return false
	}
	s := open(t, dir)
	w := &world{T: t, ctx: t.Context(), s: s, now: start}
	w.n = uint64(os.Getpid()) << 32 // not the ids of the child before
	var mu sync.Mutex
	parallel(16, func(int) {
		for {
			mu.Lock()
			c, d := taken(w)
			mu.Unlock()
			if _, err := s.Commit(t.Context(), c); err != nil {
				fmt.Println("error", err)
				return
			}
			fmt.Println("acknowledged", d.ID) // one write, so lines do not mix
		}
	})
	return true
}

// testCrash kills a writing process at a place that its own output chooses, again
// and again on one store. What it acknowledged must be there, and the journal must
// verify each time.
func testCrash(w *world) {
	w.close()
	var acknowledged []envelope.ID
	for _, after := range []int{1, 40, 150} {
		acknowledged = append(acknowledged, w.kill(after)...)
		w.s = w.open(w, w.dir)
		size := ok[uint64](w)(w.s.TreeSize(w.ctx))
		if size < uint64(len(acknowledged)) {
			w.Fatalf("the journal has %d leaves, %d were acknowledged", size, len(acknowledged))
		}
		verifyTree(w, w.s, allLeaves(w, w.s))
		for _, id := range acknowledged {
			w.whole(ok[exchange.Delivery](w)(w.s.DeliveryByID(w.ctx, id)))
		}
		inbox := ok[[]exchange.Delivery](w)(w.s.Inbox(w.ctx, "agency-2", envelope.ID{}, 1_000_000))
		// A server may finish what the killed process had sent it, while we look: as many
		// deliveries as leaves means no fewer than before, and no more than after.
		if after := ok[uint64](w)(w.s.TreeSize(w.ctx)); uint64(len(inbox)) < size || uint64(len(inbox)) > after {
			w.Errorf("%d deliveries, %d leaves before and %d after, want as many", len(inbox), size, after)
		}
		w.close()
	}
}

// whole checks that all parts of the change that made a delivery are there.
func (w *world) whole(d exchange.Delivery) {
	w.Helper()
	l := ok[exchange.Letter](w)(w.s.Letter(w.ctx, d.Key.Letter()))
	ok[exchange.BlobRow](w)(w.s.Blob(w.ctx, l.Files[0].Digest))
	ok[exchange.Path](w)(w.s.Path(w.ctx, d.Tip))
	if n := len(ok[[]exchange.StatementRow](w)(w.s.Statements(w.ctx, d.Digest, d.Key.Recipient))); n != 1 {
		w.Errorf("delivery %s has %d statements, want 1", d.ID, n)
	}
}

// kill runs the child until it has acknowledged some, kills it, and returns all
// that it acknowledged.
func (w *world) kill(after int) (ids []envelope.ID) {
	w.Helper()
	top, _, _ := strings.Cut(w.Name(), "/")
	cmd := exec.Command(os.Args[0], "-test.run=^"+top+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), crashDir+"="+w.dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		word, id, _ := strings.Cut(lines.Text(), " ")
		if word != "acknowledged" {
			w.Errorf("child: %s", lines.Text())
			continue
		}
		if ids = append(ids, ok[envelope.ID](w)(envelope.ParseID(id))); len(ids) == after {
			if err := cmd.Process.Kill(); err != nil {
				w.Fatal(err)
			}
		}
	}
	if _, is := errors.AsType[*exec.ExitError](cmd.Wait()); !is || len(ids) < after {
		w.Fatalf("the child ended by itself after %d acknowledgements, want it killed after %d", len(ids), after)
	}
	return ids
}
