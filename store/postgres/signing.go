package postgres

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	levelColumns = `id, agency_id, principal, base, level, state, attempts, created, due_at, deadline, ended, output, reason, text, revision`

	// As with validation jobs: rows that another replica is claiming are passed over.
	claimLevelJobs = `UPDATE level_job SET claimable_at = $2, attempts = attempts + 1, revision = revision + 1, replica = $4
		WHERE id = ANY (ARRAY (SELECT id FROM level_job WHERE state = 1 AND claimable_at <= $1
			ORDER BY claimable_at LIMIT $3 FOR UPDATE SKIP LOCKED)) RETURNING ` + levelColumns
	selectLevelJobs   = `SELECT ` + levelColumns + ` FROM level_job WHERE agency_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`
	selectLevelOfFile = `SELECT ` + levelColumns + ` FROM level_job WHERE agency_id = $1 AND base = $2 ORDER BY id`
	updateLevelJob    = `UPDATE level_job SET state = $1, due_at = $2, claimable_at = $2, deadline = $3, ended = $4, output = $5, reason = $6, text = $7,
		revision = revision + 1 WHERE id = $8 AND revision = $9`
	insertLevelJob = `INSERT INTO level_job (id, agency_id, principal, base, level, state, attempts, created, due_at, claimable_at, deadline, ended,
		output, reason, text, revision) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $8, $9, $10, $11, $12, $13, 1) ON CONFLICT DO NOTHING`

	augmentationColumns = `agency_id, base, digest, level, until, renew_at, created`
	selectAugmentations = `SELECT ` + augmentationColumns + ` FROM augmentation WHERE agency_id = $1 AND base = $2 ORDER BY n`
	selectRenewals      = `SELECT ` + augmentationColumns + ` FROM augmentation WHERE renew_at > 0 AND renew_at <= $1 ORDER BY renew_at LIMIT $2`
	renewNoMore         = `UPDATE augmentation SET renew_at = 0 WHERE agency_id = $1 AND base = $2 AND renew_at > 0 AND digest <> $3`
	putAugmentation     = `INSERT INTO augmentation (agency_id, base, digest, level, until, renew_at, created) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT ON CONSTRAINT augmentation_once DO UPDATE SET level = excluded.level, until = excluded.until, renew_at = excluded.renew_at`

	selectEvidence = `SELECT agency_id, file, position, certificate, status, kind, answer, source, this_update, checked, NULLIF(base, ''::bytea)
		FROM evidence WHERE agency_id = $1 AND file = $2 ORDER BY position`
	insertEvidence = `INSERT INTO evidence (agency_id, file, position, certificate, status, kind, answer, source, this_update, checked, base)
		VALUES ($1, $2, $3, $4, $5, $6, NULLIF($7, ''::bytea), $8, $9, $10, $11) ON CONFLICT DO NOTHING`

	selectKeyState = `SELECT key, agency_id, certificate, suspended, by, reason, wrong, turn, revision FROM key_state WHERE key = $1`
	updateKeyState = `UPDATE key_state SET agency_id = $1, certificate = $2, suspended = $3, by = $4, reason = $5, wrong = $6, turn = $7, revision = revision + 1
		WHERE key = $8 AND revision = $9`
	insertKeyState = `INSERT INTO key_state (key, agency_id, certificate, suspended, by, reason, wrong, turn, revision)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1) ON CONFLICT DO NOTHING`

	selectFetched = `SELECT data, at, due FROM fetched WHERE key = $1`
	putFetched    = `INSERT INTO fetched (key, data, at, due) VALUES ($1, $2, $3, $4)
		ON CONFLICT (key) DO UPDATE SET data = excluded.data, at = excluded.at, due = excluded.due`
	// A few of those that nobody has asked for in a month.
	deleteOldFetched = `DELETE FROM fetched WHERE ctid = ANY (ARRAY (
		SELECT ctid FROM fetched WHERE due < $1 ORDER BY due LIMIT 8 FOR UPDATE SKIP LOCKED))`
)

func scanLevelJob(row scanner, j *exchange.LevelJob) error {
	return row.Scan(fixed(j.ID[:]), &j.Agency, &j.Principal, fixed(j.Base[:]), &j.Level, &j.State, &j.Attempts, &j.Created, &j.DueAt, &j.Deadline,
		&j.Ended, fixed(j.Output[:]), &j.Reason, &j.Text, unsigned{&j.Revision})
}

