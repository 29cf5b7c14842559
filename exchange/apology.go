package exchange

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"lienthong/exchange/calendar"
)

// An ApologyRequest asks for a letter of apology (thư xin lỗi) for a late result.
type ApologyRequest struct {
	Agency  string // id or code; to which the dossier was handed
	Code    string
	To      string // the person or organisation
	NewDate string // yyyy-mm-dd
	Reason  string
}

// An Apology is what such a letter says.
type Apology struct {
	Agency     string // name
	Year       int
	Paragraphs []string
	Recipients []string
}

// Apologise writes it for a dossier of the agency that is late and not given back.
func (s *Service) Apologise(ctx context.Context, req ApologyRequest) (*Apology, error) {
	today := s.cfg.Now().In(calendar.Zone)
	if bad := req.problems(today); len(bad) > 0 {
		return nil, &Error{Code: Invalid, Reason: "BAD_APOLOGY", Text: "this cannot be written", Fields: bad}
	}
	a, err := s.agencyOf(req.Agency)
	if err != nil {
		return nil, err
	}
	list, _, err := s.Handovers(ctx, HandoverRequest{Agency: a.ID, Code: req.Code, Way: WayIn, Late: true}, Mark{}, 1)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fail(Precondition, "NOT_LATE", "dossier %.100q is not late at %s: nothing was handed to it under this code whose day is over", req.Code, a.Name)
	}
	h := &list[0]
	due := time.UnixMicro(h.Due - 1).In(calendar.Zone).Format(vietnamDay)
	again, _ := time.Parse(time.DateOnly, req.NewDate)
	return &Apology{Agency: a.Name, Year: today.Year(), Recipients: []string{"- Như trên;", "- Lưu: VT."}, Paragraphs: []string{
		fmt.Sprintf("%s đã tiếp nhận hồ sơ có mã số %s, thời hạn trả kết quả là ngày %s. Đến nay, hồ sơ đã quá hạn %d ngày làm việc.", a.Name, h.Code, due, h.LateDays),
		"Lý do chậm trả kết quả: " + req.Reason,
		fmt.Sprintf("%s chân thành xin lỗi %s vì sự chậm trễ này và hẹn trả kết quả vào ngày %s.", a.Name, req.To, again.Format(vietnamDay)),
		"Rất mong nhận được sự thông cảm. Trân trọng cảm ơn./.",
	}}, nil
}

// vietnamDay is a day as letters write it.
const vietnamDay = "02/01/2006"

func (r *ApologyRequest) problems(today time.Time) (bad []Field) {
	for _, f := range []struct {
		name, value string
		most        int
	}{{"dossier_code", r.Code, 100}, {"to", r.To, 300}, {"reason", r.Reason, 2000}} {
		switch n := utf8.RuneCountInString(f.value); {
		case n == 0:
			bad = append(bad, Field{f.name, "REQUIRED", "is required"})
		case n > f.most:
			bad = append(bad, Field{f.name, "TOO_LONG", fmt.Sprintf("has %d characters, at most %d", n, f.most)})
		}
	}
	if _, err := time.Parse(time.DateOnly, r.NewDate); err != nil {
		bad = append(bad, Field{"new_date", "NOT_A_DATE", fmt.Sprintf("is %.40q, want yyyy-mm-dd", r.NewDate)})
	} else if r.NewDate < today.Format(time.DateOnly) {
		bad = append(bad, Field{"new_date", "PAST", "is " + r.NewDate + ", before today"})
	}
	return bad
}
