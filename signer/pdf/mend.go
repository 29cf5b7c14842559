package pdf

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxMended is how many bytes of streams a revision may write anew.
const maxMended = 32 << 20

// Mend gives each stream that is reached and does not end where its /Length says a
// new body, of the same dictionary and the same data, that does, and each page that
// does not say what it is its /Type: this reader and others read them all the same,
// but not every reader does, and one of them may judge the signatures. An object that
// the cross-reference section names and that is nowhere in the file becomes null, as
// for all who search for it. It says which objects these are. Where readers would not agree on the data, nothing is done, nor
// in a file with signatures, to whose validators the object would be another, nor
// with more than 32 MiB of streams. What cannot be read, or is beyond the limits, is
// left to who needs it.
func (u *Update) Mend() []Ref {
	if sigs, err := u.view.Signatures(); err != nil || len(sigs) > 0 {
		return nil
	}
	m := mending{u: u, seen: newVisited(u.view.MaxObject())}
	err := u.view.Walk(func(n Node) error {
		if n.Err != nil {
			m.failed = append(m.failed, n.Ref)
			return nil
		}
		if e, rev := u.view.lookup(n.Ref.Number); rev != 0 && e.kind() == kindPacked {
			return m.container(e.stream())
		}
		return m.object(n.Ref, n.Object)
	})
	for _, step := range []func() error{m.pages, m.lost} {
		if err == nil {
			err = step()
		}
	}
	return m.done
}

func (m *mending) pages() error {
	pages, err := m.u.view.Pages()
	for _, p := range pages {
		if p.Ref.IsZero() || p.Dict.Has("Type") {
			continue
		}
		d := p.Dict.Clone()
		d.Set("Type", Name("Page"))
		m.u.Set(p.Ref, d)
		m.done = append(m.done, p.Ref)
	}
	return err
}

type mending struct {
	u     *Update
	seen  visited // object streams
	done  []Ref
	bytes int64

	failed []Ref // what could not be read
}

// lost makes null of what could not be read and has no body in the file, cut or whole.
func (m *mending) lost() error {
	if len(m.failed) == 0 {
		return nil
	}
	s, err := m.u.file.sweep()
	if err != nil {
		return err
	}
	for _, ref := range m.failed {
		there := func(b body) bool { return int(b.number) == ref.Number || b.flags&bodyPacked != 0 }
		if _, listed := m.u.view.Location(ref); listed && !slices.ContainsFunc(s.bodies, there) {
			m.u.Set(ref, Null{})
			m.done = append(m.done, ref)
		}
	}
	return nil
}

// container mends an object stream.
func (m *mending) container(number int) error {
	if !m.seen.add(number) {
		return nil
	}
	ref := Ref{Number: number}
	o, err := m.u.view.Object(ref)
	if isLimit(err) {
		return err
	}
	return m.object(ref, o)
}

// object mends o, if it is a stream. What fails with it but for a limit fails for
// whoever needs the stream.
func (m *mending) object(ref Ref, o Object) error {
	s, ok := o.(*Stream)
	if !ok || s.file == nil {
		return nil
	}
	if err := m.stream(ref, s); isLimit(err) {
		return err
	}
	return nil
}

func (m *mending) stream(ref Ref, s *Stream) error {
	span, damaged, err := s.surely(m.u.view)
	if err != nil || !damaged || span.IsZero() {
		return err
	}
	if m.bytes += span.Len(); m.bytes > maxMended {
		return nil
	}
	data, err := s.clear(m.u.view, span)
	if err != nil {
		return err
	}
	m.u.Set(ref, NewStream(s.Dict.Clone(), data))
	m.done = append(m.done, ref)
	return nil
}

// surely returns the bytes of the data of s, and whether it does not end where
// /Length says; and no bytes where it is not sure which they are.
func (s *Stream) surely(v *View) (span Span, damaged bool, err error) {
	n, err := s.length(v)
	if err != nil {
		return Span{}, false, err
	}
	if n >= 0 && n <= s.limit-s.start {
		if ok, err := s.endsAt(s.start + n); err != nil || ok {
			return Span{}, false, err
		}
		// "endstream" alone is missing.
		if ok, err := s.followedBy(s.start+n, "endobj"); err != nil || ok {
			return Span{s.start, s.start + n}, true, err
		}
	}
	if span, err = s.Span(v); err != nil {
		return Span{}, true, err
	}
	other, err := s.file.find(s.start, span.End, []byte("endobj"))
	if err != nil || other >= 0 {
		return Span{}, true, err // that of the next object, perhaps
	}
	return span, true, nil
}

// clear returns the bytes of a span that holds the data of s, in the clear where
// the file is encrypted, with filters still to be undone.
func (s *Stream) clear(v *View, span Span) ([]byte, error) {
	names, params, err := s.filters(v)
	if err != nil {
		return nil, err
	}
	r, err := s.decrypted(io.NewSectionReader(s.file.src, span.Start, span.Len()), names, params)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		return nil, fmt.Errorf("pdf: read object %d to write it anew: %w", s.ref.Number, err)
	}
	return b.Bytes(), nil
}

// mended says which objects were written anew.
func mended(refs []Ref) string {
	const most = 20
	var b strings.Builder
	b.WriteString("written anew, since not every reader takes a stream of another length than it says, a page that does not say what it is, or an object that is nowhere: object")
	for i, r := range refs {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(refs)-most)
			break
		}
		fmt.Fprintf(&b, " %d", r.Number)
	}
	return b.String()
}
