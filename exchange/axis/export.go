package axis

import (
	"context"
	"io"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/edxml"
	"lienthong/exchange/notation"
)

// A Found is something that an agency was found to see and that can go out as a message: a
// letter that came to it or that it sent, or a status about one of these.
type Found struct {
	Document *exchange.Document
	Receiver envelope.AgencyRef  // of a letter that came, or of whom the status is; zero: a letter that was sent
	TakeBack bool                // a letter that asks for a document back, which is a status (13) on the axis
	Status   *envelope.Statement // of a status
	Letter   envelope.ID         // for the log
	Wrap     bool                // a message that has to be made puts each file into a ZIP wrapper
}

// FoundDelivery is the letter, or the take-back, of a delivery that an agency (id) sees.
func FoundDelivery(agency string, view *exchange.DeliveryView) Found {
	f := Found{Document: &view.Document, TakeBack: TakeBack(&view.Delivery), Letter: view.Delivery.ID}
	if view.Delivery.Key.Recipient == agency || f.TakeBack {
		f.Receiver = view.Recipient.Agency
	}
	return f
}

// FoundStatus is a status about a delivery.
func FoundStatus(view *exchange.DeliveryView, status *envelope.Statement) Found {
	return Found{Document: &view.Document, Receiver: view.Recipient.Agency, Status: status, Letter: view.Delivery.ID}
}

// FoundDocument is a letter that an agency sent.
func FoundDocument(document *exchange.Document) Found {
	recall := document.Content.Recall
	f := Found{Document: document, Letter: document.Route.ID, TakeBack: recall != nil && recall.Mode == envelope.TakeBack}
	if f.TakeBack && len(document.Route.Recipients) > 0 {
		f.Receiver = document.Route.Recipients[0].Agency
	}
	return f
}

// TakeBack reports that a delivery asks for a document back.
func TakeBack(d *exchange.Delivery) bool {
	return d.Kind == envelope.KindRecall && d.TakeBack != exchange.TakeBackNone
}

// An Exported is a message on its way out.
type Exported struct {
	Kind   edxml.Kind
	Kept   bool // every byte is as the sender wrote it; else the message was made of the letter
	SHA256 envelope.Digest
	exchange.Blob
}

// Export gives a message: the very bytes that its sender wrote, where they came along and
// say what the letter says, else one that is made of the letter. The caller closes it.
func (d *Desk) Export(ctx context.Context, who Caller, f Found) (*Exported, error) {
	inside, err := d.count(who)
	if err != nil {
		return nil, err
	}
	out, err := d.export(ctx, &f)
	if err != nil {
		inside()
		return nil, err
	}
	out.Blob = &counted{out.Blob, inside}
	return out, nil
}

func (d *Desk) export(ctx context.Context, f *Found) (*Exported, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	switch {
	case f.Status != nil:
		return d.status(f)
	case f.TakeBack:
		return d.takeBack(ctx, f)
	}
	if kept, err := d.kept(ctx, f, func(m *edxml.Message, plain []envelope.Digest) error {
		return m.Says(edxml.LetterOf(f.Document), f.Receiver, plain, d.is, d.limits)
	}); kept != nil || err != nil {
		return kept, err
	}
	l := edxml.LetterOf(f.Document)
	if err := d.load(ctx, f, l); err != nil {
		return nil, err
	}
	made, err := l.Document(d.organisation, timeOf(f.Document.Route.Created), f.Wrap)
	if err != nil {
		return nil, err
	}
	message, err := made.Message()
	if err != nil {
		return nil, err
	}
	return spool(message)
}

// about names the document of a status.
func about(f *Found, organ string) edxml.Reference {
	m := &f.Document.Content.Metadata
	return edxml.Reference{OrganID: organ, Code: notation.Join(m.Number, m.Symbol), DocumentID: m.DocumentID, PromulgationDate: edxml.FormatDate(m.IssuedDate)}
}

