package exchange

import (
	"context"

	"lienthong/envelope"
)

// threadFor lists the versions of a document, and the recalls of it, for the recipient of
// a delivery: those that the viewer (agency id) may see.
func (n *Node) threadFor(ctx context.Context, viewer string, d Delivery) ([]Delivery, error) {
	rows, err := n.cfg.Store.Thread(ctx, d.OriginAgency, d.Thread, d.Key.Recipient)
	if err != nil {
		return nil, err
	}
	var out []Delivery
	for _, row := range rows {
		if n.sees(viewer, &row) {
			out = append(out, row)
		}
	}
	return out, nil
}

// sees reports whether an agency (id) sent a delivery from here, or received it here.
func (n *Node) sees(agency string, d *Delivery) bool {
	return d.Home && d.Key.Recipient == agency || d.From == "" && d.Key.Origin == n.cfg.ID && d.OriginAgency == agency
}

// Active is [Service.Inbox] without copies that are frozen or superseded, and without
// recalls that the clerk has seen.
func (s *Service) Active(ctx context.Context, agency string, after envelope.ID, limit int) ([]DeliveryView, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, err
	}
	rows, err := s.cfg.Store.ActiveInbox(ctx, a.ID, after, page(limit))
	if err != nil {
		return nil, err
	}
	return s.views(ctx, a.ID, rows)
}
