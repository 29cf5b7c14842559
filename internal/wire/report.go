package wire

import (
	"encoding/hex"
	"fmt"
	"time"

	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// ReportToProto converts a report of validation. Its JSON goes along whole.
func ReportToProto(r *signer.Report) (*lienthongv1.Report, error) {
	json, err := r.JSON()
	if err != nil {
		return nil, fmt.Errorf("wire: report: %w", err)
	}
	digest, err := hex.DecodeString(r.SHA256)
	if err != nil {
		return nil, fmt.Errorf("wire: report: sha256 %.70q: %w", r.SHA256, err)
	}
	policy, err := hex.DecodeString(r.Policy.SHA256)
	if err != nil {
		return nil, fmt.Errorf("wire: report: policy %.70q: %w", r.Policy.SHA256, err)
	}
	return &lienthongv1.Report{Schema: r.Schema, File: r.File, Sha256: digest, Verdict: string(r.Verdict), Original: r.Original,
		ValidatedAt: rfc3339(r.ValidatedAt), PolicyId: r.Policy.ID, Signatures: signatures(r.Signatures),
		Timestamps: signatures(r.Timestamps), Findings: findings(r.Findings), Json: json,
		PolicySha256: policy, AcceptedByPolicy: r.AcceptedByPolicy}, nil
}

func signatures(list []signer.Signature) []*lienthongv1.SignatureReport {
	var out []*lienthongv1.SignatureReport
	for _, s := range list {
		out = append(out, &lienthongv1.SignatureReport{Field: s.Field, Indication: string(s.Indication), SubIndication: string(s.SubIndication),
			Level: string(s.Level), Role: s.Role, Agency: s.Agency, Binding: string(s.Binding), CommonName: s.Signer.CommonName,
			Organization: s.Signer.Organization, Serial: s.Signer.Serial, Issuer: s.Signer.Issuer, ClaimedTime: rfc3339(s.ClaimedTime),
			BestTime: rfc3339(s.BestTime), TimeSource: string(s.TimeSource), Coverage: string(s.Coverage), Changes: string(s.Changes),
			Findings: findings(s.Findings), NotBefore: rfc3339(s.NotBefore), NotAfter: rfc3339(s.NotAfter), CertificateSha256: fingerprint(s.CertificateSHA256),
			Integrity: string(s.Integrity), Evidence: evidence(s.Evidence),
			Revocation: &lienthongv1.Revocation{Status: s.Revocation.Status, Source: s.Revocation.Source, ThisUpdate: rfc3339(s.Revocation.ThisUpdate)}})
	}
	return out
}

func evidence(list []signer.Evidence) []*lienthongv1.RevocationEvidence {
	var out []*lienthongv1.RevocationEvidence
	for _, e := range list {
		out = append(out, &lienthongv1.RevocationEvidence{CertificateSha256: fingerprint(e.CertificateSHA256), Status: e.Status, Kind: e.Kind, Source: e.Source,
			Sha256: fingerprint(e.SHA256), ThisUpdate: rfc3339(e.ThisUpdate)})
	}
	return out
}

// fingerprint is the digest that a report has as hexadecimal digits, which signer wrote.
func fingerprint(hexadecimal string) []byte {
	b, err := hex.DecodeString(hexadecimal)
	if err != nil {
		return nil
	}
	return b
}

func findings(list []signer.Finding) []*lienthongv1.Finding {
	var out []*lienthongv1.Finding
	for _, f := range list {
		out = append(out, &lienthongv1.Finding{Name: f.Name, Result: string(f.Result), Clause: f.Clause, Detail: f.Detail, Object: f.Object,
			Code: f.Code, Params: params(f.Params)})
	}
	return out
}

func params(list []signer.Param) []*lienthongv1.FindingParam {
	var out []*lienthongv1.FindingParam
	for _, p := range list {
		out = append(out, &lienthongv1.FindingParam{Name: p.Name, Value: p.Value, Code: p.Code, Params: params(p.Params)})
	}
	return out
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
