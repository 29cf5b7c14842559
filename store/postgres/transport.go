package postgres

import "context"

const (
	countUnfetched = `SELECT count(*) FROM delivery WHERE agency_id = $1 AND home AND status = 0 AND copy < 2 AND NOT (kind = 4 AND take_back <> 0)`
	selectAnswered = `SELECT r.id FROM unnest($3::text[]) asked (id) JOIN request r ON r.principal = $1 AND r.method = $2 AND r.id = asked.id`
)

// CountUnfetched implements [exchange.TransportStore].
func (s *Store) CountUnfetched(ctx context.Context, agency string) (n int, err error) {
	_, err = s.one(ctx, countUnfetched, []any{agency}, &n)
	return n, err
}

// Answered implements [exchange.TransportStore].
func (s *Store) Answered(ctx context.Context, principal, method string, ids []string) ([]string, error) {
	return list(ctx, s, selectAnswered, []any{principal, method, ids}, func(row scanner, id *string) error { return row.Scan(id) })
}
