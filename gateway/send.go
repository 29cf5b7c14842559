package gateway

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/edxml"
)

const reasonSender = "NOT_THE_SENDER"

// sendEdoc takes a message: its bytes go to disk as they come, and are compared with
// hash-file before anything reads them.
func (c *call) sendEdoc() error {
	kind := c.param("messagetype")
	if kind != "edoc" && kind != "status" {
		return missing("messagetype", fmt.Sprintf("edoc or status, not %.40q", kind))
	}
	if service := c.param("servicetype"); service != "" && service != "eDoc" {
		return missing("servicetype", fmt.Sprintf("eDoc, not %.40q", service))
	}
	from, err := c.sender()
	if err != nil {
		return err
	}
	sum, err := hex.DecodeString(c.param("hash-file"))
	if err != nil || len(sum) != len(envelope.Digest{}) {
		return missing("hash-file", "SHA-256 of the message, in hexadecimal")
	}
	digest := envelope.Digest(sum)
	if err := c.store(from, digest); err != nil {
		return err
	}
	leave, err := c.enter(c.ctx)
	if err != nil {
		return err
	}
	defer leave()
	message, err := c.stored(from, digest)
	if err != nil {
		return err
	}
	if got := message.Kind(); got == edxml.KindDocument != (kind == "edoc") {
		return &edxml.Error{Reason: edxml.ReasonNotEdXML, Text: fmt.Sprintf("the message is a %s, and messagetype says %s", got, kind)}
	}
	if kind == "status" {
		return c.sendStatus(from, message.Status(), digest)
	}
	return c.sendDocument(from, message.Document(), digest)
}

// sender is the agency that "from" names, if the caller may send for it. One that is not
// known is answered like one of others.
func (c *call) sender() (envelope.Agency, error) {
	code, err := c.need("from", "the code of the agency that sends")
	if err != nil {
		return envelope.Agency{}, err
	}
	agency, _ := c.svc.Directory().Agency(code)
	if !c.principal.May(exchange.RoleClerk, agency.ID) || agency.ID == "" {
		return agency, &exchange.Error{Code: exchange.Denied, Reason: reasonSender, Text: fmt.Sprintf("user %q is no clerk of agency %.40q", c.principal.ID, code)}
	}
	return agency, nil
}

// store writes the body as a file of the agency.
func (c *call) store(from envelope.Agency, digest envelope.Digest) error {
	limit := c.opts.Limits.Message
	if c.r.ContentLength > limit {
		return tooLarge(limit)
	}
	actor := c.actor(envelope.Staff{})
	up, err := c.svc.StartUpload(c.ctx, actor, exchange.UploadRequest{Agency: from.ID, Name: edxml.FolderMessage, MediaType: edxml.MediaType})
	if err != nil {
		return err
	}
	size, err := c.svc.WriteUpload(c.ctx, actor, up.ID, 0, io.LimitReader(c.r.Body, limit+1))
	if err != nil {
		return err
	}
	if size > limit { // what came of it goes with the uploads that nobody finished
		return tooLarge(limit)
	}
	_, err = c.svc.FinishUpload(c.ctx, actor, up.ID, size, digest)
	return err
}

func tooLarge(limit int64) error {
	return &edxml.Error{Reason: edxml.ReasonSize, Text: fmt.Sprintf("the message has more than %d bytes, which are the limit", limit)}
}

// stored reads a message that was stored.
func (c *call) stored(agency envelope.Agency, digest envelope.Digest) (*edxml.Message, error) {
	_, blob, err := c.svc.OpenFile(c.ctx, agency.ID, digest)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	return edxml.Read(io.NewSectionReader(blob, 0, blob.Size()), c.opts.Limits)
}

// sameSender holds a message to the agency for which it is sent.
func (c *call) sameSender(from envelope.Agency, code string) error {
	if a, ok := c.svc.Directory().Agency(code); !ok || a.ID != from.ID {
		return &exchange.Error{Code: exchange.Denied, Reason: reasonSender, Text: fmt.Sprintf("the message is from %.40q, and the call from %.40q", code, c.param("from"))}
	}
	return nil
}

