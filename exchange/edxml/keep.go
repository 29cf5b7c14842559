package edxml

import (
	"bytes"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/notation"
)

// MediaType is that of a file of a letter that is the message as which it came.
const MediaType = "application/vnd.lienthong.edxml+xml"

// RequestID is that under which the letter of a message is sent: it follows from the
// bytes, so that one message is one letter, however often it is sent.
func RequestID(message envelope.Digest) string { return "edxml-" + message.String() }

// KeptFile is the message among the files of its letter: an annex, by which whoever
// takes the letter as edXML gets every byte that the sender wrote.
func KeptFile(message envelope.Digest) exchange.OutgoingFile {
	return exchange.OutgoingFile{Role: envelope.FileAnnex, Name: FolderMessage, MediaType: MediaType, Digest: message, Exact: true}
}

// LetterOf is a document of the exchange as a letter. Its files are for the caller to add.
func LetterOf(d *exchange.Document) *Letter {
	l := &Letter{Kind: d.Route.Kind, Urgency: d.Route.Urgency, From: d.Route.OriginAgency, Recipients: d.Route.Recipients,
		Relations: d.Route.Relations, Metadata: d.Content.Metadata, Staff: d.Content.Staff}
	switch {
	case d.Content.Recall != nil:
		l.Reason = d.Content.Recall.Reason
	case d.Content.Change != nil:
		l.Reason = d.Content.Change.Reason
	}
	return l
}

// Says reports why a message is not what a letter says, or nil if it is: the letter is
// what its sender signed, and a message that travels with it is believed no further. It
// compares sender, operation, registration data and files (SHA-256 of all but the message
// itself), and that the receiver is named, if there is one. Of a recall it compares what is
// recalled, and why. same compares a code of the message with an agency.
func (m *Message) Says(l *Letter, receiver envelope.AgencyRef, files []envelope.Digest, same func(code string, agency envelope.AgencyRef) bool, lim Limits) error {
	d := m.Document()
	if d == nil {
		return fmt.Errorf("edxml: the message is a %s, the letter a document", m.kind)
	}
	if kinds[d.Business.Type] != l.Kind || !same(d.From.OrganID, l.From) {
		return fmt.Errorf("edxml: the message is of operation %.20q from %.40q, the letter is another", d.Business.Type, d.From.OrganID)
	}
	named := receiver.ID == ""
	for _, to := range d.To {
		named = named || same(to.OrganID, receiver)
	}
	if !named {
		return fmt.Errorf("edxml: the message does not name the receiver %q", receiver.Code)
	}
	if l.Kind == envelope.KindRecall {
		return d.recalls(l)
	}
	told, want := d.metadata(), &l.Metadata
	if err := equal([2]string{told.Number, want.Number}, [2]string{told.Symbol, want.Symbol}, [2]string{told.Subject, want.Subject},
		[2]string{told.IssuedDate, want.IssuedDate}, [2]string{told.Signer.FullName, want.Signer.FullName}); err != nil {
		return err
	}
	if l.Kind == envelope.KindUpdate && d.Business.DocumentInfo == "0" && len(d.Attachments) == 0 {
		return nil // the files are those of before
	}
	return d.holds(files, lim)
}

// equal compares what a message says with what the letter says.
func equal(pairs ...[2]string) error {
	for _, pair := range pairs {
		if notation.Clean(pair[0]) != notation.Clean(pair[1]) {
			return fmt.Errorf("edxml: the message says %.80q, the letter %.80q", pair[0], pair[1])
		}
	}
	return nil
}

// recalls compares what a revocation names, and why, with a recall.
func (d *Document) recalls(l *Letter) error {
	if err := equal([2]string{d.Business.Reason, l.Reason}); err != nil {
		return err
	}
	return target(l.Metadata, firstOf(d.Business.DocumentID, d.DocumentID), d.CodeNumber, d.CodeNotation)
}

// target holds the names of a document, of which one is enough, to its registration.
func target(m envelope.Metadata, id, number, symbol string) error {
	clean := notation.Clean
	if id != "" && clean(id) == clean(m.DocumentID) || number != "" && clean(number) == clean(m.Number) && clean(symbol) == clean(m.Symbol) {
		return nil
	}
	return fmt.Errorf("edxml: the message is about %.80q (%.20q %.40q), the letter about %.80q", id, number, symbol, m.DocumentID)
}

// Reports reports why a message is not what a status says, or nil if it is: from is the
// agency whose status it is, to the one that it is for, and m the registration of the
// document that it is about.
func (m *Message) Reports(detail envelope.StatusDetail, from, to envelope.AgencyRef, about *envelope.Metadata, same func(code string, agency envelope.AgencyRef) bool) error {
	s := m.Status()
	if s == nil {
		return fmt.Errorf("edxml: the message is a %s, want a status", m.kind)
	}
	told, _ := s.Detail()
	if told.Code != detail.Code || !same(s.From.OrganID, from) || !same(s.ResponseFor.OrganID, to) {
		return fmt.Errorf("edxml: the message is status %.10q from %.40q for %.40q, want %02d from %q for %q",
			s.Code, s.From.OrganID, s.ResponseFor.OrganID, detail.Code, from.Code, to.Code)
	}
	if err := equal([2]string{told.Reason, detail.Reason}); err != nil {
		return err
	}
	if clean := notation.Clean; clean(s.ResponseFor.Code) == clean(notation.Join(about.Number, about.Symbol)) {
		return nil
	}
	return target(*about, s.ResponseFor.DocumentID, "", "")
}

// holds compares the files of the attachments with those of a letter, in their order.
func (d *Document) holds(files []envelope.Digest, lim Limits) error {
	i := 0
	for _, opened := range d.open(lim) {
		if opened.err != nil {
			return opened.err
		}
		for _, f := range opened.files {
			if len(f.Data) == 0 {
				continue
			}
			sum := envelope.Sum(f.Data)
			if i >= len(files) || !bytes.Equal(sum[:], files[i][:]) {
				return fmt.Errorf("edxml: file %d of the message, %.80q, is not that of the letter", i+1, f.Name)
			}
			i++
		}
	}
	if i != len(files) {
		return fmt.Errorf("edxml: the message holds %d files, the letter %d", i, len(files))
	}
	return nil
}
