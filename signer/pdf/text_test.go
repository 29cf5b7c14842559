package pdf

import (
	"testing"
	"time"
	"unicode"
)

// vietnamese holds the 134 letters of the language that differ from plain
// Latin: vowels with marks and tones, and đ, small and capital.
func vietnamese() []rune {
	const small = "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"
	var all []rune
	for _, r := range small {
		all = append(all, r, unicode.ToUpper(r))
	}
	return all
}

func TestTextRoundTrip(t *testing.T) {
	t.Parallel()
	letters := vietnamese()
	if len(letters) != 134 {
		t.Fatalf("%d letters, want 134", len(letters))
	}
	texts := []string{"", "plain", "(", ")", "\\", "a\r\nb\rc\n", "()\\", "Cộng hòa xã hội chủ nghĩa Việt Nam", "😀", "þÿ", "ï»¿", string(letters)}
	for _, r := range letters {
		texts = append(texts, string(r), "("+string(r), string(r)+")", `\`+string(r)+"\r")
	}
	for _, text := range texts {
		s := TextString(text)
		for _, hex := range []bool{s.Hex, false, true} {
			b, err := Append(nil, String{Value: s.Value, Hex: hex})
			if err != nil {
				t.Fatal(err)
			}
			o, n, err := Parse(b, Limits{})
			if err != nil || n != len(b) {
				t.Fatalf("%q: %q takes %d of %d bytes, error %v", text, b, n, len(b), err)
			}
			if got := DecodeText(o.(String)); got != text {
				t.Errorf("%q: found %q", text, got)
			}
		}
	}
}

func TestDecodeText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ bytes, want string }{
		{"caf\xe9 \xa0 \x92 \x18", "café € ™ ˘"},
		{"\xfe\xff\x1e\xdf", "ở"},
		{"\xff\xfe\xdf\x1e", "ở"},
		{"\xef\xbb\xbf\xe1\xbb\x9f", "ở"},
		{"\xfe\xff\x00\x1b\x00v\x00i\x00\x1b\x00a", "a"},
		{"\xfe\xff\x00a\x00", "a"},
		{"\xfe\xff\xd8\x00\x00a", "\ufffda"},
		{"\xef\xbb\xbf\xff", "\ufffd"},
	} {
		if got := DecodeText(lit(tt.bytes)); got != tt.want {
			t.Errorf("%q: found %q, want %q", tt.bytes, got, tt.want)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{ // want is RFC 3339, empty for an error
		{"D:20261121100000+07'00'", "2026-11-21T10:00:00+07:00"},
		{"D:20261121100000+07'00", "2026-11-21T10:00:00+07:00"},
		{"D:20261121100000+0700", "2026-11-21T10:00:00+07:00"},
		{"D:20261121100000-0330", "2026-11-21T10:00:00-03:30"},
		{"D:20261121100000Z", "2026-11-21T10:00:00Z"},
		{"D:20261121100000Z00'00'", "2026-11-21T10:00:00Z"},
		{"D:20261121100000", "2026-11-21T10:00:00Z"},
		{"20261121", "2026-11-21T00:00:00Z"},
		{"D:2026", "2026-01-01T00:00:00Z"},
		{"D:20260231", ""},
		{"D:20261321", ""},
		{"D:202611211", ""},
		{"D:20261121100000+99'00'", ""},
		{"D:20261121100000 ", ""},
		{"D:", ""},
		{"", ""},
		{"tomorrow", ""},
	} {
		got, err := ParseDate(lit(tt.text))
		if (err == nil) != (tt.want != "") || err == nil && got.Format(time.RFC3339) != tt.want {
			t.Errorf("%q: found %v, error %v, want %q", tt.text, got, err, tt.want)
		}
	}
	at := time.Date(2026, 11, 21, 10, 0, 0, 5, time.FixedZone("", -(3*3600+30*60)))
	if got := string(Date(at).Value); got != "D:20261121100000-03'30'" {
		t.Errorf("Date: found %q", got)
	}
}
