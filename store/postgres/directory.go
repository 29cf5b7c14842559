package postgres

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
)

const selectDirectoryRows = `SELECT kind, zone, epoch, since FROM directory_file ORDER BY kind = 2, kind = 1, zone, epoch`

// DirectoryRows implements [exchange.DirectoryStore].
func (s *Store) DirectoryRows(ctx context.Context) ([]exchange.DirectoryRow, error) {
	return list(ctx, s, selectDirectoryRows, nil, func(r scanner, row *exchange.DirectoryRow) error {
		return r.Scan(&row.Kind, &row.Zone, unsigned{&row.Epoch}, unsigned{&row.From})
	})
}

const selectDirectoryFile = `SELECT sealed FROM directory_file WHERE zone = $1 AND kind = $2 AND epoch = $3`

// DirectoryFile implements [exchange.DirectoryStore].
func (s *Store) DirectoryFile(ctx context.Context, kind exchange.DirectoryKind, zone string, epoch uint64) (d envelope.Sealed, err error) {
	err = s.must(ctx, name("directory of "+zone), selectDirectoryFile, []any{zone, int16(kind), int64(epoch)}, sealed{&d})
	return d, err
}

const (
	// One row, or none where what is there is as new: the batch holds the head row, so that
	// no other transaction comes in between.
	insertDirectoryFile = `INSERT INTO directory_file (zone, kind, epoch, since, sealed) SELECT $1::text, $2::smallint, $3::bigint, $4::bigint, $5::bytea
		WHERE NOT EXISTS (SELECT FROM directory_file WHERE zone = $1::text AND kind IN ($2::smallint, $6::smallint) AND epoch >= $3::bigint)`
	deleteDirectoryFiles = `DELETE FROM directory_file WHERE zone = $1 AND kind = $2 AND epoch < $3`
)

func (a *act) putDirectory() {
	d := a.Directory
	if d == nil {
		return
	}
	a.notice = withDirectory
	also := d.Kind
	if d.Kind == exchange.KindDelta {
		also = exchange.KindSnapshot
	}
	a.must(func() error {
		return fmt.Errorf("postgres: directory of %q is not older than epoch %d: %w", d.Zone, d.Epoch, exchange.ErrConflict)
	}, insertDirectoryFile, d.Zone, int16(d.Kind), int64(d.Epoch), int64(d.From), d.Sealed.Marshal(), int16(also))
	if d.Kind == exchange.KindDelta {
		return
	}
	a.do(deleteDirectoryFiles, d.Zone, int16(d.Kind), int64(d.Epoch))
	a.do(deleteDirectoryFiles, d.Zone, int16(exchange.KindDelta), int64(d.Epoch)-exchange.KeptDeltas+1)
}
