package pdf

import "fmt"

// maxObjects is the highest object number that any file may have
// (ISO 32000-2, annex C.1); the packed entries rely on it.
const maxObjects = 8_388_607

// Limits bound what a file may cost. A field that is zero or negative means
// the value of [DefaultLimits].
type Limits struct {
	Depth     int   // nesting of arrays and dictionaries, of the page and form trees, and chains of references; at most 500
	Objects   int   // highest object number; at most 8,388,607
	Revisions int   // cross-reference sections in the chain of /Prev
	Nodes     int   // objects within one indirect object
	Body      int64 // bytes of one indirect object without its stream data
	Stream    int64 // bytes that one stream may decode to
	Decoded   int64 // bytes that all streams together may decode to, each stage of a filter chain counted; four times the file's size is added
}

// DefaultLimits returns limits under which any file of 64 MiB is answered
// within two seconds and 256 MiB, and no ordinary file is refused.
func DefaultLimits() Limits {
	return Limits{
		Depth: 100, Objects: maxObjects, Revisions: 1024, Nodes: 1 << 20,
		Body: 32 << 20, Stream: 64 << 20, Decoded: 128 << 20,
	}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	pick(&l.Depth, d.Depth)
	pick(&l.Objects, d.Objects)
	pick(&l.Revisions, d.Revisions)
	pick(&l.Nodes, d.Nodes)
	pick(&l.Body, d.Body)
	pick(&l.Stream, d.Stream)
	pick(&l.Decoded, d.Decoded)
	l.Depth = min(l.Depth, 500)
	l.Objects = min(l.Objects, maxObjects)
	return l
}

func pick[T int | int64](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// spend takes n bytes of work from the file's budget.
func (f *File) spend(n int64) error {
	if f.budget -= n; f.budget < 0 {
		return fmt.Errorf("%w: decoding its streams gives more than %d bytes", ErrLimit, f.lim.Decoded+4*f.size)
	}
	return nil
}
