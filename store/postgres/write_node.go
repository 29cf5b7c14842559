package postgres

import (
	"fmt"

	"lienthong/exchange"
)

const (
	putPrincipal = `INSERT INTO principal (id, name, disabled, created) VALUES ($1, $2, $3, $4) ON CONFLICT (id)
		DO UPDATE SET name = excluded.name, disabled = excluded.disabled, created = excluded.created`
	deleteKeys   = `DELETE FROM principal_key WHERE principal = $1`
	insertKey    = `INSERT INTO principal_key (key, principal, position) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING`
	deleteGrants = `DELETE FROM principal_grant WHERE principal = $1`
	insertGrant  = `INSERT INTO principal_grant (principal, position, role, agency_id) VALUES ($1, $2, $3, $4)`
)

// putPrincipals replaces principals with all their keys and grants. A key that
// belongs to another principal is a conflict: a key names one.
func (a *act) putPrincipals() {
	for _, p := range a.Principals {
		a.do(putPrincipal, p.ID, p.Name, p.Disabled, p.Created)
		a.do(deleteKeys, p.ID)
		for i, key := range p.Keys {
			a.must(func() error {
				return fmt.Errorf("postgres: principal %q: key %s is in use: %w", p.ID, key, exchange.ErrConflict)
			}, insertKey, key[:], p.ID, i)
		}
		a.do(deleteGrants, p.ID)
		for i, g := range p.Grants {
			a.do(insertGrant, p.ID, i, string(g.Role), g.Agency)
		}
	}
}
