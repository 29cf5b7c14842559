package pdf

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func lit(s string) String  { return String{Value: []byte(s)} }
func hexa(s string) String { return String{Value: []byte(s), Hex: true} }

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want Object
	}{
		{"null", Null{}},
		{" % a comment\r true", Bool(true)},
		{"-0017", Integer(-17)},
		{"+5", Integer(5)},
		{"4.", Real{4, "4."}},
		{"-.002", Real{-.002, "-.002"}},
		{"--5", Real{0, "--5"}},
		{"1.2.3", Real{0, "1.2.3"}},
		{"99999999999999999999", Real{1e20, "99999999999999999999"}},
		{"12 0 R", Ref{12, 0}},
		{"12 0 Rx", Integer(12)},
		{"12 65536 R", Integer(12)},
		{"8388608 0 R", Integer(8388608)},
		{"/A#42#zz#", Name("AB#zz#")},
		{"/", Name("")},
		{"()", lit("")},
		{`(a(b)c\)\(\\)`, lit(`a(b)c)(\`)},
		{"(a\\\r\nb\rc\r\nd\ne)", lit("ab\nc\nd\ne")},
		{`(\n\r\t\b\f\q\053\53\5\0053\777)`, lit("\n\r\t\b\fq++\x05\x053\xff")},
		{"(\xfe\xff\x01\x29)", lit("\xfe\xff\x01")}, // the letter ĩ written without an escape ends the string
		{"<48 65\n6C6c6f>", hexa("Hello")},
		{"<4>", hexa("@")},
		{"<>", hexa("")},
		{"[1 0 R 2 0 3 0 R]", Array{Ref{1, 0}, Integer(2), Integer(0), Ref{3, 0}}},
		{"[/A/B(c)<64>]", Array{Name("A"), Name("B"), lit("c"), hexa("d")}},
		{"<</A 1/B[2]>>", NewDict(Entry{"A", Integer(1)}, Entry{"B", Array{Integer(2)}})},
		{"<</A>>", NewDict(Entry{"A", Null{}})},
	} {
		o, _, err := Parse([]byte(tt.text), Limits{})
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		if diff := cmp.Diff(tt.want, o, cmp.AllowUnexported(Dict{}, dictEntry{})); diff != "" {
			t.Errorf("%q (-want +found):\n%s", tt.text, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"<4g>",
		"<48",
		"(48",
		"(48\\",
		"[1",
		"<</A 1",
		"<<1 2>>",
		"<</A 1>",
		"endobj",
		"1e5",
		")",
		"",
		strings.Repeat("[", 101) + strings.Repeat("]", 101),
	} {
		if o, _, err := Parse([]byte(text), Limits{}); err == nil {
			t.Errorf("%q: found %v, want an error", text, o)
		}
	}
}

func TestParseLimits(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		strings.Repeat("[", 1<<20),
		strings.Repeat("<</A", 1<<20),
		"[" + strings.Repeat("0 ", 2<<20) + "]",
	} {
		if _, _, err := Parse([]byte(text), Limits{}); !errors.Is(err, ErrLimit) {
			t.Errorf("%.20q: found error %v, want ErrLimit", text, err)
		}
	}
}

func TestDuplicateKeys(t *testing.T) {
	t.Parallel()
	o, _, err := Parse([]byte("<</A 1/B 2/A 3/C 4/#42 5>>"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	d := o.(*Dict)
	if diff := cmp.Diff([]Name{"A", "B"}, d.Duplicates()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Name{"A", "B", "C"}, d.Keys()); diff != "" {
		t.Error(diff)
	}
	if d.Get("A") != Integer(3) || d.Get("D") != (Null{}) || d.Len() != 5 {
		t.Errorf("found A %v, D %v, %d entries", d.Get("A"), d.Get("D"), d.Len())
	}
}

func TestAppend(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		o    Object
		want string
	}{
		{nil, "null"},
		{Real{Value: 0.1 + 0.2}, "0.3"},
		{Real{Value: -1e-9}, "0"},
		{Real{Value: 1e10}, "10000000000"},
		{Real{Value: math.NaN()}, "0"},
		{Real{1, "+1.00"}, "+1.00"},
		{Name("A B#/é"), "/A#20B#23#2f#c3#a9"},
		{lit("a(b)\\\r\n"), `(a\(b\)\\\r\n)`},
		{hexa("\x00\xff"), "<00ff>"},
		{Array{Integer(-1), Ref{2, 3}, Bool(false), Null{}}, "[-1 2 3 R false null]"},
		{NewDict(Entry{"B", Integer(1)}, Entry{"A", &Dict{}}), "<</B 1/A <<>>>>"},
		{NewStream(NewDict(Entry{"Length", Integer(9)}), []byte("abc")), "<</Length 3>>\nstream\nabc\nendstream"},
	} {
		b, err := Append(nil, tt.o)
		if err != nil || string(b) != tt.want {
			t.Errorf("%#v: found %q, error %v, want %q", tt.o, b, err, tt.want)
		}
	}
	if _, err := Append(nil, ContentsHole(1)); err == nil {
		t.Error("a hole was appended outside of an update")
	}
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"<</A 1/B(x)>>", "<</B<78>/A 1.0>>", true},
		{"/A#42", "/AB", true},
		{"[1 2]", "[ 1 % c\n 2 ]", true},
		{"[1 2]", "[12]", false},
		{"<</A 1/A 2>>", "<</A 2/A 1>>", false},
		{"<</A 1/A 2>>", "<</A 2>>", false},
		{"1.5", "1.50", true},
		{"(1)", "1", false},
		{"<</A null>>", "<<>>", false},
		{"[(a) (b)]", "[(a b)]", false},
	} {
		a, _, errA := Parse([]byte(tt.a), Limits{})
		b, _, errB := Parse([]byte(tt.b), Limits{})
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if ca, cb := string(Canonical(a)), string(Canonical(b)); (ca == cb) != tt.same {
			t.Errorf("%s: %q\n%s: %q\nwant same: %v", tt.a, ca, tt.b, cb, tt.same)
		}
	}
}
