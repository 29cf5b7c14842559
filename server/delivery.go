package server

import (
	"context"
	"fmt"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// deliveryService is the inbox (văn bản đến), and the fate of what was sent.
type deliveryService struct {
	lienthongv1.UnimplementedDeliveryServiceServer
	*Server
}

func (d *deliveryService) ListDeliveries(ctx context.Context, m *lienthongv1.ListDeliveriesRequest) (*lienthongv1.ListDeliveriesResponse, error) {
	agency, err := d.agencyOf(m)
	if err != nil {
		return nil, err
	}
	if m.GetOverdue() != lienthongv1.Overdue_OVERDUE_UNSPECIFIED {
		return d.overdue(ctx, agency, m)
	}
	after, err := wire.PageCursor(m.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := pageSize(m.GetPageSize())
	inbox := d.svc.Active
	if m.GetAll() {
		inbox = d.svc.Inbox
	}
	list, err := inbox(ctx, agency, after, size)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListDeliveriesResponse{}
	for i := range list {
		out.Deliveries = append(out.Deliveries, wire.DeliveryToProto(agency, &list[i], d.svc.Directory()))
	}
	if len(list) == size {
		out.NextPageToken = wire.PageToken(list[size-1].Delivery.ID)
	}
	return out, nil
}

func (d *deliveryService) overdue(ctx context.Context, agency string, m *lienthongv1.ListDeliveriesRequest) (*lienthongv1.ListDeliveriesResponse, error) {
	after, err := wire.MarkCursor(m.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := pageSize(m.GetPageSize())
	list, mark, err := d.svc.Overdue(ctx, agency, exchange.Overdue(m.GetOverdue()), after, size)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListDeliveriesResponse{}
	for i := range list {
		out.Deliveries = append(out.Deliveries, wire.DeliveryToProto(agency, &list[i], d.svc.Directory()))
	}
	if len(list) == size {
		out.NextPageToken = wire.MarkToken(mark)
	}
	return out, nil
}

func (d *deliveryService) GetDelivery(ctx context.Context, m *lienthongv1.GetDeliveryRequest) (*lienthongv1.GetDeliveryResponse, error) {
	agency, id, err := d.resource(m.GetName(), "deliveries")
	if err != nil {
		return nil, err
	}
	view, err := d.svc.Delivery(ctx, agency, id)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.GetDeliveryResponse{Delivery: wire.DeliveryToProto(agency, view, d.svc.Directory())}
	if out.Delivery.Refusal, err = d.svc.Refusal(ctx, agency, id); err != nil {
		return nil, err
	}
	return out, nil
}

func (d *deliveryService) AcknowledgeDelivery(ctx context.Context, m *lienthongv1.AcknowledgeDeliveryRequest) (*lienthongv1.AcknowledgeDeliveryResponse, error) {
	agency, id, err := d.resource(m.GetName(), "deliveries")
	if err != nil {
		return nil, err
	}
	var files []envelope.Digest
	for i, b := range m.GetSha256() {
		digest, err := wire.DigestField(fmt.Sprintf("sha256[%d]", i), b)
		if err != nil {
			return nil, err
		}
		files = append(files, digest)
	}
	staff := envelope.StaffFromProto(m.GetStaff())
	view, err := d.svc.Acknowledge(ctx, callerOf(ctx).actor(staff), agency, id, files, staff)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.AcknowledgeDeliveryResponse{Delivery: wire.DeliveryToProto(agency, view, d.svc.Directory())}, nil
}

func (d *deliveryService) ReportStatus(ctx context.Context, m *lienthongv1.ReportStatusRequest) (*lienthongv1.ReportStatusResponse, error) {
	agency, id, err := d.resource(m.GetName(), "deliveries")
	if err != nil {
		return nil, err
	}
	staff := envelope.StaffFromProto(m.GetStaff())
	view, err := d.svc.ReportStatus(ctx, callerOf(ctx).actor(staff), exchange.StatusRequest{Agency: agency, Delivery: id, Code: m.GetCode(),
		Reason: m.GetReason(), Staff: staff, OverrideVerdict: m.GetOverrideVerdict(), AutoReason: m.GetAutoReason(), RequestID: m.GetRequestId()})
	if err != nil {
		return nil, err
	}
	return &lienthongv1.ReportStatusResponse{Delivery: wire.DeliveryToProto(agency, view, d.svc.Directory())}, nil
}

// WatchDeliveries goes on until the client goes away, the node stops, or the caller may
// not watch any more, which is asked before each group of news and again and again while
// there are none. A client that comes again with the last cursor misses nothing.
func (d *deliveryService) WatchDeliveries(m *lienthongv1.WatchDeliveriesRequest, stream lienthongv1.DeliveryService_WatchDeliveriesServer) error {
	agency, err := d.agencyOf(m)
	if err != nil {
		return err
	}
	ctx, cancel := d.untilStopped(stream.Context())
	defer cancel()
	for cursor := m.GetCursor(); ; {
		list, next, err := d.news(ctx, agency, cursor)
		switch {
		case err != nil && d.stopping.Err() != nil:
			return &exchange.Error{Code: exchange.Unavailable, Reason: "STOPPING", Text: "this node stops: come again with the last cursor"}
		case err != nil:
			return err
		}
		if err := callOf(ctx).judge(); err != nil {
			return err
		}
		for i := range list {
			at := cursor // a client that breaks off inside a group gets the group again
			if i == len(list)-1 {
				at = next
			}
			if err := stream.Send(&lienthongv1.WatchDeliveriesResponse{Cursor: at, Delivery: wire.DeliveryToProto(agency, &list[i], d.svc.Directory())}); err != nil {
				return err
			}
		}
		cursor = next
	}
}

// news is what changed after the cursor. It waits for no longer than a caller goes on
// unjudged, and then there is none.
func (d *deliveryService) news(ctx context.Context, agency string, cursor uint64) ([]exchange.DeliveryView, uint64, error) {
	waiting, cancel := context.WithTimeout(ctx, d.opts.Judge)
	defer cancel()
	list, next, err := d.svc.Changes(waiting, agency, cursor, pageSize(0))
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return nil, cursor, nil
	}
	return list, next, err
}

func (d *deliveryService) ClaimDeliveries(ctx context.Context, m *lienthongv1.ClaimDeliveriesRequest) (*lienthongv1.ClaimDeliveriesResponse, error) {
	agency, err := d.agencyOf(m)
	if err != nil {
		return nil, err
	}
	list, err := d.svc.Claim(ctx, agency, m.GetConsumer(), time.Duration(m.GetLeaseSeconds())*time.Second, pageSize(m.GetPageSize()))
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ClaimDeliveriesResponse{}
	for i := range list {
		out.Deliveries = append(out.Deliveries, wire.DeliveryToProto(agency, &list[i], d.svc.Directory()))
	}
	return out, nil
}
