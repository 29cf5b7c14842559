package exchange

import (
	"context"
	"fmt"
	"sync"

	"lienthong/envelope"
	"lienthong/journal"
)

// heads keeps the newest signed head of the journal. One signature serves all who
// wait for a proof: those who come while it is made get the next one together.
type heads struct {
	mu     sync.Mutex
	head   envelope.Checkpoint
	sealed envelope.Sealed
}

// forget has the next head signed anew.
func (h *heads) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.head, h.sealed = envelope.Checkpoint{}, envelope.Sealed{}
}

// checkpoint gives a signed head of at least size leaves. It can be made again at
// any time from the stored tree, so it is not stored.
func (n *Node) checkpoint(ctx context.Context, size uint64) (envelope.Checkpoint, envelope.Sealed, error) {
	n.heads.mu.Lock()
	defer n.heads.mu.Unlock()
	if n.heads.head.TreeSize >= size && size > 0 {
		return n.heads.head, n.heads.sealed, nil
	}
	have, err := n.cfg.Store.TreeSize(ctx)
	if err != nil {
		return envelope.Checkpoint{}, envelope.Sealed{}, err
	}
	if have < size {
		return envelope.Checkpoint{}, envelope.Sealed{}, fmt.Errorf("exchange: checkpoint of %d leaves: the journal has %d", size, have)
	}
	if have == n.heads.head.TreeSize && len(n.heads.sealed.Payload) > 0 {
		return n.heads.head, n.heads.sealed, nil
	}
	root, err := journal.Root(have, n.reader(ctx))
	if err != nil {
		return envelope.Checkpoint{}, envelope.Sealed{}, err
	}
	head := envelope.Checkpoint{Node: n.cfg.ID, Incarnation: n.incarnation, TreeSize: have, RootHash: envelope.Digest(root), Time: n.now()}
	sealed, err := envelope.SealCheckpoint(&head, n.Signer())
	if err != nil {
		return envelope.Checkpoint{}, envelope.Sealed{}, err
	}
	n.heads.head, n.heads.sealed = head, sealed
	return head, sealed, nil
}

// receipt adds to a statement its place in its issuer's journal: made from our own
// tree if it is ours, as received otherwise.
func (n *Node) receipt(ctx context.Context, row StatementRow) (envelope.Receipt, error) {
	out := envelope.Receipt{Statement: row.Sealed}
	if row.Key.Issuer != n.cfg.ID {
		proof, err := envelope.ParseProof(row.Proof)
		out.Proof = proof
		return out, err
	}
	head, sealed, err := n.checkpoint(ctx, row.JournalIndex+1)
	if err != nil {
		return out, err
	}
	out.Proof, err = n.proofUnder(ctx, row.JournalIndex, head.TreeSize, sealed)
	return out, err
}

func orNotFound(err error) error {
	if err == nil {
		return ErrNotFound
	}
	return err
}

