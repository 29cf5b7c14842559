package notation

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in, number, year, kind, groups string
		party                          bool
		out                            string // as it is printed; the input if empty
	}{
		{in: "15/QĐ-BNV", number: "15", kind: "QĐ", groups: "BNV"},
		{in: "05/BNV-VP", number: "05", groups: "BNV VP"},
		{in: "12/UBND-VX", number: "12", groups: "UBND VX"},
		{in: "10/2025/QĐ-UBND", number: "10", year: "2025", kind: "QĐ", groups: "UBND"},
		{in: "15-QĐ/ĐU", number: "15", kind: "QĐ", groups: "ĐU", party: true},
		{in: "21-HD/VPTW", number: "21", kind: "HD", groups: "VPTW", party: true},
		{in: "7816/VPCP-TTĐT", number: "7816", groups: "VPCP TTĐT"},
		{in: "5/QyĐ-BNV", number: "5", kind: "QyĐ", groups: "BNV", out: "05/QyĐ-BNV"},
		{in: "5a/TTr-UBND", number: "5a", kind: "TTr", groups: "UBND", out: "05a/TTr-UBND"},
		{in: "005/TB-VP", number: "005", kind: "TB", groups: "VP", out: "05/TB-VP"},
		{in: "120/2026/NĐ-CP", number: "120", year: "2026", groups: "NĐ CP"},
		{in: "05/SY-UBND", number: "05", kind: "SY", groups: "UBND"},
		{in: "33/QĐ", number: "33", groups: "QĐ"}, // an issuer alone: nothing says that it is a type
		{in: norm.NFD.String("15/QĐ-ĐHQGHN"), number: "15", kind: "QĐ", groups: "ĐHQGHN", out: "15/QĐ-ĐHQGHN"},
		{in: "  08/KH-ủy ", number: "08", kind: "KH", groups: "ủy", out: "08/KH-ủy"},
	} {
		n, err := Parse(tt.in)
		if err != nil {
			t.Errorf("%q: %v", tt.in, err)
			continue
		}
		if n.Number != tt.number || n.Year != tt.year || n.Type != tt.kind || strings.Join(n.Groups, " ") != tt.groups || n.Party != tt.party {
			t.Errorf("%q: %+v", tt.in, n)
		}
		if tt.out == "" {
			tt.out = strings.TrimSpace(tt.in)
		}
		if n.String() != tt.out {
			t.Errorf("%q is printed as %q", tt.in, n)
		}
	}
	for _, bad := range []string{"", "15", "QĐ-BNV", "00/QĐ-BNV", "15/", "15/QĐ--BNV", "15/-BNV", "15/QĐ-", "15/QĐ BNV",
		"15/2025/2026/QĐ-BNV", "15/QĐ/ĐU", "15-QĐ-ĐU", "123456789012/QĐ-BNV", "15/QĐ-\u200bBNV", "15/QĐ-BNV;DROP"} {
		if n, err := Parse(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, n)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		in   Registration
		want string // field and reason of each; ! before what is refused
	}{
		{"a decision", Registration{"15", "QĐ-BNV", "QĐ", "Quyết định", "2026-11-20"}, ""},
		{"a công văn", Registration{"05", "BNV-VP", "", "Công văn", "2026-11-20"}, ""},
		{"a legal document, year in the number", Registration{"10/2025", "QĐ-UBND", "QĐ", "", "2025-02-01"}, ""},
		{"a legal document, year in the symbol", Registration{"10", "2025/QĐ-UBND", "QĐ", "", "2025-02-01"}, ""},
		{"a year that is another", Registration{"10", "2025/QĐ-UBND", "QĐ", "", "2026-02-01"}, "symbol OTHER_YEAR"},
		{"two years", Registration{"10/2025", "2025/QĐ-UBND", "QĐ", "", "2025-02-01"}, "!symbol BAD_SYMBOL"},
		{"of a Party body", Registration{"15", "QĐ/ĐU", "QĐ", "", "2026-11-20"}, ""},
		{"a type that only the Party has", Registration{"15", "KL/TU", "KL", "Kết luận", "2026-11-20"}, ""},
		{"Party and another type", Registration{"15", "KL/TU", "QĐ", "", "2026-11-20"}, "symbol OTHER_TYPE"},
		{"no zero", Registration{"5", "BC-UBND", "BC", "", "2026-11-20"}, "number LEADING_ZERO"},
		{"a number of another system", Registration{"74fass22", "BC-UBND", "BC", "", "2026-11-20"}, "number ODD_NUMBER"},
		{"another type", Registration{"15", "QĐ-BNV", "BC", "", "2026-11-20"}, "!symbol OTHER_TYPE"},
		{"no type in the symbol", Registration{"15", "BNV-VP", "BC", "", "2026-11-20"}, "symbol TYPE_MISSING"},
		{"no type beside the symbol", Registration{"15", "BC-UBND", "", "", "2026-11-20"}, "type_code TYPE_UNNAMED"},
		{"a type in wrong case", Registration{"15", "QyĐ-UBND", "QYĐ", "", "2026-11-20"}, "type_code UNKNOWN_TYPE"},
		{"a type of no list", Registration{"15", "NĐ-CP", "NĐ", "Nghị định", "2026-11-20"}, "type_code UNKNOWN_TYPE"},
		{"a name of another type", Registration{"15", "BC-UBND", "BC", "Tờ trình", "2026-11-20"}, "type_name OTHER_TYPE"},
		{"number zero", Registration{"00", "BC-UBND", "BC", "", "2026-11-20"}, "!number BAD_NUMBER"},
		{"the whole in the number", Registration{"15/BC-UBND", "BC-UBND", "BC", "", "2026-11-20"}, "!number BAD_NUMBER"},
		{"a number without digits", Registration{"abc", "BC-UBND", "BC", "", "2026-11-20"}, "!number BAD_NUMBER"},
		{"a space", Registration{"15", "BC - UBND", "BC", "", "2026-11-20"}, "!symbol BAD_SYMBOL"},
		{"an empty group", Registration{"15", "BC--UBND", "BC", "", "2026-11-20"}, "!symbol BAD_SYMBOL"},
		{"nothing to check", Registration{"", "", "BC", "", "2026-11-20"}, ""},
	} {
		var got []string
		for _, f := range tt.in.Check() {
			mark := ""
			if f.Refuse {
				mark = "!"
			}
			got = append(got, mark+f.Field+" "+f.Reason)
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, s, tt.want)
		}
	}
}

