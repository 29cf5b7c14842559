package postgres

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
)

const checkpointColumns = `SELECT n, node, incarnation, size, root, sealed, cosignature, stamp, stamped, refused, seen FROM checkpoint `

const (
	selectNewestCheckpoint = checkpointColumns + `WHERE node = $1 AND incarnation = $2 AND refused = '' ORDER BY size DESC LIMIT 1`
	selectCheckpointOver   = checkpointColumns + `WHERE node = $1 AND incarnation = $2 AND size >= $3 AND refused = ''
		AND (cosignature <> '' OR stamp <> '') ORDER BY size LIMIT 1`
	selectCheckpoints = checkpointColumns + `WHERE node = $1 AND n > $2 ORDER BY n LIMIT $3`
	checkHeld         = `SELECT 1 FROM (` + selectNewestCheckpoint + `) h WHERE size = $3 AND root = $4`
	putCheckpoint     = `INSERT INTO checkpoint AS c (node, incarnation, size, root, sealed, cosignature, stamp, stamped, refused, seen)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (node, incarnation, size, root, refused) DO UPDATE SET
		cosignature = CASE WHEN c.sealed = excluded.sealed AND c.cosignature = '' THEN excluded.cosignature ELSE c.cosignature END,
		stamp = CASE WHEN c.sealed = excluded.sealed AND c.stamp = '' THEN excluded.stamp ELSE c.stamp END,
		stamped = CASE WHEN c.sealed = excluded.sealed AND c.stamp = '' THEN excluded.stamped ELSE c.stamped END`
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
func (s *Store) Checkpoints(ctx context.Context, node string, after uint64, limit int) ([]exchange.CheckpointRow, error) {
	return list(ctx, s, selectCheckpoints, []any{node, int64(after), limit}, func(row scanner, c *exchange.CheckpointRow) error {
		return row.Scan(checkpointInto(c)...)
	})
}

func checkpointInto(c *exchange.CheckpointRow) []any {
	return []any{unsigned{&c.N}, text{&c.Node}, fixed(c.Incarnation[:]), unsigned{&c.Size}, fixed(c.Root[:]), sealed{&c.Sealed}, maybe{&c.Cosignature},
		&c.Stamp, &c.Stamped, text{&c.Refused}, &c.Seen}
}

// maybe scans an Envelope message, or nothing.
type maybe struct{ to *envelope.Sealed }

// ScanBytes implements [pgtype.BytesScanner].
func (m maybe) ScanBytes(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	return sealed(m).ScanBytes(b)
}

func maybeSealed(s envelope.Sealed) []byte {
	if len(s.Payload) == 0 {
		return []byte{}
	}
	return s.Marshal()
}

// checkHeld refuses what was decided over a head that is not the newest any more. Another
// process may put one at the same time: then the journal's head is not the one that this
// batch began with, and all of it begins anew.
func (a *act) checkHeld() {
	switch h := a.Held; {
	case h == nil:
	case h.Size == 0:
		a.none("a head", selectNewestCheckpoint, h.Node, h.Incarnation[:])
	default:
		a.must(func() error {
			return fmt.Errorf("postgres: the head of %d leaves of %q is not the newest any more: %w", h.Size, h.Node, exchange.ErrStale)
		}, checkHeld, h.Node, h.Incarnation[:], int64(h.Size), h.Root[:])
	}
}

func (a *act) putCheckpoints() {
	for _, c := range a.Checkpoints {
		a.do(putCheckpoint, c.Node, c.Incarnation[:], int64(c.Size), c.Root[:], c.Sealed.Marshal(), maybeSealed(c.Cosignature),
			append([]byte{}, c.Stamp...), c.Stamped, c.Refused, c.Seen)
	}
}
