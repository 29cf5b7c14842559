package server

import (
	"context"

	"lienthong/exchange"
	"lienthong/internal/wire"
	"lienthong/journal"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (d *deliveryService) ListQueue(ctx context.Context, m *lienthongv1.ListQueueRequest) (*lienthongv1.ListQueueResponse, error) {
	after, err := wire.QueueCursor(m.GetPageToken())
	if err != nil {
		return nil, err
	}
	f := exchange.QueueFilter{State: exchange.State(m.GetState()), Peer: m.GetPeer(), Late: m.GetLate()}
	list, next, done, err := d.svc.Queue(ctx, f, after, pageSize(m.GetPageSize()))
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListQueueResponse{}
	for i := range list {
		out.Entries = append(out.Entries, d.queueEntry(&list[i]))
	}
	if !done {
		out.NextPageToken = wire.QueueToken(next)
	}
	return out, nil
}

func (d *deliveryService) queueEntry(e *exchange.QueueEntry) *lienthongv1.QueueEntry {
	return wire.QueueEntryToProto(e, d.svc.Directory(), d.now())
}

// obey carries out an order of an operator.
func (d *deliveryService) obey(ctx context.Context, m *lienthongv1.QueueOrder, act func(context.Context, journal.Actor, exchange.Order) (*exchange.QueueEntry, error)) (*lienthongv1.QueueEntry, error) {
	order, err := wire.QueueOrderFromProto(m)
	if err != nil {
		return nil, err
	}
	entry, err := act(ctx, callerOf(ctx).actor(order.Staff), order)
	if err != nil {
		return nil, err
	}
	return d.queueEntry(entry), nil
}

func (d *deliveryService) Hold(ctx context.Context, m *lienthongv1.HoldRequest) (*lienthongv1.HoldResponse, error) {
	entry, err := d.obey(ctx, m.GetOrder(), d.svc.Hold)
	return &lienthongv1.HoldResponse{Entry: entry}, err
}

func (d *deliveryService) Release(ctx context.Context, m *lienthongv1.ReleaseRequest) (*lienthongv1.ReleaseResponse, error) {
	entry, err := d.obey(ctx, m.GetOrder(), d.svc.Release)
	return &lienthongv1.ReleaseResponse{Entry: entry}, err
}

func (d *deliveryService) Retry(ctx context.Context, m *lienthongv1.RetryRequest) (*lienthongv1.RetryResponse, error) {
	entry, err := d.obey(ctx, m.GetOrder(), d.svc.Retry)
	return &lienthongv1.RetryResponse{Entry: entry}, err
}

func (d *deliveryService) Redeliver(ctx context.Context, m *lienthongv1.RedeliverRequest) (*lienthongv1.RedeliverResponse, error) {
	entry, err := d.obey(ctx, m.GetOrder(), d.svc.Redeliver)
	return &lienthongv1.RedeliverResponse{Entry: entry}, err
}

func (d *deliveryService) Redirect(ctx context.Context, m *lienthongv1.RedirectRequest) (*lienthongv1.RedirectResponse, error) {
	entry, err := d.obey(ctx, m.GetOrder(), func(ctx context.Context, a journal.Actor, o exchange.Order) (*exchange.QueueEntry, error) {
		return d.svc.Redirect(ctx, a, o, m.GetPeer())
	})
	return &lienthongv1.RedirectResponse{Entry: entry}, err
}

func (d *deliveryService) Drop(ctx context.Context, m *lienthongv1.DropRequest) (*lienthongv1.DropResponse, error) {
	entry, err := d.obey(ctx, m.GetOrder(), d.svc.Drop)
	return &lienthongv1.DropResponse{Entry: entry}, err
}
