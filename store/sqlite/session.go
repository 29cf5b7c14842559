package sqlite

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	sessionColumns = `id, agency_id, principal, input, state, answer, output, field, level, created, expires, revision`

	selectSession = `SELECT ` + sessionColumns + `, prepared FROM signing_session WHERE id = ?`
	selectExpired = `SELECT ` + sessionColumns + ` FROM signing_session WHERE state = 1 AND expires < ? ORDER BY expires LIMIT 0+?`
	// A few of those that ended long ago.
	selectOldSessions = `SELECT id FROM signing_session WHERE state > 1 AND expires < ? ORDER BY expires LIMIT 8`
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
func (s *Store) ExpiredSessions(ctx context.Context, now int64, limit int) (out []exchange.SigningSession, err error) {
	err = s.all(ctx, selectExpired, []any{now, limit}, func(row scanner) error {
		var r exchange.SigningSession
		err := row.Scan(sessionTargets(&r)...)
		out = append(out, r)
		return err
	})
	return out, err
}

func (a *act) putSessions() error {
	for _, r := range a.Sessions {
		n, err := a.putSession(r)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("sqlite: signing session %s: %w", r.ID, exchange.ErrStale)
		}
	}
	return nil
}

func (a *act) putSession(r exchange.SigningSession) (int64, error) {
	if r.Revision > 0 {
		return a.exec(`UPDATE signing_session SET state = ?, prepared = ?, answer = ?, output = ?, level = ?, revision = revision + 1
			WHERE id = ? AND revision = ?`,
			r.State, some(r.Prepared), r.Answer[:], r.Output[:], r.Level, r.ID[:], int64(r.Revision))
	}
	if err := a.do(`DELETE FROM signing_session WHERE id IN (`+selectOldSessions+`)`, a.now()-sessionLife); err != nil {
		return 0, err
	}
	return a.exec(`INSERT INTO signing_session (id, agency_id, principal, input, state, prepared, answer, output, field, level, created, expires, revision)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING`,
		r.ID[:], r.Agency, r.Principal, r.Input[:], r.State, some(r.Prepared), r.Answer[:], r.Output[:], r.Field, r.Level, r.Created, r.Expires)
}