// receipts are those of many statements.
func (n *Node) receipts(ctx context.Context, rows []StatementRow) ([]envelope.Receipt, error) {
	out := make([]envelope.Receipt, 0, len(rows))
	for _, row := range rows {
		r, err := n.receipt(ctx, row)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// verifyStatement reads a statement and checks that its issuer, a node of the
// directory at that time, signed it. Another node first saw it at a time (microseconds),
// which is when it is judged; 0 takes the statement's own word for that.
func (d *Directory) verifyStatement(sealed envelope.Sealed, seen int64) (envelope.Statement, error) {
	st, err := envelope.ParseStatement(sealed)
	if seen == 0 {
		seen = st.Time
	}
	if err != nil {
		return st, err
	}
	if _, ok := d.Node(st.Issuer); !ok {
		return st, fmt.Errorf("exchange: statement by %q: no such node in the directory", st.Issuer)
	}
	if err := sealed.Verify(d.signers(st.Issuer, st.Time, seen)...); err != nil {
		return st, fmt.Errorf("exchange: statement by %q: %w", st.Issuer, err)
	}
	return st, nil
}

// VerifyReceipt checks a statement and its place in its issuer's journal, against
// this directory. A receipt without proof is an error.
func (d *Directory) VerifyReceipt(r envelope.Receipt) (envelope.Statement, error) {
	st, err := d.verifyStatement(r.Statement, 0)
	if err != nil {
		return st, err
	}
	return st, d.verifyProof(st, r)
}

func (d *Directory) verifyProof(st envelope.Statement, r envelope.Receipt) error {
	if r.Proof == nil {
		return fmt.Errorf("exchange: receipt of %q: has no journal proof", st.Issuer)
	}
	head, err := envelope.ParseCheckpoint(r.Proof.Checkpoint)
	if err != nil {
		return err
	}
	// Of whatever incarnation: a store out of a backup has the leaves of the one before.
	if head.Node != st.Issuer {
		return fmt.Errorf("exchange: receipt of %q: checkpoint is of %q", st.Issuer, head.Node)
	}
	if err := d.verifyHead(r.Proof.Checkpoint, head); err != nil {
		return err
	}
	entry, err := journal.ParseLeaf(r.Proof.Leaf)
	if err != nil {
		return err
	}
	if want := r.Statement.Digest().String(); entry.Object != want {
		return fmt.Errorf("exchange: receipt of %q: leaf names %.70q, want %s", st.Issuer, entry.Object, want)
	}
	path := make([]journal.Hash, len(r.Proof.Path))
	for i, h := range r.Proof.Path {
		path[i] = journal.Hash(h)
	}
	return journal.VerifyInclusion(path, head.TreeSize, journal.Hash(head.RootHash), r.Proof.Index, r.Proof.Leaf)
}

// verifyHead checks that its node signed a checkpoint, once: many receipts share one.
func (d *Directory) verifyHead(sealed envelope.Sealed, head envelope.Checkpoint) error {
	key := envelope.Sum(sealed.Marshal())
	d.headsMu.Lock()
	known := d.heads[key]
	d.headsMu.Unlock()
	if known {
		return nil
	}
	if err := sealed.Verify(d.signers(head.Node, head.Time, head.Time)...); err != nil {
		return err
	}
	d.headsMu.Lock()
	defer d.headsMu.Unlock()
	if d.heads == nil || len(d.heads) > maxKnownHeads {
		d.heads = make(map[envelope.Digest]bool)
	}
	d.heads[key] = true
	return nil
}

const maxKnownHeads = 1024

// hashCache keeps hashes of the tree that were read. They never change; the ones
// near the root are wanted by every proof.
type hashCache struct {
	mu sync.Mutex
	m  map[int64]journal.Hash
}

const maxCachedHashes = 1 << 16

func (n *Node) reader(ctx context.Context) journal.HashReader {
	return journal.HashReaderFunc(func(indexes []int64) ([]journal.Hash, error) {
		out := make([]journal.Hash, len(indexes))
		var missing []int64
		var at []int
		n.hashes.mu.Lock()
		for i, index := range indexes {
			if h, ok := n.hashes.m[index]; ok {
				out[i] = h
				continue
			}
			missing, at = append(missing, index), append(at, i)
		}
		n.hashes.mu.Unlock()
		if len(missing) == 0 {
			return out, nil
		}
		got, err := n.cfg.Store.Hashes(ctx, missing)
		if err != nil {
			return nil, err
		}
		if len(got) != len(missing) {
			return nil, fmt.Errorf("exchange: asked for %d hashes of the journal, got %d", len(missing), len(got))
		}
		n.hashes.mu.Lock()
		defer n.hashes.mu.Unlock()
		if n.hashes.m == nil || len(n.hashes.m) > maxCachedHashes {
			n.hashes.m = make(map[int64]journal.Hash, 1024)
		}
		for i, h := range got {
			out[at[i]] = h
			n.hashes.m[missing[i]] = h
		}
		return out, nil
	})
}
