package place

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold is a text as it is compared: small letters without spaces (programs put
// them between the letters of a word), and tone marks at one place, since "Ủy" and
// "Uỷ", "hòa" and "hoà" are two ways to write the same.
func fold(s string) string {
	var out []rune
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		n := len(out)
		switch {
		case unicode.IsSpace(r) || unicode.Is(unicode.Cf, r):
		case n > 1 && isTone(out[n-1]) && gliding(out[n-2], r):
			// The tone goes behind the second vowel: hòa, hoà.
			tone := out[n-1]
			out[n-1] = r
			out = append(out, tone)
		default:
			out = append(out, r)
		}
	}
	return string(out)
}

func isTone(r rune) bool {
	switch r {
	case '\u0300', '\u0301', '\u0303', '\u0309', '\u0323':
		return true
	}
	return false
}

func gliding(first, second rune) bool {
	return first == 'o' && (second == 'a' || second == 'e') || first == 'u' && second == 'y'
}

// letters counts the letters of a text, and how many of them are capitals.
func letters(s string) (all, capital int) {
	for _, r := range s {
		if unicode.IsLetter(r) {
			all++
			if unicode.IsUpper(r) {
				capital++
			}
		}
	}
	return all, capital
}
