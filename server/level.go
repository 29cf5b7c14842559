package server

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// levelFromProto is the level that a field asks for; empty where it asks for none.
func levelFromProto(field string, l lienthongv1.SignatureLevel) (signer.Level, error) {
	if l == lienthongv1.SignatureLevel_SIGNATURE_LEVEL_UNSPECIFIED {
		return "", nil
	}
	for _, known := range []signer.Level{signer.LevelBB, signer.LevelBT, signer.LevelBLT, signer.LevelBLTA} {
		if levelToProto(known) == l {
			return known, nil
		}
	}
	return "", wire.BadField(field, fmt.Errorf("level %d is not known, want B-B, B-T, B-LT or B-LTA", l))
}

// AugmentFile brings a signed file to a later level.
func (g *signingService) AugmentFile(ctx context.Context, m *lienthongv1.AugmentFileRequest) (*lienthongv1.AugmentFileResponse, error) {
	digest, err := wire.DigestField("sha256", m.GetSha256())
	if err != nil {
		return nil, err
	}
	level, err := levelFromProto("level", m.GetLevel())
	if err != nil {
		return nil, err
	}
	done, err := g.svc.AugmentFile(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), exchange.AugmentRequest{Agency: m.GetAgency(),
		File: digest, Level: level, Queue: m.GetQueue(), RequestID: m.GetRequestId()})
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.AugmentFileResponse{Level: levelToProto(done.Level), Until: done.Until, Job: jobToProto(done.Job), Warnings: done.Warnings}
	if done.File != nil {
		out.File = wire.FileToProto(*done.File)
	}
	return out, nil
}

// GetSignedFile tells what is known of the signing of a file.
func (g *signingService) GetSignedFile(ctx context.Context, m *lienthongv1.GetSignedFileRequest) (*lienthongv1.GetSignedFileResponse, error) {
	agency, err := g.agencyOf(m)
	if err != nil {
		return nil, err
	}
	digest, err := wire.DigestField("sha256", m.GetSha256())
	if err != nil {
		return nil, err
	}
	v, err := g.svc.FileView(ctx, agency, digest)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.GetSignedFileResponse{File: wire.FileToProto(v.File), Evidence: evidenceToProto(v.Evidence)}
	for _, a := range v.Augmented {
		out.Augmented = append(out.Augmented, &lienthongv1.AugmentedFile{Sha256: a.Digest[:], Level: levelToProto(a.Level), Until: a.Until,
			RenewAt: a.RenewAt, CreatedAt: a.Created})
	}
	for i := range v.Jobs {
		out.Jobs = append(out.Jobs, jobToProto(&v.Jobs[i]))
	}
	return out, nil
}

// ListLevelJobs lists jobs, newest first.
func (g *signingService) ListLevelJobs(ctx context.Context, m *lienthongv1.ListLevelJobsRequest) (*lienthongv1.ListLevelJobsResponse, error) {
	agency, err := g.agencyOf(m)
	if err != nil {
		return nil, err
	}
	after, err := wire.PageCursor(m.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := pageSize(m.GetPageSize())
	list, err := g.svc.LevelJobs(ctx, agency, after, size)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListLevelJobsResponse{}
	for i := range list {
		out.Jobs = append(out.Jobs, jobToProto(&list[i]))
	}
	if len(list) == size {
		out.NextPageToken = wire.PageToken(list[size-1].ID)
	}
	return out, nil
}

var jobStates = map[exchange.LevelState]lienthongv1.LevelJobState{
	exchange.LevelWaiting: lienthongv1.LevelJobState_LEVEL_JOB_STATE_WAITING,
	exchange.LevelDone:    lienthongv1.LevelJobState_LEVEL_JOB_STATE_DONE,
	exchange.LevelGivenUp: lienthongv1.LevelJobState_LEVEL_JOB_STATE_GIVEN_UP,
}

func jobToProto(j *exchange.LevelJob) *lienthongv1.LevelJob {
	if j == nil {
		return nil
	}
	out := &lienthongv1.LevelJob{Id: j.ID.String(), Base: j.Base[:], Level: levelToProto(j.Level), State: jobStates[j.State], Attempts: int32(j.Attempts),
		CreatedAt: j.Created, DueAt: j.DueAt, Deadline: j.Deadline, EndedAt: j.Ended, Reason: j.Reason, Detail: j.Text}
	if !j.Output.IsZero() {
		out.Output = j.Output[:]
	}
	return out
}

func evidenceToProto(rows []exchange.EvidenceRow) []*lienthongv1.SigningEvidence {
	var out []*lienthongv1.SigningEvidence
	for _, e := range rows {
		p := &lienthongv1.SigningEvidence{Position: int32(e.Position), CertificateSha256: e.Certificate[:], Status: e.Status, Kind: e.Kind,
			Source: e.Source, ThisUpdate: e.ThisUpdate, CheckedAt: e.Checked}
		if !e.Answer.IsZero() {
			p.AnswerSha256 = e.Answer[:]
		}
		out = append(out, p)
	}
	return out
}
