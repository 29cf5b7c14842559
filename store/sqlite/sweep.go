package sqlite

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
)

// unkept is the condition that no row keeps the blob b. Possession is not among them:
// it ends with the blob. One row is enough: a popular annex has a million. TestKeepers compares this list with the foreign keys.
const unkept = `(SELECT 1 FROM letter_file x WHERE x.digest = b.digest LIMIT 1) IS NULL
	AND (SELECT 1 FROM level_job x WHERE x.base = b.digest LIMIT 1) IS NULL
	AND (SELECT 1 FROM augmentation x WHERE x.base = b.digest LIMIT 1) IS NULL
	AND (SELECT 1 FROM augmentation x WHERE x.digest = b.digest LIMIT 1) IS NULL
	AND (SELECT 1 FROM evidence x WHERE x.file = b.digest LIMIT 1) IS NULL
	AND (SELECT 1 FROM evidence x WHERE x.certificate = b.digest LIMIT 1) IS NULL
	AND (SELECT 1 FROM evidence x WHERE x.answer = b.digest LIMIT 1) IS NULL
	AND (SELECT 1 FROM signing_session x WHERE x.input = b.digest LIMIT 1) IS NULL
	AND (SELECT 1 FROM signing_session x WHERE x.output = b.digest LIMIT 1) IS NULL`

const (
	storedColumns     = `digest, size, leaf_root, touched, generation, state`
	selectStored      = `SELECT ` + storedColumns + ` FROM blob WHERE digest = ?`
	selectStoredAfter = `SELECT ` + storedColumns + ` FROM blob WHERE digest > ? ORDER BY digest LIMIT 0+?`
	selectIdle        = `SELECT b.digest, b.state <> 2 AND b.touched < ?1 AND ` + unkept + ` FROM blob b WHERE b.digest > ?2 ORDER BY b.digest LIMIT 0+?3`
	selectDoomed      = `SELECT digest, generation FROM blob WHERE state = 2 AND touched <= ? ORDER BY touched, digest LIMIT 0+?`
	countDamaged      = `SELECT count(*) FROM blob WHERE state = 3`
	doomBlob          = `UPDATE blob AS b SET state = 2, touched = ?1 WHERE b.digest = ?2 AND b.state <> 2 AND b.touched < ?3 AND ` + unkept
	deletePossession  = `DELETE FROM possession WHERE digest = ?`
	deleteUploads     = `DELETE FROM upload WHERE id IN (SELECT id FROM upload WHERE started < ? LIMIT 1000)`
)

// uploadLife is how long an upload may take, and how long it is known after, in microseconds.
const uploadLife = 24 * 3600 * 1_000_000

func scanStored(row scanner, b *exchange.StoredBlob) error {
	return row.Scan(fixed(b.Digest[:]), unsigned{&b.Size}, fixed(b.LeafRoot[:]), &b.Touched, unsigned{&b.Generation}, &b.State)
}

// StoredBlob implements [exchange.Store].
func (s *Store) StoredBlob(ctx context.Context, digest envelope.Digest) (b exchange.StoredBlob, err error) {
	err = s.must(ctx, digest, selectStored, []any{digest[:]},
		fixed(b.Digest[:]), unsigned{&b.Size}, fixed(b.LeafRoot[:]), &b.Touched, unsigned{&b.Generation}, &b.State)
	return b, err
}

// StoredBlobs implements [exchange.Store].
func (s *Store) StoredBlobs(ctx context.Context, after envelope.Digest, limit int) (out []exchange.StoredBlob, err error) {
	err = s.all(ctx, selectStoredAfter, []any{after[:], limit}, func(row scanner) error {
		var b exchange.StoredBlob
		err := scanStored(row, &b)
		out = append(out, b)
		return err
	})
	return out, err
}

// Idle implements [exchange.Store].
func (s *Store) Idle(ctx context.Context, before int64, after envelope.Digest, limit int) (idle []envelope.Digest, next envelope.Digest, err error) {
	seen := 0
	err = s.all(ctx, selectIdle, []any{before, after[:], limit}, func(row scanner) error {
		var is bool
		err := row.Scan(fixed(next[:]), &is)
		if seen++; is {
			idle = append(idle, next)
		}
		return err
	})
	if seen < limit {
		next = envelope.Digest{}
	}
	return idle, next, err
}

// Doomed implements [exchange.Store].
func (s *Store) Doomed(ctx context.Context, upTo int64, limit int) (out []exchange.BlobKey, err error) {
	err = s.all(ctx, selectDoomed, []any{upTo, limit}, func(row scanner) error {
		var k exchange.BlobKey
		err := row.Scan(fixed(k.Digest[:]), unsigned{&k.Generation})
		out = append(out, k)
		return err
	})
	return out, err
}

// Damaged implements [exchange.Store].
func (s *Store) Damaged(ctx context.Context) (n int, err error) {
	_, err = s.one(ctx, countDamaged, nil, &n)
	return n, err
}

// Forget implements [exchange.Store].
func (s *Store) Forget(ctx context.Context, gone []exchange.BlobKey) error {
	_, err := s.writer.do(ctx, func(t *tx) error {
		for _, k := range gone {
			if err := t.do(`DELETE FROM blob WHERE digest = ? AND generation = ? AND state = 2`, k.Digest[:], int64(k.Generation)); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// sweep writes what a sweeper has decided. Whoever named or touched a blob since it
// looked is before it in this writer's order, and is found here.
func (a *act) sweep() error {
	if a.Doom != nil {
		for _, d := range a.Doom.Digests {
			n, err := a.exec(doomBlob, a.now(), d[:], a.Doom.Before)
			if err == nil && n == 0 {
				err = fmt.Errorf("sqlite: doom %s: %w", d, exchange.ErrStale)
			}
			if err != nil {
				return err
			}
			if err := a.do(deletePossession, d[:]); err != nil {
				return err
			}
		}
	}
	for _, d := range a.Damage {
		if err := a.do(`UPDATE blob SET state = 3 WHERE digest = ? AND state = 1`, d[:]); err != nil {
			return err
		}
	}
	if a.Swept == 0 {
		return nil
	}
	if err := a.do(`UPDATE head SET swept = max(swept, ?) WHERE one = 1`, a.Swept); err != nil {
		return err
	}
	return a.do(deleteUploads, a.now()-uploadLife)
}
