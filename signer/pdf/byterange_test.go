package pdf

import (
	"errors"
	"math"
	"testing"
)

func TestByteRangeCheck(t *testing.T) {
	t.Parallel()
	contents, end := Span{Start: 100, End: 300}, int64(1000)
	for _, tt := range []struct {
		name   string
		r      ByteRange
		reason string // empty if the range is sound
	}{
		{name: "covers all but contents", r: ByteRange{0, 100, 300, 700}},
		{name: "starts late", r: ByteRange{8, 92, 300, 700}, reason: "starts at byte 8, want 0"},
		{name: "hole begins early", r: ByteRange{0, 90, 300, 700}, reason: "leaves out bytes 90 to 300, but /Contents is bytes 100 to 300"},
		{name: "hole ends late", r: ByteRange{0, 100, 310, 690}, reason: "leaves out bytes 100 to 310, but /Contents is bytes 100 to 300"},
		{name: "delimiters covered", r: ByteRange{0, 101, 299, 701}, reason: "leaves out bytes 101 to 299, but /Contents is bytes 100 to 300"},
		{name: "bytes appended", r: ByteRange{0, 100, 300, 650}, reason: "covers 650 bytes after /Contents, want 700"},
		// 300+MaxInt64 wraps to a small number: compare lengths, never sums.
		{name: "sum overflows", r: ByteRange{0, 100, 300, math.MaxInt64}, reason: "covers 9223372036854775807 bytes after /Contents, want 700"},
		{name: "beyond the end", r: ByteRange{0, 100, 300, 701}, reason: "covers 701 bytes after /Contents, want 700"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.r.Check(contents, end)
			var reason string
			if e, ok := errors.AsType[*RangeError](err); ok {
				reason = e.Reason
			}
			if reason != tt.reason || (err != nil) != (tt.reason != "") {
				t.Errorf("found %v, want reason %q", err, tt.reason)
			}
		})
	}
}

func TestParseByteRange(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		ok   bool
	}{
		{"[0 1 2 3]", true},
		{"[0 1 2]", false},
		{"[0 1 2 3 4]", false},
		{"[0 -1 2 3]", false},
		{"[0 1.0 2 3]", false},
		{"[0 1 5 0 R]", false},
		{"[0 1 2 99999999999999999999]", false},
		{"(0 1 2 3)", false},
	} {
		o, _, err := Parse([]byte(tt.text), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseByteRange(o); (err == nil) != tt.ok {
			t.Errorf("%s: found error %v", tt.text, err)
		}
	}
}
