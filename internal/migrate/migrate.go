// Package migrate brings the schema of a database up to the newest step that a program knows.
//
// The steps are goose files, NNN_name.sql, numbered 1, 2, 3 without a gap: forward only, and
// never changed once they were released. What goose does not do stands here: a database keeps
// the digest of each step's text, so that one whose steps were others than ours, or more, is
// refused; it was made by another program.
package migrate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// A Dialect is how one kind of database keeps which steps it has, in a table "migration" with
// the columns number, name and sha256.
type Dialect struct {
	Name   string             // for errors
	Create string             // makes the table where it is missing
	Insert string             // of a number, a name and a digest
	Lock   lock.SessionLocker // keeps other processes away meanwhile; nil where nobody else has the database
}

// A step is a file.
type step struct {
	name   string
	sha256 [sha256.Size]byte
}

// Up applies the steps of fsys that the database does not have, each in a transaction of its
// own: after a crash it goes on with the one that did not end.
//
// Errors: a gap in the numbers; a step that fails, by its name; a database with more steps, or
// others, than fsys.
func Up(ctx context.Context, db *sql.DB, d Dialect, fsys fs.FS) error {
	steps, err := load(fsys)
	if err != nil {
		return fmt.Errorf("%s: migrate: %w", d.Name, err)
	}
	options := []goose.ProviderOption{goose.WithStore(&table{d, steps}), goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler))}
	if d.Lock != nil {
		options = append(options, goose.WithSessionLocker(d.Lock))
	}
	provider, err := goose.NewProvider(goose.DialectCustom, db, fsys, options...)
	if err != nil {
		return fmt.Errorf("%s: migrate: %w", d.Name, err)
	}
	_, err = provider.Up(ctx)
	var failed *goose.PartialError
	if errors.As(err, &failed) {
		return fmt.Errorf("%s: migration %q: %w", d.Name, steps[failed.Failed.Source.Version-1].name, failed.Err)
	}
	if err != nil {
		return fmt.Errorf("%s: migrate: %w", d.Name, err)
	}
	return nil
}

// load reads which steps there are.
func load(fsys fs.FS) ([]step, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	var out []step
	for _, e := range entries { // sorted by name
		prefix, _, _ := strings.Cut(e.Name(), "_")
		if n, err := strconv.Atoi(prefix); err != nil || n != len(out)+1 {
			return nil, fmt.Errorf("step %q: want number %03d", e.Name(), len(out)+1)
		}
		text, err := fs.ReadFile(fsys, e.Name())
		if err != nil {
			return nil, err
		}
		out = append(out, step{e.Name(), sha256.Sum256(plain(text))})
	}
	return out, nil
}

// plain is a step without the lines that are goose's: the digests of the first releases are
// of files that had none.
func plain(text []byte) []byte {
	var out []byte
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte("-- +goose ")) {
			out = append(out, line...)
		}
	}
	return out
}
