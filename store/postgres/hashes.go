package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"lienthong/journal"
)

// The hash of a subtree lies in the row of the leaf that completed it, at 32 bytes
// times its level.
const selectHashes = `SELECT w.place, substr(j.hashes, 32 * w.level + 1, 32)
	FROM unnest($1::integer[], $2::bigint[]) WITH ORDINALITY AS w (level, leaf, place) JOIN journal j ON j.idx = w.leaf`

// A querier is a connection, a pool or a transaction.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

// Hashes implements [exchange.Store]. They are read in one query; package exchange
// keeps those that every proof needs.
func (s *Store) Hashes(ctx context.Context, indexes []int64) ([]journal.Hash, error) {
	return readHashes(ctx, s.read, indexes)
}

// StoredHashes implements [exchange.Store]. Nothing here keeps hashes.
func (s *Store) StoredHashes(ctx context.Context, indexes []int64) ([]journal.Hash, error) {
	return s.Hashes(ctx, indexes)
}

func readHashes(ctx context.Context, conn querier, indexes []int64) ([]journal.Hash, error) {
	levels, leaves := make([]int32, len(indexes)), make([]int64, len(indexes))
	for i, index := range indexes {
		if index < 0 {
			return nil, fmt.Errorf("postgres: journal has no hash %d", index)
		}
		level, n := tlog.SplitStoredHashIndex(index)
		levels[i], leaves[i] = int32(level), (n+1)<<level-1
	}
	rows, err := conn.Query(ctx, selectHashes, levels, leaves)
	if err != nil {
		return nil, failure(err)
	}
	defer rows.Close()
	out, found := make([]journal.Hash, len(indexes)), 0
	for ; rows.Next(); found++ {
		var place int64
		var h journal.Hash
		if err := rows.Scan(&place, fixed(h[:])); err != nil {
			return nil, fmt.Errorf("postgres: journal hash: %w", err)
		}
		out[place-1] = h
	}
	if err := rows.Err(); err != nil {
		return nil, failure(err)
	}
	if found < len(indexes) {
		return nil, fmt.Errorf("postgres: journal lacks %d of the hashes %v", len(indexes)-found, indexes)
	}
	return out, nil
}

// loadEdge reads the right edge of the tree, and checks that nothing comes after it.
func loadEdge(ctx context.Context, conn querier, size uint64, root journal.Hash) (journal.Edge, error) {
	e, err := journal.LoadEdge(size, root, journal.HashReaderFunc(func(indexes []int64) ([]journal.Hash, error) {
		return readHashes(ctx, conn, indexes)
	}))
	if err != nil {
		return e, err
	}
	var last int64
	if err := conn.QueryRow(ctx, `SELECT COALESCE(max(idx), -1) FROM journal`).Scan(&last); err != nil {
		return e, failure(err)
	}
	if last >= int64(size) {
		return e, fmt.Errorf("postgres: journal has a leaf %d, its head says %d leaves: it was changed", last, size)
	}
	return e, nil
}
