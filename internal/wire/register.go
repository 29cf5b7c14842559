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

// RegisterLineToProto converts a line of a register. The directory gives names.
func RegisterLineToProto(l *exchange.RegisterLine, dir *exchange.Directory) *lienthongv1.RegisterLine {
	out := &lienthongv1.RegisterLine{Document: FiledToProto(&l.Found), Entered: l.Filing.Entered, Number: l.Filing.Number, Year: int32(l.Filing.Year),
		OriginName: agencyName(dir, l.Route.OriginAgency.ID), Recalled: int32(l.Recalled), Replaced: int32(l.Replaced), ReplacedBy: l.ReplacedBy}
	if l.Filing.Way == exchange.WayOut {
		for _, r := range l.Route.Recipients {
			out.RecipientNames = append(out.RecipientNames, agencyName(dir, r.Agency.ID))
		}
		for _, d := range l.Deliveries {
			if d.State == exchange.StateDelivered {
				out.Delivered++
			}
		}
	}
	if a := l.Assigned; a != nil {
		out.AssignedTo, out.Assigned, out.Assignment = a.Staff.Proto(), a.At, a.Note
	}
	return out
}

// agencyName is the name of an agency, or its id where the directory has none.
func agencyName(dir *exchange.Directory, id string) string {
	if a, ok := dir.Agency(id); ok && a.Name != "" {
		return a.Name
	}
	return id
}

// NumberToProto converts a number that was given out.
func NumberToProto(n *exchange.Number) *lienthongv1.ReservedNumber {
	out := &lienthongv1.ReservedNumber{Direction: lienthongv1.Direction(n.Way), Year: int32(n.Year), Series: n.Series, Number: n.Number,
		State: lienthongv1.NumberState(n.State), Paper: n.Paper, Note: n.Note, By: n.By, Reserved: n.Reserved, Changed: n.Changed, Reason: n.Reason}
	if !n.Letter.IsZero() {
		out.Document = DocumentName(n.Agency, n.Letter)
	}
	return out
}

// SeriesToProto converts a series of numbers.
func SeriesToProto(s *exchange.Series) *lienthongv1.NumberSeries {
	return &lienthongv1.NumberSeries{Direction: lienthongv1.Direction(s.Way), Year: int32(s.Year), Series: s.Name, Last: s.Last}
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
