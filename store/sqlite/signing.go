package sqlite

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	levelColumns = `id, agency_id, principal, base, level, state, attempts, created, due_at, deadline, ended, output, reason, text, revision`

	selectLevelDue    = `SELECT ` + levelColumns + ` FROM level_job WHERE state = 1 AND claimable_at <= ? ORDER BY claimable_at LIMIT 0+?`
	selectLevelJobs   = `SELECT ` + levelColumns + ` FROM level_job WHERE agency_id = ? AND id < ? ORDER BY id DESC LIMIT 0+?`
	selectLevelOfFile = `SELECT ` + levelColumns + ` FROM level_job WHERE agency_id = ? AND base = ? ORDER BY id`

	augmentationColumns = `agency_id, base, digest, level, until, renew_at, created`

	selectAugmentations = `SELECT ` + augmentationColumns + ` FROM augmentation WHERE agency_id = ? AND base = ? ORDER BY n`
	selectRenewals      = `SELECT ` + augmentationColumns + ` FROM augmentation WHERE renew_at > 0 AND renew_at <= ? ORDER BY renew_at LIMIT 0+?`

	selectEvidence = `SELECT agency_id, file, position, certificate, status, kind, coalesce(answer, zeroblob(32)), source, this_update, checked,
		CASE WHEN base = x'' THEN zeroblob(32) ELSE base END FROM evidence WHERE agency_id = ? AND file = ? ORDER BY position`
	selectKeyState = `SELECT key, agency_id, certificate, suspended, by, reason, wrong, turn, revision FROM key_state WHERE key = ?`
)

func levelTargets(j *exchange.LevelJob) []any {
	return []any{fixed(j.ID[:]), &j.Agency, &j.Principal, fixed(j.Base[:]), &j.Level, &j.State, &j.Attempts, &j.Created, &j.DueAt, &j.Deadline,
		&j.Ended, fixed(j.Output[:]), &j.Reason, &j.Text, unsigned{&j.Revision}}
}

// levelJobs reads all rows that a query gives.
func levelJobs(all func(func(scanner) error) error) (out []exchange.LevelJob, err error) {
	err = all(func(row scanner) error {
		var j exchange.LevelJob
		err := row.Scan(levelTargets(&j)...)
		out = append(out, j)
		return err
	})
	return out, err
}

// ClaimLevelJobs implements [exchange.Store].
func (s *Store) ClaimLevelJobs(ctx context.Context, now, until int64, limit int) (jobs []exchange.LevelJob, err error) {
	_, err = s.writer.do(ctx, func(t *tx) (err error) {
		jobs, err = t.claimLevelJobs(now, until, limit)
		return err
	})
	return jobs, err
}

