package edxml

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

var predefined = map[string]string{"lt": "<", "gt": ">", "amp": "&", "quot": `"`, "apos": "'"}

// unescape resolves character references and the five predefined entities; there
// are no others, since there is no document type.
func unescape(s string) (string, error) {
	at := strings.IndexByte(s, '&')
	if at < 0 {
		return s, nil
	}
	var b strings.Builder
	for at >= 0 {
		b.WriteString(s[:at])
		s = s[at+1:]
		// The longest reference that means anything is &#x0010FFFF; with some zeros.
		end := strings.IndexByte(s[:min(len(s), 32)], ';')
		if end < 0 {
			return "", refuse(ReasonSyntax, "", "an & that begins no reference: %.20q", s)
		}
		name := s[:end]
		s = s[end+1:]
		if text, ok := predefined[name]; ok {
			b.WriteString(text)
		} else if r, ok := charRef(name); ok {
			b.WriteRune(r)
		} else if validName(name) {
			return "", refuse(ReasonEntity, "", "reference to entity %q: only lt, gt, amp, quot and apos are known", name)
		} else {
			return "", refuse(ReasonSyntax, "", "reference &%s; means no character", strconv.QuoteToASCII(name))
		}
		at = strings.IndexByte(s, '&')
	}
	b.WriteString(s)
	return b.String(), nil
}

func charRef(name string) (rune, bool) {
	digits, ok := strings.CutPrefix(name, "#")
	base := 10
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		digits, base = hex, 16
	}
	if !ok || digits == "" || digits[0] == '+' || digits[0] == '-' {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > utf8.MaxRune || !xmlChar(rune(n)) {
		return 0, false
	}
	return rune(n), true
}

// xmlChar is Char of XML 1.0, 2.2.
func xmlChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// badChar finds the first byte of s that XML cannot carry, or -1.
func badChar(s string) int {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || !xmlChar(r) {
			return i
		}
		i += n
	}
	return -1
}

// validName reports whether s is a name without a colon. Of letters it takes those
// that XML 1.0 has always had, which are all that Vietnamese needs.
func validName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' ||
			r >= 0xC0 && r <= 0x131 && r != 0xD7 && r != 0xF7 || r >= 0x14A && r <= 0x17E ||
			r >= 0x180 && r <= 0x1C3 || r >= 0x1EA0 && r <= 0x1EF9
		if !letter && (i == 0 || !(r >= '0' && r <= '9' || r == '-' || r == '.')) {
			return false
		}
	}
	return s != ""
}

var (
	textEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	attrEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#xD;", "\n", "&#xA;", "\t", "&#x9;")
)
