package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
)

// What is not exported: tables that say something about this database alone, or can be
// counted again, and columns that only number rows.
var (
	ownTables = []string{"migration", "sqlite_sequence", "outbox_peer", "filing_count", "sent_count",
		"filing_words", "filing_words_data", "filing_words_idx", "filing_words_content", "filing_words_docsize", "filing_words_config"}
	ownColumns = map[string]string{"path": "n", "report": "n"}
)

// columnChain is path's list of envelopes, which travels as a list.
const columnChain = "chain"

// Export gives every row as it is at one moment, table by table, in an order in which
// another store can take them; of the named tables alone if there are any. Values are
// int64, string, []byte, [][]byte or nil.
func (s *Store) Export(ctx context.Context, only []string, row func(table string, columns []string, values []any) error) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return failure(err)
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	var tables []string
	rows, err := tx.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid`)
	if err := each(rows, err, func(r scanner) error {
		var table string
		err := r.Scan(&table)
		if !slices.Contains(ownTables, table) && (len(only) == 0 || slices.Contains(only, table)) {
			tables = append(tables, table)
		}
		return err
	}); err != nil {
		return err
	}
	for _, table := range tables {
		if err := exportTable(ctx, tx, table, row); err != nil {
			return fmt.Errorf("sqlite: export %q: %w", table, err)
		}
	}
	return nil
}

// exportTable goes by the first column, which is or begins every table's key.
func exportTable(ctx context.Context, tx *sql.Tx, table string, row func(string, []string, []any) error) error {
	rows, err := tx.QueryContext(ctx, `SELECT * FROM "`+table+`" ORDER BY 1`)
	if err != nil {
		return err
	}
	columns, err := rows.Columns()
	if err != nil {
		return errors.Join(err, rows.Close())
	}
	return each(rows, nil, func(r scanner) error {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := r.Scan(into...); err != nil {
			return err
		}
		names, out := make([]string, 0, len(columns)), make([]any, 0, len(columns))
		for i, column := range columns {
			if ownColumns[table] == column {
				continue
			}
			b, is := values[i].([]byte)
			if is {
				values[i] = some(b) // empty, and not NULL
			}
			if is && column == columnChain {
				if values[i], err = splitChain(b); err != nil {
					return err
				}
			}
			names, out = append(names, column), append(out, values[i])
		}
		return row(table, names, out)
	})
}

func splitChain(b []byte) ([][]byte, error) {
	chain, err := parseChain(b)
	out := make([][]byte, len(chain))
	for i, s := range chain {
		out[i] = s.Marshal()
	}
	return out, err
}

func joinChain(list [][]byte) ([]byte, error) {
	chain := make([]envelope.Sealed, len(list))
	for i, b := range list {
		var err error
		if chain[i], err = envelope.ParseSealed(b); err != nil {
			return nil, fmt.Errorf("sqlite: chain: envelope %d: %w", i, err)
		}
	}
	return marshalChain(chain), nil
}

// Import fills a store to which nothing has been written with the rows of an Export, all
// or none, and becomes that store: its incarnation comes along. ErrConflict if it is in use.
func (s *Store) Import(ctx context.Context, export func(row func(table string, columns []string, values []any) error) error) error {
	_, err := s.writer.do(ctx, func(t *tx) error {
		if size := t.w.tree.Size(); size > 0 {
			return fmt.Errorf("sqlite: import: the journal has %d leaves already: %w", size, exchange.ErrConflict)
		}
		for _, made := range []string{`DELETE FROM store`, `DELETE FROM head`} { // when this one was made
			if err := t.do(made); err != nil {
				return err
			}
		}
		if err := export(t.importRow); err != nil {
			return err
		}
		if err := t.do(`INSERT INTO filing_words (rowid, words) SELECT n, words || ' ' || state FROM filing WHERE words <> ''`); err != nil {
			return err
		}
		edge, err := loadEdge(ctx, t.w.conn)
		t.w.tree = edge
		return err
	})
	if err != nil {
		return err
	}
	var id []byte
	if _, err := s.one(ctx, `SELECT incarnation FROM store WHERE one = 1`, nil, &id); err != nil {
		return err
	}
	return fixed(s.incarnation[:]).Scan(id)
}

func (t *tx) importRow(table string, columns []string, values []any) error {
	for i, v := range values {
		list, is := v.([][]byte)
		if !is {
			continue
		}
		chain, err := joinChain(list)
		if err != nil {
			return err
		}
		values[i] = chain
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	return t.do(`INSERT INTO "`+table+`" ("`+strings.Join(columns, `", "`)+`") VALUES (`+marks+`)`, values...)
}
