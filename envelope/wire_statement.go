package envelope

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	pb "lienthong/proto/lienthong/v1"
)

// SealStatement signs a statement.
func SealStatement(s *Statement, signer Signer) (Sealed, error) {
	if err := s.check(); err != nil {
		return Sealed{}, err
	}
	payload, err := encode("statement", s.proto(), MaxStatement)
	if err != nil {
		return Sealed{}, err
	}
	return Seal(TypeStatement, payload, signer)
}

// ParseStatement reads a statement; the caller verifies that its issuer signed.
func ParseStatement(s Sealed) (Statement, error) {
	var p pb.Statement
	if err := open(s, TypeStatement, MaxStatement, &p); err != nil {
		return Statement{}, err
	}
	st, err := statementFromProto(&p)
	if err != nil {
		return Statement{}, err
	}
	return st, st.check()
}

func (s *Statement) check() error {
	for what, id := range map[string]string{"origin node": s.OriginNode, "recipient": s.Recipient, "issuer": s.Issuer} {
		if err := checkID(what, id); err != nil {
			return err
		}
	}
	if s.Kind <= 0 || s.Envelope.IsZero() || s.EnvelopeID.IsZero() || s.Incarnation.IsZero() || s.Sequence == 0 || s.Time <= 0 {
		return fmt.Errorf("envelope: statement of kind %d, sequence %d, time %d: %w, want envelope, id and incarnation too", s.Kind, s.Sequence, s.Time, ErrMalformed)
	}
	missing := s.Kind == Validated && s.Validated == nil || s.Kind == Failed && s.Failed == nil || s.Kind == Status && s.Status == nil || s.Kind == Remark && s.Remark == nil
	if missing {
		return fmt.Errorf("envelope: %s statement: %w, has no detail", s.Kind, ErrMalformed)
	}
	return nil
}

func (s *Statement) proto() *pb.Statement {
	out := &pb.Statement{Kind: pb.StatementKind(s.Kind), EnvelopeDigest: s.Envelope[:], OriginNode: s.OriginNode, EnvelopeId: s.EnvelopeID[:],
		Recipient: s.Recipient, IssuerNode: s.Issuer, IssuerIncarnation: s.Incarnation[:], Sequence: s.Sequence, Time: s.Time,
		Previous: s.Previous.bytesOf()}
	switch {
	case s.Validated != nil:
		out.Detail = &pb.Statement_Validated{Validated: s.Validated.proto()}
	case s.Failed != nil:
		out.Detail = &pb.Statement_Failed{Failed: &pb.FailedDetail{Reason: s.Failed.Reason, Text: s.Failed.Text}}
	case s.Status != nil:
		out.Detail = &pb.Statement_Status{Status: &pb.StatusDetail{Code: s.Status.Code, Reason: s.Status.Reason, Staff: s.Status.Staff.Proto(), Message: s.Status.Message}}
	case s.Remark != nil:
		out.Detail = &pb.Statement_Remark{Remark: &pb.RemarkDetail{Reason: s.Remark.Reason, Text: s.Remark.Text}}
	}
	return out
}

func statementFromProto(p *pb.Statement) (Statement, error) {
	s := Statement{Kind: StatementKind(p.Kind), OriginNode: p.OriginNode, Recipient: p.Recipient, Issuer: p.IssuerNode, Sequence: p.Sequence, Time: p.Time}
	var err error
	if s.Envelope, err = DigestFromBytes(p.EnvelopeDigest); err != nil {
		return Statement{}, err
	}
	if s.EnvelopeID, err = IDFromBytes(p.EnvelopeId); err != nil {
		return Statement{}, err
	}
	if s.Incarnation, err = IDFromBytes(p.IssuerIncarnation); err != nil {
		return Statement{}, err
	}
	if s.Previous, err = optionalDigest(p.Previous); err != nil {
		return Statement{}, err
	}
	if d := p.GetValidated(); d != nil {
		if s.Validated, err = validatedFromProto(d); err != nil {
			return Statement{}, err
		}
	}
	if d := p.GetFailed(); d != nil {
		s.Failed = &FailedDetail{Reason: d.Reason, Text: d.Text}
	}
	if d := p.GetStatus(); d != nil {
		if len(d.Message) > MaxStatusMessage {
			return Statement{}, fmt.Errorf("envelope: status with a message of %d bytes: %w, want at most %d", len(d.Message), ErrMalformed, MaxStatusMessage)
		}
		s.Status = &StatusDetail{Code: d.Code, Reason: d.Reason, Staff: StaffFromProto(d.Staff), Message: d.Message}
	}
	if d := p.GetRemark(); d != nil {
		s.Remark = &RemarkDetail{Reason: d.Reason, Text: d.Text}
	}
	return s, nil
}

func (d *ValidatedDetail) proto() *pb.ValidatedDetail {
	out := &pb.ValidatedDetail{Verdict: d.Verdict}
	for _, f := range d.Files {
		out.Files = append(out.Files, &pb.FileVerdict{Sha256: f.SHA256.bytesOf(), Verdict: f.Verdict, ReportSha256: f.Report.bytesOf()})
	}
	return out
}

