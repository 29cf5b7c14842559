package sqlite

import (
	"context"
	"strings"

	"lienthong/exchange"
)

const (
	groupColumns = `SELECT agency_id, key, name, members, by, changed, revision FROM recipient_group `
	selectGroup  = groupColumns + `WHERE agency_id = ? AND key = ?`
	selectGroups = groupColumns + `WHERE agency_id = ? AND key > ? ORDER BY key LIMIT 0+?`
	insertGroup  = `INSERT INTO recipient_group (agency_id, key, name, members, by, changed, revision) VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING`
	updateGroup  = `UPDATE recipient_group SET name = ?, members = ?, by = ?, changed = ?, revision = revision + 1 WHERE agency_id = ? AND key = ? AND revision = ?`
	deleteGroup  = `DELETE FROM recipient_group WHERE agency_id = ? AND key = ? AND revision = ?`
)

// Group implements [exchange.GroupStore].
func (s *Store) Group(ctx context.Context, agency, key string) (g exchange.Group, err error) {
	var members string
	err = s.must(ctx, name(key), selectGroup, []any{agency, key}, &g.Agency, &g.Key, &g.Name, &members, &g.By, &g.Changed, unsigned{&g.Revision})
	if err == nil {
		g.Members = strings.Split(members, "\n")
	}
	return g, err
}

// Groups implements [exchange.GroupStore].
func (s *Store) Groups(ctx context.Context, agency, after string, limit int) (out []exchange.Group, err error) {
	err = s.all(ctx, selectGroups, []any{agency, after, limit}, func(row scanner) error {
		var g exchange.Group
		var members string
		err := row.Scan(&g.Agency, &g.Key, &g.Name, &members, &g.By, &g.Changed, unsigned{&g.Revision})
		g.Members = strings.Split(members, "\n")
		out = append(out, g)
		return err
	})
	return out, err
}

func (a *act) putGroups() error {
	for i := range a.Groups {
		g := &a.Groups[i]
		query, args := updateGroup, []any{g.Name, strings.Join(g.Members, "\n"), g.By, g.Changed, g.Agency, g.Key, int64(g.Revision)}
		switch {
		case len(g.Members) == 0:
			query, args = deleteGroup, []any{g.Agency, g.Key, int64(g.Revision)}
		case g.Revision == 0:
			query, args = insertGroup, []any{g.Agency, g.Key, g.Name, strings.Join(g.Members, "\n"), g.By, g.Changed}
		}
		n, err := a.exec(query, args...)
		if err := stale(n, err, "group %q at revision %d", g.Key, g.Revision); err != nil {
			return err
		}
	}
	return nil
}
