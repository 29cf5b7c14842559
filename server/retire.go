package server

import (
	"context"
	"sort"

	"lienthong/envelope"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (n *nodeService) GetRetirement(ctx context.Context, _ *lienthongv1.GetRetirementRequest) (*lienthongv1.GetRetirementResponse, error) {
	state, err := n.svc.Retirement(ctx)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.GetRetirementResponse{Retirement: n.retirementToProto(&state)}, nil
}

func (n *nodeService) Retire(ctx context.Context, m *lienthongv1.RetireRequest) (*lienthongv1.RetireResponse, error) {
	state, err := n.svc.Retire(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), m.GetReason())
	if err != nil {
		return nil, err
	}
	return &lienthongv1.RetireResponse{Retirement: n.retirementToProto(&state)}, nil
}

func (n *nodeService) CancelRetirement(ctx context.Context, m *lienthongv1.CancelRetirementRequest) (*lienthongv1.CancelRetirementResponse, error) {
	state, err := n.svc.Unretire(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), m.GetReason())
	if err != nil {
		return nil, err
	}
	return &lienthongv1.CancelRetirementResponse{Retirement: n.retirementToProto(&state)}, nil
}

func (n *nodeService) retirementToProto(s *exchange.RetirementState) *lienthongv1.Retirement {
	out := &lienthongv1.Retirement{Since: s.Since, By: s.By, Reason: s.Reason, Done: s.Done, Finished: s.Finished(),
		Waiting: uint32(s.Waiting), Relayed: uint32(s.Relayed), Statements: uint32(s.Statements), Validations: uint32(s.Jobs), LevelJobs: uint32(s.LevelJobs),
		AtHome: s.AtHome, Children: s.Children, Unlisted: s.Unlisted, Parent: s.Parent, Cosigned: s.Cosigned, Stamps: s.Stamps, Stamped: s.Stamped}
	for agency, letters := range s.Unread {
		a, _ := n.svc.Directory().Agency(agency) // none: it has no home
		out.Unread = append(out.Unread, &lienthongv1.Retirement_Unread{Agency: agency, HomeNode: a.HomeNode, Letters: uint32(letters)})
	}
	sort.Slice(out.Unread, func(i, j int) bool { return out.Unread[i].Agency < out.Unread[j].Agency })
	return out
}
