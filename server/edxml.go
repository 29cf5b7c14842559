package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/axis"
	"lienthong/exchange/edxml"
	"lienthong/internal/wire"
	"lienthong/journal"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// edxmlService takes messages of the national axis in, and gives them out.
type edxmlService struct {
	lienthongv1.UnimplementedEdXMLServiceServer
	*Server
}

// maxInlineMessage is the largest message in a request, in bytes; others are uploaded.
const maxInlineMessage = 2 << 20

// An edxmlCaller is the caller of one of our methods, whose role and token were checked
// when the call came in.
type edxmlCaller struct{ caller }

func (c edxmlCaller) Actor(staff envelope.Staff) journal.Actor { return c.actor(staff) }
func (c edxmlCaller) May(string, string) error                 { return nil }

func (e *edxmlService) ImportMessage(ctx context.Context, m *lienthongv1.ImportMessageRequest) (*lienthongv1.ImportMessageResponse, error) {
	who := edxmlCaller{callerOf(ctx)}
	agency, ok := e.svc.Directory().Agency(m.GetAgency())
	if !ok {
		return nil, &exchange.Error{Code: exchange.NotFound, Reason: "UNKNOWN_AGENCY", Text: "agency is not in the directory"}
	}
	digest, err := e.message(ctx, who, agency.ID, m)
	if err != nil {
		return nil, refusedMessage(err)
	}
	done, err := e.desk.Import(ctx, who, axis.Order{Agency: agency, Message: digest, Anyway: m.GetAcceptProblems()})
	if err != nil {
		return nil, refusedMessage(err)
	}
	out := &lienthongv1.ImportMessageResponse{}
	if done.Document != nil {
		out.Document = wire.DocumentToProto(done.Document.Route.OriginAgency.ID, done.Document, e.svc.Directory())
	} else {
		out.Delivery = "agencies/" + agency.ID + "/deliveries/" + done.Delivery.String()
	}
	for _, p := range done.Problems {
		out.Problems = append(out.Problems, &lienthongv1.MessageProblem{Code: p.Code, Text: p.Text})
	}
	return out, nil
}

// message is the digest of the message of a request, which is a file of the agency then.
func (e *edxmlService) message(ctx context.Context, who axis.Caller, agency string, m *lienthongv1.ImportMessageRequest) (envelope.Digest, error) {
	data := m.GetData()
	switch {
	case len(data) > maxInlineMessage:
		return envelope.Digest{}, badMessageField("data", exchange.ReasonTooLarge, fmt.Sprintf("has %d bytes, at most %d: upload it with FileService, and name it by sha256", len(data), maxInlineMessage))
	case len(data) == 0:
		return wire.DigestField("sha256", m.GetSha256())
	}
	digest := envelope.Sum(data)
	if given := m.GetSha256(); len(given) > 0 && !bytes.Equal(given, digest[:]) {
		return envelope.Digest{}, badMessageField("sha256", exchange.ReasonDigestMismatch, fmt.Sprintf("is %x, but the data have %s", given, digest))
	}
	return digest, e.desk.Keep(ctx, who, agency, bytes.NewReader(data), digest)
}

func badMessageField(path, reason, text string) error {
	return &exchange.Error{Code: exchange.Invalid, Reason: "BAD_FIELD", Text: "the message cannot be taken", Fields: []exchange.Field{{Path: path, Reason: reason, Text: text}}}
}

// refusedMessage tells the refusals of package edxml as those of the exchange.
func refusedMessage(err error) error {
	var bad *edxml.Error
	if !errors.As(err, &bad) {
		return err
	}
	return &exchange.Error{Code: exchange.Invalid, Reason: bad.Reason, Text: strings.TrimPrefix(bad.Error(), "edxml: "+bad.Reason+": "), Cause: err}
}

func (e *edxmlService) ExportMessage(m *lienthongv1.ExportMessageRequest, stream lienthongv1.EdXMLService_ExportMessageServer) error {
	ctx := stream.Context()
	found, err := e.found(ctx, m)
	if err != nil {
		return err
	}
	found.Wrap = m.GetWrap()
	message, err := e.desk.Export(ctx, edxmlCaller{callerOf(ctx)}, found)
	if err != nil {
		return refusedMessage(err)
	}
	defer message.Close()
	info := &lienthongv1.MessageInfo{Size: uint64(message.Size()), Sha256: message.SHA256[:], Status: message.Kind == edxml.KindStatus, Kept: message.Kept}
	return sendPieces(message, m.GetOffset(), func(data []byte) error {
		err := stream.Send(&lienthongv1.ExportMessageResponse{Message: info, Data: data})
		info = nil
		return err
	})
}

// found is what the name of a request names.
func (e *edxmlService) found(ctx context.Context, m *lienthongv1.ExportMessageRequest) (axis.Found, error) {
	if _, collection, _ := splitName(m.GetName()); collection == "documents" {
		agency, id, err := e.resource(m.GetName(), "documents")
		if err != nil {
			return axis.Found{}, err
		}
		if m.GetStatus() != 0 {
			return axis.Found{}, badMessageField("status", "BAD_FIELD", "is of one receiver: name a delivery of the document")
		}
		document, err := e.svc.Document(ctx, agency, id)
		if err != nil {
			return axis.Found{}, err
		}
		return axis.FoundDocument(document), nil
	}
	agency, id, err := e.resource(m.GetName(), "deliveries")
	if err != nil {
		return axis.Found{}, err
	}
	view, err := e.svc.Delivery(ctx, agency, id)
	if err != nil {
		return axis.Found{}, err
	}
	if m.GetStatus() == 0 {
		return axis.FoundDelivery(agency, view), nil
	}
	return statusOf(view, m.GetStatus())
}

// statusOf finds the newest status of a code in the history of a delivery.
func statusOf(view *exchange.DeliveryView, code uint32) (axis.Found, error) {
	var newest *envelope.Statement
	for i := range view.History {
		st := &view.History[i].Statement
		if st.Status != nil && st.Kind != envelope.Stopped && st.Status.Code == code && (newest == nil || st.Sequence > newest.Sequence) {
			newest = st
		}
	}
	if newest == nil {
		return axis.Found{}, &exchange.Error{Code: exchange.NotFound, Reason: "NOT_FOUND", Text: fmt.Sprintf("status %02d was not reported about this delivery", code)}
	}
	return axis.FoundStatus(view, newest), nil
}
