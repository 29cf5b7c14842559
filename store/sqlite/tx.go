package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"lienthong/exchange"
)

// A tx is one operation's hand on the open batch. Statements are prepared once
// for the life of the writer, so every query is a constant.
type tx struct{ w *writer }

// exec runs a statement and returns the number of rows that it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	s, err := t.w.prepare(query)
	if err != nil {
		return 0, err
	}
	r, err := s.Exec(args...)
	if err != nil {
		return 0, failure(err)
	}
	n, err := r.RowsAffected()
	return n, failure(err)
}

// insert is exec for one row, and returns its INTEGER PRIMARY KEY too.
func (t *tx) insert(query string, args ...any) (n, id int64, err error) {
	s, err := t.w.prepare(query)
	if err != nil {
		return 0, 0, err
	}
	r, err := s.Exec(args...)
	if err != nil {
		return 0, 0, failure(err)
	}
	n, err = r.RowsAffected()
	if err != nil {
		return 0, 0, failure(err)
	}
	id, err = r.LastInsertId()
	return n, id, failure(err)
}

// do runs a statement for its effect alone.
func (t *tx) do(query string, args ...any) error {
	_, err := t.exec(query, args...)
	return err
}

// one reads one row into dest; found is false if there is none.
func (t *tx) one(query string, args []any, dest ...any) (found bool, err error) {
	s, err := t.w.prepare(query)
	if err != nil {
		return false, err
	}
	return scanned(s.QueryRow(args...).Scan(dest...))
}

// all calls f with each row. f must not use t.
func (t *tx) all(query string, args []any, f func(scanner) error) error {
	s, err := t.w.prepare(query)
	if err != nil {
		return err
	}
	rows, err := s.Query(args...)
	return each(rows, err, f)
}

// A scanner is a row to be read: of *sql.Rows or *sql.Row.
type scanner interface{ Scan(dest ...any) error }

func scanned(err error) (found bool, _ error) {
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, failure(err)
}

// each calls f with every row and closes rows.
func each(rows *sql.Rows, err error, f func(scanner) error) error {
	if err != nil {
		return failure(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return failure(err)
		}
	}
	return failure(rows.Err())
}

// failure says a database error in the words of exchange where it has one.
func failure(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*driver.Error](err); ok && e.Code()&0xff == codes.SQLITE_FULL {
		return fmt.Errorf("sqlite: %w: %w", exchange.ErrFull, err)
	}
	return fmt.Errorf("sqlite: %w", err)
}
