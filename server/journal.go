package server

import (
	"context"

	"lienthong/envelope"
	"lienthong/internal/wire"
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
	now, witnessed, err := j.svc.Heads(ctx)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.GetCheckpointResponse{Checkpoint: now.Checkpoint.Proto()}
	if witnessed != nil {
		out.Witnessed = &lienthongv1.WitnessedHead{Checkpoint: witnessed.Checkpoint.Proto(), Cosignature: wire.MaybeSealed(witnessed.Cosignature), TimeStamp: witnessed.Stamp}
	}
	return out, nil
}

func (j *journalService) ProveInclusion(ctx context.Context, m *lienthongv1.ProveInclusionRequest) (*lienthongv1.ProveInclusionResponse, error) {
	proof, err := j.svc.ProveInclusion(ctx, m.GetIndex())
	if err != nil {
		return nil, err
	}
	return &lienthongv1.ProveInclusionResponse{Proof: envelope.Receipt{Proof: proof}.Proto().GetProof()}, nil
}

func (j *journalService) ProveConsistency(ctx context.Context, m *lienthongv1.ProveConsistencyRequest) (*lienthongv1.ProveConsistencyResponse, error) {
	c, err := j.svc.ProveConsistency(ctx, m.GetOldSize(), m.GetSize())
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ProveConsistencyResponse{OldSize: c.Old, OldRootHash: c.OldRoot[:], Size: c.Size, RootHash: c.NewRoot[:]}
	for _, h := range c.Proof {
		out.Proof = append(out.Proof, h[:])
	}
	return out, nil
}

func (j *journalService) VerifyJournal(ctx context.Context, _ *lienthongv1.VerifyJournalRequest) (*lienthongv1.VerifyJournalResponse, error) {
	check, err := j.svc.VerifyJournal(ctx)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.VerifyJournalResponse{TreeSize: check.Size, RootHash: check.Root[:], Ok: len(check.Problems) == 0,
		Problems: check.Problems, Checkpoint: check.Checkpoint.Proto(), CosignedSize: check.Cosigned, Stamped: check.Stamped, Unchecked: check.Unchecked}, nil
}
