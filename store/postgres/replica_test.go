package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpg"
	"lienthong/journal"
)

// leavesOf reads the whole journal and checks that its hashes are those of its leaves,
// without a gap.
func leavesOf(t *testing.T, s exchange.Store) map[string]int {
	t.Helper()
	size, err := s.TreeSize(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	leaves, err := s.Leaves(t.Context(), 0, int(size)+1)
	if err != nil || uint64(len(leaves)) != size {
		t.Fatalf("%d leaves, %v; the head says %d", len(leaves), err, size)
	}
	var edge journal.Edge
	seen := map[string]int{}
	for i, l := range leaves {
		if l.Index != uint64(i) {
			t.Fatalf("leaf %d comes at place %d", l.Index, i)
		}
		edge.Add(journal.LeafHash(l.Data))
		seen[string(l.Data)]++
	}
	root, err := journal.Root(size, journal.HashReaderFunc(func(indexes []int64) ([]journal.Hash, error) {
		return s.Hashes(t.Context(), indexes)
	}))
	if err != nil || root != edge.Root() {
		t.Fatalf("%d leaves give root %x, the stored hashes %x, %v", size, edge.Root(), root, err)
	}
	return seen
}

// Three processes commit to one node at once. There is one journal without a gap, in
// which each commit stands once and where its process was told; what each process took
// over from another is what the other has written.
func TestOneJournal(t *testing.T) {
	t.Parallel()
	base := testpg.New(t)
	replicas := []*Store{at(t, base), at(t, base), at(t, base)}
	const each, workers = 20, 8
	var wg sync.WaitGroup
	var mu sync.Mutex
	told := map[uint64]string{}
	for r, s := range replicas {
		for w := range workers {
			wg.Go(func() {
				for i := range each {
					c := put(r*10_000+w*100+i, 10)
					c.Entries[0].Detail = fmt.Sprintf("replica %d worker %d", r, w)
					// Rows that all replicas write: one row of one table, and a queue of one peer.
					key := exchange.DeliveryKey{Origin: "ward", Recipient: fmt.Sprintf("%d-%d-%d", r, w, i)}
					c.Queue = []exchange.OutboxRow{{Key: key, Peer: "province", DueAt: 0}}
					c.Wrote = []exchange.BlobRow{{Digest: [32]byte{byte(i)}, Size: 1, Touched: int64(i) << 40}}
					done, err := s.Commit(context.Background(), c)
					if err != nil {
						t.Error(err)
						return
					}
					leaf, err := c.Entries[0].Leaf()
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					if before, twice := told[done.First]; twice {
						t.Errorf("index %d was given twice: %s and %s", done.First, before, leaf)
					}
					told[done.First] = string(leaf)
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	total := len(replicas) * workers * each
	for _, s := range replicas {
		if n := len(leavesOf(t, s)); n != total {
			t.Errorf("%d different leaves, want %d", n, total)
		}
		if peers, err := s.OutboxPeers(t.Context()); err != nil || peers["province"] != total {
			t.Errorf("%d rows wait, %v; want %d", peers["province"], err, total)
		}
	}
	for index, want := range told {
		if got, err := replicas[0].Leaves(t.Context(), index, 1); err != nil || string(got[0].Data) != want {
			t.Errorf("leaf %d is %s, %v; its process was told %s", index, got[0].Data, err, want)
		}
	}
}

// A race between processes for one row has one winner, too.
func TestRaceBetweenReplicas(t *testing.T) {
	t.Parallel()
	base := testpg.New(t)
	replicas := []*Store{at(t, base), at(t, base)}
	d := exchange.Delivery{ID: [16]byte{1}, Key: exchange.DeliveryKey{Origin: "ward", Recipient: "a"}, State: exchange.StateQueued}
	c := put(0, 1)
	c.Deliveries = []exchange.Delivery{d}
	if _, err := replicas[0].Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	d.Revision = 1
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			c := put(i+1, 1)
			c.Deliveries = []exchange.Delivery{d}
			switch _, err := replicas[i%2].Commit(context.Background(), c); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, exchange.ErrStale):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 63 {
		t.Errorf("%d won and %d lost, want 1 and 63", won.Load(), lost.Load())
	}
	if n := len(leavesOf(t, replicas[1])); n != 2 {
		t.Errorf("%d leaves, want 2", n)
	}
}

// Of heads that two processes put over the same one, each time one is kept.
func TestHeadsBetweenReplicas(t *testing.T) {
	t.Parallel()
	base := testpg.New(t)
	replicas := []*Store{at(t, base), at(t, base)}
	held := exchange.HeadSeen{Node: "ward"}
	sealed := envelope.Sealed{Type: envelope.TypeRoute, Payload: []byte("head"), Signatures: []envelope.Signature{{KeyID: strings.Repeat("0a", 32), Sig: []byte("signature")}}}
	for round := range uint64(10) {
		next := make([]exchange.HeadSeen, len(replicas))
		var won atomic.Int32
		var wg sync.WaitGroup
		for i, s := range replicas {
			next[i] = exchange.HeadSeen{Node: "ward", Size: round*10 + uint64(i) + 1, Root: [32]byte{byte(round), byte(i)}}
			wg.Go(func() {
				c := put(int(round)*10+i, 1)
				c.Held = &held
				c.Checkpoints = []exchange.CheckpointRow{{Node: "ward", Size: next[i].Size, Root: next[i].Root, Sealed: sealed}}
				switch _, err := s.Commit(context.Background(), c); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, exchange.ErrStale):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Fatalf("round %d: %d heads over %d leaves were kept, want 1", round, won.Load(), held.Size)
		}
		row, err := replicas[0].NewestCheckpoint(t.Context(), "ward", envelope.ID{})
		if err != nil {
			t.Fatal(err)
		}
		held.Size, held.Root = row.Size, row.Root
	}
}

// A job is given to one process, whoever asks at the same time.
func TestJobsBetweenReplicas(t *testing.T) {
	t.Parallel()
	base := testpg.New(t)
	replicas := []*Store{at(t, base), at(t, base)}
	c := put(0, 1)
	for i := range 200 {
		c.Jobs = append(c.Jobs, exchange.Job{Key: exchange.DeliveryKey{Origin: "ward", Recipient: fmt.Sprint(i)}, DueAt: 1})
	}
	if _, err := replicas[0].Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	given := map[string]int{}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			for range 10 { // a claim passes over rows that another is taking: ask again
				jobs, err := replicas[i%2].ClaimJobs(context.Background(), 10, 1000, 3)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				for _, j := range jobs {
					given[j.Agency]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for agency, n := range given {
		if n != 1 {
			t.Errorf("job of %s was given %d times", agency, n)
		}
	}
	if len(given) != 200 {
		t.Errorf("%d jobs were given, want 200", len(given))
	}
}

// The server ends the writer's connection at moments that it does not choose. No commit
// that was answered is lost, none that failed is there, and the store goes on.
func TestConnectionBreaks(t *testing.T) {
	t.Parallel()
	base := testpg.New(t)
	s := at(t, base)
	killer, err := pgx.Connect(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	defer killer.Close(t.Context())
	var answered, failed sync.Map
	const workers, each = 8, 60
	tick := make(chan struct{}, workers*each)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				c := put(w*1000+i, 10)
				leaf, err := c.Entries[0].Leaf()
				if err != nil {
					t.Error(err)
				}
				if _, err := s.Commit(context.Background(), c); err == nil {
					answered.Store(string(leaf), true)
				} else if errors.Is(err, ErrDoubt) {
					t.Error(err) // the server is there to be asked
				} else {
					failed.Store(string(leaf), err)
				}
				tick <- struct{}{}
			}
		})
	}
	const kill = `SELECT count(pg_terminate_backend(pid)) FROM (` + replicaLocks + `) l WHERE pid <> pg_backend_pid()`
	ended := 0
	for i := range workers * each {
		<-tick
		if i%13 != 0 { // not a multiple of the batch, so that every place in it is met
			continue
		}
		var n int
		if err := killer.QueryRow(t.Context(), kill).Scan(&n); err != nil {
			t.Fatal(err)
		}
		ended += n
	}
	wg.Wait()
	seen := leavesOf(t, s)
	good, bad := 0, 0
	answered.Range(func(leaf, _ any) bool {
		if good++; seen[leaf.(string)] != 1 {
			t.Errorf("answered, and there %d times: %s", seen[leaf.(string)], leaf)
		}
		return true
	})
	failed.Range(func(leaf, err any) bool {
		if bad++; seen[leaf.(string)] != 0 {
			t.Errorf("failed with %v, and is there: %s", err, leaf)
		}
		return true
	})
	t.Logf("%d connections ended; %d commits answered, %d failed", ended, good, bad)
	if ended == 0 || good == 0 {
		t.Error("nothing was tested")
	}
	if _, err := s.Commit(t.Context(), put(99_999, 1)); err != nil {
		t.Errorf("after all: %v", err)
	}
}

// The server is killed while letters are taken, and started again: what it acknowledged
// before each kill is there, once, and the store has gone on by itself.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	server := testpg.Start(t)
	s := at(t, server.Schema(t, t.Name()))
	var answered, failed sync.Map
	ctx, stop := context.WithCancel(context.Background())
	acks := make(chan struct{}, 1<<16)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				c := put(w*1_000_000+i, 10)
				leaf, err := c.Entries[0].Leaf()
				if err != nil {
					t.Error(err)
				}
				if _, err := s.Commit(context.Background(), c); err != nil {
					if !errors.Is(err, ErrDoubt) {
						failed.Store(string(leaf), err)
					}
					continue
				}
				answered.Store(string(leaf), true)
				acks <- struct{}{}
			}
		})
	}
	for _, n := range []int{1, 50, 200} {
		for range n {
			<-acks
		}
		server.Kill(t)
		server.Restart(t)
	}
	<-acks // it goes on
	stop()
	wg.Wait()
	seen := leavesOf(t, s)
	total := 0
	answered.Range(func(leaf, _ any) bool {
		if total++; seen[leaf.(string)] != 1 {
			t.Errorf("acknowledged, and there %d times: %s", seen[leaf.(string)], leaf)
		}
		return true
	})
	failed.Range(func(leaf, err any) bool {
		if seen[leaf.(string)] != 0 {
			t.Errorf("failed with %v, and is there: %s", err, leaf)
		}
		return true
	})
	t.Logf("%d acknowledged over three kills", total)
}

// A process that stalls with the journal's head in hand delays others until it goes on,
// and what they write then follows what it wrote.
func TestHeadIsHeld(t *testing.T) {
	t.Parallel()
	base := testpg.New(t)
	s, other := at(t, base), at(t, base)
	if _, err := s.Commit(t.Context(), put(0, 1)); err != nil {
		t.Fatal(err)
	}
	holder, err := pgx.Connect(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(t.Context())
	tx, err := holder.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), selectHead); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 2)
	for i, replica := range []*Store{s, other} {
		go func() {
			_, err := replica.Commit(context.Background(), put(i+1, 1))
			done <- err
		}()
	}
	for waiting := 0; waiting < 2; { // both have seen that the head is taken, and wait for it
		if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE $1::integer = ANY (pg_blocking_pids(pid))
			OR pg_blocking_pids(pid) && (SELECT array_agg(pid) FROM pg_stat_activity WHERE $1::integer = ANY (pg_blocking_pids(pid)))`,
			holder.PgConn().PID()).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			t.Fatalf("committed past a head that is held: %v", err)
		default:
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := len(leavesOf(t, s)); n != 3 {
		t.Errorf("%d leaves, want 3", n)
	}
}
