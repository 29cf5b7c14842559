package sqlite

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	selectPrincipal = `SELECT p.id, p.name, p.disabled, p.created, p.revision FROM principal_key k JOIN principal p ON p.id = k.principal
		WHERE k.key = ?`
	selectPrincipals = `SELECT id, name, disabled, created, revision FROM principal ORDER BY id`
	selectKeys       = `SELECT key FROM principal_key WHERE principal = ? ORDER BY position`
	selectGrants     = `SELECT role, agency_id FROM principal_grant WHERE principal = ? ORDER BY position`
	selectSize       = `SELECT size FROM head WHERE one = 1`
	selectLeaves     = `SELECT idx, leaf FROM journal WHERE idx >= ? ORDER BY idx LIMIT 0+?`
)

// Principal implements [exchange.Store].
func (s *Store) Principal(ctx context.Context, key envelope.Digest) (p exchange.Principal, err error) {
	if err := s.must(ctx, key, selectPrincipal, []any{key[:]}, &p.ID, &p.Name, &p.Disabled, &p.Created, unsigned{&p.Revision}); err != nil {
		return exchange.Principal{}, err
	}
	return p, s.complete(ctx, &p)
}

// Principals implements [exchange.Store].
func (s *Store) Principals(ctx context.Context) (out []exchange.Principal, err error) {
	err = s.all(ctx, selectPrincipals, nil, func(row scanner) error {
		var p exchange.Principal
		err := row.Scan(&p.ID, &p.Name, &p.Disabled, &p.Created, unsigned{&p.Revision})
		out = append(out, p)
		return err
	})
	for i := range out {
		if err == nil {
			err = s.complete(ctx, &out[i])
		}
	}
	return out, err
}

// complete reads the keys and grants of a principal.
func (s *Store) complete(ctx context.Context, p *exchange.Principal) error {
	err := s.all(ctx, selectKeys, []any{p.ID}, func(row scanner) error {
		var key envelope.Digest
		err := row.Scan(fixed(key[:]))
		p.Keys = append(p.Keys, key)
		return err
	})
	if err != nil {
		return err
	}
	return s.all(ctx, selectGrants, []any{p.ID}, func(row scanner) error {
		var g exchange.Grant
		err := row.Scan(&g.Role, &g.Agency)
		p.Grants = append(p.Grants, g)
		return err
	})
}

// TreeSize implements [exchange.Store].
func (s *Store) TreeSize(ctx context.Context) (n uint64, err error) {
	_, err = s.one(ctx, selectSize, nil, unsigned{&n})
	return n, err
}

// Leaves implements [exchange.Store].
func (s *Store) Leaves(ctx context.Context, from uint64, limit int) (out []exchange.Leaf, err error) {
	if from > 1<<62 {
		return nil, nil
	}
	err = s.all(ctx, selectLeaves, []any{int64(from), limit}, func(row scanner) error {
		var l exchange.Leaf
		err := row.Scan(unsigned{&l.Index}, &l.Data)
		out = append(out, l)
		return err
	})
	return out, err
}