// ClaimLevelJobs implements [exchange.Store].
func (s *Store) ClaimLevelJobs(ctx context.Context, now, until int64, limit int) ([]exchange.LevelJob, error) {
	var jobs []exchange.LevelJob
	_, err := s.writer.do(ctx, func(uint64) *plan {
		var p plan
		jobs = nil
		p.each(func(row scanner) error {
			var j exchange.LevelJob
			err := scanLevelJob(row, &j)
			jobs = append(jobs, j)
			return err
		}, claimLevelJobs, now, until, limit, s.writer.replica.Load())
		return &p
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(jobs, func(a, b exchange.LevelJob) int { return cmp.Compare(a.DueAt, b.DueAt) })
	return jobs, nil
}

// LevelJobs implements [exchange.Store].
func (s *Store) LevelJobs(ctx context.Context, agency string, after envelope.ID, limit int) ([]exchange.LevelJob, error) {
	return list(ctx, s, selectLevelJobs, []any{agency, before(after), limit}, scanLevelJob)
}

// FileLevelJobs implements [exchange.Store].
func (s *Store) FileLevelJobs(ctx context.Context, agency string, base envelope.Digest) ([]exchange.LevelJob, error) {
	return list(ctx, s, selectLevelOfFile, []any{agency, base[:]}, scanLevelJob)
}

func scanAugmentation(row scanner, a *exchange.Augmentation) error {
	return row.Scan(&a.Agency, fixed(a.Base[:]), fixed(a.Digest[:]), &a.Level, &a.Until, &a.RenewAt, &a.Created)
}

// Augmentations implements [exchange.Store].
func (s *Store) Augmentations(ctx context.Context, agency string, base envelope.Digest) ([]exchange.Augmentation, error) {
	return list(ctx, s, selectAugmentations, []any{agency, base[:]}, scanAugmentation)
}

// RenewalsDue implements [exchange.Store].
func (s *Store) RenewalsDue(ctx context.Context, now int64, limit int) ([]exchange.Augmentation, error) {
	return list(ctx, s, selectRenewals, []any{now, limit}, scanAugmentation)
}

// Evidence implements [exchange.Store].
func (s *Store) Evidence(ctx context.Context, agency string, file envelope.Digest) ([]exchange.EvidenceRow, error) {
	return list(ctx, s, selectEvidence, []any{agency, file[:]}, func(row scanner, e *exchange.EvidenceRow) error {
		var answer, base []byte
		err := row.Scan(&e.Agency, fixed(e.File[:]), &e.Position, fixed(e.Certificate[:]), &e.Status, &e.Kind, &answer, &e.Source,
			&e.ThisUpdate, &e.Checked, &base)
		if err == nil && answer != nil {
			err = fixed(e.Answer[:]).ScanBytes(answer)
		}
		if err == nil && base != nil {
			err = fixed(e.Base[:]).ScanBytes(base)
		}
		return err
	})
}

// KeyState implements [exchange.Store].
func (s *Store) KeyState(ctx context.Context, key string) (k exchange.KeyState, err error) {
	err = s.must(ctx, name(key), selectKeyState, []any{key}, &k.Key, &k.Agency, fixed(k.Certificate[:]), &k.Suspended, &k.By, &k.Reason, &k.Wrong,
		unsigned{&k.Turn}, unsigned{&k.Revision})
	return k, err
}

// Fetched implements [exchange.Store].
func (s *Store) Fetched(ctx context.Context, key envelope.Digest) (f exchange.Fetched, err error) {
	f.Key = key
	err = s.must(ctx, name(hex.EncodeToString(key[:])), selectFetched, []any{key[:]}, &f.Data, &f.At, &f.Due)
	return f, err
}

// fetchedLife is how long after its due time a row is kept, in microseconds.
const fetchedLife = 30 * 24 * 3600 * 1_000_000

// PutFetched implements [exchange.Store].
func (s *Store) PutFetched(ctx context.Context, f exchange.Fetched) error {
	_, err := s.writer.do(ctx, func(uint64) *plan {
		var p plan
		p.do(deleteOldFetched, f.At-fetchedLife)
		p.do(putFetched, f.Key[:], f.Data, f.At, f.Due)
		return &p
	})
	return err
}

// putLevelJobs ends the lease of a job that was claimed: it is due when its row says so.
func (a *act) putLevelJobs() {
	for _, j := range a.LevelJobs {
		stale := func() error { return fmt.Errorf("postgres: level job %s: %w", j.ID, exchange.ErrStale) }
		if j.Revision > 0 {
			a.must(stale, updateLevelJob, int64(j.State), j.DueAt, j.Deadline, j.Ended, j.Output[:], j.Reason, j.Text, j.ID[:], int64(j.Revision))
			continue
		}
		a.must(stale, insertLevelJob, j.ID[:], j.Agency, j.Principal, j.Base[:], string(j.Level), int64(j.State), j.Created, j.DueAt, j.Deadline,
			j.Ended, j.Output[:], j.Reason, j.Text)
	}
}

func (a *act) putAugmented() {
	for _, g := range a.Augmented {
		a.do(renewNoMore, g.Agency, g.Base[:], g.Digest[:])
		a.do(putAugmentation, g.Agency, g.Base[:], g.Digest[:], string(g.Level), g.Until, g.RenewAt, g.Created)
	}
}

// known is a digest, or nothing where it is not known.
func known(d envelope.Digest) []byte {
	if d.IsZero() {
		return []byte{}
	}
	return d[:]
}

func (a *act) putEvidence() {
	for _, e := range a.Evidence {
		var answer []byte
		if !e.Answer.IsZero() {
			answer = e.Answer[:]
		}
		a.do(insertEvidence, e.Agency, e.File[:], e.Position, e.Certificate[:], e.Status, e.Kind, answer, e.Source, e.ThisUpdate, e.Checked, known(e.Base))
	}
}

func (a *act) putKeyStates() {
	for _, k := range a.KeyStates {
		stale := func() error { return fmt.Errorf("postgres: key %q: %w", k.Key, exchange.ErrStale) }
		if k.Revision > 0 {
			a.must(stale, updateKeyState, k.Agency, k.Certificate[:], k.Suspended, k.By, k.Reason, k.Wrong, int64(k.Turn), k.Key, int64(k.Revision))
			continue
		}
		a.must(stale, insertKeyState, k.Key, k.Agency, k.Certificate[:], k.Suspended, k.By, k.Reason, k.Wrong, int64(k.Turn))
	}
}

// signingBlobs are those that rows about signatures name, which must be live and are
// touched.
func (a *act) signingBlobs() (named []envelope.Digest) {
	for _, j := range a.LevelJobs {
		if j.Revision == 0 {
			named = append(named, j.Base)
		}
	}
	for _, g := range a.Augmented {
		named = append(named, g.Base, g.Digest)
	}
	for _, e := range a.Evidence {
		named = append(named, e.File, e.Certificate)
		if !e.Answer.IsZero() {
			named = append(named, e.Answer)
		}
	}
	return named
}
