package postgres

import (
	"context"

	"lienthong/exchange"
)

const (
	selectTombstones = `SELECT target, agency_id, envelope_id, origin_node, origin_agency_id, kind, mode, expires,
			EXISTS (SELECT 1 FROM statement s WHERE s.envelope_digest = aim.target AND s.agency_id = aim.agency_id)
		FROM aim WHERE expires > 0 AND expires <= $1 ORDER BY expires LIMIT $2`
	deleteTombstone = `DELETE FROM aim WHERE target = $1 AND agency_id = $2 AND envelope_id = $3 AND origin_node = $4 AND expires > 0
		AND NOT EXISTS (SELECT 1 FROM statement WHERE envelope_digest = $1 AND agency_id = $2)`
	keepTombstone = `UPDATE aim SET expires = 0 WHERE target = $1 AND agency_id = $2 AND envelope_id = $3 AND origin_node = $4`
)

// Tombstones implements [exchange.ThreadStore].
func (s *Store) Tombstones(ctx context.Context, upTo int64, limit int) ([]exchange.Aim, error) {
	return list(ctx, s, selectTombstones, []any{upTo, limit}, func(row scanner, m *exchange.Aim) error {
		return row.Scan(fixed(m.Target[:]), &m.By.Recipient, fixed(m.By.ID[:]), &m.By.Origin, &m.Agency, &m.Kind, &m.Mode, &m.Expires, &m.Known)
	})
}

func (a *act) forget() {
	for _, m := range a.Forget {
		a.do(deleteTombstone, m.Target[:], m.By.Recipient, m.By.ID[:], m.By.Origin)
		a.do(keepTombstone, m.Target[:], m.By.Recipient, m.By.ID[:], m.By.Origin)
	}
}
