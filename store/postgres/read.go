package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A row reads into dest as [targets] says.
type row struct{ r scanner }

// Scan implements scanner.
func (r row) Scan(dest ...any) error { return r.r.Scan(targets(dest)...) }

func (s *Store) one(ctx context.Context, query string, args []any, dest ...any) (found bool, err error) {
	err = row{s.read.QueryRow(ctx, query, values(args)...)}.Scan(dest...)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, failure(err)
}

// must is one where a row has to be there.
func (s *Store) must(ctx context.Context, what fmt.Stringer, query string, args []any, dest ...any) error {
	found, err := s.one(ctx, query, args, dest...)
	if err == nil && !found {
		err = fmt.Errorf("postgres: %s: %w", what, exchange.ErrNotFound)
	}
	return err
}

// list reads all rows of a query, each by scan.
func list[T any](ctx context.Context, s *Store, query string, args []any, scan func(scanner, *T) error) (out []T, err error) {
	rows, err := s.read.Query(ctx, query, values(args)...)
	if err != nil {
		return nil, failure(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v T
		if err := scan(row{rows}, &v); err != nil {
			return nil, failure(err)
		}
		out = append(out, v)
	}
	return out, failure(rows.Err())
}

// name is a string where a Stringer is wanted.
type name string

func (n name) String() string { return fmt.Sprintf("%q", string(n)) }

// Incarnation implements [exchange.Store].
func (s *Store) Incarnation(context.Context) (envelope.ID, error) { return s.incarnation, nil }

const selectUpload = `SELECT id, agency_id, principal, name, media_type, size, started, done, digest FROM upload WHERE id = $1`

// Upload implements [exchange.Store].
func (s *Store) Upload(ctx context.Context, id envelope.ID) (u exchange.Upload, err error) {
	err = s.must(ctx, id, selectUpload, []any{id[:]}, fixed(u.ID[:]), &u.Agency, &u.Principal, &u.Name, &u.MediaType,
		unsigned{&u.Size}, &u.Started, &u.Done, fixed(u.Digest[:]))
	return u, err
}

// StartUpload implements [exchange.Store].
func (s *Store) StartUpload(ctx context.Context, u exchange.Upload) error {
	_, err := s.writer.do(ctx, func(uint64) *plan {
		var p plan
		p.startUpload(&u)
		return &p
	})
	return err
}

const selectFile = `SELECT p.agency_id, p.digest, p.size, p.leaf_root, p.name, p.media_type, p.since
	FROM possession p JOIN blob b ON b.digest = p.digest AND b.state = 1 WHERE p.agency_id = $1 AND p.digest = $2`

// File implements [exchange.Store].
func (s *Store) File(ctx context.Context, holder string, digest envelope.Digest) (f exchange.File, err error) {
	err = s.must(ctx, digest, selectFile, []any{holder, digest[:]},
		&f.Holder, fixed(f.Digest[:]), unsigned{&f.Size}, fixed(f.LeafRoot[:]), &f.Name, &f.MediaType, &f.Since)
	return f, err
}

const selectBlob = `SELECT digest, size, leaf_root, touched FROM blob WHERE digest = $1 AND state = 1`

// Blob implements [exchange.Store].
func (s *Store) Blob(ctx context.Context, digest envelope.Digest) (b exchange.BlobRow, err error) {
	err = s.must(ctx, digest, selectBlob, []any{digest[:]}, fixed(b.Digest[:]), unsigned{&b.Size}, fixed(b.LeafRoot[:]), &b.Touched)
	return b, err
}

const selectReport = `SELECT json FROM report WHERE digest = $1`

// Report implements [exchange.Store].
func (s *Store) Report(ctx context.Context, digest envelope.Digest) (json []byte, err error) {
	err = s.must(ctx, digest, selectReport, []any{digest[:]}, &json)
	return json, err
}

const selectRequest = `SELECT principal, method, id, agency_id, content, answer, time FROM request
	WHERE principal = $1 AND method = $2 AND id = $3`

// Request implements [exchange.Store].
func (s *Store) Request(ctx context.Context, principal, method, id string) (r exchange.Request, err error) {
	err = s.must(ctx, name(id), selectRequest, []any{principal, method, id},
		&r.Principal, &r.Method, &r.ID, &r.Agency, fixed(r.Content[:]), &r.Answer, &r.Time)
	return r, err
}
