package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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

// connect gives the writer a connection, a replica's number, and the journal's head as
// it is now. A server may come back with other settings than it had.
func (w *writer) connect(ctx context.Context) error {
	w.drop(ctx)
	conn, err := pgx.ConnectConfig(ctx, w.config)
	if err != nil {
		return failure(err)
	}
	w.conn = conn
	if err := w.begin(ctx); err != nil {
		w.drop(ctx)
		return err
	}
	return nil
}

func (w *writer) begin(ctx context.Context) error {
	if err := checkServer(ctx, w.conn); err != nil {
		return err
	}
	var n int32
	var void string
	if err := w.conn.QueryRow(ctx, lockReplica).Scan(&n, &void); err != nil {
		return failure(err)
	}
	w.replica.Store(n)
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
var ErrDoubt = errors.New("postgres: the connection broke during a commit, and its outcome is not known")

// resolve finds out what became of an attempt whose connection broke. Where COMMIT had
// been sent, the server knows: it is asked for the transaction by its number.
func (w *writer) resolve(ctx context.Context, a *attempt, cause error) error {
	if !a.sent {
		return fmt.Errorf("%w; nothing was written", cause)
	}
	for range askTries {
		committed, err := w.ask(ctx, a.xid)
		if err == nil && committed {
			return nil
		}
		if err == nil {
			return fmt.Errorf("%w; nothing was written", cause)
		}
		timer := time.NewTimer(askPause)
		select {
		case <-timer.C:
		case <-w.ctx.Done(): // the store closes
			timer.Stop()
			return fmt.Errorf("%w: %w", ErrDoubt, cause)
		}
	}
	return fmt.Errorf("%w: %w", ErrDoubt, cause)
}

// errRuns: the server still works on the transaction.
var errRuns = errors.New("postgres: the transaction is not over")

// ask asks for the outcome of a transaction. One that still runs has lost its client,
// and is ended.
func (w *writer) ask(ctx context.Context, xid string) (committed bool, err error) {
	if w.conn == nil || w.conn.IsClosed() {
		if err := w.connect(ctx); err != nil {
			return false, err
		}
	}
	var status string
	if err := w.conn.QueryRow(ctx, `SELECT pg_xact_status($1::text::xid8)`, xid).Scan(&status); err != nil {
		return false, failure(err)
	}
	if status != "in progress" {
		// The head that was read while it ran may be older than its outcome.
		return status == "committed", w.connect(ctx)
	}
	_, err = w.conn.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE backend_xid = $1::text::xid8::xid AND usename = current_user AND pid <> pg_backend_pid()`, xid)
	return false, errors.Join(errRuns, failure(err))
}
