package signer_test

import (
	"strings"
	"testing"

	"lienthong/signer"
	"lienthong/signer/appearance"
)

// A letter that is drawn here is prepared, signed by a person and the agency, and valid;
// another program reads its Vietnamese as it was given.
func TestDrawnLetter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	data, err := appearance.DrawLetter(appearance.Letter{Parent: "Ủy ban nhân dân tỉnh Thái Nguyên", Agency: "Ủy ban nhân dân phường Ba Hàng", Symbol: "TXL-UBND",
		Place: "Ba Hàng", Year: 2026, Title: "THƯ XIN LỖI", About: "Về việc chậm trả kết quả giải quyết hồ sơ", To: "Ông Nguyễn Văn Đĩnh",
		Paragraphs: []string{"Hồ sơ có mã số H55.13-261121-0001, thời hạn trả kết quả là ngày 25/11/2026, đã quá hạn hai ngày làm việc vì phải xác minh nguồn gốc thửa đất.", "Trân trọng cảm ơn./."},
		Recipients: []string{"- Như trên;", "- Lưu: VT."}, Competence: "TM. ỦY BAN NHÂN DÂN", Position: "CHỦ TỊCH", Name: "Đỗ Nghĩa Sĩ"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := run(t, "pdftotext", save(t, "drawn.pdf", data), "-")
	if err != nil {
		t.Fatalf("pdftotext: %v %s", err, text)
	}
	text = strings.Join(strings.Fields(text), " ")
	for _, want := range []string{"ỦY BAN NHÂN DÂN PHƯỜNG BA HÀNG", "Độc lập - Tự do - Hạnh phúc", "Kính gửi: Ông Nguyễn Văn Đĩnh",
		"Hồ sơ có mã số H55.13-261121-0001, thời hạn trả kết quả là ngày 25/11/2026, đã quá hạn hai ngày làm việc vì phải xác minh nguồn gốc thửa đất.", "Đỗ Nghĩa Sĩ"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
	if out, err := run(t, "qpdf", "--check", save(t, "drawn.pdf", data)); err != nil {
		t.Errorf("qpdf: %v %s", err, out)
	}
	prepared, made := prepareDraft(t, data, signer.DraftOptions{})
	if len(made.Fields) != 4 {
		t.Fatalf("prepared %v, want number, day, month and seal: %v", made.Fields, made.Warnings)
	}
	signed, _ := sign(t, prepared, w.person.Key(), byPerson())
	sealed, _ := sign(t, signed, w.agency.Key(), byAgency("45", issued))
	if r := validate(t, sealed, w.options()); r.Verdict != signer.VerdictValid || !r.Original {
		t.Errorf("want a valid original: %s", summary(r))
	}
	if _, err := appearance.DrawLetter(appearance.Letter{Name: "字"}); err == nil {
		t.Error("a letter that the font has not is drawn")
	}
}
