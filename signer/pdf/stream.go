package pdf

import (
	"bytes"
	"crypto/aes"
	"errors"
	"fmt"
	"io"
)

// A Stream is a dictionary with data (ISO 32000-2, 7.3.8). The data of one
// read from a file stays there until asked for.
type Stream struct {
	Dict *Dict

	data  []byte // of a stream made by NewStream
	file  *File
	ref   Ref   // whose body it is, which its key depends on where it is encrypted
	start int64 // of the data in the file
	limit int64 // end of the bytes in which the data must end
	span  Span  // of the data, once it has been looked for
}

// NewStream returns a stream of the given data, encoded already as the /Filter
// of d says. /Length is set when the stream is written.
func NewStream(d *Dict, data []byte) *Stream { return &Stream{Dict: d, data: data} }

// Span returns the bytes of the file that hold the data of s, still encoded.
// It is zero for a stream made by [NewStream]. An indirect /Length is looked
// up in v. Where /Length does not lead to "endstream" the data ends before the
// next "endstream", as in other readers.
func (s *Stream) Span(v *View) (Span, error) {
	if s.file == nil || !s.span.IsZero() {
		return s.span, nil
	}
	n, err := s.length(v)
	if err != nil {
		return Span{}, err
	}
	if n >= 0 && n <= s.limit-s.start {
		ok, err := s.endsAt(s.start + n)
		if err != nil {
			return Span{}, err
		}
		if ok {
			s.span = Span{s.start, s.start + n}
			return s.span, nil
		}
	}
	end, err := s.findEnd(v)
	if err != nil {
		return Span{}, err
	}
	s.span = Span{s.start, end}
	return s.span, nil
}

// length returns /Length, or -1 where it is no integer.
func (s *Stream) length(v *View) (int64, error) {
	o := s.Dict.Get("Length")
	if v != nil {
		var err error
		if o, err = v.Resolve(o); err != nil {
			return 0, err
		}
	}
	if n, ok := o.(Integer); ok {
		return int64(n), nil
	}
	return -1, nil
}

var endstream = []byte("endstream")

// endsAt reports whether "endstream" follows off, white space between.
func (s *Stream) endsAt(off int64) (bool, error) { return s.followedBy(off, "endstream") }

func (s *Stream) followedBy(off int64, word string) (bool, error) {
	b, err := s.file.at(off, 32)
	if err != nil {
		return false, err
	}
	for len(b) > 0 && class[b[0]] == space {
		b = b[1:]
	}
	return bytes.HasPrefix(b, []byte(word)), nil
}

// findEnd returns where the data ends by the "endstream" that follows: before the end of
// the line before it, of which a cipher of blocks tells whether it is data.
func (s *Stream) findEnd(v *View) (int64, error) {
	end, err := s.file.find(s.start, s.limit, endstream)
	if err != nil {
		return 0, err
	}
	if end < 0 {
		return 0, &SyntaxError{s.start, "stream does not end: no \"endstream\" before the end of its revision"}
	}
	word := end
	b, err := s.file.at(max(s.start, end-2), 2)
	if err != nil {
		return 0, err
	}
	b = b[:min(end-max(s.start, end-2), 2)]
	switch {
	case bytes.HasSuffix(b, []byte("\r\n")):
		end -= 2
	case bytes.HasSuffix(b, []byte("\n")), bytes.HasSuffix(b, []byte("\r")):
		end--
	}
	for whole := end; s.inBlocks(v) && whole <= word; whole++ {
		if (whole-s.start)%aes.BlockSize == 0 {
			return whole, nil
		}
	}
	return end, nil
}

// inBlocks reports whether s is known to be encrypted by AES, which gives whole blocks.
func (s *Stream) inBlocks(v *View) bool {
	if !s.unlocked() || v == nil {
		return false
	}
	names, params, err := s.filters(v)
	if err != nil {
		return false
	}
	m, err := s.file.security.streamMethod(s.Dict, names, params)
	return err == nil && (m == methodAES128 || m == methodAES256)
}

