package pdf

import (
	"cmp"
	"errors"
	"fmt"
)

// A View is the document as of one revision: what a reader showed before
// later revisions were appended. Objects are parsed anew on each call, so a
// caller may change what it gets.
type View struct {
	file *File
	rev  int // number of revisions seen
}

// View returns the document as of a revision, from 1 to len(Revisions()); a
// number outside is clamped.
func (f *File) View(revision int) *View {
	return &View{f, min(max(revision, 1), len(f.revs))}
}

// Latest returns the document as of the last revision.
func (f *File) Latest() *View { return f.View(len(f.revs)) }

// File returns the file that v is a view of.
func (v *View) File() *File { return v.file }

// Revision returns the revision that v shows.
func (v *View) Revision() Revision { return v.file.revs[v.rev-1].Revision }

// Trailer returns the trailer dictionary of the revision, or the dictionary of
// its cross-reference stream. It must not be changed.
func (v *View) Trailer() *Dict { return v.file.revs[v.rev-1].Trailer }

// MaxObject returns the highest object number that is listed or that /Size of
// the trailer leaves room for.
func (v *View) MaxObject() int {
	n := v.file.revs[v.rev-1].highest
	if size, ok := v.Trailer().Int("Size"); ok && size-1 <= int64(v.file.lim.Objects) {
		n = max(n, int(size-1))
	}
	return n
}

// lookup returns the entry of object n and the revision that lists it, or 0.
func (v *View) lookup(n int) (entry, int) {
	if v.rev > fewRevisions {
		return v.file.indexed(n, v.rev)
	}
	for i := v.rev; i > 0; i-- {
		if e, ok := v.file.revs[i-1].lookup(n); ok {
			return e, i
		}
	}
	return 0, 0
}

// A Location is where the body of an object is, and the revision whose
// cross-reference section says so. That may point back into the bytes of an
// earlier revision: see [File.RevisionAt].
type Location struct {
	Offset   int64 // of "N G obj" from the first byte of the file; 0 in an object stream
	Stream   Ref   // the object stream, or zero
	Index    int   // in the object stream
	Revision int
}

// Location returns where ref is, and false where there is no such object.
func (v *View) Location(ref Ref) (Location, bool) {
	e, rev := v.lookup(ref.Number)
	if rev == 0 || e.kind() == kindFree || e.generation() != ref.Generation {
		return Location{}, false
	}
	if e.kind() == kindPacked {
		return Location{Stream: Ref{Number: e.stream()}, Index: e.index(), Revision: rev}, true
	}
	return Location{Offset: e.offset(), Revision: rev}, true
}

// InUse returns the reference by which an object number is in use, with whatever
// generation.
func (v *View) InUse(n int) (Ref, bool) {
	e, rev := v.lookup(n)
	return Ref{n, e.generation()}, rev > 0 && e.kind() != kindFree
}

// SameBody reports whether v and w, views of one file, read ref from the same
// bytes, or both have no such object. False does not mean that the objects
// differ: compare [Canonical]. An indirect /Length of a stream is an object of
// its own.
func (v *View) SameBody(w *View, ref Ref) bool {
	a, okA := v.Location(ref)
	b, okB := w.Location(ref)
	if okA != okB || v.file != w.file {
		return false
	}
	if a.Offset != b.Offset || a.Stream != b.Stream || a.Index != b.Index {
		return false
	}
	if a.Stream.IsZero() {
		return true
	}
	// What an object stream holds depends on the revision that lists it.
	sa, revA := v.lookup(a.Stream.Number)
	sb, revB := w.lookup(a.Stream.Number)
	return sa == sb && revA == revB
}

// Object returns the indirect object that ref names, or [Null] where there is
// none. An object that is not where the cross-reference section says, or that
// lies outside the revision that lists it, is a [*SyntaxError].
func (v *View) Object(ref Ref) (Object, error) {
	e, rev := v.lookup(ref.Number)
	if rev == 0 || e.generation() != ref.Generation {
		return Null{}, nil
	}
	switch e.kind() {
	case kindOffset:
		return v.plain(ref, e, rev)
	case kindPacked:
		return v.file.unpack(v, ref, e)
	}
	return Null{}, nil
}

