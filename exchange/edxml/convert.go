package edxml

import (
	"fmt"
	"strconv"
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A Letter is what a document says in the terms of the exchange. Agencies are
// named by code in AgencyRef.Code; whoever has the directory finds their ids. What
// the exchange has no word for, such as addresses, stays in the Document.
type Letter struct {
	Kind       envelope.Kind
	Urgency    envelope.Urgency
	From       envelope.AgencyRef
	Recipients []envelope.Recipient
	Relations  []envelope.Relation
	Metadata   envelope.Metadata
	Staff      envelope.Staff
	Reason     string
	Files      []exchange.OutgoingFile
}

// kinds maps the operations of the axis.
var kinds = map[string]envelope.Kind{
	OperationNew: envelope.KindDocument, OperationRevoke: envelope.KindRecall,
	OperationUpdate: envelope.KindUpdate, OperationReplace: envelope.KindReplacement,
}

// Letter converts a document, whose attachments it opens. It gives the problems of
// the message too; a letter that has any is for a person to look at. An error means
// that an attachment cannot be opened.
func (d *Document) Letter(today string, lim Limits) (*Letter, []Problem, error) {
	problems := d.Problems(today)
	l := &Letter{
		Kind: kinds[d.Business.Type], Urgency: urgency(d.Priority),
		From: envelope.AgencyRef{Code: d.From.OrganID}, Metadata: d.metadata(), Reason: d.Business.Reason,
		Staff: d.Business.Staff.staff(),
	}
	for _, to := range d.To {
		l.Recipients = append(l.Recipients, envelope.Recipient{Agency: envelope.AgencyRef{Code: to.OrganID}, Role: envelope.RecipientTo})
	}
	l.Relations = d.relations()
	for i, opened := range d.open(lim) {
		if opened.err != nil {
			return nil, problems, opened.err
		}
		for _, f := range opened.files {
			role := envelope.FileAnnex
			if len(l.Files) == 0 {
				role = envelope.FileMain
			}
			l.Files = append(l.Files, exchange.OutgoingFile{Role: role, Name: f.Name, MediaType: mediaType(f, d.Attachments[i].ContentType), Data: f.Data})
		}
	}
	return l, problems, nil
}

func (d *Document) metadata() envelope.Metadata {
	pages, err := strconv.ParseUint(d.PageAmount, 10, 31)
	if err != nil {
		pages = 0 // a problem of its own
	}
	m := envelope.Metadata{
		DocumentID: d.DocumentID, Number: d.CodeNumber, Symbol: d.CodeNotation, Subject: d.Subject,
		TypeCode: typeCode(d.TypeName), TypeName: d.TypeName, IssuedDate: dateOr(d.PromulgationDate), Place: d.Place,
		Signer:  envelope.SignerInfo{Competence: d.Competence, Position: d.Position, FullName: d.FullName},
		DueDate: dateOr(d.DueDate), ToPlaces: d.ToPlaces, PageAmount: uint32(pages), Summary: d.Content,
	}
	return m
}

// dateOr converts a date; what is none stays, so that the checks of the exchange
// see it.
func dateOr(s string) string {
	if date, err := ParseDate(s); err == nil {
		return date
	}
	return s
}

func (s Staff) staff() envelope.Staff {
	return envelope.Staff{ID: s.StaffID, Name: s.Name, Department: s.Department}
}

func urgency(priority string) envelope.Urgency {
	switch priority {
	case "1":
		return envelope.UrgencyUrgent
	case "2":
		return envelope.UrgencyVeryUrgent
	case "3", "4": // 4 is hỏa tốc with an hour set, which the exchange does not tell apart
		return envelope.UrgencyFlash
	}
	return envelope.UrgencyNormal
}

// relations are the documents that this one answers, and acts upon.
func (d *Document) relations() []envelope.Relation {
	var out []envelope.Relation
	from := envelope.AgencyRef{Code: d.From.OrganID}
	// A revocation without a document of its own in Bussiness means that of the header.
	target := firstOf(d.Business.DocumentID, d.DocumentID)
	switch d.Business.Type {
	case OperationRevoke:
		out = append(out, envelope.Relation{Kind: envelope.RelationRecalls, Origin: from, Document: target})
	case OperationUpdate:
		out = append(out, envelope.Relation{Kind: envelope.RelationUpdates, Origin: from, Document: target})
	case OperationReplace:
		for _, r := range d.Business.Replacements {
			out = append(out, envelope.Relation{Kind: envelope.RelationReplaces, Origin: from, Document: r.DocumentID})
		}
	}
	for _, r := range d.ResponseFor {
		out = append(out, envelope.Relation{Kind: envelope.RelationRepliesTo, Origin: envelope.AgencyRef{Code: r.OrganID}, Document: firstOf(r.DocumentID, r.Code)})
	}
	return out
}

// mediaType is that of the file, not of its wrapper.
func mediaType(f File, claimed string) string {
	switch {
	case strings.HasPrefix(string(f.Data[:min(len(f.Data), 5)]), "%PDF-"):
		return "application/pdf"
	case f.Entry != "" || claimed == "":
		return "application/octet-stream"
	}
	return claimed
}

// Detail converts a status. Whom it is for, and about which document, is in
// ResponseFor.
func (s *Status) Detail() (envelope.StatusDetail, []Problem) {
	code, err := strconv.ParseUint(s.Code, 10, 16)
	if err != nil {
		code = 0 // a problem of its own
	}
	return envelope.StatusDetail{Code: uint32(code), Reason: s.Description, Staff: s.Staff.staff()}, s.Problems()
}

// StatusOf makes a status from what the exchange reports. at is yyyy/MM/dd HH:mm:ss,
// as [FormatTime] gives it.
func StatusOf(detail envelope.StatusDetail, from Organisation, about Reference, at string) *Status {
	return &Status{
		From: from, ResponseFor: about, Code: fmt.Sprintf("%02d", detail.Code), Description: detail.Reason, Timestamp: at,
		Staff: Staff{Department: detail.Staff.Department, Name: detail.Staff.Name, StaffID: detail.Staff.ID},
	}
}
