package sqlite

import (
	"context"
	"fmt"
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	selectPrincipalByID = `SELECT id, name, disabled, created, revision FROM principal WHERE id = ?`

	tokenColumns      = `id, hash, principal, name, methods, created, expires, revoked, last_used`
	selectTokenByHash = `SELECT ` + tokenColumns + ` FROM api_token WHERE hash = ?`
	selectTokenByID   = `SELECT ` + tokenColumns + ` FROM api_token WHERE id = ?`
	selectTokens      = `SELECT ` + tokenColumns + ` FROM api_token WHERE id < ? ORDER BY id DESC LIMIT 0+?`
	selectTokenGrants = `SELECT role, agency_id FROM api_token_grant WHERE token = ? ORDER BY position`

	selectRefusals = `SELECT minute, principal, method, reason, count FROM refusal WHERE (minute, principal, method, reason) < (?, ?, ?, ?)
		ORDER BY minute DESC, principal DESC, method DESC, reason DESC LIMIT 0+?`
	countRefusal   = `INSERT INTO refusal (minute, principal, method, reason, count) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count`
	deleteRefusals = `DELETE FROM refusal WHERE (minute, principal, method, reason) IN
		(SELECT minute, principal, method, reason FROM refusal ORDER BY minute DESC, principal DESC, method DESC, reason DESC LIMIT -1 OFFSET 0+?)`
)

// PrincipalByID implements [exchange.Store].
func (s *Store) PrincipalByID(ctx context.Context, id string) (p exchange.Principal, err error) {
	if err := s.must(ctx, name(id), selectPrincipalByID, []any{id}, &p.ID, &p.Name, &p.Disabled, &p.Created, unsigned{&p.Revision}); err != nil {
		return exchange.Principal{}, err
	}
	return p, s.complete(ctx, &p)
}

// tokenOf reads a token without its grants.
func tokenOf(row scanner) (t exchange.Token, err error) {
	var methods string
	err = row.Scan(fixed(t.ID[:]), fixed(t.Hash[:]), &t.Principal, &t.Name, &methods, &t.Created, &t.Expires, &t.Revoked, &t.LastUsed)
	if methods != "" {
		t.Methods = strings.Split(methods, "\n")
	}
	return t, err
}

func (s *Store) tokens(ctx context.Context, query string, args ...any) (out []exchange.Token, err error) {
	err = s.all(ctx, query, args, func(row scanner) error {
		t, err := tokenOf(row)
		out = append(out, t)
		return err
	})
	for i := range out {
		if err == nil {
			err = s.tokenGrants(ctx, &out[i])
		}
	}
	return out, err
}

func (s *Store) tokenGrants(ctx context.Context, t *exchange.Token) error {
	return s.all(ctx, selectTokenGrants, []any{t.ID[:]}, func(row scanner) error {
		var g exchange.Grant
		err := row.Scan(&g.Role, &g.Agency)
		t.Grants = append(t.Grants, g)
		return err
	})
}

func (s *Store) token(ctx context.Context, what fmt.Stringer, query string, key []byte) (exchange.Token, error) {
	list, err := s.tokens(ctx, query, key)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("sqlite: token %s: %w", what, exchange.ErrNotFound)
	}
	if err != nil {
		return exchange.Token{}, err
	}
	return list[0], nil
}

// TokenByHash implements [exchange.Store].
func (s *Store) TokenByHash(ctx context.Context, hash envelope.Digest) (exchange.Token, error) {
	return s.token(ctx, hash, selectTokenByHash, hash[:])
}

// TokenByID implements [exchange.Store].
func (s *Store) TokenByID(ctx context.Context, id envelope.ID) (exchange.Token, error) {
	return s.token(ctx, id, selectTokenByID, id[:])
}

// Tokens implements [exchange.Store].
func (s *Store) Tokens(ctx context.Context, after envelope.ID, limit int) ([]exchange.Token, error) {
	return s.tokens(ctx, selectTokens, before(after), limit)
}

// TokenUsed implements [exchange.Store].
func (s *Store) TokenUsed(ctx context.Context, id envelope.ID, at int64) error {
	_, err := s.writer.do(ctx, func(t *tx) error {
		return t.do(`UPDATE api_token SET last_used = max(last_used, ?) WHERE id = ?`, at, id[:])
	})
	return err
}

func (a *act) putTokens() error {
	for i := range a.Tokens {
		if err := a.putToken(&a.Tokens[i]); err != nil {
			return err
		}
	}
	return nil
}

func (a *act) putToken(t *exchange.Token) error {
	n, err := a.exec(`UPDATE api_token SET revoked = CASE revoked WHEN 0 THEN ? ELSE revoked END WHERE id = ?`, t.Revoked, t.ID[:])
	if err != nil || n > 0 {
		return err
	}
	n, err = a.exec(`INSERT INTO api_token (`+tokenColumns+`) SELECT ?, ?, id, ?, ?, ?, ?, ?, ? FROM principal WHERE id = ? ON CONFLICT DO NOTHING`,
		t.ID[:], t.Hash[:], t.Name, strings.Join(t.Methods, "\n"), t.Created, t.Expires, t.Revoked, t.LastUsed, t.Principal)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("sqlite: token %s of %q: its hash is in use, or its principal is not here: %w", t.ID, t.Principal, exchange.ErrConflict)
	}
	for i, g := range t.Grants {
		if err := a.do(`INSERT INTO api_token_grant (token, position, role, agency_id) VALUES (?, ?, ?, ?)`, t.ID[:], i, string(g.Role), g.Agency); err != nil {
			return err
		}
	}
	return nil
}

// CountRefusals implements [exchange.Store].
func (s *Store) CountRefusals(ctx context.Context, rows []exchange.Refusal, keep int) error {
	_, err := s.writer.do(ctx, func(t *tx) error {
		for _, r := range rows {
			if err := t.do(countRefusal, r.Minute, r.Principal, r.Method, r.Reason, r.Count); err != nil {
				return err
			}
		}
		return t.do(deleteRefusals, keep)
	})
	return err
}

// newestRefusal is after every row.
const newestRefusal = 1<<63 - 1

// Refusals implements [exchange.Store].
func (s *Store) Refusals(ctx context.Context, after exchange.Refusal, limit int) (out []exchange.Refusal, err error) {
	if after == (exchange.Refusal{}) {
		after.Minute = newestRefusal
	}
	err = s.all(ctx, selectRefusals, []any{after.Minute, after.Principal, after.Method, after.Reason, limit}, func(row scanner) error {
		var r exchange.Refusal
		err := row.Scan(&r.Minute, &r.Principal, &r.Method, &r.Reason, &r.Count)
		out = append(out, r)
		return err
	})
	return out, err
}
