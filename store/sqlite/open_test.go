package sqlite

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "node.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "is in use by process") {
		t.Errorf("opened twice: error %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), path); err != nil {
		t.Fatalf("the lock was not let go: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "text.db"), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		filepath.Join(dir, "missing", "node.db"), dir, filepath.Join(dir, "text.db"),
	} {
		if s, err := Open(t.Context(), path); err == nil {
			s.Close()
			t.Errorf("%q was opened", path)
		}
	}
}

func TestOddPaths(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Phường Ba Hàng", "a?b#c%20d&e", "a b'\""} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), filepath.Join(dir, "node.db"))
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "node.db")); err != nil {
			t.Error(err)
		}
	}
}

// The settings on which durability rests, as SQLite itself reports them.
func TestSettings(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir()).(*Store)
	defer s.Close()
	for _, tt := range []struct{ pragma, writer, reader string }{
		{"journal_mode", "wal", "wal"},
		{"synchronous", "2", ""}, // FULL
		{"foreign_keys", "1", "1"},
		{"busy_timeout", "10000", "10000"},
		{"query_only", "0", "1"},
		{"trusted_schema", "0", "0"},
	} {
		var got string
		if _, err := s.writer.do(t.Context(), func(tx *tx) error {
			_, err := tx.one("PRAGMA "+tt.pragma, nil, &got)
			return err
		}); err != nil || got != tt.writer {
			t.Errorf("writer: %s is %q, %v; want %q", tt.pragma, got, err, tt.writer)
		}
		if tt.reader == "" {
			continue
		}
		if err := s.read.QueryRow("PRAGMA " + tt.pragma).Scan(&got); err != nil || got != tt.reader {
			t.Errorf("reader: %s is %q, %v; want %q", tt.pragma, got, err, tt.reader)
		}
	}
	if _, err := s.read.Exec(`DELETE FROM head`); err == nil {
		t.Error("a reader wrote")
	}
}

func TestOlder(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{{"3.51.3", "3.51.3", false}, {"3.51.2", "3.51.3", true}, {"3.9.20", "3.51.3", true}, {"3.53.0", "3.51.3", false}, {"4.0.0", "3.51.3", false}} {
		if got, err := older(tt.a, tt.b); err != nil || got != tt.want {
			t.Errorf("older(%s, %s) is %t, %v; want %t", tt.a, tt.b, got, err, tt.want)
		}
	}
	if _, err := older("new", "3.51.3"); err == nil {
		t.Error("\"new\" is a version")
	}
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

// Every table of rows about letters and files says which agency they belong to.
func TestAgencyOnEveryRow(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir()).(*Store)
	defer s.Close()
	nodes := map[string]bool{"store": true, "head": true, "migration": true, "blob": true, "peer_store": true, "checkpoint": true, "outbox_peer": true,
		"principal": true, "principal_key": true, "api_token": true, "invitation": true, "refusal": true, "retirement": true, "directory_file": true, "sqlite_sequence": true, "fetched": true}
	rows, err := s.read.Query(`SELECT name, sql LIKE '%STRICT%',
		EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE name = 'agency_id') FROM sqlite_schema t WHERE type = 'table' AND name NOT LIKE 'filing\_words%' ESCAPE '\'`) // that one holds words, by the numbers of filings
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var strict, agency bool
		if err := rows.Scan(&name, &strict, &agency); err != nil {
			t.Fatal(err)
		}
		if name != "sqlite_sequence" && !strict {
			t.Errorf("table %s is not STRICT", name)
		}
		if agency == nodes[name] {
			t.Errorf("table %s: agency_id is %t", name, agency)
		}
	}
}
