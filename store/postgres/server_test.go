package postgres

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"lienthong/exchange"
	"lienthong/internal/testpg"
	"lienthong/journal"
)

// at opens a new store at a URL, and closes it when the test ends.
func at(t *testing.T, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// put is a change that stores a report of some size.
func put(n, size int) exchange.Change {
	json := []byte(fmt.Sprintf("%d %s", n, strings.Repeat("x", size)))
	return exchange.Change{
		Reports: []exchange.ReportRow{{Digest: [32]byte(journal.LeafHash(json)), JSON: json}},
		Entries: []journal.Entry{{Time: int64(n + 1), Actor: journal.System, Action: "test", Outcome: journal.OutcomeOK}},
	}
}

// with is a URL with one parameter more.
func with(t *testing.T, base, param, value string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(param, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// A server, or a session, whose settings would lose what was acknowledged is refused.
func TestSettingsRefused(t *testing.T) {
	t.Parallel()
	base := testpg.New(t)
	for _, tt := range []struct{ name, param, value, want string }{
		{"commits that do not wait", "synchronous_commit", "off", "synchronous_commit = off, want on"},
		{"commits that do not wait for the disk of a standby", "synchronous_commit", "remote_write", "synchronous_commit = remote_write"},
		{"a schema that is not there", "search_path", "nowhere", "no schema of the search path"},
	} {
		if s, err := Open(t.Context(), with(t, base, tt.param, tt.value), ""); err == nil {
			s.Close()
			t.Errorf("%s: opened", tt.name)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// What the session has, as the server itself reports it, for the writer and for readers.
func TestSettings(t *testing.T) {
	t.Parallel()
	s := at(t, testpg.New(t))
	for _, tt := range []struct{ name, writer, reader string }{
		{"fsync", "on", "on"}, {"full_page_writes", "on", "on"}, {"synchronous_commit", "on", "on"},
		{"default_transaction_isolation", "read committed", "read committed"},
		{"default_transaction_read_only", "off", "on"},
		{"idle_in_transaction_session_timeout", "30s", "30s"},
	} {
		var writer, reader string
		query := `SELECT current_setting('` + tt.name + `')`
		if _, err := s.writer.do(t.Context(), func(uint64) *plan {
			var p plan
			p.each(func(row scanner) error { return row.Scan(&writer) }, query)
			return &p
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.read.QueryRow(t.Context(), query).Scan(&reader); err != nil {
			t.Fatal(err)
		}
		if writer != tt.writer || reader != tt.reader {
			t.Errorf("%s is %q and %q, want %q and %q", tt.name, writer, reader, tt.writer, tt.reader)
		}
	}
	if _, err := s.read.Exec(t.Context(), `DELETE FROM head`); err == nil {
		t.Error("a reader wrote")
	}
}

// A step that fails leaves nothing, and the next start goes on with it.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), testpg.New(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	files := func(list ...string) fstest.MapFS {
		out := fstest.MapFS{}
		for i, text := range list {
			out[fmt.Sprintf("%03d_x.sql", i+1)] = &fstest.MapFile{Data: []byte("-- +goose Up\n-- +goose StatementBegin\n" + text + "\n-- +goose StatementEnd\n")}
		}
		return out
	}
	const (
		one = `CREATE TABLE b (x integer); INSERT INTO b VALUES (1)`
		bad = `INSERT INTO b VALUES (2); INSERT INTO nowhere VALUES (1)`
	)
	for _, tt := range []struct {
		name  string
		steps fstest.MapFS
		fails string
	}{
		{"first", files(one), ""},
		{"again", files(one), ""},
		{"fails in the middle", files(one, bad), `postgres: migration "002_x.sql"`},
		{"mended", files(one, `INSERT INTO b VALUES (3)`), ""},
		{"older program", files(one), "use the newer program"},
		{"changed after release", files(one+" ", `INSERT INTO b VALUES (3)`), "step 1 was"},
	} {
		err := upgrade(t.Context(), conn.Config(), tt.steps)
		if tt.fails == "" && err != nil || tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.fails)
		}
	}
	var n int
	if err := conn.QueryRow(t.Context(), `SELECT sum(x) FROM b`).Scan(&n); err != nil || n != 4 {
		t.Errorf("the sum in table b is %d, %v; want 1 and 3: a failed step has left something", n, err)
	}
}

// Processes of one node that start at the same time on an empty schema agree.
func TestOpenTogether(t *testing.T) {
	t.Parallel()
	base := testpg.New(t)
	type opened struct {
		s   *Store
		err error
	}
	all := make(chan opened)
	for range 4 {
		go func() {
			s, err := Open(t.Context(), base, "")
			all <- opened{s, err}
		}()
	}
	seen := map[string]bool{}
	for range 4 {
		o := <-all
		if o.err != nil {
			t.Error(o.err)
			continue
		}
		seen[o.s.incarnation.String()] = true
		if err := o.s.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(seen) != 1 {
		t.Errorf("one store has the incarnations %v", seen)
	}
}

// A journal that was changed in the database is not written on.
func TestTampered(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"head cut":       `UPDATE head SET size = size - 1`,
		"root changed":   `UPDATE head SET root = decode(repeat('00', 32), 'hex')`,
		"leaf removed":   `DELETE FROM journal WHERE idx = 9`,
		"leaf added":     `INSERT INTO journal (idx, agency_id, leaf, hashes) SELECT 10, '', leaf, hashes FROM journal WHERE idx = 9`,
		"hash changed":   `UPDATE journal SET hashes = decode(repeat('00', 64), 'hex') WHERE idx = 9`,
		"hash too short": `UPDATE journal SET hashes = decode(repeat('00', 40), 'hex') WHERE idx = 9`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := testpg.New(t)
			s, err := Open(t.Context(), base, "")
			if err != nil {
				t.Fatal(err)
			}
			for i := range 10 {
				if _, err := s.Commit(t.Context(), put(i, 100)); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			testpg.Exec(t, base, query)
			if s, err := Open(t.Context(), base, ""); err == nil {
				s.Close()
				t.Error("opened")
			}
		})
	}
}

// Every table of rows about letters and files says which agency they belong to.
func TestAgencyOnEveryRow(t *testing.T) {
	t.Parallel()
	s := at(t, testpg.New(t))
	nodes := map[string]bool{"store": true, "head": true, "migration": true, "blob": true, "peer_store": true, "checkpoint": true, "outbox_peer": true,
		"principal": true, "principal_key": true, "api_token": true, "invitation": true, "refusal": true, "retirement": true, "directory_file": true, "link": true, "replica": true, "fetched": true}
	rows, err := s.read.Query(t.Context(), `SELECT t.table_name::text, EXISTS (SELECT FROM information_schema.columns c
		WHERE c.table_schema = t.table_schema AND c.table_name = t.table_name AND c.column_name = 'agency_id')
		FROM information_schema.tables t WHERE t.table_schema = current_schema()`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var name string
		var agency bool
		if err := rows.Scan(&name, &agency); err != nil {
			t.Fatal(err)
		}
		if agency == nodes[name] {
			t.Errorf("table %s: agency_id is %t", name, agency)
		}
	}
	if n < 20 {
		t.Errorf("%d tables", n)
	}
}

// Jobs that a process had leased when it died are given out at once; one that is at work
// keeps its own, and one over which processes have died more often waits.
func TestOpenEndsLeases(t *testing.T) {
	t.Parallel()
	base := testpg.New(t)
	s := at(t, base)
	const job = `INSERT INTO job (envelope_id, origin_node, agency_id, due_at, claimable_at, attempts, replica) VALUES
		(decode(repeat('%02x', 16), 'hex'), 'ward', 'agency', 1000, %d, %d, %d)`
	alive := s.writer.replica.Load()
	began := time.Now()
	lease := began.Add(20 * time.Minute).UnixMicro()
	for i, j := range []struct {
		attempts int
		replica  int32
	}{{0, 9999}, {1, 9999}, {2, 9999}, {3, 9999}, {4, 9999}, {1, alive}} {
		testpg.Exec(t, base, fmt.Sprintf(job, i, lease, j.attempts, j.replica))
	}
	other := at(t, base)
	after := func(since time.Time, d time.Duration) int64 { return since.Add(d).UnixMicro() }
	for _, tt := range []struct {
		now  int64
		want int
	}{
		{999, 0}, {1000, 2},
		{after(began, 14*time.Second), 0}, {after(time.Now(), 15*time.Second), 1},
		{after(began, 59*time.Second), 0}, {after(time.Now(), time.Minute), 1},
		{lease - 1, 0}, {lease, 2},
	} {
		if jobs, err := other.ClaimJobs(t.Context(), tt.now, lease+1, 10); err != nil || len(jobs) != tt.want {
			t.Errorf("at %d: %d jobs, %v; want %d", tt.now, len(jobs), err, tt.want)
		}
	}
}

// However the server goes about it, a claim leases as many jobs as it was asked for: what
// it leased beyond would be done by nobody until the lease ends. A server that takes the table
// to be empty, as it was when it was last looked at, may go over the rows that are to be claimed
// once for each job.
func TestClaimLeasesNoMore(t *testing.T) {
	t.Parallel()
	base := testpg.New(t)
	s := at(t, base)
	for i := range 20 {
		testpg.Exec(t, base, fmt.Sprintf(`INSERT INTO job (envelope_id, origin_node, agency_id, due_at, claimable_at, attempts)
			VALUES (decode(repeat('%02x', 16), 'hex'), 'ward', 'agency', %d, %d, 0)`, i, 1+i, 1+i))
	}
	testpg.Exec(t, base, `UPDATE pg_class SET relpages = 1, reltuples = 0 WHERE oid = 'job'::regclass`)
	for _, limit := range []int{1, 1, 2, 3} {
		if jobs, err := s.ClaimJobs(t.Context(), 1000, 5000, limit); err != nil || len(jobs) != limit {
			t.Errorf("%d jobs, %v; want %d", len(jobs), err, limit)
		}
	}
}

// A commit that fails, fails for all of its batch, and the tree goes back.
func TestCommitFails(t *testing.T) {
	t.Parallel()
	s := at(t, testpg.New(t))
	if _, err := s.Commit(t.Context(), put(0, 1)); err != nil {
		t.Fatal(err)
	}
	change := put(1, 1)
	recs, err := records(change.Entries)
	if err != nil {
		t.Fatal(err)
	}
	good := func(uint64) *plan { return &plan{records: recs} }
	// It ends the transaction under the batch's feet.
	bad := func(uint64) *plan {
		var p plan
		p.do("ROLLBACK")
		return &p
	}
	gate := busy(t, s) // so that the three share a batch
	var ops []*operation
	for _, p := range []func(uint64) *plan{good, bad, good} {
		op := &operation{ctx: t.Context(), plan: p, done: make(chan struct{})}
		ops = append(ops, op)
		s.writer.queue <- op
	}
	close(gate)
	for i, op := range ops {
		<-op.done
		if op.err == nil {
			t.Errorf("operation %d of a broken batch succeeded", i)
		}
	}
	if done, err := s.Commit(t.Context(), put(1, 1)); err != nil || done.First != 1 || done.Size != 2 {
		t.Errorf("after the broken batch: %+v, %v; want leaf 1 of 2", done, err)
	}
}

// busy keeps the writer in a batch until the channel is closed.
func busy(t *testing.T, s *Store) chan struct{} {
	t.Helper()
	running, gate := make(chan struct{}), make(chan struct{})
	var once sync.Once
	go s.writer.do(t.Context(), func(uint64) *plan {
		once.Do(func() {
			close(running)
			<-gate
		})
		return &plan{}
	})
	<-running
	return gate
}

// An error that only the server finds is the fault of one, and its neighbours stand.
func TestServerRefusesOne(t *testing.T) {
	t.Parallel()
	s := at(t, testpg.New(t))
	gate := busy(t, s)
	errs := make(chan error, 2)
	for n, bad := range []bool{false, true} {
		c := put(n, 1)
		if bad {
			c.Principals = []exchange.Principal{{ID: long(t)}} // too long for an index
		}
		go func() {
			_, err := s.Commit(t.Context(), c)
			errs <- err
		}()
	}
	close(gate)
	failed := 0
	for range 2 {
		if err := <-errs; err != nil {
			failed++
			if errors.Is(err, exchange.ErrConflict) || !strings.Contains(err.Error(), "54000") {
				t.Errorf("%v, want the server's own error", err)
			}
		}
	}
	if n, err := s.TreeSize(t.Context()); failed != 1 || n != 1 || err != nil {
		t.Errorf("%d failed, the journal has %d leaves, %v; want 1 and 1", failed, n, err)
	}
}

// long is a text that does not fit into a page of an index, compressed or not.
func long(t *testing.T) string {
	t.Helper()
	b := make([]byte, 20_000)
	rand.Read(b)
	return hex.EncodeToString(b)
}
