package postgres

import (
	"fmt"
	"strings"
	"testing"

	"lienthong/internal/testpg"
)

// Every column that refers to a blob keeps it, but for possession.
func TestKeepers(t *testing.T) {
	t.Parallel()
	s := at(t, testpg.New(t))
	rows, err := s.read.Query(t.Context(), `SELECT c.conrelid::regclass::text, a.attname::text FROM pg_constraint c
		JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
		WHERE c.contype = 'f' AND c.confrelid = 'blob'::regclass`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		table = table[strings.LastIndexByte(table, '.')+1:]
		if keeps := strings.Contains(unkept, fmt.Sprintf("FROM %s x WHERE x.%s = b.digest", table, column)); keeps == (table == "possession") {
			t.Errorf("%s.%s keeps blobs: %t", table, column, keeps)
		}
	}
	if n < 8 || rows.Err() != nil {
		t.Errorf("%d columns refer to blobs, %v", n, rows.Err())
	}
}

// Whether a blob is kept is found by an index for each kind of row, and by its first one.
func TestDoomPlan(t *testing.T) {
	t.Parallel()
	s := at(t, testpg.New(t))
	pooled, err := s.read.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer pooled.Release()
	text := strings.Join(planOf(t, pooled.Conn(), 0, doomBlob), "\n")
	keepers := strings.Count(unkept, "FROM")
	if strings.Contains(text, "Seq Scan") || strings.Count(text, "Limit") != keepers || strings.Count(text, "Index Cond") != 1+keepers {
		t.Errorf("%d keepers:\n%s", keepers, text)
	}
}