func TestSecretMark(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"MẬT": "MẬT", "Tối mật": "Tối mật", "(TUYỆT MẬT) Về việc bố trí cán bộ": "TUYỆT MẬT", "Về việc phòng thủ [Mật]": "Mật",
		"TỐI MẬT: kế hoạch diễn tập": "TỐI MẬT", "MẬT - Về việc phòng thủ khu vực": "MẬT", "Về việc diễn tập. MẬT": "MẬT",
		"Về việc diễn tập; độ mật: tối mật": "tối mật", norm.NFD.String("(MẬT) Về việc diễn tập"): "MẬT",

		"Về việc bảo vệ bí mật nhà nước": "", "BÁO CÁO CÔNG TÁC BẢO VỆ BÍ MẬT NHÀ NƯỚC": "", "Mật độ dân số năm 2026": "",
		"MẬT ĐỘ XÂY DỰNG: quy định mới": "", "Về việc hỗ trợ nuôi ong lấy mật": "", "Danh mục tài liệu tối mật đã giải mật": "",
		"Quy định độ mật: mật, tối mật, tuyệt mật của ngành": "", "": "",
	} {
		if got := SecretMark(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for symbol, want := range map[string]string{"BC-UBND-MẬT": "MẬT", "MẬT/ĐU": "MẬT", "BC-UBND": "", "BM-UBND": ""} {
		if got := SecretSymbol(symbol); got != want {
			t.Errorf("symbol %q: %q, want %q", symbol, got, want)
		}
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	same := Key("05", "BC-UBND", "2026-01-05")
	for _, k := range []string{Key("5", "BC-UBND", "2026-12-31"), Key("005", " BC-UBND", "2026-03-01"), Key("5/2026", "BC-UBND", "2026-03-01"), Key("5", "2026/BC-UBND", "2026-03-01")} {
		if k != same {
			t.Errorf("%q is not %q", k, same)
		}
	}
	for _, k := range []string{Key("5", "BC-UBND", "2025-12-31"), Key("50", "BC-UBND", "2026-01-05"), Key("5a", "BC-UBND", "2026-01-05"), Key("5", "BC-HĐND", "2026-01-05"), Key("5", "BC/UBND", "2026-01-05")} {
		if k == same || k == "" {
			t.Errorf("%q must differ", k)
		}
	}
	if Key("", "X", "2026-01-01") != "" || Key("1", "", "2026-01-01") != "" || Key("1", "X", "") != "" {
		t.Error("a key of nothing")
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	if n := len(types); n != 30 { // 27 and three forms of copy
		t.Errorf("%d types", n)
	}
	if ty, ok := TypeNamed("công văn"); !ok || ty.Code != "" {
		t.Errorf("công văn: %+v", ty)
	}
	for _, ty := range types {
		if got, ok := TypeNamed(strings.ToUpper(ty.Name)); !ok || got != ty {
			t.Errorf("%q: %+v", ty.Name, got)
		}
		if norm.NFC.String(ty.Code+ty.Name) != ty.Code+ty.Name {
			t.Errorf("%q is not NFC", ty.Code)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"15/QĐ-BNV", "10/2025/QĐ-UBND", "15-QĐ/ĐU", "5a/TTr-UBND", "//--"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(n.String())
		if err != nil || again.String() != n.String() {
			t.Fatalf("%q is printed as %q, and that is read as %q: %v", s, n, again, err)
		}
	})
}
