package axis

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/edxml"
)

// ReasonSender refuses a message that is from another agency than the one that brings it.
const ReasonSender = "NOT_THE_SENDER"

// An Order is a message that an agency gives to the exchange.
type Order struct {
	Agency  envelope.Agency // whose message it is
	Message envelope.Digest // a file of the agency
	Kind    edxml.Kind      // what it was said to be; 0: nothing was said
	Anyway  bool            // also one that breaks rules of the axis, where it can be understood
}

// An Outcome is what was done.
type Outcome struct {
	Kind     edxml.Kind
	Document *exchange.Document // that was sent; nil of a status that was reported
	Delivery envelope.ID        // on which a status was reported
	Problems []edxml.Problem    // that were let pass
}

// Import does what a message asks for: it sends (BussinessDocType 0), recalls (1), updates
// (2) or replaces (3) a document, reports a status, or asks for a document back (13). One
// message is one act, however often it comes.
func (d *Desk) Import(ctx context.Context, who Caller, o Order) (*Outcome, error) {
	done, err := d.count(who)
	if err != nil {
		return nil, err
	}
	defer done()
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	message, err := d.stored(ctx, o.Agency.ID, o.Message)
	if err != nil {
		return nil, err
	}
	if got := message.Kind(); o.Kind != 0 && got != o.Kind {
		return nil, &edxml.Error{Reason: edxml.ReasonNotEdXML, Text: fmt.Sprintf("the message is a %s, and was said to be a %s", got, o.Kind)}
	}
	m := &incoming{Desk: d, ctx: ctx, who: who, from: o.Agency, digest: o.Message, out: &Outcome{Kind: message.Kind()}}
	if message.Kind() == edxml.KindStatus {
		return m.out, m.report(message, o.Anyway)
	}
	return m.out, m.document(message.Document(), o.Anyway)
}

// An incoming is a message on its way into the exchange.
type incoming struct {
	*Desk
	ctx    context.Context
	who    Caller
	from   envelope.Agency
	digest envelope.Digest // of the message
	about  *edxml.Document // of a document
	letter *edxml.Letter   // what it says
	out    *Outcome
}

// sender holds a message to the agency that brings it.
func (m *incoming) sender(code string) error {
	if !m.is(code, envelope.AgencyRef{ID: m.from.ID}) {
		return &exchange.Error{Code: exchange.Denied, Reason: ReasonSender,
			Text: fmt.Sprintf("the message is from %.40q, and is brought by %q", code, exchange.CodeAt(m.from, m.now()))}
	}
	return nil
}

// problems refuses a message that breaks rules, and names every one of them.
func (m *incoming) problems(found []edxml.Problem, anyway bool) error {
	if m.out.Problems = found; len(found) == 0 || anyway {
		return nil
	}
	bad := &exchange.Error{Code: exchange.Invalid, Reason: "EDXML", Text: "the message breaks rules of the axis"}
	for _, p := range found {
		bad.Fields = append(bad.Fields, exchange.Field{Path: p.Code, Text: p.Text})
	}
	return bad
}

func (m *incoming) document(about *edxml.Document, anyway bool) error {
	if err := m.sender(about.From.OrganID); err != nil {
		return err
	}
	letter, found, err := about.Letter(m.now().In(exchange.Vietnam).Format(time.DateOnly), m.limits)
	if err != nil {
		return err
	}
	if err := m.problems(found, anyway); err != nil {
		return err
	}
	m.about, m.letter = about, letter
	switch letter.Kind {
	case envelope.KindDocument:
		m.out.Document, err = m.send()
	case envelope.KindRecall:
		m.out.Document, err = m.recall()
	case envelope.KindUpdate:
		m.out.Document, err = m.update()
	case envelope.KindReplacement:
		m.out.Document, err = m.replace()
	default:
		err = &edxml.Error{Reason: edxml.ReasonNotEdXML, Text: fmt.Sprintf("BussinessDocType is %.20q, want 0 to 3", about.Business.Type)}
	}
	return err
}

// files gives the files of the message to the agency, and the message itself after them.
func (m *incoming) files() ([]exchange.OutgoingFile, error) {
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

func (m *incoming) upload(f exchange.OutgoingFile) error {
	actor := m.who.Actor(m.letter.Staff)
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

func (m *incoming) send() (*exchange.Document, error) {
	if err := m.who.May("DocumentService/SendDocument", m.from.ID); err != nil {
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
	return m.svc.Send(m.ctx, m.who.Actor(m.letter.Staff), req)
}

// relations are the documents that this one answers, their agencies by id where they are known.
func (m *incoming) relations() []envelope.Relation {
	var out []envelope.Relation
	for _, r := range m.letter.Relations {
		if a, ok := m.svc.Directory().Agency(r.Origin.Code); ok && r.Kind == envelope.RelationRepliesTo {
			r.Origin = exchange.Ref(a, m.now())
			out = append(out, r)
		}
	}
	return out
}
