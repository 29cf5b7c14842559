package server

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// PrepareSignature prepares signatures by a key that is elsewhere.
func (g *signingService) PrepareSignature(ctx context.Context, m *lienthongv1.PrepareSignatureRequest) (*lienthongv1.PrepareSignatureResponse, error) {
	req, err := prepareRequest(m)
	if err != nil {
		return nil, err
	}
	list, warnings, err := g.svc.PrepareSignature(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), req)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.PrepareSignatureResponse{Warnings: warnings}
	for _, p := range list {
		out.Signatures = append(out.Signatures, &lienthongv1.PreparedSignature{Session: p.Session.ID.String(), Sha256: p.Session.Input[:],
			Field: p.Prepared.Field, Hash: p.Prepared.Hash, SignedAttributes: p.Prepared.Attributes, Digest: p.Prepared.Digest,
			DigestInfo: p.Prepared.DigestInfo, RangeDigest: p.Prepared.RangeDigest, ExpiresAt: p.Session.Expires})
	}
	return out, nil
}

func prepareRequest(m *lienthongv1.PrepareSignatureRequest) (exchange.PrepareRequest, error) {
	out := exchange.PrepareRequest{Agency: m.GetAgency(), Reserved: int(m.GetReserved()), AllowDynamic: m.GetAllowDynamic()}
	for i, b := range m.GetSha256() {
		digest, err := wire.DigestField(fmt.Sprintf("sha256[%d]", i), b)
		if err != nil {
			return out, err
		}
		out.Files = append(out.Files, digest)
	}
	var err error
	if out.Certificate, err = x509.ParseCertificate(m.GetCertificate()); err != nil {
		return out, wire.BadField("certificate", err)
	}
	for i, der := range m.GetChain() {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return out, wire.BadField(fmt.Sprintf("chain[%d]", i), err)
		}
		out.Chain = append(out.Chain, c)
	}
	out.Options, err = signOptions(lookOf(m))
	if err != nil {
		return out, err
	}
	if len(out.Files) > 1 && (m.GetNumber() != "" || m.GetDate() != "") {
		return out, wire.BadField("number", fmt.Errorf("number and date are of one letter, and %d files are given", len(out.Files)))
	}
	hashes := map[string]crypto.Hash{"": 0, "SHA-256": crypto.SHA256, "SHA-384": crypto.SHA384, "SHA-512": crypto.SHA512}
	hash, ok := hashes[m.GetHash()]
	if !ok {
		return out, wire.BadField("hash", fmt.Errorf("%.20q, want SHA-256, SHA-384 or SHA-512", m.GetHash()))
	}
	out.Options.Hash, out.Options.PSS = hash, m.GetPss()
	return out, nil
}

// lookOf is the request with which the signature would be made at once: both kinds say
// alike how it looks.
func lookOf(m *lienthongv1.PrepareSignatureRequest) *lienthongv1.SignFileRequest {
	return &lienthongv1.SignFileRequest{Level: m.GetLevel(), Profile: m.GetProfile(), Placement: m.GetPlacement(),
		Field: m.GetField(), Lines: m.GetLines(), Image: m.GetImage(), Reason: m.GetReason(), Location: m.GetLocation(),
		Number: m.GetNumber(), Date: m.GetDate(), CornerText: m.GetCornerText(), SealMillimetres: m.GetSealMillimetres()}
}

func (g *signingService) CompleteSignature(ctx context.Context, m *lienthongv1.CompleteSignatureRequest) (*lienthongv1.CompleteSignatureResponse, error) {
	id, err := envelope.ParseID(m.GetSession())
	if err != nil {
		return nil, wire.BadField("session", err)
	}
	if len(m.GetSignature()) == 0 && len(m.GetCms()) == 0 {
		return nil, wire.BadField("answer", fmt.Errorf("want a signature value or a CMS SignedData"))
	}
	later, err := levelFromProto("later_level", m.GetLaterLevel())
	if err != nil {
		return nil, err
	}
	result, err := g.svc.CompleteSignature(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())),
		exchange.CompleteRequest{Agency: m.GetAgency(), Session: id, Signature: m.GetSignature(), CMS: m.GetCms(), Later: later})
	if err != nil {
		return nil, err
	}
	return &lienthongv1.CompleteSignatureResponse{File: wire.FileToProto(result.File), Field: result.Field,
		Level: levelToProto(result.Level), Warnings: result.Warnings, Job: jobToProto(result.Job), Evidence: evidenceToProto(result.Evidence)}, nil
}

func (g *signingService) CancelSignature(ctx context.Context, m *lienthongv1.CancelSignatureRequest) (*lienthongv1.CancelSignatureResponse, error) {
	id, err := envelope.ParseID(m.GetSession())
	if err != nil {
		return nil, wire.BadField("session", err)
	}
	if err := g.svc.CancelSignature(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), m.GetAgency(), id); err != nil {
		return nil, err
	}
	return &lienthongv1.CancelSignatureResponse{}, nil
}
