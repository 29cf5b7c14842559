package server

import (
	"context"

	"lienthong/journal"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// journalService reads the node's journal.
type journalService struct {
	lienthongv1.UnimplementedJournalServiceServer
	*Server
}

func (j *journalService) ListEntries(ctx context.Context, m *lienthongv1.ListEntriesRequest) (*lienthongv1.ListEntriesResponse, error) {
	leaves, size, err := j.svc.Entries(ctx, m.GetFrom(), pageSize(m.GetPageSize()))
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListEntriesResponse{TreeSize: size}
	for _, leaf := range leaves {
		entry := &lienthongv1.JournalEntry{Index: leaf.Index, Leaf: leaf.Data}
		// A leaf of a later version may not be readable here; its bytes are.
		if e, err := journal.ParseLeaf(leaf.Data); err == nil {
			entry.Time, entry.Action, entry.Object, entry.Outcome, entry.Agency = e.Time, e.Action, e.Object, e.Outcome, e.Agency
			entry.Actor = e.Actor.Principal
			if e.Actor.Node != "" {
				entry.Actor = "node:" + e.Actor.Node
			}
		}
		out.Entries = append(out.Entries, entry)
	}
	return out, nil
}

func (j *journalService) GetCheckpoint(ctx context.Context, _ *lienthongv1.GetCheckpointRequest) (*lienthongv1.GetCheckpointResponse, error) {
	sealed, err := j.svc.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.GetCheckpointResponse{Checkpoint: sealed.Proto()}, nil
}

func (j *journalService) VerifyJournal(ctx context.Context, _ *lienthongv1.VerifyJournalRequest) (*lienthongv1.VerifyJournalResponse, error) {
	check, err := j.svc.VerifyJournal(ctx)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.VerifyJournalResponse{TreeSize: check.Size, RootHash: check.Root[:], Ok: len(check.Problems) == 0,
		Problems: check.Problems, Checkpoint: check.Checkpoint.Proto()}, nil
}
