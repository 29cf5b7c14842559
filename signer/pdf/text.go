package pdf

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// TextString returns s, in UTF-8, as a text string (ISO 32000-2, 7.9.2.2): as
// it is where it is ASCII, which every encoding shares, else as UTF-16BE with
// a byte order mark, in hexadecimal, so that no byte of a letter such as "ĩ"
// can be taken for a delimiter even by a careless reader.
func TextString(s string) String {
	ascii := true
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			ascii = false
		}
	}
	if ascii {
		return String{Value: []byte(s)}
	}
	b := append(make([]byte, 0, 2+2*len(s)), 0xfe, 0xff)
	for _, r := range s {
		if r1, r2 := utf16.EncodeRune(r); r1 != utf8.RuneError {
			b = append(b, byte(r1>>8), byte(r1), byte(r2>>8), byte(r2))
		} else {
			b = append(b, byte(r>>8), byte(r))
		}
	}
	return String{Value: b, Hex: true}
}

// DecodeText returns the text string s in UTF-8. It reads UTF-16 of either
// byte order and UTF-8, each with its mark, and else PDFDocEncoding. Bytes that
// stand for nothing become U+FFFD.
func DecodeText(s String) string {
	b := s.Value
	switch {
	case len(b) >= 2 && b[0] == 0xfe && b[1] == 0xff:
		return decodeUTF16(b[2:], 0)
	case len(b) >= 2 && b[0] == 0xff && b[1] == 0xfe:
		return decodeUTF16(b[2:], 1)
	case len(b) >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf:
		return strings.ToValidUTF8(string(b[3:]), "\ufffd")
	}
	var out strings.Builder
	out.Grow(len(b))
	for _, c := range b {
		out.WriteRune(docRune(c))
	}
	return out.String()
}

// decodeUTF16 decodes pairs of bytes of which the one at index high is the
// more significant. Language codes between two U+001B are left out.
func decodeUTF16(b []byte, high int) string {
	units := make([]uint16, 0, len(b)/2)
	escaped := false
	for i := 0; i+1 < len(b); i += 2 {
		u := uint16(b[i+high])<<8 | uint16(b[i+1-high])
		if u == 0x1b {
			escaped = !escaped
		} else if !escaped {
			units = append(units, u)
		}
	}
	return string(utf16.Decode(units))
}

// docRune returns the letter for a byte of PDFDocEncoding (ISO 32000-2, annex D.3).
func docRune(c byte) rune {
	switch {
	case c >= 0x18 && c <= 0x1f:
		return docLow[c-0x18]
	case c >= 0x80 && c <= 0xa0:
		return docHigh[c-0x80]
	case c == 0x7f || c == 0xad:
		return utf8.RuneError
	}
	return rune(c)
}

var (
	docLow  = [8]rune{'˘', 'ˇ', 'ˆ', '˙', '˝', '˛', '˚', '˜'}
	docHigh = [33]rune{
		'•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘',
		'’', '‚', '™', 'ﬁ', 'ﬂ', 'Ł', 'Œ', 'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', utf8.RuneError, '€',
	}
)

// Date returns t, in its own time zone and to the second, as a date string
// (ISO 32000-2, 7.9.4), as in "D:20261121100000+07'00'".
func Date(t time.Time) String {
	b := t.AppendFormat([]byte("D:"), "20060102150405")
	_, offset := t.Zone()
	sign, minutes := byte('+'), offset/60
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	b = append(b, sign)
	b = append(appendPadded(b, int64(minutes/60), 2), '\'')
	b = append(appendPadded(b, int64(minutes%60), 2), '\'')
	return String{Value: b}
}

// ParseDate reads a date string. Only the year is required; what is left out
// is the least value, and a date without a time zone is taken as UTC.
func ParseDate(s String) (time.Time, error) {
	text := DecodeText(s)
	rest := strings.TrimPrefix(text, "D:")
	field := func(width, def, least, most int) (int, bool) {
		if len(rest) == 0 || rest[0] < '0' || rest[0] > '9' {
			return def, true
		}
		if len(rest) < width {
			return 0, false
		}
		n, ok := parseUint([]byte(rest[:width]))
		rest = rest[width:]
		return int(n), ok && int(n) >= least && int(n) <= most
	}
	year, ok0 := field(4, -1, 0, 9999)
	month, ok1 := field(2, 1, 1, 12)
	day, ok2 := field(2, 1, 1, 31)
	hour, ok3 := field(2, 0, 0, 23)
	minute, ok4 := field(2, 0, 0, 59)
	second, ok5 := field(2, 0, 0, 59)
	zone, ok6 := parseZone(rest)
	if year < 0 || !(ok0 && ok1 && ok2 && ok3 && ok4 && ok5 && ok6) {
		return time.Time{}, fmt.Errorf("pdf: %q is no date such as D:20261121100000+07'00'", text)
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, zone)
	if t.Day() != day {
		return time.Time{}, fmt.Errorf("pdf: %q names a day that its month does not have", text)
	}
	return t, nil
}

// parseZone reads "", "Z", or an offset such as "+07'00'", whose apostrophes
// and minutes may be missing.
func parseZone(s string) (*time.Location, bool) {
	if s == "" || s[0] == 'Z' {
		return time.UTC, s == "" || strings.Trim(s[1:], "0'") == ""
	}
	digits := strings.ReplaceAll(s[1:], "'", "")
	n, ok := parseUint([]byte(digits))
	if !ok || s[0] != '+' && s[0] != '-' {
		return nil, false
	}
	switch len(digits) {
	case 2:
		n *= 100
	case 4:
	default:
		return nil, false
	}
	seconds := int(n/100*3600 + n%100*60)
	if n/100 > 23 || n%100 > 59 {
		return nil, false
	}
	if s[0] == '-' {
		seconds = -seconds
	}
	if seconds == 0 {
		return time.UTC, true
	}
	return time.FixedZone("", seconds), true
}
