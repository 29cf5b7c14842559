package wire

import (
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// threadToProto adds a document's place in its thread.
func threadToProto(out *lienthongv1.Document, d *exchange.Document) {
	thread := d.Route.Thread
	out.Thread, out.Version = thread[:], d.Route.Version
	out.Recall, out.Change = d.Content.Recall.Proto(), d.Content.Change.Proto()
}

// versionsToProto adds the copy's state, and the thread as far as it was asked for.
func versionsToProto(out *lienthongv1.Delivery, agency string, v *exchange.DeliveryView) {
	out.Copy, out.TakeBack = lienthongv1.CopyState(v.Delivery.Copy), lienthongv1.TakeBackState(v.Delivery.TakeBack)
	for _, d := range v.Thread {
		out.Versions = append(out.Versions, &lienthongv1.DeliveryVersion{Name: DeliveryName(agency, d.ID), Kind: lienthongv1.EnvelopeKind(d.Kind),
			Version: d.Version, State: lienthongv1.DeliveryState(d.State), Copy: lienthongv1.CopyState(d.Copy), TakeBack: lienthongv1.TakeBackState(d.TakeBack),
			Status: d.Status, Created: d.Created, Reason: d.Reason})
	}
}

func outgoingFiles(list []*lienthongv1.OutgoingFile) ([]exchange.OutgoingFile, error) {
	var out []exchange.OutgoingFile
	for i, f := range list {
		file := exchange.OutgoingFile{Role: envelope.FileRole(f.GetRole()), Name: f.GetName(), MediaType: f.GetMediaType(), Data: f.GetData(), Exact: f.GetExact()}
		if len(f.GetSha256()) > 0 {
			digest, err := envelope.DigestFromBytes(f.GetSha256())
			if err != nil {
				return nil, BadField(fmt.Sprintf("files[%d].sha256", i), err)
			}
			file.Digest = digest
		}
		out = append(out, file)
	}
	return out, nil
}

func outgoingRecipients(list []*lienthongv1.OutgoingRecipient) []exchange.OutgoingRecipient {
	var out []exchange.OutgoingRecipient
	for _, r := range list {
		out = append(out, exchange.OutgoingRecipient{Agency: r.GetAgency(), Role: envelope.RecipientRole(r.GetRole())})
	}
	return out
}

// A changeMessage is what the requests for an update and for a replacement have in common.
type changeMessage interface {
	GetMetadata() *lienthongv1.DocumentMetadata
	GetFiles() []*lienthongv1.OutgoingFile
	GetAdd() []*lienthongv1.OutgoingRecipient
	GetRemove() []string
	GetReason() string
	GetUrgency() lienthongv1.Urgency
	GetExpiresAt() int64
	GetStaff() *lienthongv1.Staff
	GetRequestId() string
}

// ChangeFromProto converts a request for an update or a replacement, but for the documents
// that it names.
func ChangeFromProto(m changeMessage) (exchange.ChangeRequest, error) {
	out := exchange.ChangeRequest{Add: outgoingRecipients(m.GetAdd()), Remove: m.GetRemove(), Reason: m.GetReason(), Urgency: envelope.Urgency(m.GetUrgency()),
		ExpiresAt: m.GetExpiresAt(), Staff: envelope.StaffFromProto(m.GetStaff()), RequestID: m.GetRequestId()}
	if p := m.GetMetadata(); p != nil {
		metadata := envelope.MetadataFromProto(p)
		out.Metadata = &metadata
	}
	var err error
	out.Files, err = outgoingFiles(m.GetFiles())
	return out, err
}

// ForwardFromProto converts a request to forward, but for the delivery that it names.
func ForwardFromProto(m *lienthongv1.ForwardDocumentRequest) exchange.ForwardRequest {
	return exchange.ForwardRequest{Recipients: outgoingRecipients(m.GetRecipients()), Urgency: envelope.Urgency(m.GetUrgency()),
		Staff: envelope.StaffFromProto(m.GetStaff()), RequestID: m.GetRequestId()}
}
