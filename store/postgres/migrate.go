package postgres

import (
	"context"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrations embed.FS

// A migration is one numbered step of the schema: forward only, and never
// changed once it has been released.
type migration struct {
	number int
	name   string
	sql    string
}

// loadMigrations reads NNN_name.sql of the folder dir: 1, 2, 3, without a gap.
func loadMigrations(fsys fs.FS, dir string) ([]migration, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("postgres: migrations: %w", err)
	}
	var all []migration
	for _, e := range entries { // sorted by name
		prefix, _, _ := strings.Cut(e.Name(), "_")
		n, err := strconv.Atoi(prefix)
		if err != nil || n != len(all)+1 {
			return nil, fmt.Errorf("postgres: migration %q: want number %03d", e.Name(), len(all)+1)
		}
		text, err := fs.ReadFile(fsys, path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("postgres: migrations: %w", err)
		}
		all = append(all, migration{n, e.Name(), string(text)})
	}
	return all, nil
}

// lockSchema is held to the end of the transaction. Its two numbers are "lienthong"
// cut short, and the schema: nodes that share a database do not wait for each other.
const lockSchema = `SELECT pg_advisory_xact_lock(1818849640, hashtext(current_schema()))`

// migrate brings the schema up to the newest of steps, all in one transaction:
// a crash leaves the old schema. Replicas that start together take turns. As with
// SQLite, it is written by hand because it is this short.
//
// Each applied step is kept with the digest of its text: a database whose steps
// were others than ours, or more, was made by another program.
func migrate(ctx context.Context, conn *pgx.Conn, steps []migration) error {
	const table = `CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL, sha256 bytea NOT NULL)`
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // fails once committed, and then means nothing
	for _, query := range []string{lockSchema, table} {
		if _, err := tx.Exec(ctx, query); err != nil {
			return fmt.Errorf("postgres: migrate: %w", err)
		}
	}
	applied, err := checkApplied(ctx, tx, steps)
	if err != nil {
		return err
	}
	for _, m := range steps[applied:] {
		// The simple protocol, for a step is many statements.
		if _, err := tx.Conn().PgConn().Exec(ctx, m.sql).ReadAll(); err != nil {
			return fmt.Errorf("postgres: migration %q: %w", m.name, err)
		}
		sum := sha256.Sum256([]byte(m.sql))
		if _, err := tx.Exec(ctx, `INSERT INTO migration (number, name, sha256) VALUES ($1, $2, $3)`,
			m.number, m.name, sum[:]); err != nil {
			return fmt.Errorf("postgres: migration %q: %w", m.name, err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	return nil
}

func checkApplied(ctx context.Context, tx pgx.Tx, steps []migration) (int, error) {
	rows, err := tx.Query(ctx, `SELECT number, name, sha256 FROM migration ORDER BY number`)
	if err != nil {
		return 0, fmt.Errorf("postgres: migrate: %w", err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var number int
		var name string
		var sum []byte
		if err := rows.Scan(&number, &name, &sum); err != nil {
			return 0, fmt.Errorf("postgres: migrate: %w", err)
		}
		if n == len(steps) {
			return 0, fmt.Errorf("postgres: the schema has migration %q, this program knows %d; use the newer program", name, len(steps))
		}
		if want := sha256.Sum256([]byte(steps[n].sql)); number != n+1 || string(sum) != string(want[:]) {
			return 0, fmt.Errorf("postgres: migration %d was %q with SHA-256 %x, this program has %q with %x",
				number, name, sum, steps[n].name, want)
		}
	}
	return n, rows.Err()
}
