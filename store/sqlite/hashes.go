package sqlite

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"lienthong/journal"
)

// A stored hash is the root of a complete subtree: the one of 2^level leaves that
// the leaf with this index completes.
type stored struct {
	index uint64
	level int
	hash  journal.Hash
}

// cacheSize bounds the hashes kept in memory: twice this many, of about 100 bytes.
const cacheSize = 1 << 15

// A hashCache keeps the hashes that were added or read last. A proof of a new leaf
// needs the newest and the same few old ones each time, so they are read once.
// It has two generations: when the young one is full it becomes the old one.
type hashCache struct {
	mu         sync.Mutex
	young, old map[int64]journal.Hash // by storage index
}

func (c *hashCache) put(index int64, h journal.Hash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(index, h)
}

func (c *hashCache) set(index int64, h journal.Hash) {
	if c.young == nil || len(c.young) >= cacheSize {
		c.young, c.old = make(map[int64]journal.Hash, cacheSize), c.young
	}
	c.young[index] = h
}

func (c *hashCache) get(index int64) (journal.Hash, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h, ok := c.young[index]; ok {
		return h, true
	}
	h, ok := c.old[index]
	if ok {
		c.set(index, h)
	}
	return h, ok
}

// committed takes over what a batch has added, once it is durable.
func (c *hashCache) committed(added []stored) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range added {
		c.set(tlog.StoredHashIndex(s.level, int64(s.index>>s.level)), s.hash)
	}
}

const selectHash = `SELECT substr(hashes, ?, 32) FROM journal WHERE idx = ?`

// Hashes implements [exchange.Store]. The hash of a subtree lies in the row of the
// leaf that completed it, at 32 bytes times its level.
func (s *Store) Hashes(ctx context.Context, indexes []int64) ([]journal.Hash, error) {
	out := make([]journal.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 {
			return nil, fmt.Errorf("sqlite: journal has no hash %d", index)
		}
		if h, ok := s.hashes.get(index); ok {
			out[i] = h
			continue
		}
		var err error
		if out[i], err = s.storedHash(ctx, index); err != nil {
			return nil, err
		}
		s.hashes.put(index, out[i])
	}
	return out, nil
}

// StoredHashes implements [exchange.Store].
func (s *Store) StoredHashes(ctx context.Context, indexes []int64) ([]journal.Hash, error) {
	out := make([]journal.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 {
			return nil, fmt.Errorf("sqlite: journal has no hash %d", index)
		}
		var err error
		if out[i], err = s.storedHash(ctx, index); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Store) storedHash(ctx context.Context, index int64) (h journal.Hash, err error) {
	level, leaf := completedBy(index)
	found, err := s.one(ctx, selectHash, []any{32*level + 1, leaf}, fixed(h[:]))
	if err != nil {
		return h, fmt.Errorf("journal hash %d: %w", index, err)
	}
	if !found {
		return h, fmt.Errorf("sqlite: journal has no hash %d: it ends before leaf %d", index, leaf)
	}
	return h, nil
}

// loadEdge reads the right edge of the tree, and checks that nothing comes after it.
func loadEdge(ctx context.Context, conn querier) (journal.Edge, error) {
	var size uint64
	var root journal.Hash
	if err := conn.QueryRowContext(ctx, `SELECT size, root FROM head WHERE one = 1`).Scan(unsigned{&size}, fixed(root[:])); err != nil {
		return journal.Edge{}, fmt.Errorf("journal head: %w", err)
	}
	e, err := journal.LoadEdge(size, root, journal.HashReaderFunc(func(indexes []int64) ([]journal.Hash, error) {
		out := make([]journal.Hash, len(indexes))
		for i, index := range indexes {
			level, leaf := completedBy(index)
			if err := conn.QueryRowContext(ctx, selectHash, 32*level+1, leaf).Scan(fixed(out[i][:])); err != nil {
				return nil, fmt.Errorf("leaf %d: %w", leaf, err)
			}
		}
		return out, nil
	}))
	if err != nil {
		return e, err
	}
	var last *int64
	if err := conn.QueryRowContext(ctx, `SELECT max(idx) FROM journal`).Scan(&last); err != nil {
		return e, fmt.Errorf("journal: %w", err)
	}
	if last != nil && uint64(*last) >= size {
		return e, fmt.Errorf("journal has a leaf %d, its head says %d leaves: it was changed", *last, size)
	}
	return e, nil
}

// completedBy is the level of a stored hash, and the leaf that completes its subtree.
func completedBy(index int64) (level int, leaf int64) {
	level, n := tlog.SplitStoredHashIndex(index)
	return level, (n+1)<<level - 1
}
