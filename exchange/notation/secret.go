package notation

import (
	"regexp"
	"strings"
)

// Marks of secrecy, as clerks write them where a form has no field for them. The words
// alone are no mark: "bảo vệ bí mật nhà nước", "mật độ dân số" and all text in capitals
// must pass. A mark stands by itself: in brackets, alone in the text, in capitals
// before a colon or dash at its beginning, or after "độ mật:".
var secretMarks = []*regexp.Regexp{
	regexp.MustCompile(`(?i)[(\[{<«“"]\s*((?:tuyệt\s+|tối\s+)?mật)\s*[)\]}>»”"]`),
	regexp.MustCompile(`(?i)^[^\p{L}\p{N}]*((?:tuyệt\s+|tối\s+)?mật)[^\p{L}\p{N}]*$`),
	regexp.MustCompile(`^[^\p{L}\p{N}]*((?:TUYỆT\s+|TỐI\s+)?MẬT)\s*[:;|.–—-]`),
	regexp.MustCompile(`[:;|.–—]\s*((?:TUYỆT\s+|TỐI\s+)?MẬT)[^\p{L}\p{N}]*$`),
	regexp.MustCompile(`(?i)(?:^|[^\p{L}])độ\s+mật\s*:\s*((?:tuyệt\s+|tối\s+)?mật)\s*(?:$|[;.|)\]–—-])`),
}

// SecretMark finds a mark of secrecy (MẬT, TỐI MẬT, TUYỆT MẬT) in a line of text, and
// gives it as it is written; empty if there is none.
func SecretMark(text string) string {
	text = Clean(text)
	for _, m := range secretMarks {
		if found := m.FindStringSubmatch(text); found != nil {
			return found[1]
		}
	}
	return ""
}

// SecretSymbol finds a mark of secrecy among the groups of a symbol.
func SecretSymbol(symbol string) string {
	for _, g := range strings.FieldsFunc(Clean(symbol), func(r rune) bool { return strings.ContainsRune("-/.()& ", r) }) {
		switch g {
		case "MẬT", "TỐIMẬT", "TUYỆTMẬT", "TỐI_MẬT", "TUYỆT_MẬT":
			return g
		}
	}
	return ""
}
