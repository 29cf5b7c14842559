package postgres

import (
	"context"
	"strings"

	"lienthong/exchange"
)

const (
	groupColumns = `SELECT agency_id, key, name, members, by, changed, revision FROM recipient_group `
	selectGroup  = groupColumns + `WHERE agency_id = $1 AND key = $2`
	selectGroups = groupColumns + `WHERE agency_id = $1 AND key > $2 ORDER BY key LIMIT $3`
	insertGroup  = `INSERT INTO recipient_group (agency_id, key, name, members, by, changed, revision) VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT DO NOTHING`
	updateGroup  = `UPDATE recipient_group SET name = $1, members = $2, by = $3, changed = $4, revision = revision + 1 WHERE agency_id = $5 AND key = $6 AND revision = $7`
	deleteGroup  = `DELETE FROM recipient_group WHERE agency_id = $1 AND key = $2 AND revision = $3`
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
func (s *Store) Groups(ctx context.Context, agency, after string, limit int) ([]exchange.Group, error) {
	return list(ctx, s, selectGroups, []any{agency, after, limit}, func(row scanner, g *exchange.Group) error {
		var members string
		err := row.Scan(&g.Agency, &g.Key, &g.Name, &members, &g.By, &g.Changed, unsigned{&g.Revision})
		g.Members = strings.Split(members, "\n")
		return err
	})
}

func (a *act) putGroups() {
	for i := range a.Groups {
		g := &a.Groups[i]
		query, args := updateGroup, []any{g.Name, strings.Join(g.Members, "\n"), g.By, g.Changed, g.Agency, g.Key, int64(g.Revision)}
		switch {
		case len(g.Members) == 0:
			query, args = deleteGroup, []any{g.Agency, g.Key, int64(g.Revision)}
		case g.Revision == 0:
			query, args = insertGroup, []any{g.Agency, g.Key, g.Name, strings.Join(g.Members, "\n"), g.By, g.Changed}
		}
		a.must(stale("group %q at revision %d", g.Key, g.Revision), query, args...)
	}
}