// Size is the number of bytes that the detail takes in a statement.
func (d *ValidatedDetail) Size() int { return proto.Size(d.proto()) }

func validatedFromProto(p *pb.ValidatedDetail) (*ValidatedDetail, error) {
	if len(p.Files) > MaxFiles {
		return nil, fmt.Errorf("envelope: verdicts of %d files: %w, want at most %d", len(p.Files), ErrMalformed, MaxFiles)
	}
	out := &ValidatedDetail{Verdict: p.Verdict}
	for _, f := range p.Files {
		digest, err := DigestFromBytes(f.GetSha256())
		if err != nil {
			return nil, err
		}
		report, err := optionalDigest(f.GetReportSha256())
		if err != nil {
			return nil, err
		}
		out.Files = append(out.Files, FileVerdict{SHA256: digest, Verdict: f.GetVerdict(), Report: report})
	}
	return out, nil
}

// SealCheckpoint signs the head of a journal.
func SealCheckpoint(c *Checkpoint, signer Signer) (Sealed, error) {
	payload, err := encode("checkpoint", &pb.Checkpoint{Node: c.Node, Incarnation: c.Incarnation[:], TreeSize: c.TreeSize, RootHash: c.RootHash[:], Time: c.Time}, MaxStatement)
	if err != nil {
		return Sealed{}, err
	}
	return Seal(TypeCheckpoint, payload, signer)
}

// ParseCheckpoint reads a checkpoint; the caller verifies that its node signed.
func ParseCheckpoint(s Sealed) (Checkpoint, error) {
	var p pb.Checkpoint
	if err := open(s, TypeCheckpoint, MaxStatement, &p); err != nil {
		return Checkpoint{}, err
	}
	c := Checkpoint{Node: p.Node, TreeSize: p.TreeSize, Time: p.Time}
	var err error
	if c.Incarnation, err = IDFromBytes(p.Incarnation); err != nil {
		return Checkpoint{}, err
	}
	if c.RootHash, err = DigestFromBytes(p.RootHash); err != nil {
		return Checkpoint{}, err
	}
	return c, checkID("node", c.Node)
}

// Proto is the protobuf form.
func (r Receipt) Proto() *pb.Receipt {
	out := &pb.Receipt{Statement: r.Statement.Proto()}
	if r.Proof != nil {
		out.Proof = r.Proof.proto()
	}
	return out
}

// ReceiptFromProto takes over a receipt. It checks sizes, and no signature.
func ReceiptFromProto(p *pb.Receipt) (Receipt, error) {
	statement, err := SealedFromProto(p.GetStatement())
	if err != nil {
		return Receipt{}, err
	}
	if len(statement.Payload) > MaxStatement {
		return Receipt{}, fmt.Errorf("envelope: statement of %d bytes: %w, want at most %d", len(statement.Payload), ErrMalformed, MaxStatement)
	}
	if p.Proof == nil {
		return Receipt{Statement: statement}, nil
	}
	proof, err := proofFromProto(p.Proof)
	return Receipt{Statement: statement, Proof: proof}, err
}

// Marshal is the binary form in which stores keep a proof.
func (p *Proof) Marshal() []byte {
	if p == nil {
		return nil
	}
	return mustMarshal(p.proto())
}

// ParseProof reads the form of [Proof.Marshal]; empty is none.
func ParseProof(data []byte) (*Proof, error) {
	if len(data) == 0 {
		return nil, nil
	}
	var p pb.JournalProof
	if err := proto.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("envelope: proof: %w: %v", ErrMalformed, err)
	}
	return proofFromProto(&p)
}

func (p *Proof) proto() *pb.JournalProof {
	out := &pb.JournalProof{Index: p.Index, Leaf: p.Leaf, Checkpoint: p.Checkpoint.Proto()}
	for _, h := range p.Path {
		out.Path = append(out.Path, h[:])
	}
	return out
}

func proofFromProto(p *pb.JournalProof) (*Proof, error) {
	if len(p.Path) > MaxProofPath || len(p.Leaf) > MaxStatement {
		return nil, fmt.Errorf("envelope: proof with %d hashes and a leaf of %d bytes: %w", len(p.Path), len(p.Leaf), ErrMalformed)
	}
	checkpoint, err := SealedFromProto(p.Checkpoint)
	if err != nil {
		return nil, err
	}
	out := &Proof{Index: p.Index, Leaf: p.Leaf, Checkpoint: checkpoint}
	for _, h := range p.Path {
		digest, err := DigestFromBytes(h)
		if err != nil {
			return nil, err
		}
		out.Path = append(out.Path, digest)
	}
	return out, nil
}

// Marshal is the binary form in which evidence keeps a receipt.
func (r Receipt) Marshal() []byte { return mustMarshal(r.Proto()) }

// ParseReceipt reads the form of [Receipt.Marshal]. It checks sizes, and no signature.
func ParseReceipt(data []byte) (Receipt, error) {
	var p pb.Receipt
	if err := proto.Unmarshal(data, &p); err != nil {
		return Receipt{}, fmt.Errorf("envelope: receipt: %w: %v", ErrMalformed, err)
	}
	return ReceiptFromProto(&p)
}
