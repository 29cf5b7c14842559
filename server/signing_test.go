package server

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// Both calls say in one way how a signature looks and where it goes.
func TestSignOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		in   *lienthongv1.SignFileRequest
		want signer.SignOptions
	}{
		{"the signing block", &lienthongv1.SignFileRequest{Profile: lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_AGENCY,
			Placement: &lienthongv1.Placement{Auto: true}, SealMillimetres: 30},
			signer.SignOptions{Level: signer.LevelBB, Profile: "agency", Place: &signer.Placement{Auto: true}, SealSize: 30}},
		{"an anchor", &lienthongv1.SignFileRequest{Profile: lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_PERSONAL, Placement: &lienthongv1.Placement{Anchor: "CHỦ TỊCH"}},
			signer.SignOptions{Level: signer.LevelBB, Profile: "personal", Place: &signer.Placement{Anchor: "CHỦ TỊCH"}}},
		{"a rectangle", &lienthongv1.SignFileRequest{Profile: lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_CUSTOM, Placement: &lienthongv1.Placement{Page: -1, X: 10, Y: 20, Width: 30, Height: 40}},
			signer.SignOptions{Level: signer.LevelBB, Profile: "custom", Place: &signer.Placement{Page: -1, Rect: [4]float64{10, 20, 40, 60}}}},
		{"an annex", &lienthongv1.SignFileRequest{Profile: lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_ANNEX, CornerText: &lienthongv1.CornerText{AnnexNumber: "731/QĐ-UBND"}},
			signer.SignOptions{Level: signer.LevelBB, Profile: "annex", Corner: signer.Corner{Number: "731/QĐ-UBND"}}},
		{"a copy", &lienthongv1.SignFileRequest{Profile: lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_COPY, CornerText: &lienthongv1.CornerText{CopyKind: lienthongv1.CopyKind_COPY_KIND_TRICH_SAO, CopyAgency: "Sở Nội vụ"}},
			signer.SignOptions{Level: signer.LevelBB, Profile: "copy", Corner: signer.Corner{Kind: "TRÍCH SAO", Agency: "Sở Nội vụ"}}},
	} {
		got, err := signOptions(tt.in)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
		}
		if m := tt.in; m.GetProfile() != lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_UNSPECIFIED {
			both := lookOf(&lienthongv1.PrepareSignatureRequest{Profile: m.GetProfile(), Placement: m.GetPlacement(), CornerText: m.GetCornerText(), SealMillimetres: m.GetSealMillimetres()})
			if other, err := signOptions(both); err != nil || cmp.Diff(got, other) != "" {
				t.Errorf("%s: prepared as %+v, %v", tt.name, other, err)
			}
		}
	}
	_, err := signOptions(&lienthongv1.SignFileRequest{CornerText: &lienthongv1.CornerText{CopyKind: 9}})
	var bad *exchange.Error
	if !errors.As(err, &bad) || len(bad.Fields) != 1 || bad.Fields[0].Path != "corner_text.copy_kind" {
		t.Errorf("a kind that is not known: %v", err)
	}
}
