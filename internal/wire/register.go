package wire

import (
	"encoding/base64"
	"encoding/binary"
	"errors"

	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// FiledToProto converts a document in the register of an agency.
func FiledToProto(f *exchange.Found) *lienthongv1.FiledDocument {
	name := DocumentName
	if f.Filing.Way == exchange.WayIn {
		name = DeliveryName
	}
	return &lienthongv1.FiledDocument{Name: name(f.Filing.Agency, f.Filing.ID), Direction: lienthongv1.Direction(f.Filing.Way), Time: f.Filing.At,
		OriginAgency: f.Route.OriginAgency.Proto(), Metadata: f.Content.Metadata.Proto(), Urgency: lienthongv1.Urgency(f.Route.Urgency),
		Recipients: int32(len(f.Route.Recipients)), Status: f.Filing.Status}
}

// NumberToken is the place at which a list goes on that is ordered by a number.
func NumberToken(n uint64) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, n))
}

// NumberCursor reads what NumberToken made; an empty one begins at the first.
func NumberCursor(token string) (uint64, error) {
	if token == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != 8 || binary.BigEndian.Uint64(b) == 0 {
		return 0, BadField("page_token", errors.New("want a token of the answer before"))
	}
	return binary.BigEndian.Uint64(b), nil
}
