package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"lienthong/exchange"
)

// What is not exported: tables that say something about this database alone, or can be
// counted again, and columns about its processes.
var (
	ownTables  = []string{"migration", "replica", "link", "outbox_peer", "filing_count", "sent_count"}
	ownColumns = map[string]string{"job": "replica", "level_job": "replica", "filing": "tokens"}
)

// selectTables lists tables in the order in which they were made, and so can be filled.
const selectTables = `SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY oid`

// Export gives every row as it is at one moment, table by table, in an order in which
// another store can take them; of the named tables alone if there are any. Values are
// int64, bool, string, []byte, [][]byte or nil.
func (s *Store) Export(ctx context.Context, only []string, row func(table string, columns []string, values []any) error) error {
	tx, err := s.read.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return failure(err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // it only reads
	rows, err := tx.Query(ctx, selectTables)
	if err != nil {
		return failure(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return failure(err)
	}
	for _, table := range tables {
		if slices.Contains(ownTables, table) || len(only) > 0 && !slices.Contains(only, table) {
			continue
		}
		if err := exportTable(ctx, tx, table, row); err != nil {
			return fmt.Errorf("postgres: export %q: %w", table, err)
		}
	}
	return nil
}

// exportTable goes by the first column, which is or begins every table's key.
func exportTable(ctx context.Context, tx pgx.Tx, table string, row func(string, []string, []any) error) error {
	rows, err := tx.Query(ctx, `SELECT * FROM `+pgx.Identifier{table}.Sanitize()+` ORDER BY 1`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var columns []string
	for _, f := range rows.FieldDescriptions() {
		columns = append(columns, f.Name)
	}
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		names, out := make([]string, 0, len(columns)), make([]any, 0, len(columns))
		for i, column := range columns {
			if ownColumns[table] == column {
				continue
			}
			v, err := plain(values[i])
			if err != nil {
				return fmt.Errorf("column %q: %w", column, err)
			}
			names, out = append(names, column), append(out, v)
		}
		if err := row(table, names, out); err != nil {
			return err
		}
	}
	return rows.Err()
}

// plain is a value as it travels.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case int16:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case int64, bool, []byte, nil:
		return v, nil
	case string:
		return fromText(v)
	case []any:
		out := make([][]byte, len(v))
		for i := range v {
			b, is := v[i].([]byte)
			if !is {
				return nil, fmt.Errorf("holds a list of %T", v[i])
			}
			out[i] = b
		}
		return out, nil
	}
	return nil, fmt.Errorf("holds %T", v)
}

// sequences are set behind the highest number that came.
var sequences = [][2]string{{"letter", "n"}, {"statement", "n"}, {"statement_out", "seq"}, {"outbox", "seq"}, {"augmentation", "n"}, {"checkpoint", "n"}, {"filing", "n"}}

// Import fills a store to which nothing has been written with the rows of an Export, all
// or none, and becomes that store: its incarnation comes along. ErrConflict if it is in use.
func (s *Store) Import(ctx context.Context, export func(row func(table string, columns []string, values []any) error) error) error {
	conn, err := pgx.ConnectConfig(ctx, s.writer.config)
	if err != nil {
		return failure(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	tx, err := conn.Begin(ctx)
	if err != nil {
		return failure(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // fails once committed, and then means nothing
	if err := importAll(ctx, tx, export); err != nil {
		return err
	}
	if err := tx.QueryRow(ctx, `SELECT incarnation FROM store WHERE one = 1`).Scan(fixed(s.incarnation[:])); err != nil {
		return failure(err)
	}
	return failure(tx.Commit(ctx)) // the writer finds that the head has moved, as by another process
}

func importAll(ctx context.Context, tx pgx.Tx, export func(func(string, []string, []any) error) error) error {
	var size int64
	if err := tx.QueryRow(ctx, `SELECT size FROM head WHERE one = 1 FOR UPDATE`).Scan(&size); err != nil {
		return failure(err)
	}
	if size > 0 {
		return fmt.Errorf("postgres: import: the journal has %d leaves already: %w", size, exchange.ErrConflict)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM store`); err != nil {
		return failure(err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM head`); err != nil {
		return failure(err)
	}
	c := copier{ctx: ctx, tx: tx}
	if err := uncounted(ctx, tx, func() error {
		if err := export(c.row); err != nil {
			return err
		}
		return c.flush()
	}); err != nil {
		return err
	}
	for _, s := range sequences {
		if _, err := tx.Exec(ctx, fmt.Sprintf(`SELECT setval(pg_get_serial_sequence('%s', '%s'), max(%s)) FROM %s HAVING max(%s) IS NOT NULL`,
			s[0], s[1], s[1], s[0], s[1])); err != nil {
			return failure(err)
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO outbox_peer (peer, rows) SELECT peer, count(*) FROM outbox GROUP BY peer`)
	return failure(err)
}

// A copier sends rows of one table after the other by COPY, some at a time.
type copier struct {
	ctx     context.Context
	tx      pgx.Tx
	table   string
	columns []string
	flags   []bool // columns that are boolean
	rows    [][]any
	bytes   int
}

// Bounds of what is sent at once.
const (
	copyRows  = 1000
	copyBytes = 8 << 20
)

func (c *copier) row(table string, columns []string, values []any) error {
	if table != c.table {
		if err := c.begin(table, columns); err != nil {
			return err
		}
	}
	for i, v := range values {
		switch v := v.(type) {
		case int64:
			if c.flags[i] {
				values[i] = v != 0
			}
		case string:
			values[i] = toText(v)
			c.bytes += len(v)
		case []byte:
			c.bytes += len(v)
		}
	}
	c.rows = append(c.rows, slices.Clone(values))
	if len(c.rows) >= copyRows || c.bytes >= copyBytes {
		return c.flush()
	}
	return nil
}

func (c *copier) begin(table string, columns []string) error {
	if err := c.flush(); err != nil {
		return err
	}
	c.table, c.columns, c.flags = table, slices.Clone(columns), make([]bool, len(columns))
	rows, err := c.tx.Query(c.ctx, `SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) AND atttypid = 'bool'::regtype`,
		pgx.Identifier{table}.Sanitize())
	if err != nil {
		return failure(err)
	}
	flags, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for i, column := range columns {
		c.flags[i] = slices.Contains(flags, column)
	}
	return failure(err)
}

func (c *copier) flush() error {
	if len(c.rows) == 0 {
		return nil
	}
	_, err := c.tx.CopyFrom(c.ctx, pgx.Identifier{c.table}, c.columns, pgx.CopyFromRows(c.rows))
	c.rows, c.bytes = c.rows[:0], 0
	if err != nil {
		return fmt.Errorf("postgres: import %q: %w", c.table, err)
	}
	return nil
}
