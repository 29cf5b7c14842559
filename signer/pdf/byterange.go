package pdf

import "fmt"

// A ByteRange is the /ByteRange of a signature dictionary: offset and length
// of the two spans of the file that the signature covers, which is everything
// but the hole that holds the signature (ISO 32000-2, 12.8.1).
//
// A ByteRange read from a file is a claim, not a fact. Call [ByteRange.Check]
// before hashing: a range that starts late, skips more than /Contents, or
// stops short of the revision's end lets someone change what the signer saw
// without breaking the signature.
type ByteRange [4]int64

// A RangeError says why a [ByteRange] does not cover its revision. It is a
// finding about the file, not a failure to read it.
type RangeError struct {
	Range  ByteRange
	Reason string
}

func (e *RangeError) Error() string {
	return fmt.Sprintf("pdf: byte range %d: %s", e.Range, e.Reason)
}

// Check reports whether r covers the revision that ends at end, and leaves out
// exactly the span of /Contents, delimiters included. Its error is a
// [*RangeError].
func (r ByteRange) Check(contents Span, end int64) error {
	switch {
	case r[0] != 0:
		return &RangeError{r, fmt.Sprintf("starts at byte %d, want 0", r[0])}
	case r[1] != contents.Start || r[2] != contents.End:
		// Lengths are compared, never sums: offset plus length of a hostile
		// range wraps round to a small number.
		return &RangeError{r, fmt.Sprintf("leaves out bytes %d to %d, but /Contents is bytes %d to %d",
			r[1], r[2], contents.Start, contents.End)}
	case r[3] != end-r[2]:
		return &RangeError{r, fmt.Sprintf("covers %d bytes after /Contents, want %d", r[3], end-r[2])}
	}
	return nil
}

// ParseByteRange returns the four numbers of o, which must be an array of
// exactly four direct integers of 0 or more.
func ParseByteRange(o Object) (ByteRange, error) {
	a, ok := o.(Array)
	if !ok || len(a) != 4 {
		return ByteRange{}, &RangeError{Reason: "not an array of four integers"}
	}
	var r ByteRange
	for i, o := range a {
		n, ok := o.(Integer)
		if !ok || n < 0 {
			return ByteRange{}, &RangeError{Range: r, Reason: fmt.Sprintf("element %d is not an integer of 0 or more", i)}
		}
		r[i] = int64(n)
	}
	return r, nil
}
