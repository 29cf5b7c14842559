package pdf

import "fmt"

// An Update is a revision to be appended to a file (ISO 32000-2, 7.5.6). It
// holds the objects given to [Update.Set] and [Update.Add], whole and no
// others; every byte of the file stays as it is.
type Update struct {
	file    *File
	view    *View
	next    int
	objects []pending
	index   map[int]int // number to index in objects
	id      []byte
	err     error
}

type pending struct {
	ref    Ref
	object Object // nil while it is only reserved
	offset int64
}

// NewUpdate begins a revision after the last one of f. It is refused with
// [ErrEncrypted] where f is encrypted and [File.Unlock] has not opened it, and with [ErrRepair] where f was repaired and has signatures:
// the new section would make one revision of all that came before, so that none
// of them would cover a whole one.
func NewUpdate(f *File) (*Update, error) {
	if f.encrypted && f.security == nil {
		return nil, fmt.Errorf("%w: unlock it before a revision is appended", ErrEncrypted)
	}
	if f.repair != nil && f.repair.signatures > 0 {
		return nil, fmt.Errorf("%w: it has %d signatures, which would no longer cover a revision", ErrRepair, f.repair.signatures)
	}
	v := f.Latest()
	return &Update{file: f, view: v, next: v.MaxObject() + 1, index: make(map[int]int, 8)}, nil
}

// Reserve returns a new object number, to be given an object by
// [Update.Set] before [Update.Build].
func (u *Update) Reserve() Ref {
	ref := Ref{Number: max(u.next, 1)}
	if ref.Number > u.file.lim.Objects {
		u.fail(fmt.Errorf("%w: no object number is left under %d", ErrLimit, u.file.lim.Objects))
	}
	u.next = ref.Number + 1
	u.put(ref, nil)
	return ref
}

// Add adds an object under a new number.
func (u *Update) Add(o Object) Ref {
	ref := u.Reserve()
	u.Set(ref, o)
	return ref
}

// Set gives ref, an object of the file or one that was reserved, a new body.
// The object is written when the revision is built: until then it may change.
func (u *Update) Set(ref Ref, o Object) {
	if o == nil {
		o = Null{}
	}
	if i, ok := u.index[ref.Number]; ok && u.objects[i].ref == ref {
		u.objects[i].object = o
		return
	}
	if s := u.file.security; s != nil && ref == s.ref {
		u.fail(fmt.Errorf("pdf: object %d, the encryption dictionary, cannot be replaced", ref.Number))
		return
	}
	if _, ok := u.view.Location(ref); !ok {
		u.fail(fmt.Errorf("pdf: object %d %d cannot be replaced: it is not in the file", ref.Number, ref.Generation))
		return
	}
	u.put(ref, o)
}

func (u *Update) put(ref Ref, o Object) {
	u.index[ref.Number] = len(u.objects)
	u.objects = append(u.objects, pending{ref: ref, object: o})
}

func (u *Update) fail(err error) {
	if u.err == nil {
		u.err = err
	}
}

// Object returns what ref will be: the object set here, else that of the file.
func (u *Update) Object(ref Ref) (Object, error) {
	if i, ok := u.index[ref.Number]; ok && u.objects[i].ref == ref && u.objects[i].object != nil {
		return u.objects[i].object, nil
	}
	return u.view.Object(ref)
}

// View returns the file's last revision, on which u builds.
func (u *Update) View() *View { return u.view }

// SetID gives the second element of /ID in the trailer, which names this
// revision (ISO 32000-2, 14.4); the first is kept, or made the same where the
// file has none. Without a call /ID stays as it is, and so does that of an
// encrypted file without one, whose key depends on it.
func (u *Update) SetID(second []byte) { u.id = second }

// An Appended is a revision as bytes, to follow the bytes of the file.
type Appended struct {
	Base      int64 // size of the file: where Data goes
	Data      []byte
	Contents  Span      // of the hole in the file that is made, delimiters included; zero without a hole
	ByteRange ByteRange // as it stands in Data; zero without a hole
}

// Build makes the revision: an end of line if the file has none at its end,
// the objects in the order in which they were added, and a cross-reference
// section of the kind that the file's last revision has.
func (u *Update) Build() (*Appended, error) {
	if u.err != nil {
		return nil, u.err
	}
	if len(u.objects) == 0 {
		return nil, fmt.Errorf("pdf: a revision without objects")
	}
	base := u.file.size
	w := writer{b: make([]byte, 0, u.estimate()), holes: true}
	if err := u.beginLine(&w); err != nil {
		return nil, err
	}
	for i := range u.objects {
		o := &u.objects[i]
		if o.object == nil {
			return nil, fmt.Errorf("pdf: object number %d was reserved and has no object", o.ref.Number)
		}
		o.offset = base + int64(len(w.b))
		w.b = appendRef(w.b, o.ref)
		w.b = append(w.b[:len(w.b)-1], "obj\n"...)
		w.sealed, w.ref = u.file.security, o.ref
		if err := w.object(o.object, 0); err != nil {
			return nil, fmt.Errorf("object %d: %w", o.ref.Number, err)
		}
		w.b = append(w.b, "\nendobj\n"...)
	}
	w.sealed = nil // what follows is never encrypted
	if err := u.writeXRef(&w, base); err != nil {
		return nil, err
	}
	return w.appended(base)
}

// beginLine writes an end of line if the file does not end with one.
func (u *Update) beginLine(w *writer) error {
	b, err := u.file.at(u.file.size-1, 1)
	if err == nil && len(b) > 0 && b[0] != '\n' && b[0] != '\r' {
		w.b = append(w.b, '\n')
	}
	return err
}

// estimate returns about how many bytes the revision will take.
func (u *Update) estimate() int {
	n := 1024
	for _, o := range u.objects {
		n += 512 + estimate(o.object, 0)
	}
	return n
}

func estimate(o Object, depth int) int {
	switch o := o.(type) {
	case ContentsHole:
		return 2 * max(0, min(int(o), maxContents))
	case String:
		return 2 * len(o.Value)
	case Array:
		return 12 * len(o)
	case *Stream:
		return len(o.data) + estimate(o.Dict, depth)
	case *Dict:
		n := 24 * o.Len()
		for i := range o.Len() {
			if _, v := o.At(i); depth < 4 {
				n += estimate(v, depth+1)
			}
		}
		return n
	}
	return 0
}

// Kind returns the form of cross-reference section that the revision will
// have, which is that of the file's last one. After a hybrid one it is a table:
// its /Prev leads to the table of the old section, whose trailer still names
// the stream beside it, so that both kinds of reader find what they found
// before. Naming the stream again would let it hide what this revision writes.
func (u *Update) Kind() XRefKind {
	if kind := u.view.Revision().Kind; kind != Hybrid {
		return kind
	}
	return Table
}
