package server

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// groupService keeps groups of recipients.
type groupService struct {
	lienthongv1.UnimplementedGroupServiceServer
	*Server
}

func (s *groupService) ListGroups(ctx context.Context, m *lienthongv1.ListGroupsRequest) (*lienthongv1.ListGroupsResponse, error) {
	agency, err := s.agencyOf(m)
	if err != nil {
		return nil, err
	}
	after, err := wire.TextCursor(m.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := pageSize(m.GetPageSize())
	list, err := s.svc.Groups(ctx, agency, m.GetGroup(), after, size)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListGroupsResponse{}
	for i := range list {
		out.Groups = append(out.Groups, groupToProto(&list[i]))
	}
	if len(list) == size {
		out.NextPageToken = wire.TextToken(list[size-1].Key)
	}
	return out, nil
}

func (s *groupService) PutGroup(ctx context.Context, m *lienthongv1.PutGroupRequest) (*lienthongv1.PutGroupResponse, error) {
	agency, err := s.agencyOf(m)
	if err != nil {
		return nil, err
	}
	group, err := s.svc.PutGroup(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), agency, m.GetGroup(), m.GetMembers())
	if err != nil {
		return nil, err
	}
	return &lienthongv1.PutGroupResponse{Group: groupToProto(group)}, nil
}

func (s *groupService) RemoveGroup(ctx context.Context, m *lienthongv1.RemoveGroupRequest) (*lienthongv1.RemoveGroupResponse, error) {
	agency, err := s.agencyOf(m)
	if err != nil {
		return nil, err
	}
	if err := s.svc.RemoveGroup(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), agency, m.GetGroup()); err != nil {
		return nil, err
	}
	return &lienthongv1.RemoveGroupResponse{}, nil
}

func groupToProto(g *exchange.GroupView) *lienthongv1.Group {
	return &lienthongv1.Group{Group: g.Name, Members: resolvedToProto(g.Members), By: g.By, Changed: g.Changed}
}

func resolvedToProto(list []exchange.Resolution) (out []*lienthongv1.ResolvedRecipient) {
	for _, r := range list {
		to := &lienthongv1.ResolvedRecipient{Code: r.Code, Agency: r.Agency.ID, Name: r.Agency.Name, Result: r.Result, Group: r.Group,
			Successor: r.Successor.ID, SuccessorCode: r.Successor.Code, NextHop: r.NextHop, Hub: r.Hub, HomeNode: r.Agency.HomeNode}
		for _, s := range r.Near {
			to.Near = append(to.Near, &lienthongv1.SuggestedAgency{Agency: s.Agency.ID, Code: s.Agency.Code, Name: s.Name})
		}
		out = append(out, to)
	}
	return out
}

// permitGroups holds who asks what the groups of an agency are to its clerks and readers:
// the rule of the method looks at the field agency alone, which that request has not.
func (s *Server) permitGroups(ctx context.Context, agency string) error {
	c := callerOf(ctx)
	a, known := s.svc.Directory().Agency(agency)
	if known && c.principal != nil && (c.principal.May(exchange.RoleClerk, a.ID) || c.principal.May(exchange.RoleReader, a.ID)) {
		return nil
	}
	return forbidden("groups_of: only for clerks and readers of agency %.80q", agency)
}
