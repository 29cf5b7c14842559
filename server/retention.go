package server

import (
	"context"

	"google.golang.org/grpc"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// retentionService says what is kept for how long.
type retentionService struct {
	lienthongv1.UnimplementedRetentionServiceServer
	*Server
}

func (r *retentionService) AddHold(ctx context.Context, m *lienthongv1.AddHoldRequest) (*lienthongv1.AddHoldResponse, error) {
	req := exchange.HoldRequest{Origin: m.GetOriginNode(), Thread: m.GetThread(), Agency: m.GetCorrespondent(), Reason: m.GetReason()}
	if m.GetLetter() != "" {
		var err error
		if req.Letter, err = envelope.ParseID(m.GetLetter()); err != nil {
			return nil, wire.BadField("letter", err)
		}
	}
	h, err := r.svc.AddHold(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), req)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.AddHoldResponse{Hold: wire.HoldToProto(&h)}, nil
}

func (r *retentionService) ReleaseHold(ctx context.Context, m *lienthongv1.ReleaseHoldRequest) (*lienthongv1.ReleaseHoldResponse, error) {
	id, err := envelope.ParseID(m.GetHold())
	if err != nil {
		return nil, wire.BadField("hold", err)
	}
	h, err := r.svc.ReleaseHold(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), id, m.GetReason())
	if err != nil {
		return nil, err
	}
	return &lienthongv1.ReleaseHoldResponse{Hold: wire.HoldToProto(&h)}, nil
}

func (r *retentionService) ListHolds(ctx context.Context, m *lienthongv1.ListHoldsRequest) (*lienthongv1.ListHoldsResponse, error) {
	after, err := wire.PageCursor(m.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := pageSize(m.GetPageSize())
	list, err := r.svc.Holds(ctx, !m.GetReleased(), after, size)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListHoldsResponse{}
	for i := range list {
		out.Holds = append(out.Holds, wire.HoldToProto(&list[i]))
	}
	if len(list) == size {
		out.NextPageToken = wire.PageToken(list[size-1].ID)
	}
	return out, nil
}

func (r *retentionService) PlanRetention(m *lienthongv1.PlanRetentionRequest, stream grpc.ServerStreamingServer[lienthongv1.PlanRetentionResponse]) error {
	at := m.GetAt()
	if at == 0 {
		at = r.now().UnixMicro()
	}
	return r.svc.PlanRetention(stream.Context(), at, func(p exchange.Retained) error {
		return stream.Send(wire.RetainedToProto(&p))
	})
}
