package migrate_test

import (
	"crypto/sha256"
	"database/sql"
	"strings"
	"testing"
	"testing/fstest"

	_ "modernc.org/sqlite" // a database to migrate

	"lienthong/internal/migrate"
)

var dialect = migrate.Dialect{
	Name:   "sqlite",
	Create: `CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 BLOB NOT NULL) STRICT`,
	Insert: `INSERT INTO migration (number, name, sha256) VALUES (?, ?, ?)`,
}

func memory(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1) // each connection has a database of its own
	return db
}

// files are steps by their names.
func files(steps ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for i := 0; i+1 < len(steps); i += 2 {
		out[steps[i]] = &fstest.MapFile{Data: []byte("-- +goose Up\n-- +goose StatementBegin\n" + steps[i+1] + "\n-- +goose StatementEnd\n")}
	}
	return out
}

func TestUp(t *testing.T) {
	t.Parallel()
	const (
		one = `CREATE TABLE a (x INTEGER) STRICT`
		two = `CREATE TABLE b (x INTEGER) STRICT; INSERT INTO b VALUES (1)`
		bad = `INSERT INTO b VALUES (2); INSERT INTO nowhere VALUES (1)`
	)
	db := memory(t)
	for _, tt := range []struct {
		name  string
		steps fstest.MapFS
		fails string
	}{
		{"first", files("001_a.sql", one), ""},
		{"again", files("001_a.sql", one), ""},
		{"one more", files("001_a.sql", one, "002_b.sql", two), ""},
		{"fails in the middle", files("001_a.sql", one, "002_b.sql", two, "003_c.sql", bad), "003_c.sql"},
		{"older program", files("001_a.sql", one), "use the newer program"},
		{"changed after release", files("001_a.sql", one, "002_b.sql", two+" "), "step 2 was"},
		{"renamed after release", files("001_a.sql", one, "002_x.sql", two), ""},
		{"still good", files("001_a.sql", one, "002_b.sql", two), ""},
	} {
		err := migrate.Up(t.Context(), db, dialect, tt.steps)
		if tt.fails == "" && err != nil || tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.fails)
		}
	}
	var rows int
	if err := db.QueryRow(`SELECT count(*) FROM b`).Scan(&rows); err != nil || rows != 1 {
		t.Errorf("table b has %d rows, %v; want 1: a failed step has left something", rows, err)
	}
}

// The digest of a step is that of its text without goose's lines, as releases kept it that
// had none.
func TestOlderDigest(t *testing.T) {
	t.Parallel()
	db := memory(t)
	const text = "CREATE TABLE a (x INTEGER) STRICT;\n"
	if _, err := db.Exec(dialect.Create+`; INSERT INTO migration VALUES (1, '001_a.sql', ?)`, sum(text+" ")); err != nil {
		t.Fatal(err)
	}
	if err := migrate.Up(t.Context(), db, dialect, files("001_a.sql", strings.TrimSuffix(text, "\n"))); err == nil || !strings.Contains(err.Error(), "step 1 was") {
		t.Errorf("another digest: error %v", err)
	}
	if _, err := db.Exec(`UPDATE migration SET sha256 = ?`, sum(text)); err != nil {
		t.Fatal(err)
	}
	if err := migrate.Up(t.Context(), db, dialect, files("001_a.sql", strings.TrimSuffix(text, "\n"))); err != nil {
		t.Errorf("the digest of the text: error %v", err)
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for name, list := range map[string][]string{
		"gap": {"001_a.sql", "", "003_b.sql", ""}, "twice": {"001_a.sql", "", "001_b.sql", ""}, "no number": {"a.sql", ""}, "from two": {"002_a.sql", ""},
	} {
		if err := migrate.Up(t.Context(), memory(t), dialect, files(list...)); err == nil || !strings.Contains(err.Error(), "want number") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func sum(text string) []byte {
	out := sha256.Sum256([]byte(text))
	return out[:]
}
