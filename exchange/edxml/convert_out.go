package edxml

import (
	"fmt"
	"strconv"

	"lienthong/envelope"
)

// Document converts a letter. organisation tells what the directory knows of an
// agency; at is the time of the trace, as [FormatTime] gives it; wrap puts every
// file into a ZIP wrapper, as the SDK of the axis does and expects.
func (l *Letter) Document(organisation func(envelope.AgencyRef) Organisation, at string, wrap bool) (*Document, error) {
	m := &l.Metadata
	d := &Document{
		From: organisation(l.From), DocumentID: m.DocumentID, CodeNumber: m.Number, CodeNotation: m.Symbol,
		Place: m.Place, PromulgationDate: FormatDate(m.IssuedDate), Type: "1", TypeDetail: "0", TypeName: m.TypeName,
		Subject: m.Subject, Content: m.Summary, DueDate: FormatDate(m.DueDate), ToPlaces: m.ToPlaces,
		Competence: m.Signer.Competence, Position: m.Signer.Position, FullName: m.Signer.FullName,
		Priority: priority(l.Urgency), SteeringType: "0", ManifestVersion: "1.0",
		Traces: []Trace{{OrganID: l.From.Code, Timestamp: at}},
	}
	if m.TypeName == "" && m.TypeCode == "" {
		d.TypeName = "Công văn" // the one type without an abbreviation
	} else if m.TypeName == "" {
		d.TypeName = typeName(m.TypeCode)
	}
	if m.PageAmount > 0 {
		d.PageAmount = strconv.FormatUint(uint64(m.PageAmount), 10)
	}
	for _, r := range l.Recipients {
		d.To = append(d.To, organisation(r.Agency))
	}
	d.Business = Business{Reason: l.Reason, Paper: "0", Staff: Staff{Name: l.Staff.Name, Department: l.Staff.Department, StaffID: l.Staff.ID}}
	for operation, kind := range kinds {
		if kind == l.Kind {
			d.Business.Type = operation
		}
	}
	if d.Business.Type == "" {
		return nil, fmt.Errorf("edxml: a letter of kind %d has no operation on the axis", l.Kind)
	}
	l.relate(d)
	return d, l.attach(d, wrap)
}

func priority(u envelope.Urgency) string {
	if u < envelope.UrgencyNormal || u > envelope.UrgencyFlash {
		return "0"
	}
	return strconv.Itoa(int(u - envelope.UrgencyNormal))
}

// relate writes the relations that the axis has a place for.
func (l *Letter) relate(d *Document) {
	for _, r := range l.Relations {
		switch r.Kind {
		case envelope.RelationRecalls, envelope.RelationUpdates:
			if r.Document != d.DocumentID {
				d.Business.DocumentID = r.Document
			}
		case envelope.RelationReplaces:
			replaced := Replacement{DocumentID: r.Document}
			for _, to := range d.To {
				replaced.OrganIDs = append(replaced.OrganIDs, to.OrganID)
			}
			d.Business.Replacements = append(d.Business.Replacements, replaced)
		case envelope.RelationRepliesTo:
			d.ResponseFor = append(d.ResponseFor, Reference{OrganID: r.Origin.Code, DocumentID: r.Document})
		case envelope.RelationForwards: // the axis knows nothing like it
		}
	}
}

func (l *Letter) attach(d *Document, wrap bool) error {
	for i, f := range l.Files {
		a := Attachment{ContentID: fmt.Sprintf("cid:%d", i+1), Name: f.Name, Description: f.Name, ContentType: f.MediaType}
		if err := a.Pack([]File{{Name: f.Name, Data: f.Data}}, wrap); err != nil {
			return err
		}
		d.Attachments = append(d.Attachments, a)
		d.Manifest = append(d.Manifest, Entry{ContentID: a.ContentID, ContentType: a.ContentType, Description: a.Description, Name: a.Name})
	}
	return nil
}
