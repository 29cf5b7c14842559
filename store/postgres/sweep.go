package postgres

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
	selectStored      = `SELECT ` + storedColumns + ` FROM blob WHERE digest = $1`
	selectStoredAfter = `SELECT ` + storedColumns + ` FROM blob WHERE digest > $1 ORDER BY digest LIMIT $2`
	// The page is cut before it is looked at: what a call reads does not depend on how many are kept.
	selectIdle = `SELECT b.digest, b.state <> 2 AND b.touched < $1 AND ` + unkept + `
		FROM (SELECT digest, state, touched FROM blob WHERE digest > $2 ORDER BY digest LIMIT $3) b ORDER BY b.digest`
	selectDoomed = `SELECT digest, generation FROM blob WHERE state = 2 AND touched <= $1 ORDER BY touched, digest LIMIT $2`
	countDamaged = `SELECT count(*) FROM blob WHERE state = 3`
	forgetBlob   = `DELETE FROM blob WHERE digest = $1 AND generation = $2 AND state = 2`
	doomBlob     = `UPDATE blob b SET state = 2, touched = $1 WHERE b.digest = $2 AND b.state <> 2 AND b.touched < $3 AND ` + unkept
	damageBlobs  = `UPDATE blob SET state = 3 WHERE digest = ANY ($1::bytea[]) AND state = 1`
	moveFence    = `UPDATE head SET swept = greatest(swept, $1) WHERE one = 1`

	deletePossession = `DELETE FROM possession WHERE digest = $1`
	deleteUploads    = `DELETE FROM upload WHERE id = ANY (ARRAY (SELECT id FROM upload WHERE started < $1 LIMIT 1000))`
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
func (s *Store) StoredBlobs(ctx context.Context, after envelope.Digest, limit int) ([]exchange.StoredBlob, error) {
	return list(ctx, s, selectStoredAfter, []any{after[:], limit}, scanStored)
}

// Idle implements [exchange.Store].
func (s *Store) Idle(ctx context.Context, before int64, after envelope.Digest, limit int) (idle []envelope.Digest, next envelope.Digest, err error) {
	type looked struct {
		digest envelope.Digest
		idle   bool
	}
	rows, err := list(ctx, s, selectIdle, []any{before, after[:], limit}, func(row scanner, l *looked) error {
		return row.Scan(fixed(l.digest[:]), &l.idle)
	})
	for _, l := range rows {
		if l.idle {
			idle = append(idle, l.digest)
		}
	}
	if len(rows) == limit && limit > 0 {
		next = rows[limit-1].digest
	}
	return idle, next, err
}

// Doomed implements [exchange.Store].
func (s *Store) Doomed(ctx context.Context, upTo int64, limit int) ([]exchange.BlobKey, error) {
	return list(ctx, s, selectDoomed, []any{upTo, limit}, func(row scanner, k *exchange.BlobKey) error {
		return row.Scan(fixed(k.Digest[:]), unsigned{&k.Generation})
	})
}

// Damaged implements [exchange.Store].
func (s *Store) Damaged(ctx context.Context) (n int, err error) {
	_, err = s.one(ctx, countDamaged, nil, &n)
	return n, err
}

// Forget implements [exchange.Store].
func (s *Store) Forget(ctx context.Context, gone []exchange.BlobKey) error {
	_, err := s.writer.do(ctx, func(uint64) *plan {
		var p plan
		for _, k := range gone {
			p.do(forgetBlob, k.Digest[:], int64(k.Generation))
		}
		return &p
	})
	return err
}

// sweep writes what a sweeper has decided. An act of another replica that names one of
// these blobs and is not committed yet is not seen here; but it and this one append to
// the journal, and whichever of them is second there begins anew, and sees the other.
func (a *act) sweep() {
	if a.Doom != nil {
		for _, d := range a.Doom.Digests {
			a.must(func() error { return fmt.Errorf("postgres: doom %s: %w", d, exchange.ErrStale) }, doomBlob, a.now(), d[:], a.Doom.Before)
			a.do(deletePossession, d[:])
		}
	}
	if len(a.Damage) > 0 {
		a.do(damageBlobs, bytesOf(a.Damage))
	}
	if a.Swept != 0 {
		a.do(moveFence, a.Swept)
		a.do(deleteUploads, a.now()-uploadLife)
	}
}
