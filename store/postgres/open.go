// Package postgres is the store of a node in one schema of a PostgreSQL database: for
// a node that has grown out of a file, or that several processes serve.
//
// One connection of each process writes, fed by one goroutine that commits what has
// queued together (writer.go): every operation of a batch in a savepoint, their
// statements in one pipeline (plan.go), the journal's head last (attempt.go). A pool
// reads. What is different from package sqlite, which has the same tables, is what the
// server makes different: pipelines in place of prepared statements in memory, arrays
// in place of loops, and other replicas that may write at the same time.
//
// It decides nothing: states, routes and permissions are judged in package
// exchange, which also holds the interface implemented here. Its test is
// store/storetest.
package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A Store is a node's schema. Its methods are safe for concurrent use.
type Store struct {
	read        *pgxpool.Pool
	writer      *writer
	incarnation envelope.ID
}

var _ exchange.Store = (*Store)(nil)

const (
	// connectLimit is how long a connection may take to be made, if the URL does not say.
	connectLimit = 10 * time.Second
	// stallLimit is how long the server waits for a process in the middle of a batch.
	stallLimit = 30 * time.Second
)

// Open opens the store in the database that url names ("postgres://user@host/name", with
// the parameters of libpq and pool_max_conns), in the first schema of its search path,
// and makes the tables where there are none yet. A password comes apart from the URL, so
// that the URL can be shown.
//
// It refuses a server whose settings would let it lose what it has acknowledged, a
// standby, and a schema that is newer than the program.
func Open(ctx context.Context, url, password string) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, failure(err)
	}
	if password != "" {
		config.ConnConfig.Password = password
	}
	settle(config.ConnConfig)
	s := &Store{writer: newWriter(config.ConnConfig.Copy())}
	if err := s.open(ctx, config); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// settle gives every connection the settings that this package relies on.
func settle(c *pgx.ConnConfig) {
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectLimit
	}
	c.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	c.StatementCacheCapacity = 1024 // all statements of this package, and two for each savepoint
	for name, value := range map[string]string{
		"application_name":              "lienthong",
		"default_transaction_isolation": "read committed",
		// Every query of this package is to go through an index, whatever the server believes
		// about tables that were empty a moment ago; and is planned once.
		"enable_seqscan":  "off",
		"plan_cache_mode": "force_generic_plan",
		"jit":             "off",
		// A process that stalls while it holds the journal's head stalls all others.
		"idle_in_transaction_session_timeout": strconv.Itoa(int(stallLimit.Milliseconds())),
	} {
		c.RuntimeParams[name] = value
	}
}

func (s *Store) open(ctx context.Context, config *pgxpool.Config) error {
	err := s.prepare(ctx)
	go s.writer.loop() // also after an error: close waits for it
	if err != nil {
		return err
	}
	config.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	s.read, err = pgxpool.NewWithConfig(ctx, config)
	return failure(err)
}

// prepare brings the schema up to date and loads what the store keeps in memory.
func (s *Store) prepare(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, s.writer.config)
	if err != nil {
		return failure(err)
	}
	defer conn.Close(ctx)
	if err := checkServer(ctx, conn); err != nil {
		return err
	}
	if err := upgrade(ctx, s.writer.config, steps()); err != nil {
		return failure(err)
	}
	if err := s.identify(ctx, conn); err != nil {
		return failure(err)
	}
	return s.writer.connect(ctx)
}

// releaseJobs ends the leases of processes that are gone, whenever a process connects: the
// advisory lock of their number is free. First attempts are given out at once. A job that a
// process has died over twice may be the cause: it waits, 15 s and then a minute, and after
// the fourth for its lease, so that it cannot hold the node in a circle; and one that was
// only near costs its letter seconds.
const (
	releaseJobs = `UPDATE job SET claimable_at = ` + releasedAt + ` WHERE attempts < 4 AND claimable_at > due_at
		AND replica NOT IN (SELECT objid::bigint FROM (` + replicaLocks + `) l)`
	releaseLevelJobs = `UPDATE level_job SET claimable_at = ` + releasedAt + ` WHERE state = 1 AND attempts < 4 AND claimable_at > due_at
		AND replica NOT IN (SELECT objid::bigint FROM (` + replicaLocks + `) l)`
	releasedAt = `CASE WHEN attempts < 2 THEN due_at ELSE LEAST(claimable_at,
		(extract(epoch FROM clock_timestamp()) * 1000000)::bigint + CASE attempts WHEN 2 THEN 15000000 ELSE 60000000 END) END`
	// What this process had leased by a connection that broke is due too, however often it
	// was leased: no process has died over it.
	reclaimJobs      = `UPDATE job SET claimable_at = due_at, attempts = attempts - 1 WHERE replica = $1 AND attempts > 0`
	reclaimLevelJobs = `UPDATE level_job SET claimable_at = due_at, attempts = attempts - 1 WHERE state = 1 AND replica = $1 AND attempts > 0`
)

// identify reads the incarnation of the store, or makes it in a new one.
func (s *Store) identify(ctx context.Context, conn *pgx.Conn) error {
	var fresh [16]byte
	rand.Read(fresh[:]) // never fails
	if _, err := conn.Exec(ctx, `INSERT INTO store (one, incarnation) VALUES (1, $1) ON CONFLICT DO NOTHING`, fresh[:]); err != nil {
		return err
	}
	return conn.QueryRow(ctx, `SELECT incarnation FROM store WHERE one = 1`).Scan(fixed(s.incarnation[:]))
}

// Close waits for the batch that runs, answers the rest with an error and lets
// go of the database. It may be called once.
func (s *Store) Close() error {
	err := s.writer.close()
	if s.read != nil {
		s.read.Close()
	}
	return failure(err)
}
