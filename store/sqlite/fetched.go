package sqlite

import (
	"context"
	"encoding/hex"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	selectFetched = `SELECT data, at, due FROM fetched WHERE key = ?`
	// A few of those that nobody has asked for in a month.
	selectOldFetched = `SELECT key FROM fetched WHERE due < ? ORDER BY due LIMIT 8`
)

// fetchedLife is how long after its due time a row is kept, in microseconds.
const fetchedLife = 30 * 24 * 3600 * 1_000_000

// Fetched implements [exchange.Store].
func (s *Store) Fetched(ctx context.Context, key envelope.Digest) (f exchange.Fetched, err error) {
	f.Key = key
	err = s.must(ctx, name(hex.EncodeToString(key[:])), selectFetched, []any{key[:]}, &f.Data, &f.At, &f.Due)
	return f, err
}

// PutFetched implements [exchange.Store].
func (s *Store) PutFetched(ctx context.Context, f exchange.Fetched) error {
	_, err := s.writer.do(ctx, func(t *tx) error {
		if err := t.do(`DELETE FROM fetched WHERE key IN (`+selectOldFetched+`)`, f.At-fetchedLife); err != nil {
			return err
		}
		return t.do(`INSERT INTO fetched (key, data, at, due) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET data = excluded.data, at = excluded.at, due = excluded.due`, f.Key[:], some(f.Data), f.At, f.Due)
	})
	return err
}
