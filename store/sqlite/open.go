// Package sqlite is the store of a node in one SQLite file: the embedded
// default, pure Go, for the machine that a node has to itself.
//
// One connection writes, fed by one goroutine that commits what has queued
// together (writer.go); the others read. Every write takes its journal entries
// and answers after the sync of SQLite's log. The journal's tree is kept by the
// writer (tree.go) and each entry's row holds the hashes that it completed.
//
// It decides nothing: states, routes and permissions are judged in package
// exchange, which also holds the interface implemented here. Its test is
// store/storetest.
package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the driver

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/durable"
	"lienthong/journal"
)

// A Store is a node's database. Its methods are safe for concurrent use.
type Store struct {
	lock        *lock
	write       *sql.DB
	read        *sql.DB
	writer      *writer
	incarnation envelope.ID
	hashes      hashCache
	prepared    sync.Map // query to *sql.Stmt of readers
}

var _ exchange.Store = (*Store)(nil)

// Open opens the database file path, or makes it, and takes it for this
// process. The folder must exist. Beside the file lie SQLite's own ("-wal",
// "-shm") and the lock (".lock").
//
// It refuses network filesystems, a file that another process serves, and a
// schema that is newer than the program.
func Open(ctx context.Context, path string) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if err := checkFilesystem(filepath.Dir(abs)); err != nil {
		return nil, err
	}
	l, err := takeLock(abs + ".lock")
	if err != nil {
		return nil, err
	}
	s := &Store{lock: l}
	if err := s.open(ctx, abs); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) error {
	_, err := os.Stat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	// NORMAL syncs the log at checkpoints only, not at commits: what FULL is for.
	synchronous := "FULL"
	if durable.Omitted(durable.Commit) {
		synchronous = "NORMAL"
	}
	s.write, err = pool(path, 1, "synchronous("+synchronous+")", "cache_size(-32768)", "wal_autocheckpoint(2000)",
		"journal_size_limit(67108864)")
	if err != nil {
		return err
	}
	if err := checkVersion(ctx, s.write); err != nil {
		return fmt.Errorf("sqlite: open %q: %w", path, err)
	}
	if err := upgrade(ctx, s.write, synchronous); err != nil {
		return fmt.Errorf("sqlite: open %q: %w", path, err)
	}
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("sqlite: open %q: %w", path, err)
	}
	tree, err := s.prepare(ctx, conn)
	if err != nil {
		return errors.Join(fmt.Errorf("sqlite: open %q: %w", path, err), conn.Close())
	}
	if fresh {
		// SQLite syncs the folder for its log, but not for the database itself.
		if err := durable.SyncFolder(filepath.Dir(path)); err != nil {
			return errors.Join(err, conn.Close())
		}
	}
	s.writer = startWriter(conn, tree, &s.hashes)
	s.read, err = pool(path, max(4, runtime.GOMAXPROCS(0)), "query_only(1)", "cache_size(-8192)")
	return err
}

// prepare loads what the store keeps in memory.
func (s *Store) prepare(ctx context.Context, conn *sql.Conn) (journal.Edge, error) {
	if err := s.identify(ctx, conn); err != nil {
		return journal.Edge{}, err
	}
	if err := releaseJobs(ctx, conn); err != nil {
		return journal.Edge{}, err
	}
	return loadEdge(ctx, conn)
}

// releaseJobs ends the leases of the process that had the store before: it is gone. First
// attempts are given out at once. A job that a process has died over twice may be the
// cause: it waits, 15 s and then a minute, and after the fourth for its lease, so that it
// cannot hold the node in a circle; and one that was only near costs its letter seconds.
func releaseJobs(ctx context.Context, conn *sql.Conn) error {
	const at = ` SET claimable_at = CASE WHEN attempts < 2 THEN due_at ELSE min(claimable_at,
		CAST(unixepoch('subsec') * 1000000 AS INTEGER) + CASE attempts WHEN 2 THEN 15000000 ELSE 60000000 END) END
		WHERE attempts < 4 AND claimable_at > due_at`
	_, err := conn.ExecContext(ctx, `UPDATE job`+at+`; UPDATE level_job`+at+` AND state = 1`)
	return err
}

// pool opens n connections to the file with the settings of every connection and
// those given. The path is escaped: folders have names like "Phường Ba Hàng?".
func pool(path string, n int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_pragma": append([]string{
		"busy_timeout(10000)", // first, so that the others wait too
		"journal_mode(WAL)", "foreign_keys(1)", "temp_store(MEMORY)", "trusted_schema(0)",
	}, pragmas...)}
	slash := filepath.ToSlash(path)
	if !strings.HasPrefix(slash, "/") {
		slash = "/" + slash // a drive letter
	}
	u := url.URL{Scheme: "file", Path: slash, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %q: %w", path, err)
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// oldest is the first SQLite without the WAL-reset bug that could lose commits.
const oldest = "3.51.3"

func checkVersion(ctx context.Context, db *sql.DB) error {
	var v string
	var old bool
	err := db.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&v)
	if err != nil {
		return err
	}
	if old, err = older(v, oldest); err == nil && old {
		err = fmt.Errorf("SQLite %s is built in, want %s or newer", v, oldest)
	}
	return err
}

func older(a, b string) (bool, error) {
	parse := func(s string) (v [3]int, err error) {
		_, err = fmt.Sscanf(s, "%d.%d.%d", &v[0], &v[1], &v[2])
		return v, err
	}
	x, err := parse(a)
	if err != nil {
		return false, fmt.Errorf("version %q: %w", a, err)
	}
	y, err := parse(b)
	if err != nil {
		return false, fmt.Errorf("version %q: %w", b, err)
	}
	for i := range x {
		if x[i] != y[i] {
			return x[i] < y[i], nil
		}
	}
	return false, nil
}

// identify reads the incarnation of the store, or makes it in a new one.
func (s *Store) identify(ctx context.Context, conn *sql.Conn) error {
	var fresh [16]byte
	rand.Read(fresh[:]) // never fails
	if _, err := conn.ExecContext(ctx, `INSERT OR IGNORE INTO store (one, incarnation) VALUES (1, ?)`, fresh[:]); err != nil {
		return err
	}
	var id []byte
	if err := conn.QueryRowContext(ctx, `SELECT incarnation FROM store WHERE one = 1`).Scan(&id); err != nil {
		return err
	}
	if len(id) != len(s.incarnation) {
		return fmt.Errorf("incarnation has %d bytes, want %d", len(id), len(s.incarnation))
	}
	copy(s.incarnation[:], id)
	return nil
}

// Close waits for the batch that runs, answers the rest with an error and lets
// go of the file. It may be called once.
func (s *Store) Close() error {
	var errs []error
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	for _, db := range []*sql.DB{s.read, s.write} { // the last connection checkpoints the log
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, s.lock.release())...)
}
