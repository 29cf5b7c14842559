package sqlite

import (
	"fmt"
	"strings"
	"testing"
)

// Every column that refers to a blob keeps it, but for possession.
func TestKeepers(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir()).(*Store)
	defer s.Close()
	rows, err := s.read.QueryContext(t.Context(), `SELECT m.name, f."from" FROM sqlite_schema m, pragma_foreign_key_list(m.name) f
		WHERE m.type = 'table' AND f."table" = 'blob'`)
	n := 0
	if err := each(rows, err, func(row scanner) error {
		var table, column string
		err := row.Scan(&table, &column)
		if keeps := strings.Contains(unkept, fmt.Sprintf("FROM %s x WHERE x.%s = b.digest", table, column)); keeps == (table == "possession") {
			t.Errorf("%s.%s keeps blobs: %t", table, column, keeps)
		}
		n++
		return err
	}); err != nil || n < 8 {
		t.Errorf("%d columns refer to blobs, %v", n, err)
	}
}
