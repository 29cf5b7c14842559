package exchange

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/journal"
)

// Principal finds who a client certificate is, by the SHA-256 of its SubjectPublicKeyInfo.
func (s *Service) Principal(ctx context.Context, key envelope.Digest) (Principal, error) {
	p, err := s.cfg.Store.Principal(ctx, key)
	return p, storeError(err)
}

// Principals lists all.
func (s *Service) Principals(ctx context.Context) ([]Principal, error) {
	return s.cfg.Store.Principals(ctx)
}

// Entries lists journal leaves from an index, and the size of the tree.
func (s *Service) Entries(ctx context.Context, from uint64, limit int) ([]Leaf, uint64, error) {
	size, err := s.cfg.Store.TreeSize(ctx)
	if err != nil || from >= size {
		return nil, size, err
	}
	leaves, err := s.cfg.Store.Leaves(ctx, from, page(limit))
	return leaves, size, err
}

// Checkpoint gives a signed head of the whole journal as it is now.
func (s *Service) Checkpoint(ctx context.Context) (envelope.Sealed, error) {
	size, err := s.cfg.Store.TreeSize(ctx)
	if err != nil {
		return envelope.Sealed{}, err
	}
	_, sealed, err := s.checkpoint(ctx, size)
	return sealed, err
}

const verifyBatch = 1000

// VerifyJournal hashes the whole journal again, from its leaves, and compares with
// every stored hash and with the head.
func (s *Service) VerifyJournal(ctx context.Context) (*JournalCheck, error) {
	size, err := s.cfg.Store.TreeSize(ctx)
	if err != nil {
		return nil, err
	}
	head, sealed, err := s.checkpoint(ctx, size)
	if err != nil {
		return nil, err
	}
	v, err := hashAgain(ctx, s.cfg.Store, head.TreeSize)
	if err != nil {
		return nil, err
	}
	out := checked(v, head.TreeSize, journal.Hash(head.RootHash), sealed)
	return out, s.checkHeads(ctx, out)
}

// VerifyStored is [Service.VerifyJournal] for a store that no node has open: there is no
// key to sign a checkpoint with.
func VerifyStored(ctx context.Context, store Store) (*JournalCheck, error) {
	size, err := store.TreeSize(ctx)
	if err != nil {
		return nil, err
	}
	v, err := hashAgain(ctx, store, size)
	if err != nil {
		return nil, err
	}
	root, err := journal.Root(size, journal.HashReaderFunc(func(indexes []int64) ([]journal.Hash, error) {
		return store.StoredHashes(ctx, indexes)
	}))
	if err != nil {
		return nil, err
	}
	return checked(v, size, root, envelope.Sealed{}), nil
}

func checked(v *journal.Verifier, size uint64, root journal.Hash, checkpoint envelope.Sealed) *JournalCheck {
	out := &JournalCheck{Size: v.Size(), Root: v.Root(), Problems: v.Problems(), Checkpoint: checkpoint}
	if v.Size() != size {
		out.Problems = append(out.Problems, fmt.Sprintf("the journal has %d leaves, its head says %d", v.Size(), size))
	} else if v.Root() != root {
		out.Problems = append(out.Problems, fmt.Sprintf("the leaves have the head %x, the stored hashes have %x", v.Root(), root))
	}
	return out
}

// hashAgain hashes the first leaves of a journal, and compares with what is stored.
func hashAgain(ctx context.Context, store Store, size uint64) (*journal.Verifier, error) {
	v := &journal.Verifier{}
	for v.Size() < size {
		leaves, err := store.Leaves(ctx, v.Size(), int(min(verifyBatch, size-v.Size())))
		if err != nil {
			return nil, err
		}
		if len(leaves) == 0 {
			break
		}
		if err := verifyLeaves(ctx, store, v, leaves); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func verifyLeaves(ctx context.Context, store Store, v *journal.Verifier, leaves []Leaf) error {
	first := v.Size()
	from, to := journal.StoredIndex(first), journal.StoredCount(first+uint64(len(leaves)))
	indexes := make([]int64, 0, to-from)
	for i := from; i < to; i++ {
		indexes = append(indexes, i)
	}
	// Past every cache: this asks what is stored.
	stored, err := store.StoredHashes(ctx, indexes)
	if err != nil {
		return err
	}
	for _, leaf := range leaves {
		if leaf.Index != v.Size() {
			return fmt.Errorf("exchange: journal leaf %d is missing: the store gave %d", v.Size(), leaf.Index)
		}
		n := min(v.Expected(), len(stored))
		v.Add(leaf.Data, stored[:n])
		stored = stored[n:]
	}
	return nil
}
