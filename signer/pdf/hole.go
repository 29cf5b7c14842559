package pdf

import (
	"fmt"
	"slices"
	"strconv"
)

// maxContents bounds the room for a signature, in bytes.
const maxContents = 8 << 20

// rangeDigits is the room for each number of a /ByteRange to be filled in: any
// 63-bit number fits.
const rangeDigits = 19

// A ContentsHole is the value of /Contents in a signature dictionary to be
// written: room for a signature of so many bytes, as twice as many hexadecimal
// zeros, which [Appended.Fill] fills.
type ContentsHole int

// A ByteRangeHole is the value of /ByteRange in a signature dictionary to be
// written: [Update.Build] fills in the four numbers that leave out just the
// [ContentsHole] of the same revision.
type ByteRangeHole struct{}

func (ContentsHole) isObject()  {}
func (ByteRangeHole) isObject() {}

func (w *writer) contentsHole(n int) error {
	if !w.holes || !w.contents.IsZero() {
		return errHoles
	}
	if n < 1 || n > maxContents {
		return fmt.Errorf("%w: room for a signature of %d bytes, want 1 to %d", ErrLimit, n, maxContents)
	}
	start := int64(len(w.b))
	w.b = append(slices.Grow(w.b, 2*n+2), '<')
	const zeros = "0000000000000000000000000000000000000000000000000000000000000000"
	for left := 2 * n; left > 0; left -= len(zeros) {
		w.b = append(w.b, zeros[:min(left, len(zeros))]...)
	}
	w.b = append(w.b, '>')
	w.contents = Span{start, int64(len(w.b))}
	return nil
}

func (w *writer) byteRangeHole() error {
	if !w.holes || !w.ranges.IsZero() {
		return errHoles
	}
	start := int64(len(w.b))
	w.b = append(w.b, "[0 "...)
	for range 3*(rangeDigits+1) - 1 {
		w.b = append(w.b, ' ')
	}
	w.b = append(w.b, ']')
	w.ranges = Span{start, int64(len(w.b))}
	return nil
}

// appended fills in the byte range, now that all lengths are known.
func (w *writer) appended(base int64) (*Appended, error) {
	a := &Appended{Base: base, Data: w.b}
	if w.contents.IsZero() != w.ranges.IsZero() {
		return nil, errHoles
	}
	if w.contents.IsZero() {
		return a, nil
	}
	a.Contents = Span{base + w.contents.Start, base + w.contents.End}
	end := base + int64(len(w.b))
	a.ByteRange = ByteRange{0, a.Contents.Start, a.Contents.End, end - a.Contents.End}
	text := make([]byte, 0, 3*(rangeDigits+1))
	for i, n := range a.ByteRange[1:] {
		if i > 0 {
			text = append(text, ' ')
		}
		text = strconv.AppendInt(text, n, 10)
	}
	copy(w.b[w.ranges.Start+int64(len("[0 ")):], text)
	return a, nil
}

// Fill puts a signature in the hole, as hexadecimal digits from its start. The
// zeros that are left after it are no part of it: a DER object tells its own
// length.
func (a *Appended) Fill(signature []byte) error {
	if a.Contents.IsZero() {
		return fmt.Errorf("pdf: the revision has no room for a signature")
	}
	room := int(a.Contents.Len()-2) / 2
	if len(signature) > room {
		return fmt.Errorf("pdf: signature of %d bytes, but the revision has room for %d", len(signature), room)
	}
	at := int(a.Contents.Start-a.Base) + 1
	hole := a.Data[at : at+2*room]
	for i := range hole {
		hole[i] = '0'
	}
	for i, c := range signature {
		hole[2*i], hole[2*i+1] = hexDigits[c>>4], hexDigits[c&15]
	}
	return nil
}
