package notation

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold brings text into the form in which it is searched: lower case, without the marks
// of Vietnamese (đ is d), whatever way they were typed. "Báo cáo quý IV" and "bao cao
// quy iv" are one.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ' || r == 'Đ':
			return 'd'
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(strings.ToValidUTF8(s, "�")))
}

// maxWord bounds a word, in bytes: what is longer is cut, where it is stored and where
// it is searched.
const maxWord = 64

// Words are the folded words of a text, in order: runs of letters and digits. A number
// with zeros before it counts without them too, as the next word.
func Words(s string) []string {
	fields := strings.FieldsFunc(Fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	out := make([]string, 0, len(fields))
	for _, w := range fields {
		w = strings.ToValidUTF8(w[:min(len(w), maxWord)], "")
		if w == "" {
			continue
		}
		out = append(out, w)
		if short := strings.TrimLeft(w, "0"); short != w && short != "" {
			out = append(out, short)
		}
	}
	return out
}
