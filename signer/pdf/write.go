package pdf

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxWriteDepth bounds the nesting of what is written, which may be a graph
// with a circle in it.
const maxWriteDepth = 600

// Append appends o to b as PDF spells it, and returns b. An object that the
// parser gave comes out with the same meaning, not the same bytes. A stream
// read from a file, and a hole, cannot be appended: only [Update] writes them.
func Append(b []byte, o Object) ([]byte, error) {
	w := writer{b: b}
	err := w.object(o, 0)
	return w.b, err
}

// A writer appends objects to b, and notes where the holes are.
type writer struct {
	b        []byte
	holes    bool      // allowed
	contents Span      // in b
	ranges   Span      // in b
	sealed   *security // encrypts strings and streams of the object ref, if not nil
	ref      Ref
}

var (
	errDeep  = errors.New("pdf: object to be written nests too deep, or contains itself")
	errHoles = errors.New("pdf: a revision has room for one signature, with /Contents and /ByteRange both")
)

func (w *writer) object(o Object, depth int) error {
	if depth > maxWriteDepth {
		return errDeep
	}
	switch o := o.(type) {
	case nil, Null:
		w.b = append(w.b, "null"...)
	case Bool:
		w.b = strconv.AppendBool(w.b, bool(o))
	case Integer:
		w.b = strconv.AppendInt(w.b, int64(o), 10)
	case Real:
		w.b = appendReal(w.b, o)
	case Name:
		w.b = appendName(w.b, o)
	case String:
		return w.string(o)
	case Ref:
		w.b = appendRef(w.b, o)
	case Array:
		return w.array(o, depth)
	case *Dict:
		return w.dict(o, depth)
	case *Stream:
		return w.stream(o, depth)
	case ContentsHole:
		return w.contentsHole(int(o))
	case ByteRangeHole:
		return w.byteRangeHole()
	default:
		return fmt.Errorf("pdf: cannot write a %T", o)
	}
	return nil
}

func (w *writer) array(a Array, depth int) error {
	w.b = append(w.b, '[')
	for i, o := range a {
		if i > 0 {
			w.b = append(w.b, ' ')
		}
		if err := w.object(o, depth+1); err != nil {
			return err
		}
	}
	w.b = append(w.b, ']')
	return nil
}

func (w *writer) dict(d *Dict, depth int) error {
	w.b = append(w.b, "<<"...)
	for i := range d.Len() {
		key, value := d.At(i)
		w.b = append(appendName(w.b, key), ' ')
		if s, ok := value.(String); ok && w.sealed != nil && key == "Contents" && isSignature(d) {
			w.b = appendString(w.b, s)
			continue
		}
		if err := w.object(value, depth+1); err != nil {
			return err
		}
	}
	w.b = append(w.b, ">>"...)
	return nil
}

func (w *writer) stream(s *Stream, depth int) error {
	if s.file != nil {
		return errors.New("pdf: the data of a stream that a file holds is not copied: make a new stream")
	}
	if depth > 0 {
		return errors.New("pdf: a stream must be an indirect object")
	}
	data, err := w.streamData(s)
	if err != nil {
		return err
	}
	d := s.Dict.Clone()
	d.Set("Length", Integer(len(data)))
	if err := w.dict(d, depth); err != nil {
		return err
	}
	w.b = append(w.b, "\nstream\n"...)
	w.b = append(w.b, data...)
	w.b = append(w.b, "\nendstream"...)
	return nil
}

// string writes a string. An encrypted one is written in hexadecimal, so that
// its length does not depend on which bytes it happens to have.
func (w *writer) string(s String) error {
	if w.sealed != nil && w.sealed.strings != identity {
		sealed, err := w.sealed.seal(w.sealed.strings, s.Value, w.ref)
		if err != nil {
			return err
		}
		s = String{Value: sealed, Hex: true}
	}
	w.b = appendString(w.b, s)
	return nil
}

