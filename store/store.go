// Package store opens a node's rows and files by URL. It knows which stores there
// are; what they do is declared in package exchange and tested by storetest.
package store

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"lienthong/exchange"
	"lienthong/store/blob"
	"lienthong/store/sqlite"
)

// The parts of a store in a folder.
const (
	database = "node.db"
	files    = "blobs"
)

// Open opens the store that url names, or makes it where there is none yet, and
// takes it for this process alone:
//
//	sqlite:DIR    rows in DIR/node.db, files below DIR/blobs; a folder on a local disk
//
// Close the Store when the last use of either has ended.
func Open(ctx context.Context, url string) (exchange.Store, exchange.Blobs, error) {
	scheme, dir, ok := strings.Cut(url, ":")
	if !ok || dir == "" {
		return nil, nil, fmt.Errorf("store: %q is no store, want sqlite:FOLDER", url)
	}
	if scheme != "sqlite" {
		return nil, nil, fmt.Errorf("store: %q: no store of kind %q, want sqlite:FOLDER", url, scheme)
	}
	dir = strings.TrimPrefix(dir, "//")
	// The blobs come first: they make the folder, durably.
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
