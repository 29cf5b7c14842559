package wire

import (
	"fmt"

	"lienthong/envelope"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// MetadataToProto converts registration data.
func MetadataToProto(m envelope.Metadata) *lienthongv1.DocumentMetadata {
	return &lienthongv1.DocumentMetadata{
		DocumentId: m.DocumentID, Number: m.Number, Symbol: m.Symbol, Subject: m.Subject,
		TypeCode: m.TypeCode, TypeName: m.TypeName, IssuedDate: m.IssuedDate, Place: m.Place,
		Signer:  &lienthongv1.SignerInfo{Competence: m.Signer.Competence, Position: m.Signer.Position, FullName: m.Signer.FullName},
		DueDate: m.DueDate, ToPlaces: m.ToPlaces, Secrecy: m.Secrecy, PageAmount: m.PageAmount,
		DossierCode: m.DossierCode, Summary: m.Summary,
	}
}

// MetadataFromProto converts registration data. What is wrong with it is the
// domain's to say: a missing message is an empty one.
func MetadataFromProto(m *lienthongv1.DocumentMetadata) envelope.Metadata {
	s := m.GetSigner()
	return envelope.Metadata{
		DocumentID: m.GetDocumentId(), Number: m.GetNumber(), Symbol: m.GetSymbol(), Subject: m.GetSubject(),
		TypeCode: m.GetTypeCode(), TypeName: m.GetTypeName(), IssuedDate: m.GetIssuedDate(), Place: m.GetPlace(),
		Signer:  envelope.SignerInfo{Competence: s.GetCompetence(), Position: s.GetPosition(), FullName: s.GetFullName()},
		DueDate: m.GetDueDate(), ToPlaces: m.GetToPlaces(), Secrecy: m.GetSecrecy(), PageAmount: m.GetPageAmount(),
		DossierCode: m.GetDossierCode(), Summary: m.GetSummary(),
	}
}

// StaffToProto converts the person for whom a system acts.
func StaffToProto(s envelope.Staff) *lienthongv1.Staff {
	if s == (envelope.Staff{}) {
		return nil
	}
	return &lienthongv1.Staff{Id: s.ID, Name: s.Name, Department: s.Department}
}

// StaffFromProto converts the person for whom a system acts, who may be absent.
func StaffFromProto(m *lienthongv1.Staff) envelope.Staff {
	return envelope.Staff{ID: m.GetId(), Name: m.GetName(), Department: m.GetDepartment()}
}

// ContentFileToProto converts the description of a file.
func ContentFileToProto(f envelope.ContentFile) *lienthongv1.ContentFile {
	return &lienthongv1.ContentFile{Role: lienthongv1.FileRole(f.Role), Name: f.Name, MediaType: f.MediaType,
		Size: f.Size, Sha256: digestBytes(f.SHA256), LeafRoot: digestBytes(f.LeafRoot)}
}

// RecipientToProto converts a recipient.
func RecipientToProto(r envelope.Recipient) *lienthongv1.Recipient {
	return &lienthongv1.Recipient{Agency: AgencyRefToProto(r.Agency), Role: lienthongv1.RecipientRole(r.Role)}
}

// AgencyRefToProto converts the name of an agency.
func AgencyRefToProto(r envelope.AgencyRef) *lienthongv1.AgencyRef {
	return &lienthongv1.AgencyRef{Id: r.ID, Code: r.Code}
}

// RelationToProto converts a relation.
func RelationToProto(r envelope.Relation) *lienthongv1.Relation {
	return &lienthongv1.Relation{Kind: lienthongv1.RelationKind(r.Kind), OriginAgency: AgencyRefToProto(r.Origin),
		DocumentId: r.Document, EnvelopeDigest: digestBytes(r.Digest)}
}

// RelationsFromProto converts relations.
func RelationsFromProto(field string, list []*lienthongv1.Relation) ([]envelope.Relation, error) {
	var out []envelope.Relation
	for i, m := range list {
		r := envelope.Relation{Kind: envelope.RelationKind(m.GetKind()), Document: m.GetDocumentId(),
			Origin: envelope.AgencyRef{ID: m.GetOriginAgency().GetId(), Code: m.GetOriginAgency().GetCode()}}
		if b := m.GetEnvelopeDigest(); len(b) > 0 {
			digest, err := Digest(fmt.Sprintf("%s[%d].envelope_digest", field, i), b)
			if err != nil {
				return nil, err
			}
			r.Digest = digest
		}
		out = append(out, r)
	}
	return out, nil
}

// AgencyToProto converts an agency of the directory.
func AgencyToProto(a envelope.Agency) *lienthongv1.Agency {
	out := &lienthongv1.Agency{Id: a.ID, Name: a.Name, Parent: a.Parent, HomeNode: a.HomeNode, Ended: a.Ended, Successor: a.Successor}
	for _, c := range a.Codes {
		out.Codes = append(out.Codes, &lienthongv1.AgencyCode{Code: c.Code, NotBefore: c.NotBefore, NotAfter: c.NotAfter})
	}
	for _, c := range a.Certificates {
		out.Certificates = append(out.Certificates, &lienthongv1.AgencyCertificate{Certificate: c.Certificate,
			Role: lienthongv1.CertificateRole(c.Role), Holder: c.Holder, NotBefore: c.NotBefore, NotAfter: c.NotAfter})
	}
	return out
}
