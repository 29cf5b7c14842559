package wire

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// QueueEntryToProto converts a delivery as an operator sees it. The directory gives the
// codes of its agencies.
func QueueEntryToProto(e *exchange.QueueEntry, dir *exchange.Directory, now time.Time) *lienthongv1.QueueEntry {
	d := &e.Delivery
	code := func(id string) string {
		a, ok := dir.Agency(id)
		if !ok {
			return ""
		}
		return exchange.CodeAt(a, now)
	}
	return &lienthongv1.QueueEntry{Id: d.ID.String(), OriginNode: d.Key.Origin, EnvelopeId: d.Key.ID.String(),
		OriginAgency: d.OriginAgency, OriginCode: code(d.OriginAgency), Recipient: d.Key.Recipient, RecipientCode: code(d.Key.Recipient),
		State: lienthongv1.DeliveryState(d.State), Reason: d.Reason, Peer: d.Peer, Custodian: d.Custodian, Urgency: lienthongv1.Urgency(d.Urgency),
		Created: d.Created, Updated: d.Updated, DueAt: e.DueAt, HeldUntil: d.HeldUntil, ExpiresAt: d.ExpiresAt, LateAt: e.LateAt, Attempts: int32(d.Attempts)}
}

// QueueOrderFromProto converts what an operator wants.
func QueueOrderFromProto(m *lienthongv1.QueueOrder) (exchange.Order, error) {
	if m.GetId() == "" {
		return exchange.Order{}, missing("order.id")
	}
	id, err := envelope.ParseID(m.GetId())
	if err != nil {
		return exchange.Order{}, BadField("order.id", err)
	}
	return exchange.Order{Delivery: id, Staff: envelope.StaffFromProto(m.GetStaff()), Reason: m.GetReason()}, nil
}

// QueueToken is the place at which a list of letters under way goes on.
func QueueToken(c exchange.QueueCursor) string {
	b := binary.BigEndian.AppendUint64([]byte{byte(c.State)}, uint64(c.At))
	return base64.RawURLEncoding.EncodeToString(append(append(b, c.ID[:]...), c.Peer...))
}

// QueueCursor reads what QueueToken made; an empty one begins at the first.
func QueueCursor(token string) (exchange.QueueCursor, error) {
	var c exchange.QueueCursor
	if token == "" {
		return c, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < 9+len(c.ID) {
		return c, BadField("page_token", errors.New("want a token of the answer before"))
	}
	c.State, c.At = exchange.State(b[0]), int64(binary.BigEndian.Uint64(b[1:]))
	copy(c.ID[:], b[9:])
	c.Peer = string(b[9+len(c.ID):])
	return c, nil
}
