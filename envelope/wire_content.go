package envelope

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	pb "lienthong/proto/lienthong/v1"
)

// Marshal makes the content's bytes, once: the route holds their digest, and they
// travel beside it as they are.
func (c *Content) Marshal() ([]byte, error) {
	p := &pb.Content{Salt: c.Salt[:], Metadata: c.Metadata.Proto(), Staff: c.Staff.Proto(), Recall: c.Recall.Proto(), Change: c.Change.Proto(), Request: c.Request}
	for _, f := range c.Files {
		p.Files = append(p.Files, f.Proto())
	}
	return encode("content", p, MaxContent)
}

// ParseContent reads content bytes; the caller has compared their digest with the route's.
func ParseContent(data []byte) (Content, error) {
	if len(data) > MaxContent {
		return Content{}, fmt.Errorf("envelope: content of %d bytes: %w, want at most %d", len(data), ErrMalformed, MaxContent)
	}
	var p pb.Content
	if err := proto.Unmarshal(data, &p); err != nil {
		return Content{}, fmt.Errorf("envelope: content: %w: %v", ErrMalformed, err)
	}
	if len(p.Salt) != 32 || len(p.Files) == 0 && p.Recall == nil || len(p.Files) > MaxFiles {
		return Content{}, fmt.Errorf("envelope: content with %d bytes of salt and %d files: %w, want 32, and 1 to %d (in a recall 0 too)",
			len(p.Salt), len(p.Files), ErrMalformed, MaxFiles)
	}
	c := Content{Salt: [32]byte(p.Salt), Metadata: MetadataFromProto(p.Metadata), Staff: StaffFromProto(p.Staff), Recall: recallFromProto(p.Recall), Request: p.Request}
	var err error
	if c.Change, err = changeFromProto(p.Change); err != nil {
		return Content{}, err
	}
	for _, f := range p.Files {
		file, err := ContentFileFromProto(f)
		if err != nil {
			return Content{}, err
		}
		c.Files = append(c.Files, file)
	}
	return c, nil
}

// Proto is the protobuf form.
func (f ContentFile) Proto() *pb.ContentFile {
	return &pb.ContentFile{Role: pb.FileRole(f.Role), Name: f.Name, MediaType: f.MediaType, Size: f.Size,
		Sha256: f.SHA256.bytesOf(), LeafRoot: f.LeafRoot.bytesOf()}
}

// ContentFileFromProto reads a file's description.
func ContentFileFromProto(p *pb.ContentFile) (ContentFile, error) {
	f := ContentFile{Role: FileRole(p.GetRole()), Name: p.GetName(), MediaType: p.GetMediaType(), Size: p.GetSize()}
	var err error
	if f.SHA256, err = DigestFromBytes(p.GetSha256()); err != nil {
		return ContentFile{}, fmt.Errorf("envelope: file %.80q: %w", f.Name, err)
	}
	if f.LeafRoot, err = DigestFromBytes(p.GetLeafRoot()); err != nil {
		return ContentFile{}, fmt.Errorf("envelope: file %.80q: %w", f.Name, err)
	}
	return f, nil
}

// Proto is the protobuf form.
func (s Staff) Proto() *pb.Staff {
	if s == (Staff{}) {
		return nil
	}
	return &pb.Staff{Id: s.ID, Name: s.Name, Department: s.Department}
}

// StaffFromProto reads staff; nil is nobody.
func StaffFromProto(p *pb.Staff) Staff {
	return Staff{ID: p.GetId(), Name: p.GetName(), Department: p.GetDepartment()}
}

// Proto is the protobuf form.
func (m *Metadata) Proto() *pb.DocumentMetadata {
	out := &pb.DocumentMetadata{DocumentId: m.DocumentID, Number: m.Number, Symbol: m.Symbol, Subject: m.Subject, TypeCode: m.TypeCode,
		TypeName: m.TypeName, IssuedDate: m.IssuedDate, Place: m.Place, DueDate: m.DueDate, ToPlaces: m.ToPlaces, Secrecy: m.Secrecy,
		PageAmount: m.PageAmount, DossierCode: m.DossierCode, Summary: m.Summary}
	if m.Signer != (SignerInfo{}) {
		out.Signer = &pb.SignerInfo{Competence: m.Signer.Competence, Position: m.Signer.Position, FullName: m.Signer.FullName}
	}
	return out
}

// MetadataFromProto reads metadata as they are; see [Metadata.Problems].
func MetadataFromProto(p *pb.DocumentMetadata) Metadata {
	return Metadata{DocumentID: p.GetDocumentId(), Number: p.GetNumber(), Symbol: p.GetSymbol(), Subject: p.GetSubject(),
		TypeCode: p.GetTypeCode(), TypeName: p.GetTypeName(), IssuedDate: p.GetIssuedDate(), Place: p.GetPlace(),
		Signer:  SignerInfo{Competence: p.GetSigner().GetCompetence(), Position: p.GetSigner().GetPosition(), FullName: p.GetSigner().GetFullName()},
		DueDate: p.GetDueDate(), ToPlaces: p.GetToPlaces(), Secrecy: p.GetSecrecy(), PageAmount: p.GetPageAmount(),
		DossierCode: p.GetDossierCode(), Summary: p.GetSummary()}
}
