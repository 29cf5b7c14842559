// Package store opens a node's rows and files by URL. It knows which stores there
// are; what they do is declared in package exchange and tested by storetest.
package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/durable"
	"lienthong/store/blob"
	"lienthong/store/sqlite"
)

// The parts of a store in a folder.
const (
	database = "node.db"
	files    = "blobs"
)

// wanted is what a URL may look like, for errors.
const wanted = "want sqlite:FOLDER or postgres://USER@HOST/DATABASE?blobs=FOLDER (or s3://BUCKET/PREFIX?...)"

// Open opens the store that url names, or makes it where there is none yet:
//
//	sqlite:DIR
//	    rows in DIR/node.db, files below DIR/blobs; a folder on a local disk, which this
//	    process has to itself
//	postgres://USER@HOST/DATABASE?blobs=DIR&password_file=FILE
//	    rows in the first schema of the search path, files below DIR, which all processes
//	    of the node share, or in a bucket on S3 where DIR is:
//	    s3://BUCKET/PREFIX?endpoint=https://HOST%26scratch=DIR%26credentials=FILE;
//	    what else libpq knows may be added (sslmode, search_path)
//
// A password in the URL is refused, for URLs are shown; it is the first line of
// password_file. Close the Store when the last use of either has ended.
//
// A folder that lacks the files which the rows name is refused (package blob, Bind): its
// disk is not mounted. Files would be called lost, and new ones put where they do not belong.
func Open(ctx context.Context, url string) (exchange.Store, exchange.Blobs, error) {
	scheme, dir, ok := strings.Cut(url, ":")
	switch {
	case ok && scheme == "sqlite" && dir != "":
		return openSQLite(ctx, strings.TrimPrefix(dir, "//"))
	case ok && (scheme == "postgres" || scheme == "postgresql"):
		return openPostgres(ctx, url)
	case ok && dir != "":
		return nil, nil, fmt.Errorf("store: no store of kind %q, %s", scheme, wanted)
	}
	return nil, nil, fmt.Errorf("store: %q is no store, %s", Shown(url), wanted)
}

// OpenExisting is Open for whoever does not want a store to be made: a folder without one
// is an error.
func OpenExisting(ctx context.Context, url string) (exchange.Store, exchange.Blobs, error) {
	if dir, is := strings.CutPrefix(url, "sqlite:"); is {
		name := filepath.Join(strings.TrimPrefix(dir, "//"), database)
		if _, err := os.Stat(name); err != nil {
			return nil, nil, fmt.Errorf("store: %q is no store: %w", url, err)
		}
	}
	return Open(ctx, url)
}

func openSQLite(ctx context.Context, dir string) (exchange.Store, exchange.Blobs, error) {
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	s, err := sqlite.Open(ctx, filepath.Join(dir, database))
	if err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	b, err := bind(ctx, s, filepath.Join(dir, files))
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, b, nil
}

// bind opens the folder of files of a store's rows, or makes it where they name none.
func bind(ctx context.Context, rows exchange.Store, dir string) (exchange.Blobs, error) {
	some, err := someFiles(ctx, rows)
	if err != nil {
		return nil, err
	}
	b, err := blob.Bind(dir, some)
	if err != nil {
		return nil, fmt.Errorf("store: %w", domain(err))
	}
	return Blobs(b), nil
}

// sampled is how many rows, by digest and so at random, tell whose files a folder has.
const sampled = 256

// someFiles is some of the files that rows name.
func someFiles(ctx context.Context, rows exchange.Store) (some [][32]byte, err error) {
	page, err := rows.StoredBlobs(ctx, envelope.Digest{}, sampled)
	for _, row := range page {
		if row.State == exchange.BlobLive {
			some = append(some, row.Digest)
		}
	}
	return some, err
}

// openMade is Open for a folder that this process is making: it may lack files that its
// rows name.
func openMade(ctx context.Context, dir string) (exchange.Store, exchange.Blobs, error) {
	b, err := blob.Open(filepath.Join(dir, files))
	if err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	s, err := sqlite.Open(ctx, filepath.Join(dir, database))
	if err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	return s, Blobs(b), nil
}
