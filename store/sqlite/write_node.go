package sqlite

import (
	"fmt"

	"lienthong/exchange"
)

func (a *act) putPrincipals() error {
	for i := range a.Principals {
		if err := a.putPrincipal(&a.Principals[i]); err != nil {
			return err
		}
	}
	return nil
}

// putPrincipal replaces the principal with all its keys and grants. A key that
// belongs to another principal is a conflict: a key names one.
func (a *act) putPrincipal(p *exchange.Principal) error {
	if err := a.do(`INSERT INTO principal (id, name, disabled, created) VALUES (?, ?, ?, ?) ON CONFLICT (id)
		DO UPDATE SET name = excluded.name, disabled = excluded.disabled, created = excluded.created`,
		p.ID, p.Name, p.Disabled, p.Created); err != nil {
		return err
	}
	if err := a.do(`DELETE FROM principal_key WHERE principal = ?`, p.ID); err != nil {
		return err
	}
	for i, key := range p.Keys {
		n, err := a.exec(`INSERT INTO principal_key (key, principal, position) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING`,
			key[:], p.ID, i)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("sqlite: principal %q: key %s is in use: %w", p.ID, key, exchange.ErrConflict)
		}
	}
	if err := a.do(`DELETE FROM principal_grant WHERE principal = ?`, p.ID); err != nil {
		return err
	}
	for i, g := range p.Grants {
		if err := a.do(`INSERT INTO principal_grant (principal, position, role, agency_id) VALUES (?, ?, ?, ?)`,
			p.ID, i, string(g.Role), g.Agency); err != nil {
			return err
		}
	}
	return nil
}
