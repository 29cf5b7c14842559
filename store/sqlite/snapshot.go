package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"lienthong/internal/durable"
)

// Snapshot writes the database file path, as it is at one moment, to the new file to.
// Another process may have it open and go on writing.
func Snapshot(ctx context.Context, path, to string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if _, err := os.Stat(abs); err != nil {
		return fmt.Errorf("sqlite: snapshot: %w", err)
	}
	if err := checkFilesystem(filepath.Dir(abs)); err != nil {
		return err
	}
	db, err := pool(abs, 1)
	if err != nil {
		return err
	}
	// One read transaction, whose pages are written densely: what is deleted stays behind.
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, to)
	if err := errors.Join(failure(err), db.Close()); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("sqlite: snapshot: %w", err)
	}
	// SQLite leaves what it vacuums into to the system.
	return errors.Join(durable.Sync(f, durable.Content), f.Close())
}
