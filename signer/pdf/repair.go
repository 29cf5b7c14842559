package pdf

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// A Repair says what [OpenRepaired] made of a damaged file, for a journal and
// for the report to whoever signs it.
type Repair struct {
	Cause   error    // what is wrong with the file's own cross-reference sections, or where they lead
	Bodies  int      // bodies of objects found in the bytes of the file
	Objects int      // objects reached from the trailer, which the new section will list
	Root    Ref      // the catalog
	Guessed bool     // no trailer names the catalog: it is the only one of the file
	Left    []string // keys of the trailer that are left out since what they name is not there
	Mended  []Ref    // objects that [Update.Mend] wrote anew: alone where Cause is nil

	kept       visited // numbers to be listed
	signatures int     // bodies with the name ByteRange
}

// Repair returns what had to be done to open f, or nil where nothing had.
func (f *File) Repair() *Repair { return f.repair }

// String says in one line what was done.
func (r *Repair) String() string {
	if r.Cause == nil {
		return mended(r.Mended)
	}
	by := "as its trailer says"
	if r.Guessed {
		by = "the only one, which no trailer names"
	}
	text := fmt.Sprintf("cross-reference sections put aside (%v); %d bodies of objects found, %d objects reached from the catalog, object %d, %s",
		r.Cause, r.Bodies, r.Objects, r.Root.Number, by)
	for _, key := range r.Left {
		text += fmt.Sprintf("; /%s of the trailer left out, for it is not there", key)
	}
	if len(r.Mended) > 0 {
		text += "; " + mended(r.Mended)
	}
	return text
}

