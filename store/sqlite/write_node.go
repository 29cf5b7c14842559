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

// checkPrincipals holds the act to what it was decided by.
func (a *act) checkPrincipals() error {
	for _, p := range a.Unchanged {
		var one int
		found, err := a.one(`SELECT 1 FROM principal WHERE id = ? AND revision = ?`, []any{p.ID, int64(p.Revision)}, &one)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("sqlite: principal %q: %w", p.ID, exchange.ErrStale)
		}
	}
	return nil
}

// putPrincipal stores the principal, or replaces that of its revision, with all its keys
// and grants. A key that belongs to another principal is a conflict: a key names one.
func (a *act) putPrincipal(p *exchange.Principal) error {
	query, args := `INSERT INTO principal (id, name, disabled, created, revision) VALUES (?, ?, ?, ?, 1) ON CONFLICT DO NOTHING`, []any{p.ID, p.Name, p.Disabled, p.Created}
	if p.Revision > 0 {
		query, args = `UPDATE principal SET name = ?, disabled = ?, created = ?, revision = revision + 1 WHERE id = ? AND revision = ?`,
			[]any{p.Name, p.Disabled, p.Created, p.ID, int64(p.Revision)}
	}
	n, err := a.exec(query, args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("sqlite: principal %q: %w", p.ID, exchange.ErrStale)
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
