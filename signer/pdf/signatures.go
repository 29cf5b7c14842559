package pdf

import "fmt"

// A SignatureDict is a signature dictionary as a file holds it (ISO 32000-2,
// 12.8.1). Its entries are claims; only entries that are direct objects are
// taken, since an indirect one is not bound by the signature's own bytes.
type SignatureDict struct {
	Dict      *Dict // nil where /V of a field leads to no dictionary
	Ref       Ref   // the object that is the dictionary, or that holds it
	Direct    bool  // it is part of that object, not the object itself
	Revision  int   // the revision that lists the body of Ref seen here
	First     int   // the earliest revision in which Ref was in use
	Type      Name  // Sig, DocTimeStamp, or "" where the dictionary has none
	Filter    Name
	SubFilter Name
	Contents  String // its Span includes the delimiters
	ByteRange Object // see ParseByteRange
	Span      Span   // of the dictionary in the file; zero in an object stream
}

// A SignatureField is a signature field of the form with a value.
type SignatureField struct {
	Field Field
	SignatureDict
}

// Signatures returns the signature fields of the form that have a value, in
// the order of the tree. A value that leads to no dictionary is returned too,
// with a nil Dict.
func (v *View) Signatures() ([]SignatureField, error) {
	fields, err := v.Fields()
	if err != nil {
		return nil, err
	}
	var out []SignatureField
	for _, f := range fields {
		value := f.Dict.Get("V")
		if f.Type != "Sig" || value == (Null{}) {
			continue
		}
		o, err := v.Resolve(value)
		if err != nil {
			return nil, fmt.Errorf("pdf: signature field %q: %w", f.FullName, err)
		}
		d, _ := o.(*Dict)
		holder, indirect := value.(Ref)
		if !indirect {
			holder = f.Ref
		}
		s := newSignatureDict(d, holder, !indirect)
		s.First = v.firstUse(holder)
		if s.First > 0 {
			_, s.Revision = v.lookup(holder.Number)
		}
		if out = append(out, SignatureField{f, s}); len(out) > maxSignatures {
			return nil, fmt.Errorf("%w: more than %d signatures", ErrLimit, maxSignatures)
		}
	}
	return out, nil
}

func newSignatureDict(d *Dict, ref Ref, direct bool) SignatureDict {
	s := SignatureDict{Dict: d, Ref: ref, Direct: direct, Span: d.Span(), ByteRange: d.Get("ByteRange")}
	s.Type, s.Filter, s.SubFilter = d.Name("Type"), d.Name("Filter"), d.Name("SubFilter")
	s.Contents, _ = d.Get("Contents").(String)
	return s
}

// maxSignatures bounds the signature dictionaries of a file.
const maxSignatures = 10_000

// firstUse returns the earliest revision in which ref was in use, or 0.
func (v *View) firstUse(ref Ref) int {
	used := func(e entry) bool { return e.kind() != kindFree && e.generation() == ref.Generation }
	if v.rev > fewRevisions {
		return v.file.firstIndexed(ref.Number, v.rev, used)
	}
	for i := range v.rev {
		if e, ok := v.file.revs[i].lookup(ref.Number); ok && used(e) {
			return i + 1
		}
	}
	return 0
}

// AllSignatures returns every signature dictionary, which is to say one with
// /ByteRange, that any revision of the file holds, oldest first: also those
// that a later revision replaced, freed or unlinked. Object streams are not
// looked into: a signature in one covers nothing, for it has no bytes of its
// own in the file. A body that cannot be read is passed over: the reader of
// what refers to it meets the error.
func (f *File) AllSignatures() ([]SignatureDict, error) {
	var out []SignatureDict
	for i := range f.revs {
		s, err := f.scan(i + 1)
		if err != nil {
			return nil, err
		}
		v := f.View(i + 1)
		for _, n := range s.signatures {
			e, rev := v.lookup(n)
			ref := Ref{n, e.generation()}
			o, err := v.plain(ref, e, rev)
			if isLimit(err) {
				return nil, err
			}
			first := v.firstUse(ref)
			for _, d := range signatureDicts(nil, o) {
				s := newSignatureDict(d, ref, Object(d) != o)
				s.First, s.Revision = first, rev
				out = append(out, s)
			}
			if len(out) > maxSignatures {
				return nil, fmt.Errorf("%w: more than %d signatures", ErrLimit, maxSignatures)
			}
		}
	}
	return out, nil
}

// signatureDicts appends the dictionaries with /ByteRange in o. The parser has
// bounded how deep o is.
func signatureDicts(out []*Dict, o Object) []*Dict {
	switch o := o.(type) {
	case Array:
		for _, e := range o {
			out = signatureDicts(out, e)
		}
	case *Stream:
		return signatureDicts(out, o.Dict)
	case *Dict:
		if o.Has("ByteRange") {
			out = append(out, o)
		}
		for _, e := range o.entries {
			out = signatureDicts(out, e.value)
		}
	}
	return out
}
