package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A querier is a connection or a pool.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// statement prepares a query once for all readers. No query says LIMIT ? of a bare
// parameter: SQLite reads its value while it plans, and so plans anew at each call, which
// costs ten times what the query does. LIMIT 0+? is not looked at.
func (s *Store) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := s.prepared.Load(query); ok {
		return st.(*sql.Stmt), nil
	}
	st, err := s.read.PrepareContext(ctx, query)
	if err != nil {
		return nil, failure(err)
	}
	if first, loaded := s.prepared.LoadOrStore(query, st); loaded {
		return first.(*sql.Stmt), st.Close()
	}
	return st, nil
}

func (s *Store) one(ctx context.Context, query string, args []any, dest ...any) (found bool, err error) {
	st, err := s.statement(ctx, query)
	if err != nil {
		return false, err
	}
	return scanned(st.QueryRowContext(ctx, args...).Scan(dest...))
}

// must is one where a row has to be there.
func (s *Store) must(ctx context.Context, what fmt.Stringer, query string, args []any, dest ...any) error {
	found, err := s.one(ctx, query, args, dest...)
	if err == nil && !found {
		err = fmt.Errorf("sqlite: %s: %w", what, exchange.ErrNotFound)
	}
	return err
}

func (s *Store) all(ctx context.Context, query string, args []any, f func(scanner) error) error {
	st, err := s.statement(ctx, query)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(ctx, args...)
	return each(rows, err, f)
}

// name is a string where a Stringer is wanted.
type name string

func (n name) String() string { return fmt.Sprintf("%q", string(n)) }

// Incarnation implements [exchange.Store].
func (s *Store) Incarnation(context.Context) (envelope.ID, error) { return s.incarnation, nil }

const selectUpload = `SELECT id, agency_id, principal, name, media_type, size, started, done, digest FROM upload WHERE id = ?`

// Upload implements [exchange.Store].
func (s *Store) Upload(ctx context.Context, id envelope.ID) (u exchange.Upload, err error) {
	err = s.must(ctx, id, selectUpload, []any{id[:]}, fixed(u.ID[:]), &u.Agency, &u.Principal, &u.Name, &u.MediaType,
		unsigned{&u.Size}, &u.Started, &u.Done, fixed(u.Digest[:]))
	return u, err
}

// StartUpload implements [exchange.Store].
func (s *Store) StartUpload(ctx context.Context, u exchange.Upload) error {
	_, err := s.writer.do(ctx, func(t *tx) error { return t.startUpload(&u) })
	return err
}

const selectFile = `SELECT p.agency_id, p.digest, p.size, p.leaf_root, p.name, p.media_type, p.since
	FROM possession p JOIN blob b ON b.digest = p.digest AND b.state = 1 WHERE p.agency_id = ? AND p.digest = ?`

// File implements [exchange.Store].
func (s *Store) File(ctx context.Context, holder string, digest envelope.Digest) (f exchange.File, err error) {
	err = s.must(ctx, digest, selectFile, []any{holder, digest[:]},
		&f.Holder, fixed(f.Digest[:]), unsigned{&f.Size}, fixed(f.LeafRoot[:]), &f.Name, &f.MediaType, &f.Since)
	return f, err
}

const selectBlob = `SELECT digest, size, leaf_root, touched FROM blob WHERE digest = ? AND state = 1`

// Blob implements [exchange.Store].
func (s *Store) Blob(ctx context.Context, digest envelope.Digest) (b exchange.BlobRow, err error) {
	err = s.must(ctx, digest, selectBlob, []any{digest[:]}, fixed(b.Digest[:]), unsigned{&b.Size}, fixed(b.LeafRoot[:]), &b.Touched)
	return b, err
}

const selectReport = `SELECT json FROM report WHERE digest = ?`

// Report implements [exchange.Store].
func (s *Store) Report(ctx context.Context, digest envelope.Digest) (json []byte, err error) {
	err = s.must(ctx, digest, selectReport, []any{digest[:]}, &json)
	return json, err
}

const selectRequest = `SELECT principal, method, id, agency_id, content, answer, time FROM request
	WHERE principal = ? AND method = ? AND id = ?`

// Request implements [exchange.Store].
func (s *Store) Request(ctx context.Context, principal, method, id string) (r exchange.Request, err error) {
	err = s.must(ctx, name(id), selectRequest, []any{principal, method, id},
		&r.Principal, &r.Method, &r.ID, &r.Agency, fixed(r.Content[:]), &r.Answer, &r.Time)
	return r, err
}
