package server

import (
	"context"
	"fmt"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// PrepareFile puts empty fields for number, date and seal into a draft.
func (g *signingService) PrepareFile(ctx context.Context, m *lienthongv1.PrepareFileRequest) (*lienthongv1.PrepareFileResponse, error) {
	digest, err := wire.DigestField("sha256", m.GetSha256())
	if err != nil {
		return nil, err
	}
	staff := envelope.StaffFromProto(m.GetStaff())
	req := exchange.PrepareFileRequest{Agency: m.GetAgency(), File: digest, Staff: staff, RequestID: m.GetRequestId()}
	req.Options = signer.DraftOptions{Number: placementOf(m.GetNumber()), Date: placementOf(m.GetDate()), Seal: placementOf(m.GetSeal())}
	for i, f := range m.GetWithout() {
		name, ok := preparedFields[f]
		if !ok {
			return nil, wire.BadField(fmt.Sprintf("without[%d]", i), fmt.Errorf("want number, date or seal"))
		}
		req.Options.Without = append(req.Options.Without, name)
	}
	made, err := g.svc.PrepareFile(ctx, callerOf(ctx).actor(staff), req)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.PrepareFileResponse{File: wire.FileToProto(made.File), Number: made.Details.Number, Date: made.Details.Date, Warnings: made.Details.Warnings}
	for _, f := range made.Details.Fields {
		out.Fields = append(out.Fields, &lienthongv1.PlacedField{Name: f.Name, Placement: placementToProto(f.Placement)})
	}
	return out, nil
}

var preparedFields = map[lienthongv1.PreparedField]string{
	lienthongv1.PreparedField_PREPARED_FIELD_NUMBER: signer.FieldNumber,
	lienthongv1.PreparedField_PREPARED_FIELD_DATE:   signer.FieldDate,
	lienthongv1.PreparedField_PREPARED_FIELD_SEAL:   signer.FieldSeal,
}

func placementOf(p *lienthongv1.Placement) *signer.Placement {
	if p == nil {
		return nil
	}
	return &signer.Placement{Page: int(p.GetPage()), Rect: [4]float64{p.GetX(), p.GetY(), p.GetX() + p.GetWidth(), p.GetY() + p.GetHeight()},
		Anchor: p.GetAnchor(), Auto: p.GetAuto()}
}

func placementToProto(p signer.Placement) *lienthongv1.Placement {
	return &lienthongv1.Placement{Page: int32(p.Page), X: p.Rect[0], Y: p.Rect[1], Width: p.Rect[2] - p.Rect[0], Height: p.Rect[3] - p.Rect[1]}
}

// registration reads the number and the date that the agency fills in.
func registration(opts *signer.SignOptions, number, date string) error {
	if len(number) > maxNumber {
		return wire.BadField("number", fmt.Errorf("has %d bytes, want at most %d", len(number), maxNumber))
	}
	opts.Number = number
	if date == "" {
		return nil
	}
	day, err := time.ParseInLocation(time.DateOnly, date, exchange.Vietnam)
	if err != nil {
		return wire.BadField("date", fmt.Errorf("%.20q, want year, month and day, such as 2026-11-26", date))
	}
	opts.Date = day
	return nil
}

// maxNumber is the room for a number and its symbol (Decree 30/2020, Appendix VI).
const maxNumber = 100
