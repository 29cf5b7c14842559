package postgres

import (
	"context"
	"fmt"
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	selectPrincipalByID = principalColumns + `WHERE p.id = $1`

	tokenColumns      = `id, hash, principal, name, methods, created, expires, revoked, last_used`
	selectTokenByHash = `SELECT ` + tokenColumns + ` FROM api_token WHERE hash = $1`
	selectTokenByID   = `SELECT ` + tokenColumns + ` FROM api_token WHERE id = $1`
	selectTokens      = `SELECT ` + tokenColumns + ` FROM api_token WHERE id < $1 ORDER BY id DESC LIMIT $2`
	selectTokenGrants = `SELECT role, agency_id FROM api_token_grant WHERE token = $1 ORDER BY position`

	// One that is there is revoked, one that is not is stored; a row comes of either.
	putToken = `WITH had AS (UPDATE api_token SET revoked = CASE revoked WHEN 0 THEN $8 ELSE revoked END WHERE id = $1 RETURNING id),
		made AS (INSERT INTO api_token (` + tokenColumns + `) SELECT $1, $2, id, $4, $5, $6, $7, $8, $9 FROM principal
			WHERE id = $3 AND NOT EXISTS (SELECT FROM had) ON CONFLICT DO NOTHING RETURNING id)
		SELECT id FROM had UNION ALL SELECT id FROM made`
	insertTokenGrant = `INSERT INTO api_token_grant (token, position, role, agency_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	useToken         = `UPDATE api_token SET last_used = greatest(last_used, $1) WHERE id = $2`

	selectRefusals = `SELECT minute, principal, method, reason, count FROM refusal WHERE (minute, principal, method, reason) < ($1, $2, $3, $4)
		ORDER BY minute DESC, principal DESC, method DESC, reason DESC LIMIT $5`
	countRefusal = `INSERT INTO refusal (minute, principal, method, reason, count) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (minute, principal, method, reason) DO UPDATE SET count = refusal.count + excluded.count`
	deleteRefusals = `DELETE FROM refusal WHERE (minute, principal, method, reason) IN
		(SELECT minute, principal, method, reason FROM refusal ORDER BY minute DESC, principal DESC, method DESC, reason DESC OFFSET $1)`
)

// PrincipalByID implements [exchange.Store].
func (s *Store) PrincipalByID(ctx context.Context, id string) (exchange.Principal, error) {
	all, err := list(ctx, s, selectPrincipalByID, []any{id}, scanPrincipal)
	if err == nil && len(all) == 0 {
		err = notFound(name(id))
	}
	if err != nil {
		return exchange.Principal{}, err
	}
	return all[0], nil
}

func (s *Store) tokens(ctx context.Context, query string, args ...any) ([]exchange.Token, error) {
	out, err := list(ctx, s, query, args, func(row scanner, t *exchange.Token) error {
		var methods string
		err := row.Scan(fixed(t.ID[:]), fixed(t.Hash[:]), &t.Principal, &t.Name, &methods, &t.Created, &t.Expires, &t.Revoked, &t.LastUsed)
		if methods != "" {
			t.Methods = strings.Split(methods, "\n")
		}
		return err
	})
	for i := range out {
		if err == nil {
			out[i].Grants, err = list(ctx, s, selectTokenGrants, []any{out[i].ID[:]}, func(row scanner, g *exchange.Grant) error {
				var role string
				err := row.Scan(&role, &g.Agency)
				g.Role = exchange.Role(role)
				return err
			})
		}
	}
	return out, err
}

func (s *Store) token(ctx context.Context, what fmt.Stringer, query string, key []byte) (exchange.Token, error) {
	found, err := s.tokens(ctx, query, key)
	if err == nil && len(found) == 0 {
		err = notFound(what)
	}
	if err != nil {
		return exchange.Token{}, err
	}
	return found[0], nil
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
	_, err := s.writer.do(ctx, func(uint64) *plan {
		var p plan
		p.do(useToken, at, id[:])
		return &p
	})
	return err
}

func (a *act) putTokens() {
	for _, t := range a.Tokens {
		a.must(func() error {
			return fmt.Errorf("postgres: token %s of %q: its hash is in use, or its principal is not here: %w", t.ID, t.Principal, exchange.ErrConflict)
		}, putToken, t.ID[:], t.Hash[:], t.Principal, t.Name, strings.Join(t.Methods, "\n"), t.Created, t.Expires, t.Revoked, t.LastUsed)
		for i, g := range t.Grants {
			a.do(insertTokenGrant, t.ID[:], i, string(g.Role), g.Agency)
		}
	}
}

// CountRefusals implements [exchange.Store].
func (s *Store) CountRefusals(ctx context.Context, rows []exchange.Refusal, keep int) error {
	_, err := s.writer.do(ctx, func(uint64) *plan {
		var p plan
		for _, r := range rows {
			p.do(countRefusal, r.Minute, r.Principal, r.Method, r.Reason, r.Count)
		}
		p.do(deleteRefusals, keep)
		return &p
	})
	return err
}

// newestRefusal is after every row.
const newestRefusal = 1<<63 - 1

// Refusals implements [exchange.Store].
func (s *Store) Refusals(ctx context.Context, after exchange.Refusal, limit int) ([]exchange.Refusal, error) {
	if after == (exchange.Refusal{}) {
		after.Minute = newestRefusal
	}
	return list(ctx, s, selectRefusals, []any{after.Minute, after.Principal, after.Method, after.Reason, limit}, func(row scanner, r *exchange.Refusal) error {
		return row.Scan(&r.Minute, &r.Principal, &r.Method, &r.Reason, &r.Count)
	})
}
