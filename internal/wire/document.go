package wire

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// DocumentName is the name of a document, as an agency (id) sees it.
func DocumentName(agency string, id envelope.ID) string {
	return "agencies/" + agency + "/documents/" + id.String()
}

// DeliveryName is the name of a delivery, as an agency (id) sees it.
func DeliveryName(agency string, id envelope.ID) string {
	return "agencies/" + agency + "/deliveries/" + id.String()
}

// DocumentToProto converts a document as an agency (id) sees it. The directory
// gives the names of the recipients.
func DocumentToProto(agency string, d *exchange.Document, dir *exchange.Directory) *lienthongv1.Document {
	id := d.Route.ID
	out := &lienthongv1.Document{
		Name: DocumentName(agency, d.Route.ID), EnvelopeId: id[:], Kind: lienthongv1.EnvelopeKind(d.Route.Kind),
		OriginNode: d.Route.OriginNode, OriginAgency: d.Route.OriginAgency.Proto(),
		Urgency: lienthongv1.Urgency(d.Route.Urgency), Created: d.Route.Created, ExpiresAt: d.Route.ExpiresAt,
		EnvelopeDigest: digestBytes(d.Letter.Digest), Metadata: d.Content.Metadata.Proto(), Staff: d.Content.Staff.Proto(),
		ErasedAt: d.Letter.Cleared,
	}
	for _, f := range d.Content.Files {
		out.Files = append(out.Files, f.Proto())
	}
	for _, r := range d.Route.Relations {
		out.Relations = append(out.Relations, r.Proto())
	}
	for i, delivery := range d.Deliveries {
		summary := summaryToProto(agency, delivery, &d.Route, dir)
		summary.Deadlines = deadlinesToProto(d, i)
		out.Deliveries = append(out.Deliveries, summary)
	}
	threadToProto(out, d)
	out.Warnings = WarningsToProto(d.Warnings)
	return out
}

// WarningsToProto converts what is odd about a document.
func WarningsToProto(list []exchange.Field) (out []*lienthongv1.Warning) {
	for _, w := range list {
		out = append(out, &lienthongv1.Warning{Field: w.Path, Reason: w.Reason, Text: w.Text})
	}
	return out
}

// deadlinesToProto converts those of the delivery at a place of a document's list.
func deadlinesToProto(d *exchange.Document, i int) *lienthongv1.Deadlines {
	if i >= len(d.Deadlines) {
		return nil
	}
	t := d.Deadlines[i]
	return &lienthongv1.Deadlines{Arrived: d.Deliveries[i].Arrived, AcknowledgeBy: t.AcknowledgeBy, AnswerBy: t.AnswerBy,
		Overdue: lienthongv1.Overdue(t.Overdue), CalendarUnknown: t.Guessed}
}

func summaryToProto(agency string, d exchange.Delivery, route *envelope.Route, dir *exchange.Directory) *lienthongv1.DeliverySummary {
	out := &lienthongv1.DeliverySummary{Delivery: DeliveryName(agency, d.ID), State: lienthongv1.DeliveryState(d.State),
		Verdict: d.Verdict, Status: d.Status, Custodian: d.Custodian, Copy: lienthongv1.CopyState(d.Copy), TakeBack: lienthongv1.TakeBackState(d.TakeBack), Reason: d.Reason}
	if r, ok := route.Recipient(d.Key.Recipient); ok {
		out.Recipient = r.Proto()
	}
	if a, ok := dir.Agency(d.Key.Recipient); ok {
		out.RecipientName = a.Name
	}
	return out
}

// DeliveryToProto converts a delivery as an agency (id) sees it.
func DeliveryToProto(agency string, v *exchange.DeliveryView, dir *exchange.Directory) *lienthongv1.Delivery {
	out := &lienthongv1.Delivery{
		Name: DeliveryName(agency, v.Delivery.ID), Document: DocumentToProto(agency, &v.Document, dir),
		Recipient: v.Recipient.Proto(), State: lienthongv1.DeliveryState(v.Delivery.State),
		Verdict: v.Delivery.Verdict, Status: v.Delivery.Status, Reason: v.Delivery.Reason, Updated: v.Delivery.Updated,
	}
	out.Deadlines = deadlinesToProto(&v.Document, 0)
	versionsToProto(out, agency, v)
	for _, e := range v.History {
		out.History = append(out.History, eventToProto(e))
	}
	return out
}

