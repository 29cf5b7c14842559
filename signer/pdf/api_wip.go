package pdf

import (
	"errors"
	"io"
	"time"
)

var errWIP = errors.New("pdf: not yet")

// DefaultLimits returns the limits that Open uses for zero fields.
func DefaultLimits() Limits { return Limits{} }

// File is an open PDF file. It is not safe for concurrent use.
type File struct{}

// XRefKind is the kind of a cross-reference section.
type XRefKind int

const (
	Table XRefKind = iota
	StreamXRef
	Hybrid
)

// Revision is one state of the file.
type Revision struct {
	Number  int
	XRef    int64 // offset of the newest section
	Kind    XRefKind
	Start   int64 // End of the revision before, 0 for the first
	End     int64 // after %%EOF and at most one EOL
	Trailer *Dict
}

func Open(src Source, lim Limits) (*File, error)             { return nil, errWIP }
func (f *File) Source() Source                               { return nil }
func (f *File) Header() (version string, offset int64)       { return "", 0 }
func (f *File) Revisions() []Revision                        { return nil }
func (f *File) Encrypted() bool                              { return false }
func (f *File) Linearized() bool                             { return false }
func (f *File) Trailing() (span Span, blank bool, err error) { return Span{}, true, nil }
func (f *File) Bytes(s Span) ([]byte, error)                 { return nil, errWIP }
func (f *File) View(revision int) *View                      { return nil }
func (f *File) Latest() *View                                { return nil }

// Written is an object that a revision's cross-reference section lists.
type Written struct {
	Ref  Ref
	Free bool
}

func (f *File) Written(revision int) []Written { return nil }

// Stray is something between the objects of a revision that its xref does not account for.
type Stray struct {
	Span Span
	Ref  Ref  // of an object body that the section does not list here; zero for other bytes
	Twin bool // another body of the same number is in the same revision
}

func (f *File) Strays(revision int) ([]Stray, error) { return nil, errWIP }

// FoundSignature is a signature dictionary somewhere in the file, in any revision.
type FoundSignature struct {
	Ref      Ref // the indirect object that is or holds it
	Revision int // the revision that wrote it
	Sig      SignatureDict
}

func (f *File) AllSignatures() ([]FoundSignature, error) { return nil, errWIP }

// View is the document as of one revision.
type View struct{}

// Location is where the current body of an object is.
type Location struct {
	Offset   int64 // of "N G obj"; 0 for an object in an object stream
	Stream   Ref   // the object stream
	Index    int
	Revision int // the revision whose cross-reference section points here
}

func (v *View) Revision() Revision                    { return Revision{} }
func (v *View) File() *File                           { return nil }
func (v *View) Object(ref Ref) (Object, error)        { return nil, errWIP }
func (v *View) Resolve(o Object) (Object, error)      { return nil, errWIP }
func (v *View) Dict(o Object) (*Dict, error)          { return nil, errWIP } // resolves; a stream gives its dictionary; nil if neither
func (v *View) Array(o Object) (Array, error)         { return nil, errWIP } // resolves; nil if none
func (v *View) Catalog() (Ref, *Dict, error)          { return Ref{}, nil, errWIP }
func (v *View) Trailer() *Dict                        { return nil }
func (v *View) MaxObject() int                        { return 0 }
func (v *View) Location(ref Ref) (Location, bool)     { return Location{}, false }
func (v *View) SameBody(w *View, ref Ref) bool        { return false }
func (v *View) Extent(ref Ref) (Span, error)          { return Span{}, errWIP } // bytes of the body "N G obj" … "endobj"
func (v *View) Pages() ([]Page, error)                { return nil, errWIP }
func (v *View) Fields() ([]Field, error)              { return nil, errWIP }
func (v *View) Signatures() ([]SignatureField, error) { return nil, errWIP }
func (v *View) Walk(fn func(Node) error) error        { return errWIP }

// Node is an indirect object met by Walk.
type Node struct {
	Ref    Ref
	Object Object
}

// Path returns the way from the trailer, as "/Root/Pages/Kids[0]/Contents".
func (n Node) Path() string { return "" }

// Page is a leaf of the page tree.
type Page struct {
	Ref       Ref
	Dict      *Dict
	MediaBox  [4]float64 // inherited, default Letter; normalised to lower left, upper right
	CropBox   [4]float64 // inherited, default MediaBox
	Rotate    int        // 0, 90, 180, 270
	UserUnit  float64    // default 1
	Resources Object     // inherited, unresolved; Null if none
}

// Field is a node of the form tree that has a partial name or is a root.
type Field struct {
	Ref      Ref
	Dict     *Dict
	FullName string // partial names joined by '.', UTF-8
	Type     Name   // inherited FT
	Flags    int64  // inherited Ff
	Value    Object // inherited V, not resolved
	Widgets  []Ref
	Kids     []Ref // child fields
	Parent   Ref
}

// SignatureDict is a signature dictionary as the file holds it.
type SignatureDict struct {
	Dict      *Dict
	Ref       Ref  // zero where the dictionary is direct
	Revision  int  // that wrote the body seen here
	Type      Name // Sig or DocTimeStamp; "" where the dictionary has none
	Filter    Name
	SubFilter Name
	Contents  String // with its Span, delimiters included
	ByteRange Object // as in the file: see ParseByteRange
	Span      Span   // of the dictionary
}

// SignatureField is a signature field with a value.
type SignatureField struct {
	Field Field
	SignatureDict
	First int // the earliest revision that lists the dictionary's object
}

// Stream is a dictionary with data.
type Stream struct{ Dict *Dict }

func NewStream(d *Dict, data []byte) *Stream             { return nil }
func (s *Stream) Decode(v *View) ([]byte, error)         { return nil, errWIP }
func (s *Stream) Raw(v *View) (*io.SectionReader, error) { return nil, errWIP }
func (s *Stream) Span(v *View) (Span, error)             { return Span{}, errWIP }

func Canonical(o Object) []byte                       { return nil }
func Append(b []byte, o Object) ([]byte, error)       { return b, nil }
func Parse(b []byte, lim Limits) (Object, int, error) { return nil, 0, errWIP }

func TextString(s string) String            { return String{} }
func DecodeText(s String) string            { return "" }
func Date(t time.Time) String               { return String{} }
func ParseDate(s string) (time.Time, error) { return time.Time{}, errWIP }

// ContentsHole is room for a signature of so many bytes, written as hexadecimal zeros.
type ContentsHole int

// ByteRangeHole is room for the byte range.
type ByteRangeHole struct{}

func (ContentsHole) isObject()  {}
func (ByteRangeHole) isObject() {}

// Update is a revision in the making.
type Update struct{}

func NewUpdate(f *File) (*Update, error)         { return nil, errWIP }
func (u *Update) Reserve() Ref                   { return Ref{} }
func (u *Update) Add(o Object) Ref               { return Ref{} }
func (u *Update) Set(ref Ref, o Object)          {}
func (u *Update) Object(ref Ref) (Object, error) { return nil, errWIP } // pending, else latest
func (u *Update) SetID(second []byte)            {}
func (u *Update) Build() (*Appended, error)      { return nil, errWIP }

// Appended is a built revision.
type Appended struct {
	Base      int64 // offset in the file of Data[0]: the size of the input
	Data      []byte
	Contents  Span // absolute, delimiters included
	ByteRange ByteRange
}

// Fill puts the signature in the hole, as hexadecimal digits.
func (a *Appended) Fill(signature []byte) error { return errWIP }