// OpenRepaired is [Open] for a file whose cross-reference sections are damaged
// or lead astray. It reads a sound file as Open does. Of any other it looks
// through all bytes for objects: the result has one revision, the whole file,
// and [File.Repair] tells what was found. [NewUpdate] on it appends a revision
// with a complete cross-reference section of all objects that are reached from
// the catalog and no /Prev, after which Open reads the file.
//
// A damaged file in which an object that is reached is cut or missing, or has
// two different bodies in one revision, is refused with [ErrRepair]: what it
// showed its author cannot be known. So is one that no trailer and no single
// catalog make a document of. Where only objects fail that a revision can be
// appended without, the file is returned as it is, not repaired, and so is one
// with signatures that can take another as it is.
func OpenRepaired(src Source, lim Limits) (*File, error) {
	f, cause := Open(src, lim)
	if cause != nil && !damage(cause) {
		return nil, cause
	}
	if cause == nil {
		if cause = cmp.Or(f.misshapen(), f.inspect()); cause == nil {
			return f, nil
		}
	}
	sound := f != nil && f.usable()
	r := newFile(src, lim)
	if f != nil { // both together cost no more than one may
		r.work, r.budget = f.work, f.budget
	}
	err := r.rebuild(cause)
	if sound && (err != nil || r.repair.signatures > 0) {
		return Open(src, lim)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// damage reports whether err is a fault that other cross-reference sections
// may mend.
func damage(err error) bool {
	var syntax *SyntaxError
	return errors.Is(err, ErrTruncated) || errors.As(err, &syntax)
}

// inspect returns the first fault of an object that is reached, or of the page
// tree or the form. What is beyond the limits is left to who needs it.
func (f *File) inspect() error {
	if f.encrypted {
		if _, err := f.Unlock(nil); err != nil {
			return nil // whoever has its password will find the fault
		}
	}
	v := f.Latest()
	if _, _, err := v.Catalog(); err != nil {
		return err
	}
	err := v.Walk(func(n Node) error { return n.Err })
	if err == nil {
		err = f.trees()
	}
	if err != nil && damage(err) {
		return err
	}
	return nil
}

// misshapen returns what is wrong with a table that this reader reads all the same.
func (f *File) misshapen() error {
	for _, r := range f.revs {
		for _, s := range r.sections {
			if s.misshapen > 0 {
				return &SyntaxError{s.misshapen, "cross-reference entry of another width than 20 bytes, which not every reader takes"}
			}
		}
	}
	return nil
}

func (f *File) trees() error {
	if _, err := f.Latest().Pages(); err != nil {
		return err
	}
	_, err := f.Latest().Fields()
	return err
}

// usable reports whether a revision can be appended to f as it is.
func (f *File) usable() bool {
	pages, err := f.Latest().Pages()
	return err == nil && len(pages) > 0 && f.trees() == nil
}

// rebuild opens f by what a sweep finds.
func (f *File) rebuild(cause error) error {
	if err := f.readHeader(); err != nil {
		return err
	}
	f.shift = f.header
	if err := f.oneHeader(); err != nil {
		return err
	}
	s, err := f.sweep()
	if err != nil {
		return err
	}
	f.repair = &Repair{Cause: cause, Bodies: len(s.bodies)}
	for _, b := range s.bodies {
		if b.flags&bodyRange != 0 {
			f.repair.signatures++
		}
	}
	a := &assembly{sweep: s, f: f, repair: f.repair}
	for _, step := range []func() error{a.list, a.trailer, a.unpack, a.reach} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// oneHeader refuses a file of which readers count offsets from different
// places: some pass over a header without a version such as "1.7".
func (f *File) oneHeader() error {
	b, err := f.at(f.header, 1024)
	if err != nil || versioned.Match(b) {
		return err
	}
	b = b[:max(0, min(int64(len(b)), 1024-f.header))]
	if at := bytes.LastIndex(b, []byte("%PDF-")); at > 0 || f.header > 0 {
		return refuse("its header, at byte %d, gives no version: readers count offsets from different places", f.header)
	}
	return nil
}

var versioned = regexp.MustCompile(`^%PDF-\d\.\d`)

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrRepair, &SyntaxError{-1, fmt.Sprintf(format, args...)})
}

// An assembly makes one revision of what a sweep found.
type assembly struct {
	*sweep
	f      *File
	repair *Repair
	size   int64 // /Size of the trailer, or the highest number and one
}

// list makes a section of the last body of each number.
func (a *assembly) list() error {
	slices.SortStableFunc(a.bodies, func(x, y body) int {
		return cmp.Or(cmp.Compare(x.number, y.number), cmp.Compare(x.offset, y.offset))
	})
	if len(a.bodies) == 0 {
		return refuse("no object is found in it")
	}
	sec := &section{offset: a.f.size, after: a.f.size, trailer: &Dict{}}
	for i, b := range a.bodies {
		if int(b.number) > a.f.lim.Objects {
			return fmt.Errorf("%w: object number %d, at most %d", ErrLimit, b.number, a.f.lim.Objects)
		}
		if i+1 == len(a.bodies) || a.bodies[i+1].number != b.number {
			sec.put(int(b.number), offsetEntry(b.offset, int64(b.generation)))
		}
	}
	a.install(sec)
	return nil
}

// put adds the entry of a number higher than all before.
func (s *section) put(n int, e entry) {
	if k := len(s.runs) - 1; k >= 0 && int(s.runs[k].first+s.runs[k].count) == n {
		s.runs[k].count++
	} else {
		s.runs = append(s.runs, run{int32(n), 1, int32(len(s.entries))})
	}
	s.entries = append(s.entries, e)
}

func (a *assembly) install(sec *section) {
	size := a.f.size
	r := Revision{Number: 1, XRef: -1, Kind: a.kind, Marker: size, End: size, Trailer: sec.trailer}
	if r.Kind == Hybrid {
		r.Kind = Table
	}
	a.f.revs = []revision{{Revision: r, sections: []*section{sec}, highest: sec.highest()}}
}

// trailer takes /Root, /Info, /ID and /Encrypt of the newest trailer whose
// /Root is there, and what that one lacks of the trailers before it.
func (a *assembly) trailer() error {
	t := a.f.revs[0].Trailer
	a.size = int64(a.f.revs[0].highest) + 1
	for _, d := range slices.Backward(a.trailers) {
		if !t.Has("Root") {
			if _, ok := a.f.Latest().Location(d.Ref("Root")); !ok && !a.packedRoot(d) {
				continue
			}
			if n, ok := d.Int("Size"); ok {
				a.size = n
			}
		}
		for _, key := range []Name{"Root", "Info", "ID", "Encrypt"} {
			if !t.Has(key) && d.Has(key) {
				t.Set(key, d.Get(key))
			}
		}
	}
	if !t.Has("Root") {
		if err := a.guessRoot(t); err != nil {
			return err
		}
	}
	a.f.encrypted = t.Has("Encrypt")
	if a.f.encrypted {
		if _, err := a.f.Unlock(nil); err != nil {
			return fmt.Errorf("%w: %w", ErrRepair, err)
		}
	}
	a.repair.Root = t.Ref("Root")
	return nil
}

// packedRoot reports whether the /Root of d can be in an object stream.
func (a *assembly) packedRoot(d *Dict) bool {
	return d.Name("Type") == "XRef" && !d.Ref("Root").IsZero()
}

// guessRoot takes the catalog, if the file has no more than one.
func (a *assembly) guessRoot(t *Dict) error {
	var roots []Ref
	for _, b := range a.bodies {
		ref := Ref{int(b.number), int(b.generation)}
		if b.flags&bodyCatalog == 0 || slices.Contains(roots, ref) {
			continue
		}
		o, err := a.f.Latest().Object(ref)
		if isLimit(err) {
			return err
		}
		if d, ok := o.(*Dict); ok && d.Name("Type") == "Catalog" {
			roots = append(roots, ref)
		}
		if len(roots) > 1 {
			return refuse("no trailer names the catalog, and objects %d and %d both are one", roots[0].Number, roots[1].Number)
		}
	}
	if len(roots) == 0 {
		return refuse("no trailer names the catalog, and no object is one")
	}
	t.Set("Root", roots[0])
	a.repair.Guessed = true
	return nil
}

// same reports whether two bodies of one number, of which neither is cut, mean
// the same.
func (a *assembly) same(x, y body) (bool, error) {
	if x.generation != y.generation {
		return false, nil
	}
	ref := Ref{int(x.number), int(x.generation)}
	ox, err := a.f.body(x.offset, a.f.size, ref)
	if err != nil {
		return false, err
	}
	oy, err := a.f.body(y.offset, a.f.size, ref)
	if err != nil {
		return false, err
	}
	sx, okX := ox.(*Stream)
	sy, okY := oy.(*Stream)
	if okX != okY {
		return false, nil
	}
	if !okX {
		return bytes.Equal(Canonical(ox), Canonical(oy)), nil
	}
	if !bytes.Equal(Canonical(sx.Dict), Canonical(sy.Dict)) {
		return false, nil
	}
	v := a.f.Latest()
	return SameData(sx, v, sy, v)
}
