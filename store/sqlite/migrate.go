package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
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
		return nil, fmt.Errorf("sqlite: migrations: %w", err)
	}
	var all []migration
	for _, e := range entries { // sorted by name
		prefix, _, _ := strings.Cut(e.Name(), "_")
		n, err := strconv.Atoi(prefix)
		if err != nil || n != len(all)+1 {
			return nil, fmt.Errorf("sqlite: migration %q: want number %03d", e.Name(), len(all)+1)
		}
		text, err := fs.ReadFile(fsys, path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("sqlite: migrations: %w", err)
		}
		all = append(all, migration{n, e.Name(), string(text)})
	}
	return all, nil
}

// migrate brings the schema up to the newest of steps, all in one transaction:
// a crash leaves the old schema. Hand-written because it is this short, and a
// library would bring its own version table, locks and four modules.
//
// Each applied step is kept with the digest of its text: a database whose steps
// were others than ours, or more, was made by another program.
func migrate(ctx context.Context, conn *sql.Conn, steps []migration) error {
	const table = `CREATE TABLE IF NOT EXISTS migration (
		number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 BLOB NOT NULL) STRICT`
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("sqlite: migrate: %w", err)
	}
	defer func() { _, _ = conn.ExecContext(ctx, "ROLLBACK") }() // fails once committed, and then means nothing
	if _, err := conn.ExecContext(ctx, table); err != nil {
		return fmt.Errorf("sqlite: migrate: %w", err)
	}
	applied, err := checkApplied(ctx, conn, steps)
	if err != nil {
		return err
	}
	for _, m := range steps[applied:] {
		if _, err := conn.ExecContext(ctx, m.sql); err != nil {
			return fmt.Errorf("sqlite: migration %q: %w", m.name, err)
		}
		sum := sha256.Sum256([]byte(m.sql))
		if _, err := conn.ExecContext(ctx, `INSERT INTO migration (number, name, sha256) VALUES (?, ?, ?)`,
			m.number, m.name, sum[:]); err != nil {
			return fmt.Errorf("sqlite: migration %q: %w", m.name, err)
		}
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("sqlite: migrate: %w", err)
	}
	return nil
}

func checkApplied(ctx context.Context, conn *sql.Conn, steps []migration) (int, error) {
	rows, err := conn.QueryContext(ctx, `SELECT number, name, sha256 FROM migration ORDER BY number`)
	if err != nil {
		return 0, fmt.Errorf("sqlite: migrate: %w", err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var number int
		var name string
		var sum []byte
		if err := rows.Scan(&number, &name, &sum); err != nil {
			return 0, fmt.Errorf("sqlite: migrate: %w", err)
		}
		if n == len(steps) {
			return 0, fmt.Errorf("sqlite: the schema has migration %q, this program knows %d; use the newer program", name, len(steps))
		}
		if want := sha256.Sum256([]byte(steps[n].sql)); number != n+1 || string(sum) != string(want[:]) {
			return 0, fmt.Errorf("sqlite: migration %d was %q with SHA-256 %x, this program has %q with %x",
				number, name, sum, steps[n].name, want)
		}
		n++
	}
	return n, rows.Err()
}