// Raw returns the data of s as it is in the file: encoded, and encrypted where
// the file is.
func (s *Stream) Raw(v *View) (*io.SectionReader, error) {
	if s.file == nil {
		return io.NewSectionReader(bytes.NewReader(s.data), 0, int64(len(s.data))), nil
	}
	span, err := s.Span(v)
	if err != nil {
		return nil, err
	}
	return io.NewSectionReader(s.file.src, span.Start, span.Len()), nil
}

// Decode returns the data of s with its filters undone: Flate and LZW with
// predictors, ASCIIHex, ASCII85, RunLength, and the encryption of a file that is
// unlocked. Filters of images are an error, as is [ErrEncrypted]; [ErrLimit]
// stands for more data than [Limits] allow. Data that breaks off is returned
// with the error that says so.
func (s *Stream) Decode(v *View) ([]byte, error) {
	r, err := s.decoder(v, false)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	most := DefaultLimits().Stream
	if s.file != nil {
		most = s.file.lim.Stream
	}
	var out bytes.Buffer
	out.Grow(s.guess() + bytes.MinRead)
	n, err := out.ReadFrom(io.LimitReader(r, most+1))
	if n > most {
		return nil, fmt.Errorf("%w: stream decodes to more than %d bytes", ErrLimit, most)
	}
	if err != nil {
		err = fmt.Errorf("pdf: decoding a stream: %w", err)
	}
	return out.Bytes(), err
}

// guess is how much room the decoded data may take, so that that of most streams is
// not moved while it grows.
func (s *Stream) guess() int {
	n := s.span.Len() + int64(len(s.data))
	if s.Dict.Has("Filter") {
		n *= 4
	}
	return int(min(n, 256<<10))
}

// SameData reports whether a and b have the same encoded data. Of an encrypted
// file that is unlocked the data in the clear is compared.
func SameData(a *Stream, av *View, b *Stream, bv *View) (bool, error) {
	ar, err := a.Raw(av)
	if err != nil {
		return false, err
	}
	br, err := b.Raw(bv)
	if err != nil {
		return false, err
	}
	if a.file != nil && a.file == b.file && a.start == b.start && a.ref == b.ref {
		return ar.Size() == br.Size(), nil
	}
	if a.unlocked() || b.unlocked() {
		return sameClear(a, av, ar, b, bv, br)
	}
	if ar.Size() != br.Size() {
		return false, nil
	}
	return sameBytes(ar, br)
}

func (s *Stream) unlocked() bool { return s.file != nil && s.file.security != nil }

func sameClear(a *Stream, av *View, ar io.Reader, b *Stream, bv *View, br io.Reader) (bool, error) {
	for _, x := range []struct {
		s *Stream
		v *View
		r *io.Reader
	}{{a, av, &ar}, {b, bv, &br}} {
		names, params, err := x.s.filters(x.v)
		if err != nil {
			return false, err
		}
		if *x.r, err = x.s.decrypted(*x.r, names, params); err != nil {
			return false, err
		}
	}
	return sameBytes(ar, br)
}

// sameBytes reads both to the end, or to where they differ.
func sameBytes(ar, br io.Reader) (bool, error) {
	var ab, bb [8192]byte
	for {
		n, errA := io.ReadFull(ar, ab[:])
		m, errB := io.ReadFull(br, bb[:])
		if !bytes.Equal(ab[:n], bb[:m]) {
			return false, nil
		}
		for _, err := range []error{errA, errB} {
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return false, err
			}
		}
		if errA != nil || errB != nil {
			return true, nil
		}
	}
}

// decrypted returns what the reader r of the raw data of s gives in the clear.
func (s *Stream) decrypted(r io.Reader, names []Name, params []*Dict) (io.Reader, error) {
	if !s.unlocked() {
		return r, nil
	}
	m, err := s.file.security.streamMethod(s.Dict, names, params)
	if err != nil {
		return nil, err
	}
	return s.file.security.open(m, r, s.ref)
}
