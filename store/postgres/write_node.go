package postgres

import (
	"fmt"

	"lienthong/exchange"
)

const (
	selectUnchanged = `SELECT 1 FROM principal WHERE id = $1 AND revision = $2`
	insertPrincipal = `INSERT INTO principal (id, name, disabled, created, revision) VALUES ($1, $2, $3, $4, 1) ON CONFLICT DO NOTHING`
	updatePrincipal = `UPDATE principal SET name = $1, disabled = $2, created = $3, revision = revision + 1 WHERE id = $4 AND revision = $5`
	deleteKeys      = `DELETE FROM principal_key WHERE principal = $1`
	insertKey       = `INSERT INTO principal_key (key, principal, position) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING`
	deleteGrants    = `DELETE FROM principal_grant WHERE principal = $1`
	insertGrant     = `INSERT INTO principal_grant (principal, position, role, agency_id) VALUES ($1, $2, $3, $4)`
)

// checkPrincipals holds the act to what it was decided by. It locks nothing: whoever
// changes a principal moves the journal's head, and with that has this act begin anew.
func (a *act) checkPrincipals() {
	for _, p := range a.Unchanged {
		a.must(func() error { return fmt.Errorf("postgres: principal %q: %w", p.ID, exchange.ErrStale) }, selectUnchanged, p.ID, int64(p.Revision))
	}
}

// putPrincipals stores principals, or replaces those of their revision, with all their keys
// and grants. A key that belongs to another principal is a conflict: a key names one.
func (a *act) putPrincipals() {
	for _, p := range a.Principals {
		stale := func() error { return fmt.Errorf("postgres: principal %q: %w", p.ID, exchange.ErrStale) }
		if p.Revision > 0 {
			a.must(stale, updatePrincipal, p.Name, p.Disabled, p.Created, p.ID, int64(p.Revision))
		} else {
			a.must(stale, insertPrincipal, p.ID, p.Name, p.Disabled, p.Created)
		}
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
