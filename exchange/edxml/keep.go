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
// itself), and that the receiver is named. same compares a code of the message with an agency.
func (m *Message) Says(l *Letter, receiver envelope.AgencyRef, files []envelope.Digest, same func(code string, agency envelope.AgencyRef) bool, lim Limits) error {
	d := m.Document()
	if d == nil {
		return fmt.Errorf("edxml: the message is a %s, the letter a document", m.kind)
	}
	if kinds[d.Business.Type] != l.Kind || !same(d.From.OrganID, l.From) {
		return fmt.Errorf("edxml: the message is of operation %.20q from %.40q, the letter is another", d.Business.Type, d.From.OrganID)
	}
	named := false
	for _, to := range d.To {
		named = named || same(to.OrganID, receiver)
	}
	if !named {
		return fmt.Errorf("edxml: the message does not name the receiver %q", receiver.Code)
	}
	told, want := d.metadata(), &l.Metadata
	for _, pair := range [][2]string{{told.Number, want.Number}, {told.Symbol, want.Symbol}, {told.Subject, want.Subject},
		{told.IssuedDate, want.IssuedDate}, {told.Signer.FullName, want.Signer.FullName}} {
		if notation.Clean(pair[0]) != notation.Clean(pair[1]) {
			return fmt.Errorf("edxml: the message says %.80q, the letter %.80q", pair[0], pair[1])
		}
	}
	return d.holds(files, lim)
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
