package sqlite

import (
	"context"
	"errors"
	"fmt"

	"lienthong/exchange"
	"lienthong/journal"
)

// A record is a journal entry made ready outside the writer: its bytes and its
// hash are the caller's work, and only the tree above is the writer's.
type record struct {
	agency string
	leaf   []byte
	hash   journal.Hash
}

func records(entries []journal.Entry) ([]record, error) {
	if len(entries) == 0 {
		return nil, errors.New("sqlite: a change without a journal entry is refused")
	}
	out := make([]record, len(entries))
	for i, e := range entries {
		leaf, err := e.Leaf()
		if err != nil {
			return nil, err
		}
		out[i] = record{e.Agency, leaf, journal.LeafHash(leaf)}
	}
	return out, nil
}

// Commit implements [exchange.Store].
func (s *Store) Commit(ctx context.Context, c exchange.Change) (exchange.Committed, error) {
	recs, err := records(c.Entries)
	if err != nil {
		return exchange.Committed{}, err
	}
	if err := checkLink(c.Link); err != nil {
		return exchange.Committed{}, err
	}
	for _, st := range c.Statements {
		if st.Entry < 0 || st.Entry >= len(recs) {
			return exchange.Committed{}, fmt.Errorf("sqlite: statement %s names entry %d of %d", st.Digest, st.Entry, len(recs))
		}
	}
	var done exchange.Committed
	done.Size, err = s.writer.do(ctx, func(t *tx) error {
		a := act{t, &c, t.w.tree.Size()}
		done.First = a.first
		if err := a.apply(); err != nil {
			return err
		}
		return t.journal(recs)
	})
	if err != nil {
		return exchange.Committed{}, err
	}
	return done, nil
}

// An act is a change that is being applied.
type act struct {
	*tx
	*exchange.Change
	first uint64 // journal index that its first entry will have
}

// last is the journal index that the act's last entry will have.
func (a *act) last() int64 { return int64(a.first) + int64(len(a.Entries)) - 1 }

// now is the time of the act: this package reads no clock.
func (a *act) now() int64 { return a.Entries[0].Time }

// apply writes all parts, in the order of Change's fields. Blobs go before the
// letter's references to them.
func (a *act) apply() error {
	for _, part := range []func() error{
		a.putRequest, a.putLetter, a.putPaths, a.putAims, a.forget, a.checkThreads,
		a.wroteBlobs, a.useBlobs, a.sweep, a.putLetterFiles, a.putHolds, a.erase, a.putPassings, a.putAgings, a.needWhole, a.putPossession,
		a.putDeliveries,
		a.putFilings, a.fileStatuses,
		a.stepSeries, a.putNumbers, a.putEntered,
		a.unqueue, a.queue, a.claim, a.postpone,
		a.putStatements,
		a.putJobs, a.finishJobs, a.putReports, a.putUploads, a.putSessions, a.putLevelJobs, a.putAugmented, a.putEvidence, a.putKeyStates,
		a.checkPrincipals, a.putPrincipals, a.putTokens, a.putInvitations, a.putGroups, a.putDirectory, a.putPeers, a.checkHeld, a.putCheckpoints, a.putRetirement,
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// journal appends leaves to the tree. The rows hold the hashes that each leaf
// completes; the head is written once, when the batch ends.
func (t *tx) journal(recs []record) error {
	const query = `INSERT INTO journal (idx, agency_id, leaf, hashes) VALUES (?, ?, ?, ?)`
	for _, r := range recs {
		index := t.w.tree.Size()
		added := t.w.tree.Add(r.hash)
		hashes := make([]byte, 0, len(added)*len(r.hash))
		for level, h := range added {
			hashes = append(hashes, h[:]...)
			t.w.added = append(t.w.added, stored{index, level, h})
		}
		if err := t.do(query, int64(index), r.agency, r.leaf, hashes); err != nil {
			return err
		}
	}
	return nil
}