func (w *writer) streamData(s *Stream) ([]byte, error) {
	if w.sealed == nil {
		return s.data, nil
	}
	names, params, err := s.filters(nil)
	if err != nil {
		return nil, err
	}
	m, err := w.sealed.streamMethod(s.Dict, names, params)
	if err != nil {
		return nil, err
	}
	return w.sealed.seal(m, s.data, w.ref)
}

func appendRef(b []byte, r Ref) []byte {
	b = append(strconv.AppendInt(b, int64(r.Number), 10), ' ')
	b = append(strconv.AppendInt(b, int64(r.Generation), 10), ' ')
	return append(b, 'R')
}

func appendReal(b []byte, r Real) []byte {
	if r.Text != "" {
		return append(b, r.Text...)
	}
	v := r.Value
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	s := strconv.FormatFloat(v, 'f', 5, 64)
	s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	if s == "-0" {
		s = "0"
	}
	return append(b, s...)
}

const hexDigits = "0123456789abcdef"

// appendName escapes what a name cannot hold as such (ISO 32000-2, 7.3.5).
func appendName(b []byte, n Name) []byte {
	b = append(b, '/')
	for i := range len(n) {
		if c := n[i]; c <= ' ' || c > '~' || c == '#' || class[c] != regular {
			b = append(b, '#', hexDigits[c>>4], hexDigits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}

// appendString escapes each of ( ) \ CR and LF, whatever the bytes around it:
// half of a UTF-16 letter may be any of them (ISO 32000-2, 7.3.4.2).
func appendString(b []byte, s String) []byte {
	if s.Hex {
		return append(appendHex(append(b, '<'), s.Value), '>')
	}
	b = append(b, '(')
	for _, c := range s.Value {
		switch c {
		case '(', ')', '\\':
			b = append(b, '\\', c)
		case '\r':
			b = append(b, '\\', 'r')
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, c)
		}
	}
	return append(b, ')')
}

func appendHex(b, v []byte) []byte {
	b = slices.Grow(b, 2*len(v)+1)
	for _, c := range v {
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	return b
}

// Canonical returns bytes that are equal for two objects that mean the same:
// keys sorted, strings and names in one spelling, numbers by value. Of a
// stream read from a file they hold the place of its data, so that two of them
// are never equal by mistake: compare those with [SameData] and their
// dictionaries with Canonical. References are not followed.
func Canonical(o Object) []byte { return appendCanonical(nil, o, 0) }

func appendCanonical(b []byte, o Object, depth int) []byte {
	if depth > maxWriteDepth {
		return append(b, "..."...)
	}
	switch o := o.(type) {
	case Real:
		if o.Value == math.Trunc(o.Value) && math.Abs(o.Value) < 1<<53 {
			return strconv.AppendInt(b, int64(o.Value), 10)
		}
		return strconv.AppendFloat(b, o.Value, 'g', -1, 64)
	case String:
		return append(appendHex(append(b, '<'), o.Value), '>')
	case Array:
		b = append(b, '[')
		for _, e := range o {
			b = append(appendCanonical(b, e, depth+1), ' ')
		}
		return append(b, ']')
	case *Dict:
		return canonicalDict(b, o, depth)
	case *Stream:
		b = append(canonicalDict(b, o.Dict, depth), "stream "...)
		if o.file != nil {
			return strconv.AppendInt(append(b, '@'), o.start, 10)
		}
		return appendHex(b, o.data)
	}
	w := writer{b: b}
	_ = w.object(o, depth) // scalars and references cannot fail
	return w.b
}

func canonicalDict(b []byte, d *Dict, depth int) []byte {
	if d == nil {
		return append(b, "<<>>"...)
	}
	sorted := slices.Clone(d.entries)
	slices.SortStableFunc(sorted, func(x, y dictEntry) int { return strings.Compare(string(x.key), string(y.key)) })
	b = append(b, "<<"...)
	for _, e := range sorted {
		b = append(appendName(b, e.key), ' ')
		b = append(appendCanonical(b, e.value, depth+1), ' ')
	}
	return append(b, ">>"...)
}
