package postgres

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	sessionColumns = `id, agency_id, principal, input, state, answer, output, field, level, created, expires, revision`

	selectSession = `SELECT ` + sessionColumns + `, prepared FROM signing_session WHERE id = $1`
	selectExpired = `SELECT ` + sessionColumns + ` FROM signing_session WHERE state = 1 AND expires < $1 ORDER BY expires LIMIT $2`

	updateSession = `UPDATE signing_session SET state = $1, prepared = $2, answer = $3, output = $4, level = $5, revision = revision + 1
		WHERE id = $6 AND revision = $7`
	insertSession = `INSERT INTO signing_session (id, agency_id, principal, input, state, prepared, answer, output, field, level, created, expires, revision)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1) ON CONFLICT DO NOTHING`
	// A few of those that ended long ago.
	deleteOldSessions = `DELETE FROM signing_session WHERE ctid = ANY (ARRAY (SELECT ctid FROM signing_session
		WHERE state > 1 AND expires < $1 ORDER BY expires LIMIT 8 FOR UPDATE SKIP LOCKED))`
)

// sessionLife is how long a session that ended is kept, in microseconds: as long as
// a request id.
const sessionLife = requestLife

func sessionTargets(r *exchange.SigningSession) []any {
	return []any{fixed(r.ID[:]), &r.Agency, &r.Principal, fixed(r.Input[:]), &r.State, fixed(r.Answer[:]), fixed(r.Output[:]),
		&r.Field, &r.Level, &r.Created, &r.Expires, unsigned{&r.Revision}}
}

// Session implements [exchange.Store].
func (s *Store) Session(ctx context.Context, id envelope.ID) (r exchange.SigningSession, err error) {
	err = s.must(ctx, id, selectSession, []any{id[:]}, append(sessionTargets(&r), &r.Prepared)...)
	if len(r.Prepared) == 0 {
		r.Prepared = nil
	}
	return r, err
}

// ExpiredSessions implements [exchange.Store].
func (s *Store) ExpiredSessions(ctx context.Context, now int64, limit int) ([]exchange.SigningSession, error) {
	return list(ctx, s, selectExpired, []any{now, limit}, func(row scanner, r *exchange.SigningSession) error {
		return row.Scan(sessionTargets(r)...)
	})
}

func (a *act) putSessions() {
	for _, r := range a.Sessions {
		stale := func() error { return fmt.Errorf("postgres: signing session %s: %w", r.ID, exchange.ErrStale) }
		if r.Revision > 0 {
			a.must(stale, updateSession, int64(r.State), r.Prepared, r.Answer[:], r.Output[:], r.Level, r.ID[:], int64(r.Revision))
			continue
		}
		a.do(deleteOldSessions, a.now()-sessionLife)
		a.must(stale, insertSession, r.ID[:], r.Agency, r.Principal, r.Input[:], int64(r.State), r.Prepared, r.Answer[:], r.Output[:],
			r.Field, r.Level, r.Created, r.Expires)
	}
}