func (t *tx) claimLevelJobs(now, until int64, limit int) ([]exchange.LevelJob, error) {
	jobs, err := levelJobs(func(f func(scanner) error) error { return t.all(selectLevelDue, []any{now, limit}, f) })
	if err != nil {
		return nil, err
	}
	for i := range jobs {
		j := &jobs[i]
		j.Attempts, j.Revision = j.Attempts+1, j.Revision+1
		if err := t.do(`UPDATE level_job SET claimable_at = ?, attempts = ?, revision = ? WHERE id = ?`,
			until, j.Attempts, int64(j.Revision), j.ID[:]); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// LevelJobs implements [exchange.Store].
func (s *Store) LevelJobs(ctx context.Context, agency string, after envelope.ID, limit int) ([]exchange.LevelJob, error) {
	return levelJobs(func(f func(scanner) error) error {
		return s.all(ctx, selectLevelJobs, []any{agency, before(after), limit}, f)
	})
}

// FileLevelJobs implements [exchange.Store].
func (s *Store) FileLevelJobs(ctx context.Context, agency string, base envelope.Digest) ([]exchange.LevelJob, error) {
	return levelJobs(func(f func(scanner) error) error { return s.all(ctx, selectLevelOfFile, []any{agency, base[:]}, f) })
}

func (s *Store) augmentations(ctx context.Context, query string, args ...any) (out []exchange.Augmentation, err error) {
	err = s.all(ctx, query, args, func(row scanner) error {
		var a exchange.Augmentation
		err := row.Scan(&a.Agency, fixed(a.Base[:]), fixed(a.Digest[:]), &a.Level, &a.Until, &a.RenewAt, &a.Created)
		out = append(out, a)
		return err
	})
	return out, err
}

// Augmentations implements [exchange.Store].
func (s *Store) Augmentations(ctx context.Context, agency string, base envelope.Digest) ([]exchange.Augmentation, error) {
	return s.augmentations(ctx, selectAugmentations, agency, base[:])
}

// RenewalsDue implements [exchange.Store].
func (s *Store) RenewalsDue(ctx context.Context, now int64, limit int) ([]exchange.Augmentation, error) {
	return s.augmentations(ctx, selectRenewals, now, limit)
}

// Evidence implements [exchange.Store].
func (s *Store) Evidence(ctx context.Context, agency string, file envelope.Digest) (out []exchange.EvidenceRow, err error) {
	err = s.all(ctx, selectEvidence, []any{agency, file[:]}, func(row scanner) error {
		var e exchange.EvidenceRow
		err := row.Scan(&e.Agency, fixed(e.File[:]), &e.Position, fixed(e.Certificate[:]), &e.Status, &e.Kind, fixed(e.Answer[:]), &e.Source,
			&e.ThisUpdate, &e.Checked, fixed(e.Base[:]))
		out = append(out, e)
		return err
	})
	return out, err
}

// KeyState implements [exchange.Store].
func (s *Store) KeyState(ctx context.Context, key string) (k exchange.KeyState, err error) {
	err = s.must(ctx, name(key), selectKeyState, []any{key}, &k.Key, &k.Agency, fixed(k.Certificate[:]), &k.Suspended, &k.By, &k.Reason, &k.Wrong, unsigned{&k.Turn}, unsigned{&k.Revision})
	return k, err
}

func (a *act) putLevelJobs() error {
	for _, j := range a.LevelJobs {
		n, err := a.putLevelJob(j)
		if err == nil && n == 0 {
			err = fmt.Errorf("sqlite: level job %s: %w", j.ID, exchange.ErrStale)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// putLevelJob ends the lease of a job that was claimed: it is due when its row says so.
func (a *act) putLevelJob(j exchange.LevelJob) (int64, error) {
	if j.Revision > 0 {
		return a.exec(`UPDATE level_job SET state = ?, due_at = ?, claimable_at = ?2, deadline = ?, ended = ?, output = ?, reason = ?, text = ?,
			revision = revision + 1 WHERE id = ? AND revision = ?`,
			j.State, j.DueAt, j.Deadline, j.Ended, j.Output[:], j.Reason, j.Text, j.ID[:], int64(j.Revision))
	}
	if err := a.named(j.Base); err != nil {
		return 0, err
	}
	return a.exec(`INSERT INTO level_job (id, agency_id, principal, base, level, state, attempts, created, due_at, claimable_at, deadline, ended, output,
		reason, text, revision) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?8, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING`,
		j.ID[:], j.Agency, j.Principal, j.Base[:], j.Level, j.State, j.Created, j.DueAt, j.Deadline, j.Ended, j.Output[:], j.Reason, j.Text)
}

// named refuses what names blobs that are not live, and keeps the others.
func (a *act) named(digests ...envelope.Digest) error {
	var missing exchange.MissingError
	for _, d := range digests {
		if err := a.touch(d, a.now(), &missing); err != nil {
			return err
		}
	}
	return orNil(&missing)
}

func (a *act) putAugmented() error {
	for _, g := range a.Augmented {
		if err := a.named(g.Base, g.Digest); err != nil {
			return err
		}
		if err := a.do(`UPDATE augmentation SET renew_at = 0 WHERE agency_id = ? AND base = ? AND renew_at > 0 AND digest <> ?`,
			g.Agency, g.Base[:], g.Digest[:]); err != nil {
			return err
		}
		if err := a.do(`INSERT INTO augmentation (agency_id, base, digest, level, until, renew_at, created) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET level = excluded.level, until = excluded.until, renew_at = excluded.renew_at`,
			g.Agency, g.Base[:], g.Digest[:], g.Level, g.Until, g.RenewAt, g.Created); err != nil {
			return err
		}
	}
	return nil
}

// known is a digest, or nothing where it is not known.
func known(d envelope.Digest) []byte {
	if d.IsZero() {
		return []byte{}
	}
	return d[:]
}

func (a *act) putEvidence() error {
	for _, e := range a.Evidence {
		blobs, answer := []envelope.Digest{e.File, e.Certificate}, []byte(nil)
		if !e.Answer.IsZero() {
			blobs, answer = append(blobs, e.Answer), e.Answer[:]
		}
		if err := a.named(blobs...); err != nil {
			return err
		}
		if err := a.do(`INSERT INTO evidence (agency_id, file, position, certificate, status, kind, answer, source, this_update, checked, base)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			e.Agency, e.File[:], e.Position, e.Certificate[:], e.Status, e.Kind, answer, e.Source, e.ThisUpdate, e.Checked, known(e.Base)); err != nil {
			return err
		}
	}
	return nil
}

func (a *act) putKeyStates() error {
	for _, k := range a.KeyStates {
		n, err := a.putKeyState(k)
		if err == nil && n == 0 {
			err = fmt.Errorf("sqlite: key %q: %w", k.Key, exchange.ErrStale)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *act) putKeyState(k exchange.KeyState) (int64, error) {
	if k.Revision > 0 {
		return a.exec(`UPDATE key_state SET agency_id = ?, certificate = ?, suspended = ?, by = ?, reason = ?, wrong = ?, turn = ?, revision = revision + 1
			WHERE key = ? AND revision = ?`, k.Agency, k.Certificate[:], k.Suspended, k.By, k.Reason, k.Wrong, int64(k.Turn), k.Key, int64(k.Revision))
	}
	return a.exec(`INSERT INTO key_state (key, agency_id, certificate, suspended, by, reason, wrong, turn, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING`,
		k.Key, k.Agency, k.Certificate[:], k.Suspended, k.By, k.Reason, k.Wrong, int64(k.Turn))
}