func eventToProto(e exchange.Event) *lienthongv1.HistoryEvent {
	s := e.Statement
	out := &lienthongv1.HistoryEvent{Kind: lienthongv1.StatementKind(s.Kind), Node: s.Issuer, Time: s.Time, Sequence: s.Sequence,
		JournalIndex: e.JournalIndex, Receipt: e.Receipt.Proto(), Verified: e.Verified}
	switch {
	case s.Validated != nil:
		out.Detail = s.Validated.Verdict
	case s.Failed != nil:
		out.Detail = s.Failed.Reason
		if s.Failed.Text != "" {
			out.Detail += ": " + s.Failed.Text
		}
	case s.Remark != nil:
		out.Detail = s.Remark.Reason
		if s.Remark.Text != "" {
			out.Detail += ": " + s.Remark.Text
		}
	case s.Status != nil:
		out.Status, out.Detail = s.Status.Code, s.Status.Reason
	}
	return out
}

// SendFromProto converts a request to send. What is wrong with it is the domain's
// to say, all at once; only what cannot be converted is refused here.
func SendFromProto(m *lienthongv1.SendDocumentRequest) (exchange.SendRequest, error) {
	out := exchange.SendRequest{Agency: m.GetAgency(), Metadata: envelope.MetadataFromProto(m.GetMetadata()), Urgency: envelope.Urgency(m.GetUrgency()),
		NotBefore: m.GetNotBefore(), ExpiresAt: m.GetExpiresAt(), Staff: envelope.StaffFromProto(m.GetStaff()), RequestID: m.GetRequestId(), Partial: m.GetPartial()}
	var err error
	if out.Files, err = outgoingFiles(m.GetFiles()); err != nil {
		return out, err
	}
	out.Recipients = outgoingRecipients(m.GetRecipients())
	relations, err := each("relations", m.GetRelations(), envelope.RelationFromProto)
	if err != nil {
		return out, BadField("relations", err)
	}
	out.Relations = relations
	return out, nil
}

// BadField is the answer to a field that cannot be read.
func BadField(path string, err error) error {
	return &exchange.Error{Code: exchange.Invalid, Reason: "BAD_FIELD", Text: "the request cannot be read",
		Fields: []exchange.Field{{Path: path, Reason: "BAD_FIELD", Text: err.Error()}}}
}

// DigestField reads 32 bytes of a request.
func DigestField(path string, b []byte) (envelope.Digest, error) {
	d, err := envelope.DigestFromBytes(b)
	if err != nil {
		return d, BadField(path, err)
	}
	return d, nil
}

// PageToken is the opaque place at which a list goes on.
func PageToken(id envelope.ID) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// PageCursor reads a page token; an empty one begins at the newest.
func PageCursor(token string) (envelope.ID, error) {
	if token == "" {
		return envelope.ID{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		var id envelope.ID
		if id, err = envelope.IDFromBytes(b); err == nil {
			return id, nil
		}
	}
	return envelope.ID{}, BadField("page_token", fmt.Errorf("want a token of the answer before: %w", err))
}

// MarkToken is the place at which a list that is ordered by time goes on.
func MarkToken(m exchange.Mark) string {
	return base64.RawURLEncoding.EncodeToString(append(binary.BigEndian.AppendUint64(nil, uint64(m.At)), m.ID[:]...))
}

// MarkCursor reads what MarkToken made; an empty one begins at the first.
func MarkCursor(token string) (exchange.Mark, error) {
	var m exchange.Mark
	if token == "" {
		return m, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != 8+len(m.ID) {
		return m, BadField("page_token", errors.New("want a token of the answer before"))
	}
	m.At = int64(binary.BigEndian.Uint64(b))
	copy(m.ID[:], b[8:])
	return m, nil
}

// FileToProto converts a stored file.
func FileToProto(f exchange.File) *lienthongv1.File {
	return &lienthongv1.File{Sha256: digestBytes(f.Digest), Size: f.Size, Name: f.Name, MediaType: f.MediaType, LeafRoot: digestBytes(f.LeafRoot)}
}
