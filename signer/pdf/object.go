package pdf

import "strconv"

// An Object is one of the eight kinds of PDF object, or a reference to one
// (ISO 32000-2, 7.3): [Null], [Bool], [Integer], [Real], [Name], [String],
// [Array], [*Dict], [*Stream], [Ref]. [ContentsHole] and [ByteRangeHole] are
// objects only for [Update].
type Object interface{ isObject() }

// Null is the null object, and what an object that is not there reads as.
type Null struct{}

// Bool is true or false.
type Bool bool

// Integer is a whole number.
type Integer int64

// Real is a number written with a point. Text is how the file spells it, and
// is written back unchanged; where it is empty, Value is formatted.
type Real struct {
	Value float64
	Text  string
}

// Name is a name without its slash, #xx escapes decoded.
type Name string

// String is a string of bytes, decoded from its literal or hexadecimal form.
// Its Span holds the absolute bytes of the file from the opening delimiter to
// the closing one; it is zero for a string from an object stream, or one that
// was not read from a file.
type String struct {
	Value []byte
	Hex   bool
	Span  Span
}

// Array is a list of objects.
type Array []Object

// Ref is a reference to an indirect object. The zero Ref refers to nothing.
type Ref struct {
	Number     int
	Generation int
}

// Span is a range of bytes of the file, counted from its first byte: Start is
// the first byte in it, End the first one after it.
type Span struct{ Start, End int64 }

func (Null) isObject()    {}
func (Bool) isObject()    {}
func (Integer) isObject() {}
func (Real) isObject()    {}
func (Name) isObject()    {}
func (String) isObject()  {}
func (Array) isObject()   {}
func (*Dict) isObject()   {}
func (*Stream) isObject() {}
func (Ref) isObject()     {}

// IsZero reports whether r refers to nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// String returns r as PDF spells it, as in "12 0 R".
func (r Ref) String() string {
	return strconv.Itoa(r.Number) + " " + strconv.Itoa(r.Generation) + " R"
}

// Len returns the number of bytes in s.
func (s Span) Len() int64 { return s.End - s.Start }

// IsZero reports whether s is the zero span, which stands for no place.
func (s Span) IsZero() bool { return s == Span{} }

// Contains reports whether t lies wholly inside s.
func (s Span) Contains(t Span) bool { return s.Start <= t.Start && t.End <= s.End }
