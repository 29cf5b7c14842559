package postgres

import (
	"context"
	"errors"
	"fmt"

	"lienthong/exchange"
	"lienthong/journal"
)

func records(entries []journal.Entry) ([]record, error) {
	if len(entries) == 0 {
		return nil, errors.New("postgres: a change without a journal entry is refused")
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
	for _, st := range c.Statements {
		if st.Entry < 0 || st.Entry >= len(recs) {
			return exchange.Committed{}, fmt.Errorf("postgres: statement %s names entry %d of %d", st.Digest, st.Entry, len(recs))
		}
	}
	var first uint64
	size, err := s.writer.do(ctx, func(index uint64) *plan {
		first = index
		a := act{Change: &c, first: index, plan: &plan{records: recs}}
		a.apply()
		return a.plan
	})
	if err != nil {
		return exchange.Committed{}, err
	}
	return exchange.Committed{First: first, Size: size}, nil
}

// An act is a change that is being planned.
type act struct {
	*exchange.Change
	*plan
	first uint64 // journal index that its first entry will have
}

// last is the journal index that the act's last entry will have.
func (a *act) last() int64 { return int64(a.first) + int64(len(a.Entries)) - 1 }

// now is the time of the act: this package reads no clock.
func (a *act) now() int64 { return a.Entries[0].Time }

// apply plans all parts, in the order of Change's fields. Blobs go before the
// letter's references to them.
func (a *act) apply() {
	for _, part := range []func(){
		a.checkLink, a.putRequest, a.putLetter, a.putPaths, a.putAims, a.forget, a.checkThreads,
		a.wroteBlobs, a.useBlobs, a.sweep, a.needBlobs, a.putLetterFiles, a.putHolds, a.erase, a.putPassings, a.putAgings, a.needWhole, a.putPossession,
		a.putDeliveries,
		a.putFilings, a.fileStatuses,
		a.stepSeries, a.putNumbers, a.putEntered,
		a.unqueue, a.queue, a.claim, a.postpone,
		a.putStatements,
		a.putJobs, a.finishJobs, a.putReports, a.putUploads, a.putSessions, a.putLevelJobs, a.putAugmented, a.putEvidence, a.putKeyStates,
		a.checkPrincipals, a.putPrincipals, a.putTokens, a.putInvitations, a.putGroups, a.putDirectory, a.putPeers, a.checkHeld, a.putCheckpoints, a.putRetirement,
	} {
		part()
	}
}
