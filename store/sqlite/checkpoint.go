package sqlite

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
)

const checkpointColumns = `SELECT n, node, incarnation, size, root, sealed, cosignature, stamp, stamped, refused, seen FROM checkpoint `

const (
	selectNewestCheckpoint = checkpointColumns + `WHERE node = ?1 AND incarnation = ?2 AND refused = '' ORDER BY size DESC LIMIT 1`
	selectCheckpointOver   = checkpointColumns + `WHERE node = ?1 AND incarnation = ?2 AND size >= ?3 AND refused = ''
		AND (cosignature <> x'' OR stamp <> x'') ORDER BY size LIMIT 1`
	selectCheckpoints = checkpointColumns + `WHERE node = ?1 AND n > ?2 ORDER BY n LIMIT 0+?3`
	putCheckpoint     = `INSERT INTO checkpoint AS c (node, incarnation, size, root, sealed, cosignature, stamp, stamped, refused, seen)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (node, incarnation, size, root, refused) DO UPDATE SET
		cosignature = CASE WHEN c.sealed = excluded.sealed AND c.cosignature = x'' THEN excluded.cosignature ELSE c.cosignature END,
		stamp = CASE WHEN c.sealed = excluded.sealed AND c.stamp = x'' THEN excluded.stamp ELSE c.stamp END,
		stamped = CASE WHEN c.sealed = excluded.sealed AND c.stamp = x'' THEN excluded.stamped ELSE c.stamped END`
)

// NewestCheckpoint implements [exchange.CheckpointStore].
func (s *Store) NewestCheckpoint(ctx context.Context, node string, incarnation envelope.ID) (c exchange.CheckpointRow, err error) {
	err = s.must(ctx, name(node), selectNewestCheckpoint, []any{node, incarnation[:]}, checkpointInto(&c)...)
	return c, err
}

// CheckpointOver implements [exchange.CheckpointStore].
func (s *Store) CheckpointOver(ctx context.Context, node string, incarnation envelope.ID, size uint64) (c exchange.CheckpointRow, err error) {
	err = s.must(ctx, name(node), selectCheckpointOver, []any{node, incarnation[:], int64(size)}, checkpointInto(&c)...)
	return c, err
}

// Checkpoints implements [exchange.CheckpointStore].
func (s *Store) Checkpoints(ctx context.Context, node string, after uint64, limit int) (out []exchange.CheckpointRow, err error) {
	err = s.all(ctx, selectCheckpoints, []any{node, int64(after), limit}, func(row scanner) error {
		var c exchange.CheckpointRow
		err := row.Scan(checkpointInto(&c)...)
		out = append(out, c)
		return err
	})
	return out, err
}

func checkpointInto(c *exchange.CheckpointRow) []any {
	return []any{unsigned{&c.N}, &c.Node, fixed(c.Incarnation[:]), unsigned{&c.Size}, fixed(c.Root[:]), sealed{&c.Sealed}, maybe{&c.Cosignature},
		&c.Stamp, &c.Stamped, &c.Refused, &c.Seen}
}

// maybe scans an Envelope message, or nothing.
type maybe struct{ to *envelope.Sealed }

// Scan implements [sql.Scanner].
func (m maybe) Scan(src any) error {
	if b, ok := src.([]byte); ok && len(b) == 0 {
		return nil
	}
	return sealed(m).Scan(src)
}

func maybeSealed(s envelope.Sealed) []byte {
	if len(s.Payload) == 0 {
		return []byte{}
	}
	return s.Marshal()
}

// checkHeld refuses what was decided over a head that is not the newest any more.
func (a *act) checkHeld() error {
	if a.Held == nil {
		return nil
	}
	now := exchange.CheckpointRow{Node: a.Held.Node, Incarnation: a.Held.Incarnation}
	if _, err := a.one(selectNewestCheckpoint, []any{now.Node, a.Held.Incarnation[:]}, checkpointInto(&now)...); err != nil {
		return err
	}
	if now.Size != a.Held.Size || now.Root != a.Held.Root {
		return fmt.Errorf("sqlite: the head of %d leaves of %q is not the newest any more: %w", a.Held.Size, now.Node, exchange.ErrStale)
	}
	return nil
}

func (a *act) putCheckpoints() error {
	for _, c := range a.Checkpoints {
		if err := a.do(putCheckpoint, c.Node, c.Incarnation[:], int64(c.Size), c.Root[:], c.Sealed.Marshal(), maybeSealed(c.Cosignature),
			some(c.Stamp), c.Stamped, c.Refused, c.Seen); err != nil {
			return err
		}
	}
	return nil
}
