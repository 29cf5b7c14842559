package notation

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Báo cáo quý IV": "bao cao quy iv", "BÁO CÁO QUÝ Ⅳ": "bao cao quy iv", norm.NFD.String("Báo cáo quý IV"): "bao cao quy iv",
		"Đường Đặng Đức Siêu": "duong dang duc sieu", norm.NFD.String("ưỡng ẫ ệ Ổ"): "uong a e o", "ＱĐ": "qd", "": "",
	} {
		if got := Fold(in); got != want {
			t.Errorf("%q folds to %q, want %q", in, got, want)
		}
		if again := Fold(Fold(in)); again != Fold(in) {
			t.Errorf("%q folds to %q the second time", in, again)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"05/QĐ-UBND": "05 5 qd ubnd", "Về việc rà soát (lần 2), 100%": "ve viec ra soat lan 2 100", "000": "000", " -/· ": "",
		strings.Repeat("ă", 100): strings.Repeat("a", 64), strings.Repeat("字", 30): strings.Repeat("字", 21), "a\x00b\xff": "a b",
	} {
		if got := Words(in); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%q has the words %q, want %q", in, got, want)
		}
	}
}

// Whatever comes in, words are of letters and digits, short, and words of themselves.
func FuzzWords(f *testing.F) {
	f.Add("Báo cáo quý IV năm 2026, số 05/BC-UBND")
	f.Add("\xff\x00ß ı İ ǅ ·z3")
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range Words(s) {
			if w == "" || len(w) > maxWord || strings.ContainsAny(w, " ·\"'\\\x00") {
				t.Errorf("word %q of %q", w, s)
			}
			if again := Words(w); len(again) == 0 || again[0] != w {
				t.Errorf("word %q of %q has the words %q", w, s, again)
			}
		}
	})
}
