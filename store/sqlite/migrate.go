package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"lienthong/internal/migrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// steps are those of the schema.
func steps() fs.FS {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the name is a constant, and valid
	}
	return dir
}

// dialect needs no lock: the store has the file for itself.
var dialect = migrate.Dialect{
	Name:   "sqlite",
	Create: `CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 BLOB NOT NULL) STRICT`,
	Insert: `INSERT INTO migration (number, name, sha256) VALUES (?, ?, ?)`,
}

// upgrade brings the schema up to date, over the one connection that writes. A sync for each
// step would be most of the time that a new store takes: without them a power cut loses the
// last steps whole, and the next start takes them again. The first commit after it is synced,
// and all that was written before with it.
func upgrade(ctx context.Context, db *sql.DB, synchronous string) (err error) {
	if _, err := db.ExecContext(ctx, `PRAGMA synchronous = NORMAL`); err != nil {
		return fmt.Errorf("sqlite: migrate: %w", err)
	}
	defer func() {
		_, failed := db.ExecContext(context.WithoutCancel(ctx), `PRAGMA synchronous = `+synchronous)
		err = errors.Join(err, failed)
	}()
	return migrate.Up(ctx, db, dialect, steps())
}
