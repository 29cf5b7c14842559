package migrate

import (
	"context"
	"fmt"

	"github.com/pressly/goose/v3/database"
)

// A table is what a database keeps of its steps, as goose asks for it.
type table struct {
	Dialect
	steps []step
}

var _ database.StoreExtender = (*table)(nil)

// Tablename implements [database.Store].
func (t *table) Tablename() string { return "migration" }

// TableExists implements [database.StoreExtender]: to make it again changes nothing.
func (t *table) TableExists(context.Context, database.DBTxConn) (bool, error) { return false, nil }

// CreateVersionTable implements [database.Store].
func (t *table) CreateVersionTable(ctx context.Context, db database.DBTxConn) error {
	_, err := db.ExecContext(ctx, t.Create)
	return err
}

// Insert implements [database.Store]. Step 0 is goose's own, and not kept.
func (t *table) Insert(ctx context.Context, db database.DBTxConn, req database.InsertRequest) error {
	if req.Version == 0 {
		return nil
	}
	s := t.steps[req.Version-1]
	_, err := db.ExecContext(ctx, t.Dialect.Insert, req.Version, s.name, s.sha256[:])
	return err
}

// Delete implements [database.Store]: no step is ever taken back.
func (t *table) Delete(context.Context, database.DBTxConn, int64) error {
	return database.ErrNotImplemented
}

// GetMigration implements [database.Store].
func (t *table) GetMigration(context.Context, database.DBTxConn, int64) (*database.GetMigrationResult, error) {
	return nil, database.ErrNotImplemented
}

// GetLatestVersion implements [database.Store].
func (t *table) GetLatestVersion(ctx context.Context, db database.DBTxConn) (int64, error) {
	all, err := t.ListMigrations(ctx, db)
	if err != nil {
		return 0, err
	}
	return all[0].Version, nil
}

// ListMigrations implements [database.Store]. It refuses a database that another program made.
func (t *table) ListMigrations(ctx context.Context, db database.DBTxConn) ([]*database.ListMigrationsResult, error) {
	rows, err := db.QueryContext(ctx, `SELECT number, name, sha256 FROM migration ORDER BY number`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []*database.ListMigrationsResult{{Version: 0, IsApplied: true}}
	for n := int64(1); rows.Next(); n++ {
		var number int64
		var name string
		var sum []byte
		if err := rows.Scan(&number, &name, &sum); err != nil {
			return nil, err
		}
		if n > int64(len(t.steps)) {
			return nil, fmt.Errorf("the schema has step %q, this program knows %d; use the newer program", name, len(t.steps))
		}
		if want := t.steps[n-1]; number != n || string(sum) != string(want.sha256[:]) {
			return nil, fmt.Errorf("step %d was %q with SHA-256 %x, this program has %q with %x", number, name, sum, want.name, want.sha256)
		}
		out = append([]*database.ListMigrationsResult{{Version: number, IsApplied: true}}, out...)
	}
	return out, rows.Err()
}
