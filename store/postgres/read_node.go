package postgres

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A principal's keys and grants come with it, as arrays.
const principalColumns = `SELECT p.id, p.name, p.disabled, p.created, p.revision,
	ARRAY (SELECT key FROM principal_key WHERE principal = p.id ORDER BY position),
	ARRAY (SELECT role FROM principal_grant WHERE principal = p.id ORDER BY position),
	ARRAY (SELECT agency_id FROM principal_grant WHERE principal = p.id ORDER BY position) FROM principal p `

const (
	selectPrincipal  = principalColumns + `WHERE p.id = (SELECT principal FROM principal_key WHERE key = $1)`
	selectPrincipals = principalColumns + `ORDER BY p.id`
	selectSize       = `SELECT size FROM head WHERE one = 1`
	selectLeaves     = `SELECT idx, leaf FROM journal WHERE idx >= $1 ORDER BY idx LIMIT $2`
)

func scanPrincipal(row scanner, p *exchange.Principal) error {
	var keys [][]byte
	var roles, agencies []string
	if err := row.Scan(&p.ID, &p.Name, &p.Disabled, &p.Created, unsigned{&p.Revision}, &keys, &roles, &agencies); err != nil {
		return err
	}
	for _, k := range keys {
		var key envelope.Digest
		if err := fixed(key[:]).ScanBytes(k); err != nil {
			return err
		}
		p.Keys = append(p.Keys, key)
	}
	for i := range roles {
		role, err := fromText(roles[i])
		if err != nil {
			return err
		}
		agency, err := fromText(agencies[i])
		if err != nil {
			return err
		}
		p.Grants = append(p.Grants, exchange.Grant{Role: exchange.Role(role), Agency: agency})
	}
	return nil
}

// Principal implements [exchange.Store].
func (s *Store) Principal(ctx context.Context, key envelope.Digest) (exchange.Principal, error) {
	all, err := list(ctx, s, selectPrincipal, []any{key[:]}, scanPrincipal)
	if err == nil && len(all) == 0 {
		err = notFound(key)
	}
	if err != nil {
		return exchange.Principal{}, err
	}
	return all[0], nil
}

// Principals implements [exchange.Store].
func (s *Store) Principals(ctx context.Context) ([]exchange.Principal, error) {
	return list(ctx, s, selectPrincipals, nil, scanPrincipal)
}

// TreeSize implements [exchange.Store].
func (s *Store) TreeSize(ctx context.Context) (n uint64, err error) {
	_, err = s.one(ctx, selectSize, nil, unsigned{&n})
	return n, err
}

// Leaves implements [exchange.Store].
func (s *Store) Leaves(ctx context.Context, from uint64, limit int) ([]exchange.Leaf, error) {
	if from > 1<<62 {
		return nil, nil
	}
	return list(ctx, s, selectLeaves, []any{int64(from), limit}, func(row scanner, l *exchange.Leaf) error {
		return row.Scan(unsigned{&l.Index}, &l.Data)
	})
}
