package sqlite

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
)

const selectDirectoryRows = `SELECT kind, zone, epoch, since FROM directory_file ORDER BY kind = 2, kind = 1, zone, epoch`

// DirectoryRows implements [exchange.DirectoryStore].
func (s *Store) DirectoryRows(ctx context.Context) ([]exchange.DirectoryRow, error) {
	var out []exchange.DirectoryRow
	err := s.all(ctx, selectDirectoryRows, nil, func(r scanner) error {
		var row exchange.DirectoryRow
		err := r.Scan(&row.Kind, &row.Zone, unsigned{&row.Epoch}, unsigned{&row.From})
		out = append(out, row)
		return err
	})
	return out, err
}

const selectDirectoryFile = `SELECT sealed FROM directory_file WHERE zone = ? AND kind = ? AND epoch = ?`

// DirectoryFile implements [exchange.DirectoryStore].
func (s *Store) DirectoryFile(ctx context.Context, kind exchange.DirectoryKind, zone string, epoch uint64) (d envelope.Sealed, err error) {
	err = s.must(ctx, name("directory of "+zone), selectDirectoryFile, []any{zone, kind, int64(epoch)}, sealed{&d})
	return d, err
}

const selectDirectoryEpoch = `SELECT coalesce(max(epoch), 0) FROM directory_file WHERE zone = ? AND kind IN (?, ?)`

func (a *act) putDirectory() error {
	d := a.Directory
	if d == nil {
		return nil
	}
	also := d.Kind
	if d.Kind == exchange.KindDelta {
		also = exchange.KindSnapshot
	}
	var epoch uint64
	if _, err := a.one(selectDirectoryEpoch, []any{d.Zone, d.Kind, also}, unsigned{&epoch}); err != nil {
		return err
	}
	if epoch >= d.Epoch {
		return fmt.Errorf("sqlite: directory of %q is at epoch %d, got %d: %w", d.Zone, epoch, d.Epoch, exchange.ErrConflict)
	}
	if err := a.do(`INSERT INTO directory_file (zone, kind, epoch, since, sealed) VALUES (?, ?, ?, ?, ?)`,
		d.Zone, d.Kind, int64(d.Epoch), int64(d.From), d.Sealed.Marshal()); err != nil {
		return err
	}
	if d.Kind == exchange.KindDelta {
		return nil
	}
	if err := a.do(`DELETE FROM directory_file WHERE zone = ? AND kind = ? AND epoch < ?`, d.Zone, d.Kind, int64(d.Epoch)); err != nil {
		return err
	}
	return a.do(`DELETE FROM directory_file WHERE zone = ? AND kind = ? AND epoch <= ?`, d.Zone, exchange.KindDelta, int64(d.Epoch)-exchange.KeptDeltas)
}