func (d *Desk) status(f *Found) (*Exported, error) {
	origin := f.Document.Route.OriginAgency
	if text := f.Status.Status.Message; len(text) > 0 {
		m, err := edxml.Parse(text, d.limits)
		if err == nil {
			err = m.Reports(*f.Status.Status, f.Receiver, origin, &f.Document.Content.Metadata, d.is)
		}
		if err == nil {
			return inMemory(text, true), nil
		}
		d.log.Warn("axis: the message of a status does not say what the status says, and is not given for it", "delivery", f.Letter.String(), "error", err)
	}
	return makeStatus(edxml.StatusOf(*f.Status.Status, d.organisation(f.Receiver), about(f, origin.Code), timeOf(f.Status.Time)))
}

func (d *Desk) takeBack(ctx context.Context, f *Found) (*Exported, error) {
	c, origin := &f.Document.Content, f.Document.Route.OriginAgency
	detail := envelope.StatusDetail{Code: exchange.StatusTakeBack, Reason: c.Recall.Reason, Staff: c.Staff}
	if kept, err := d.kept(ctx, f, func(m *edxml.Message, _ []envelope.Digest) error {
		return m.Reports(detail, origin, f.Receiver, &c.Metadata, d.is)
	}); kept != nil || err != nil {
		return kept, err
	}
	return makeStatus(edxml.StatusOf(detail, d.organisation(origin), about(f, f.Receiver.Code), timeOf(f.Document.Route.Created)))
}

func makeStatus(s *edxml.Status) (*Exported, error) {
	m, err := s.Message()
	if err != nil {
		return nil, err
	}
	return inMemory(m.Bytes(), false), nil
}

// kept is the message that came along with a letter, if it says what the letter says; nil
// if none does. says is asked with the digests of the other files.
func (d *Desk) kept(ctx context.Context, f *Found, says func(*edxml.Message, []envelope.Digest) error) (*Exported, error) {
	var digest envelope.Digest
	var plain []envelope.Digest
	for _, file := range f.Document.Content.Files {
		if file.MediaType != edxml.MediaType {
			plain = append(plain, file.SHA256)
			continue
		}
		digest = file.SHA256
	}
	if digest.IsZero() {
		return nil, nil
	}
	blob, err := d.svc.OpenFileOf(ctx, f.Document, digest)
	if err != nil { // of a recall that a node of an earlier version took
		d.log.Warn("axis: the message of a letter is not here", "letter", f.Letter.String(), "error", err)
		return nil, nil
	}
	message, err := edxml.Read(io.NewSectionReader(blob, 0, blob.Size()), d.limits)
	if err == nil {
		err = says(message, plain)
	}
	if err != nil {
		blob.Close()
		d.log.Warn("axis: the message of a letter cannot be read, or does not say what the letter says, and is not given for it", "letter", f.Letter.String(), "error", err)
		return nil, nil
	}
	return &Exported{Kind: message.Kind(), Kept: true, SHA256: digest, Blob: blob}, nil
}

// load reads the files of a letter, as many as a message may hold.
func (d *Desk) load(ctx context.Context, f *Found, l *edxml.Letter) error {
	left := d.limits.Message
	for _, file := range f.Document.Content.Files {
		// Base64 makes four bytes of three.
		if left -= int64(file.Size) / 3 * 4; left < 0 {
			return &exchange.Error{Code: exchange.Exhausted, Reason: exchange.ReasonTooLarge,
				Text: "the files of the letter are larger than a message may be: fetch them over gRPC (lienthong fetch)"}
		}
		blob, err := d.svc.OpenFileOf(ctx, f.Document, file.SHA256)
		if err != nil {
			return err
		}
		data, err := io.ReadAll(io.NewSectionReader(blob, 0, blob.Size()))
		blob.Close()
		if err != nil {
			return err
		}
		l.Files = append(l.Files, exchange.OutgoingFile{Role: file.Role, Name: file.Name, MediaType: file.MediaType, Data: data})
	}
	return nil
}

func (d *Desk) organisation(ref envelope.AgencyRef) edxml.Organisation {
	a, _ := d.svc.Directory().Agency(ref.ID)
	return edxml.Organisation{OrganID: ref.Code, Name: a.Name}
}

func timeOf(us int64) string {
	if us == 0 {
		return ""
	}
	return edxml.FormatTime(time.UnixMicro(us))
}