// plain reads an object that is not in an object stream. It must lie before
// the end of the revision that lists it: else bytes appended to a signed file
// could become part of the revision that was signed.
func (v *View) plain(ref Ref, e entry, rev int) (Object, error) {
	end := v.file.revs[rev-1].End
	if e.offset() >= end {
		return nil, &SyntaxError{e.offset(), fmt.Sprintf("object %d lies after the end of revision %d, byte %d, which lists it", ref.Number, rev, end)}
	}
	o, err := v.file.once(e.offset(), end, ref)
	if v.file.security != nil && err == nil {
		o = v.file.security.openObject(o, ref)
	}
	return o, err
}

// maxOver is how many objects beyond a limit are remembered.
const maxOver = 64

// once is body, which reads an object that is beyond a limit only once: each attempt
// costs all the memory that the limit allows.
func (f *File) once(off, end int64, want Ref) (Object, error) {
	if err, ok := f.over[off]; ok {
		return nil, err
	}
	o, err := f.body(off, end, want)
	if errors.Is(err, ErrLimit) && len(f.over) < maxOver {
		if f.over == nil {
			f.over = make(map[int64]error)
		}
		f.over[off] = err
	}
	return o, err
}

// body reads the object want, whose "N G obj" is at off. It and its stream data
// must end at the offset end or before. The zero Ref wants any object.
func (f *File) body(off, end int64, want Ref) (o Object, err error) {
	err = f.parse(off, end, func(p *parser) (err error) {
		defer func() { err = cmp.Or(f.toil(p.pos), err) }()
		found, err := p.expect(want)
		if err != nil {
			return err
		}
		if o, err = p.object(0); err != nil {
			return err
		}
		if d, ok := o.(*Dict); ok && p.streamStart() {
			o = &Stream{Dict: d, file: f, ref: found, start: p.base + int64(p.pos), limit: end}
		}
		return nil
	})
	return o, err
}

// Resolve returns o, or the object that it refers to, over at most
// [Limits].Depth references.
func (v *View) Resolve(o Object) (Object, error) {
	for range v.file.lim.Depth {
		ref, ok := o.(Ref)
		if !ok {
			if o == nil {
				o = Null{}
			}
			return o, nil
		}
		var err error
		if o, err = v.Object(ref); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: a chain of more than %d references", ErrLimit, v.file.lim.Depth)
}

// Dict returns the dictionary that o is or refers to, that of a stream
// included, and nil where it is something else.
func (v *View) Dict(o Object) (*Dict, error) {
	o, err := v.Resolve(o)
	switch o := o.(type) {
	case *Dict:
		return o, err
	case *Stream:
		return o.Dict, err
	}
	return nil, err
}

// Array returns the array that o is or refers to, and nil where it is
// something else.
func (v *View) Array(o Object) (Array, error) {
	o, err := v.Resolve(o)
	a, _ := o.(Array)
	return a, err
}

// Catalog returns the document catalog, which /Root of the trailer names.
func (v *View) Catalog() (Ref, *Dict, error) {
	ref := v.Trailer().Ref("Root")
	o, err := v.Object(ref)
	if err != nil {
		return ref, nil, err
	}
	d, ok := o.(*Dict)
	if !ok {
		return ref, nil, &SyntaxError{-1, fmt.Sprintf("object %d, the catalog, is not a dictionary", ref.Number)}
	}
	return ref, d, nil
}

// reachable object numbers, for walks that must not go round in circles.
type visited []uint64

func newVisited(highest int) visited { return make(visited, highest/64+1) }

// add reports whether n was not there before. A number out of range is as if
// it had been.
func (s visited) add(n int) bool {
	if n < 0 || n/64 >= len(s) || s[n/64]&(1<<(n%64)) != 0 {
		return false
	}
	s[n/64] |= 1 << (n % 64)
	return true
}

func (s visited) has(n int) bool {
	return n >= 0 && n/64 < len(s) && s[n/64]&(1<<(n%64)) != 0
}
