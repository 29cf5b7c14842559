package sqlite

import (
	"context"
	"encoding/json"
)

const (
	countUnfetched = `SELECT count(*) FROM delivery WHERE agency_id = ? AND home = 1 AND status = 0 AND copy < 2 AND NOT (kind = 4 AND take_back <> 0)`
	selectAnswered = `SELECT id FROM request WHERE principal = ? AND method = ? AND id IN (SELECT value FROM json_each(?))`
)

// CountUnfetched implements [exchange.TransportStore].
func (s *Store) CountUnfetched(ctx context.Context, agency string) (n int, err error) {
	_, err = s.one(ctx, countUnfetched, []any{agency}, &n)
	return n, err
}

// Answered implements [exchange.TransportStore].
func (s *Store) Answered(ctx context.Context, principal, method string, ids []string) (out []string, err error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	err = s.all(ctx, selectAnswered, []any{principal, method, string(list)}, func(row scanner) error {
		var id string
		err := row.Scan(&id)
		out = append(out, id)
		return err
	})
	return out, err
}
