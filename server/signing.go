package server

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// signingService signs with keys that the node holds.
type signingService struct {
	lienthongv1.UnimplementedSigningServiceServer
	*Server
}

func (g *signingService) SignFile(ctx context.Context, m *lienthongv1.SignFileRequest) (*lienthongv1.SignFileResponse, error) {
	digest, err := wire.DigestField("sha256", m.GetSha256())
	if err != nil {
		return nil, err
	}
	options, err := signOptions(m)
	if err != nil {
		return nil, err
	}
	later, err := levelFromProto("later_level", m.GetLaterLevel())
	if err != nil {
		return nil, err
	}
	staff := envelope.StaffFromProto(m.GetStaff())
	result, err := g.svc.SignFile(ctx, callerOf(ctx).actor(staff), exchange.SignRequest{Agency: m.GetAgency(), File: digest, Key: m.GetKey(),
		Options: options, Level: options.Level, Staff: staff, RequestID: m.GetRequestId(), Later: later, AllowDynamic: m.GetAllowDynamic()})
	if err != nil {
		return nil, err
	}
	return &lienthongv1.SignFileResponse{File: wire.FileToProto(result.File), Field: result.Field,
		Level: levelToProto(result.Level), Warnings: result.Warnings,
		Job: jobToProto(result.Job), Evidence: evidenceToProto(result.Evidence), Unattended: result.Unattended}, nil
}

// signOptions converts what is asked for. A level or look that this version does
// not make is refused: a signature of another kind would not be what was wanted.
func signOptions(m *lienthongv1.SignFileRequest) (signer.SignOptions, error) {
	out := signer.SignOptions{Field: m.GetField(), Lines: m.GetLines(), Image: m.GetImage(), Reason: m.GetReason(), Location: m.GetLocation(),
		SealSize: m.GetSealMillimetres()}
	bad := func(path, text string) error {
		return &exchange.Error{Code: exchange.Invalid, Reason: "BAD_FIELD", Text: "the request cannot be done",
			Fields: []exchange.Field{{Path: path, Reason: "BAD_FIELD", Text: text}}}
	}
	switch m.GetLevel() {
	case lienthongv1.SignatureLevel_SIGNATURE_LEVEL_UNSPECIFIED, lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_B:
		out.Level = signer.LevelBB
	case lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_T:
		out.Level = signer.LevelBT
	case lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_LT:
		out.Level = signer.LevelBLT
	case lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_LTA:
		out.Level = signer.LevelBLTA
	default:
		return out, bad("level", "want B-B, B-T, B-LT or B-LTA")
	}
	switch m.GetProfile() {
	case lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_UNSPECIFIED, lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_INVISIBLE:
		out.Profile = ""
	case lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_PERSONAL:
		out.Profile = "personal"
	case lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_AGENCY:
		out.Profile = "agency"
	case lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_ANNEX:
		out.Profile = "annex"
	case lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_COPY:
		out.Profile = "copy"
	case lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_CUSTOM:
		out.Profile = "custom"
	default:
		return out, bad("profile", "want invisible, personal, agency, annex, copy or custom")
	}
	if len(m.GetImage()) > maxImage {
		return out, bad("image", "want a PNG of at most 1 MiB")
	}
	out.Place = placementOf(m.GetPlacement())
	if c := m.GetCornerText(); c != nil {
		kind, ok := copyKinds[c.GetCopyKind()]
		if !ok {
			return out, bad("corner_text.copy_kind", "want SAO_Y, SAO_LUC or TRICH_SAO")
		}
		out.Corner = signer.Corner{Number: c.GetAnnexNumber(), Kind: kind, Agency: c.GetCopyAgency()}
	}
	return out, registration(&out, m.GetNumber(), m.GetDate())
}

var copyKinds = map[lienthongv1.CopyKind]string{
	lienthongv1.CopyKind_COPY_KIND_UNSPECIFIED: "",
	lienthongv1.CopyKind_COPY_KIND_SAO_Y:       "SAO Y",
	lienthongv1.CopyKind_COPY_KIND_SAO_LUC:     "SAO LỤC",
	lienthongv1.CopyKind_COPY_KIND_TRICH_SAO:   "TRÍCH SAO",
}

// maxImage bounds the picture of a signature; it becomes part of every copy of the letter.
const maxImage = 1 << 20

func levelToProto(l signer.Level) lienthongv1.SignatureLevel {
	switch l {
	case signer.LevelBB:
		return lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_B
	case signer.LevelBT:
		return lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_T
	case signer.LevelBLT:
		return lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_LT
	case signer.LevelBLTA:
		return lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_LTA
	}
	return lienthongv1.SignatureLevel_SIGNATURE_LEVEL_UNSPECIFIED
}

// validationService judges files of the caller's agency.
type validationService struct {
	lienthongv1.UnimplementedValidationServiceServer
	*Server
}

func (v *validationService) ValidateFile(ctx context.Context, m *lienthongv1.ValidateFileRequest) (*lienthongv1.ValidateFileResponse, error) {
	agency, err := v.agencyOf(m)
	if err != nil {
		return nil, err
	}
	digest, err := wire.DigestField("sha256", m.GetSha256())
	if err != nil {
		return nil, err
	}
	report, err := v.svc.Validate(ctx, callerOf(ctx).actor(envelope.Staff{}), agency, digest, m.GetClaimedAgency(), m.GetPolicy())
	if err != nil {
		return nil, err
	}
	out, err := wire.ReportToProto(report)
	if err != nil {
		return nil, err
	}
	return &lienthongv1.ValidateFileResponse{Report: out}, nil
}