func (c *call) sendDocument(from envelope.Agency, d *edxml.Document, digest envelope.Digest) error {
	if err := c.sameSender(from, d.From.OrganID); err != nil {
		return err
	}
	today := c.opts.Now().In(exchange.Vietnam).Format(time.DateOnly)
	l, problems, err := d.Letter(today, c.opts.Limits)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return broken(problems)
	}
	m := &outgoing{call: c, from: from, document: d, letter: l, digest: digest}
	var sent *exchange.Document
	switch l.Kind {
	case envelope.KindDocument:
		sent, err = m.send()
	case envelope.KindRecall:
		sent, err = m.recall()
	case envelope.KindUpdate:
		sent, err = m.update()
	case envelope.KindReplacement:
		sent, err = m.replace()
	default:
		err = &edxml.Error{Reason: edxml.ReasonNotEdXML, Text: fmt.Sprintf("BussinessDocType is %.20q, want 0 to 3", d.Business.Type)}
	}
	if err != nil {
		return err
	}
	return c.ok(answer{DocID: sent.Route.ID.String(), Data: map[string]string{"DocId": sent.Route.ID.String()}})
}

// broken names every rule of the axis that a message breaks.
func broken(problems []edxml.Problem) error {
	bad := &exchange.Error{Code: exchange.Invalid, Reason: "EDXML", Text: "the message breaks rules of the axis"}
	for _, p := range problems {
		bad.Fields = append(bad.Fields, exchange.Field{Path: p.Code, Text: p.Text})
	}
	return bad
}

// An outgoing is a message of a document on its way into the exchange.
type outgoing struct {
	*call
	from     envelope.Agency
	document *edxml.Document
	letter   *edxml.Letter
	digest   envelope.Digest
}

// files gives the files of the message to the agency, and the message itself after them.
func (m *outgoing) files() ([]exchange.OutgoingFile, error) {
	var out []exchange.OutgoingFile
	for _, f := range m.letter.Files {
		if len(f.Data) == 0 { // an attachment that names a file and holds none
			continue
		}
		f.Digest = envelope.Sum(f.Data)
		if _, err := m.svc.File(m.ctx, m.from.ID, f.Digest); err != nil {
			if err := m.upload(f); err != nil {
				return nil, err
			}
		}
		f.Data, f.Exact = nil, true
		out = append(out, f)
	}
	return append(out, edxml.KeptFile(m.digest)), nil
}

func (m *outgoing) upload(f exchange.OutgoingFile) error {
	actor := m.actor(m.letter.Staff)
	up, err := m.svc.StartUpload(m.ctx, actor, exchange.UploadRequest{Agency: m.from.ID, Name: f.Name, MediaType: f.MediaType, Size: uint64(len(f.Data))})
	if err != nil {
		return err
	}
	if _, err := m.svc.WriteUpload(m.ctx, actor, up.ID, 0, bytes.NewReader(f.Data)); err != nil {
		return err
	}
	_, err = m.svc.FinishUpload(m.ctx, actor, up.ID, int64(len(f.Data)), f.Digest)
	return err
}

func (m *outgoing) send() (*exchange.Document, error) {
	if err := m.may("DocumentService/SendDocument", m.from.ID, exchange.RoleClerk); err != nil {
		return nil, err
	}
	files, err := m.files()
	if err != nil {
		return nil, err
	}
	req := exchange.SendRequest{Agency: m.from.ID, Metadata: m.letter.Metadata, Files: files, Urgency: m.letter.Urgency, Staff: m.letter.Staff,
		Relations: m.relations(), RequestID: edxml.RequestID(m.digest)}
	for _, r := range m.letter.Recipients {
		req.Recipients = append(req.Recipients, exchange.OutgoingRecipient{Agency: r.Agency.Code, Role: r.Role})
	}
	return m.svc.Send(m.ctx, m.actor(m.letter.Staff), req)
}

// relations are the documents that this one answers, their agencies by id where they are known.
func (m *outgoing) relations() []envelope.Relation {
	var out []envelope.Relation
	for _, r := range m.letter.Relations {
		if a, ok := m.svc.Directory().Agency(r.Origin.Code); ok && r.Kind == envelope.RelationRepliesTo {
			r.Origin = exchange.Ref(a, m.opts.Now())
			out = append(out, r)
		}
	}
	return out
}
