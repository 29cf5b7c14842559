package server

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// joinService takes new nodes in.
type joinService struct {
	lienthongv1.UnimplementedJoinServiceServer
	*Server
}

func (j *joinService) Invite(ctx context.Context, m *lienthongv1.InviteRequest) (*lienthongv1.InviteResponse, error) {
	v, secret, err := j.svc.Invite(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), m.GetNode(), m.GetExpiresAt())
	if err != nil {
		return nil, err
	}
	return &lienthongv1.InviteResponse{Invitation: invitationToProto(v), Secret: secret}, nil
}

func (j *joinService) ListInvitations(ctx context.Context, m *lienthongv1.ListInvitationsRequest) (*lienthongv1.ListInvitationsResponse, error) {
	after, err := wire.PageCursor(m.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := pageSize(m.GetPageSize())
	list, err := j.svc.Invitations(ctx, after, size)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListInvitationsResponse{Parent: j.svc.ID()}
	for _, v := range list {
		out.Invitations = append(out.Invitations, invitationToProto(v))
	}
	if len(list) == size {
		out.NextPageToken = wire.PageToken(list[size-1].ID)
	}
	return out, nil
}

func (j *joinService) DecideJoin(ctx context.Context, m *lienthongv1.DecideJoinRequest) (*lienthongv1.DecideJoinResponse, error) {
	id, err := envelope.ParseID(m.GetInvitation())
	if err != nil {
		return nil, wire.BadField("invitation", err)
	}
	v, err := j.svc.DecideJoin(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), id, m.GetApprove())
	if err != nil {
		return nil, err
	}
	return &lienthongv1.DecideJoinResponse{Invitation: invitationToProto(v)}, nil
}

// Join is open to strangers, and so looks at nothing before the secret.
func (j *joinService) Join(ctx context.Context, m *lienthongv1.JoinRequest) (*lienthongv1.JoinResponse, error) {
	req := exchange.JoinRequest{Node: m.GetNode(), Name: m.GetLabel(), Addresses: m.GetAddresses(), Request: m.GetRequest(), Certificate: m.GetCertificate()}
	if shown := clientCertificate(ctx); shown != nil {
		req.Shown = shown.RawSubjectPublicKeyInfo
	}
	v, err := j.svc.Join(ctx, m.GetSecret(), req)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.JoinResponse{Invitation: invitationToProto(v), Parent: j.svc.ID()}
	for _, cert := range j.svc.Authorities() {
		out.Authorities = append(out.Authorities, cert.Raw)
	}
	return out, nil
}

func invitationToProto(v exchange.Invitation) *lienthongv1.Invitation {
	return &lienthongv1.Invitation{Id: v.ID.String(), Node: v.Node, State: lienthongv1.InvitationState(v.State), Created: v.Created, ExpiresAt: v.Expires,
		Decided: v.Decided, Label: v.Name, Addresses: v.Addresses, Request: v.Request, Certificate: v.Certificate}
}
