package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

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

var dialect = migrate.Dialect{
	Name:   "postgres",
	Create: `CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL, sha256 bytea NOT NULL)`,
	Insert: `INSERT INTO migration (number, name, sha256) VALUES ($1, $2, $3)`,
	Lock:   schemaLock{},
}

// schemaLock lets processes that start together take turns. Its two numbers are "lienthong"
// cut short, and the schema: nodes that share a database do not wait for each other.
type schemaLock struct{}

const schemaKey = `(1818849640, hashtext(current_schema()))`

// SessionLock implements [lock.SessionLocker].
func (schemaLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock`+schemaKey)
	return err
}

// SessionUnlock implements [lock.SessionLocker].
func (schemaLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `SELECT pg_advisory_unlock`+schemaKey)
	return err
}

// upgrade brings the schema up to date, over a connection of its own: goose speaks
// database/sql. A step is many statements, for which there is the simple protocol. Its commits
// need no flush each: what a crash takes back whole, the next start does again, and the first
// commit of the node itself flushes all before it.
func upgrade(ctx context.Context, config *pgx.ConnConfig, from fs.FS) (err error) {
	config = config.Copy()
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	config.RuntimeParams["synchronous_commit"] = "off"
	db := stdlib.OpenDB(*config)
	defer func() {
		if failed := db.Close(); failed != nil {
			err = errors.Join(err, fmt.Errorf("postgres: migrate: %w", failed))
		}
	}()
	return migrate.Up(ctx, db, dialect, from)
}
