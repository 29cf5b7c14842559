package exchange

import (
	"context"
	"errors"
	"fmt"

	"lienthong/envelope"
	"lienthong/journal"
)

// SignedHead is a head of this node's journal with what others say of it.
type SignedHead struct {
	Checkpoint  envelope.Sealed
	Cosignature envelope.Sealed // by the parent; no payload where there is none
	Stamp       []byte          // RFC 3161 token over SHA-256 of Checkpoint as marshalled
}

// Heads gives the head of the journal as it is now, and the newest one that the parent
// has cosigned or an authority has time-stamped; the second is nil where there is none.
func (s *Service) Heads(ctx context.Context) (now SignedHead, witnessed *SignedHead, err error) {
	if now.Checkpoint, err = s.Checkpoint(ctx); err != nil {
		return now, nil, err
	}
	row, err := s.cfg.Store.NewestCheckpoint(ctx, s.cfg.ID, s.incarnation)
	if errors.Is(err, ErrNotFound) {
		return now, nil, nil
	}
	return now, &SignedHead{row.Sealed, row.Cosignature, row.Stamp}, err
}

// A Consistency shows that a smaller head of the journal is the beginning of a larger.
type Consistency struct {
	Old, Size        uint64
	OldRoot, NewRoot envelope.Digest
	Proof            []envelope.Digest
}

// ProveConsistency proves the first old leaves against size; 0 is all there are.
func (s *Service) ProveConsistency(ctx context.Context, old, size uint64) (*Consistency, error) {
	size, err := s.sizeOf(ctx, size)
	if err != nil {
		return nil, err
	}
	if old == 0 || old > size {
		return nil, &Error{Code: Invalid, Reason: "INVALID_SIZE", Text: "no such proof", Fields: []Field{{"old_size", "OUT_OF_RANGE", fmt.Sprintf("is %d, want 1 to %d", old, size)}}}
	}
	r := s.reader(ctx)
	oldRoot, err := journal.Root(old, r)
	if err != nil {
		return nil, err
	}
	root, err := journal.Root(size, r)
	if err != nil {
		return nil, err
	}
	proof, err := journal.ProveConsistency(size, old, r)
	return &Consistency{old, size, envelope.Digest(oldRoot), envelope.Digest(root), digestsOf(proof)}, err
}

// ProveInclusion gives a leaf with its place under the head of now.
func (s *Service) ProveInclusion(ctx context.Context, index uint64) (*envelope.Proof, error) {
	size, err := s.sizeOf(ctx, 0)
	if err != nil {
		return nil, err
	}
	if index >= size {
		return nil, fail(NotFound, "NO_SUCH_ENTRY", "the journal has %d entries, no number %d", size, index)
	}
	return s.proofOf(ctx, index)
}

func (s *Service) sizeOf(ctx context.Context, size uint64) (uint64, error) {
	have, err := s.cfg.Store.TreeSize(ctx)
	if err == nil && size > have {
		err = &Error{Code: Invalid, Reason: "INVALID_SIZE", Text: "no such proof", Fields: []Field{{"size", "OUT_OF_RANGE", fmt.Sprintf("is %d, the journal has %d", size, have)}}}
	}
	if size == 0 {
		size = have
	}
	return size, err
}

// proofOf proves a leaf under the newest head.
func (n *Node) proofOf(ctx context.Context, index uint64) (*envelope.Proof, error) {
	head, sealed, err := n.checkpoint(ctx, index+1)
	if err != nil {
		return nil, err
	}
	return n.proofUnder(ctx, index, head.TreeSize, sealed)
}

// proofUnder proves a leaf under a head of size leaves.
func (n *Node) proofUnder(ctx context.Context, index, size uint64, sealed envelope.Sealed) (*envelope.Proof, error) {
	leaves, err := n.cfg.Store.Leaves(ctx, index, 1)
	if err != nil || len(leaves) == 0 {
		return nil, fmt.Errorf("exchange: leaf %d: %w", index, orNotFound(err))
	}
	path, err := journal.Prove(size, index, n.reader(ctx))
	if err != nil {
		return nil, err
	}
	return &envelope.Proof{Index: index, Leaf: leaves[0].Data, Path: digestsOf(path), Checkpoint: sealed}, nil
}

func digestsOf(hashes []journal.Hash) []envelope.Digest {
	out := make([]envelope.Digest, len(hashes))
	for i, h := range hashes {
		out[i] = envelope.Digest(h)
	}
	return out
}
