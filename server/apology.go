package server

import (
	"context"
	"strings"

	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer/appearance"
)

// DraftApology writes a letter of apology for a late dossier.
func (s *dossierService) DraftApology(ctx context.Context, m *lienthongv1.DraftApologyRequest) (*lienthongv1.DraftApologyResponse, error) {
	agency, err := s.agencyOf(m)
	if err != nil {
		return nil, err
	}
	a, err := s.svc.Apologise(ctx, exchange.ApologyRequest{Agency: agency, Code: m.GetDossierCode(), To: m.GetTo(), NewDate: m.GetNewDate(), Reason: m.GetReason()})
	if err != nil {
		return nil, err
	}
	who := m.GetSigner()
	pdf, err := appearance.DrawLetter(appearance.Letter{Parent: m.GetParent(), Agency: a.Agency, Symbol: m.GetSymbol(), Place: m.GetPlace(), Year: a.Year,
		Title: "THƯ XIN LỖI", About: "Về việc chậm trả kết quả giải quyết hồ sơ", To: m.GetTo(), Paragraphs: a.Paragraphs, Recipients: a.Recipients,
		Competence: who.GetCompetence(), Position: who.GetPosition(), Name: who.GetFullName()})
	if err != nil {
		return nil, &exchange.Error{Code: exchange.Invalid, Reason: "BAD_LETTER", Text: err.Error()}
	}
	return &lienthongv1.DraftApologyResponse{Pdf: pdf, Name: "thu-xin-loi-" + strings.Map(plainName, m.GetDossierCode()) + ".pdf"}, nil
}

// plainName keeps what every file system takes.
func plainName(r rune) rune {
	if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '.' || r == '-' {
		return r
	}
	return '_'
}
