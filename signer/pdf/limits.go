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
	Tree      int   // pages of a document, and fields of a form
	Revisions int   // cross-reference sections in the chain of /Prev
	Nodes     int   // objects within one indirect object
	Body      int64 // bytes of one indirect object without its stream data
	Stream    int64 // bytes that one stream may decode to
	Work      int64 // bytes of objects that are parsed, again and again counted, and 100 for each object; eight times the file's size is added
	Decoded   int64 // bytes that all streams together may decode to, each stage of a filter chain counted; four times the file's size is added
}

// DefaultLimits returns limits under which any file of 64 MiB is answered
// within two seconds and 256 MiB, and no ordinary file is refused.
func DefaultLimits() Limits {
	return Limits{
		Depth: 100, Objects: maxObjects, Tree: 200_000, Revisions: 1024, Nodes: 1 << 20,
		Body: 32 << 20, Stream: 32 << 20, Work: 256 << 20, Decoded: 128 << 20,
	}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	pick(&l.Depth, d.Depth)
	pick(&l.Objects, d.Objects)
	pick(&l.Tree, d.Tree)
	pick(&l.Revisions, d.Revisions)
	pick(&l.Nodes, d.Nodes)
	pick(&l.Body, d.Body)
	pick(&l.Stream, d.Stream)
	pick(&l.Work, d.Work)
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

// toil takes from the file's budget what it cost to parse n bytes of an
// object. Bodies may lie within one another, and one be listed many times, so
// the size of the file alone does not bound what reading it costs.
func (f *File) toil(n int) error {
	if f.work -= 100 + int64(n); f.work < 0 {
		return fmt.Errorf("%w: reading its objects takes more than %d bytes", ErrLimit, f.lim.Work+8*f.size)
	}
	return nil
}

// spend takes n decoded bytes from the file's budget.
func (f *File) spend(n int64) error {
	if f.budget -= n; f.budget < 0 {
		return fmt.Errorf("%w: decoding its streams gives more than %d bytes", ErrLimit, f.lim.Decoded+4*f.size)
	}
	return nil
}
