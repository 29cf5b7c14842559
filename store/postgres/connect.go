package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lienthong/exchange"
	"lienthong/journal"
)

// oldest is the first server version that is tested: 14.
const oldest = 14_0000

// checkServer refuses a server that acknowledges what a power cut would take back,
// or that keeps other text than ours. The settings are those of the session, which a
// role or a database may have changed.
func checkServer(ctx context.Context, conn *pgx.Conn) error {
	var version int
	var standby bool
	var schema *string
	if err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::integer, pg_is_in_recovery(), current_schema()::text`).
		Scan(&version, &standby, &schema); err != nil {
		return failure(err)
	}
	switch {
	case version < oldest:
		return fmt.Errorf("postgres: the server is version %d, want %d or newer", version/10000, oldest/10000)
	case standby:
		return errors.New("postgres: the server is a standby that cannot be written to: name the primary")
	case schema == nil:
		return errors.New("postgres: no schema of the search path exists: create it, or name another with ?search_path=")
	}
	return checkSettings(ctx, conn)
}

func checkSettings(ctx context.Context, conn *pgx.Conn) error {
	for _, s := range []struct{ name, want, also, why string }{
		{"fsync", "on", "on", "without it a power cut loses or damages letters that were acknowledged"},
		{"synchronous_commit", "on", "remote_apply", "else letters are acknowledged before they are durable"},
		{"full_page_writes", "on", "on", "without it a power cut can leave half-written pages"},
		{"server_encoding", "UTF8", "UTF8", "names are Vietnamese; create the database with ENCODING 'UTF8'"},
	} {
		var got string
		if err := conn.QueryRow(ctx, `SELECT current_setting($1)`, s.name).Scan(&got); err != nil {
			return failure(err)
		}
		if got != s.want && got != s.also {
			return fmt.Errorf("postgres: the server has %s = %s, want %s: %s", s.name, got, s.want, s.why)
		}
	}
	return nil
}

// Advisory locks of replicas: one number for the schema, one for the replica.
const (
	replicaClass = `hashtext('lienthong replica ' || current_schema())`
	replicaLocks = `SELECT * FROM pg_locks WHERE locktype = 'advisory' AND granted
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
		AND classid::bigint = ` + replicaClass + `::bigint & 4294967295`

	insertReplica = `INSERT INTO replica DEFAULT VALUES RETURNING number`
	lockReplica   = `SELECT pg_advisory_lock(` + replicaClass + `, $1::integer)`
	// Those that died long ago. One that is alive but was cut off asks within minutes.
	deleteReplicas = `DELETE FROM replica WHERE since < now() - interval '7 days'
		AND number NOT IN (SELECT objid::bigint FROM (` + replicaLocks + `) l)`
)

// connect gives the writer a new connection with a number of its own, and the
// journal's head as it is now. A server may come back with other settings than it had.
func (w *writer) connect(ctx context.Context) error {
	w.drop(ctx)
	conn, err := pgx.ConnectConfig(ctx, w.config)
	if err != nil {
		return failure(err)
	}
	w.conn = conn
	if err := w.prepare(ctx); err != nil {
		w.drop(ctx)
		return err
	}
	return nil
}

func (w *writer) prepare(ctx context.Context) error {
	if err := checkServer(ctx, w.conn); err != nil {
		return err
	}
	var n int32
	if err := w.conn.QueryRow(ctx, insertReplica).Scan(&n); err != nil {
		return failure(err)
	}
	if _, err := w.conn.Exec(ctx, lockReplica, n); err != nil {
		return failure(err)
	}
	before := w.replica.Swap(n)
	w.pid.Store(w.conn.PgConn().PID())
	for _, query := range []string{reclaimJobs, reclaimLevelJobs} {
		if _, err := w.conn.Exec(ctx, query, before); err != nil {
			return failure(err)
		}
	}
	for _, query := range []string{deleteReplicas, releaseJobs, releaseLevelJobs} {
		if _, err := w.conn.Exec(ctx, query); err != nil {
			return failure(err)
		}
	}
	if err := w.prepareCounts(ctx); err != nil {
		return err
	}
	return w.load(ctx)
}

// load reads the journal's head and edge.
func (w *writer) load(ctx context.Context) error {
	tx, err := w.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}) // one moment
	if err != nil {
		return failure(err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // it only reads
	var size uint64
	var root journal.Hash
	if err := tx.QueryRow(ctx, `SELECT size, root FROM head WHERE one = 1`).Scan(unsigned{&size}, fixed(root[:])); err != nil {
		return fmt.Errorf("postgres: journal head: %w", err)
	}
	w.tree, err = loadEdge(ctx, tx, size, root)
	return err
}

// How long a batch whose connection broke while it was committed is asked for.
const (
	askTries = 60
	askPause = 500 * time.Millisecond
)

// ErrDoubt: the connection broke while a batch was committed, and the server could not
// be asked since. What was to be written may be there, or not; nothing was acknowledged.
var ErrDoubt = fmt.Errorf("postgres: %w: the connection broke during a commit, and its outcome is not known", exchange.ErrAway)

// resolve finds out what became of an attempt whose connection broke, and makes a new
// one. Where COMMIT had been sent, the database knows, and is asked until it answers: it
// may be restarting. The error, if any, says that there is no connection or that
// nothing is known.
//
// The number of the transaction would not do to ask with: a server that was killed gives
// one that it had not yet written to its log to somebody else.
func (w *writer) resolve(ctx context.Context, a *attempt) (committed bool, err error) {
	if !a.sent {
		ctx, cancel := context.WithTimeout(ctx, connectLimit)
		defer cancel()
		return false, w.connect(ctx)
	}
	for range askTries {
		limited, cancel := context.WithTimeout(ctx, connectLimit)
		committed, err = w.ask(limited, a)
		cancel()
		if err == nil {
			return committed, nil
		}
		timer := time.NewTimer(askPause)
		select {
		case <-timer.C:
		case <-w.ctx.Done(): // the store closes
			timer.Stop()
			return false, fmt.Errorf("%w: %w", ErrDoubt, err)
		}
	}
	return false, fmt.Errorf("%w: %w", ErrDoubt, err)
}

// errRuns: the server still works for the connection that broke.
var errRuns = errors.New("postgres: the connection that broke has not ended")

const (
	endReplica    = `SELECT pg_terminate_backend(pid) FROM (` + replicaLocks + `) l WHERE objid::bigint = $1`
	tryReplica    = `SELECT pg_try_advisory_lock(` + replicaClass + `, $1::integer)`
	unlockReplica = `SELECT pg_advisory_unlock(` + replicaClass + `, $1::integer)`
	selectBatch   = `SELECT batch FROM replica WHERE number = $1`
	updateBatch   = `UPDATE replica SET batch = $1 WHERE number = $2`
)

// ask asks what an attempt's connection committed last, once that one has ended: its
// number is free then.
func (w *writer) ask(ctx context.Context, a *attempt) (committed bool, err error) {
	if w.conn == nil || w.conn.IsClosed() {
		if err := w.connect(ctx); err != nil {
			return false, err
		}
	}
	if _, err := w.conn.Exec(ctx, endReplica, a.number); err != nil {
		return false, failure(err)
	}
	var free bool
	if err := w.conn.QueryRow(ctx, tryReplica, a.number).Scan(&free); err != nil {
		return false, failure(err)
	}
	if !free {
		return false, errRuns
	}
	var last []byte
	if err := w.conn.QueryRow(ctx, selectBatch, a.number).Scan(&last); err != nil {
		return false, failure(err)
	}
	if _, err := w.conn.Exec(ctx, unlockReplica, a.number); err != nil {
		return false, failure(err)
	}
	// The head that was read before may be older than the answer.
	return bytes.Equal(last, a.id[:]), w.load(ctx)
}
