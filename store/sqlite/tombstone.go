package sqlite

import (
	"context"

	"lienthong/exchange"
)

const (
	selectTombstones = `SELECT target, agency_id, envelope_id, origin_node, origin_agency_id, kind, mode, expires,
			EXISTS (SELECT 1 FROM statement s WHERE s.envelope_digest = aim.target AND s.agency_id = aim.agency_id)
		FROM aim WHERE expires > 0 AND expires <= ? ORDER BY expires LIMIT 0+?`
	deleteTombstone = `DELETE FROM aim WHERE target = ?1 AND agency_id = ?2 AND envelope_id = ?3 AND origin_node = ?4 AND expires > 0
		AND NOT EXISTS (SELECT 1 FROM statement WHERE envelope_digest = ?1 AND agency_id = ?2)`
	keepTombstone = `UPDATE aim SET expires = 0 WHERE target = ? AND agency_id = ? AND envelope_id = ? AND origin_node = ?`
)

// Tombstones implements [exchange.ThreadStore].
func (s *Store) Tombstones(ctx context.Context, upTo int64, limit int) (out []exchange.Aim, err error) {
	err = s.all(ctx, selectTombstones, []any{upTo, limit}, func(row scanner) error {
		var m exchange.Aim
		err := row.Scan(fixed(m.Target[:]), &m.By.Recipient, fixed(m.By.ID[:]), &m.By.Origin, &m.Agency, &m.Kind, &m.Mode, &m.Expires, &m.Known)
		out = append(out, m)
		return err
	})
	return out, err
}

func (a *act) forget() error {
	for _, m := range a.Forget {
		for _, query := range []string{deleteTombstone, keepTombstone} {
			if err := a.do(query, m.Target[:], m.By.Recipient, m.By.ID[:], m.By.Origin); err != nil {
				return err
			}
		}
	}
	return nil
}
