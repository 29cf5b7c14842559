package pdf

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/ascii85"
	"fmt"
	"io"
	"sync"
)

const maxFilters = 16

// decoder returns a reader of the data of s with its filters undone. Every
// stage takes what it gives from the file's budget. Cross-reference streams
// are structure: they are never encrypted.
func (s *Stream) decoder(v *View, structure bool) (io.ReadCloser, error) {
	if s.file != nil && s.file.encrypted && s.file.security == nil && !structure {
		return nil, fmt.Errorf("%w: its streams cannot be decoded before it is unlocked", ErrEncrypted)
	}
	names, params, err := s.filters(v)
	if err != nil {
		return nil, err
	}
	raw, err := s.Raw(v)
	if err != nil {
		return nil, err
	}
	chain := &decoding{Reader: raw}
	if !structure {
		if chain.Reader, err = s.decrypted(raw, names, params); err != nil {
			return nil, err
		}
		if s.unlocked() && len(names) > 0 && names[0] == "Crypt" {
			names, params = names[1:], params[1:]
		}
	}
	for i, name := range names {
		if err := chain.push(name, params[i]); err != nil {
			chain.Close()
			return nil, err
		}
		if s.file != nil {
			chain.Reader = &metered{chain.Reader, s.file}
		}
	}
	return chain, nil
}

// filters returns the names of the filters of s and the parameters of each.
func (s *Stream) filters(v *View) (names []Name, params []*Dict, err error) {
	resolve := func(o Object) (Object, error) {
		if v == nil {
			return o, nil
		}
		return v.Resolve(o)
	}
	filter, err := resolve(s.Dict.Get("Filter"))
	if err != nil {
		return nil, nil, err
	}
	parms, err := resolve(s.Dict.Get("DecodeParms"))
	if err != nil {
		return nil, nil, err
	}
	list, ok := filter.(Array)
	if !ok {
		list = Array{filter}
	}
	parmList, ok := parms.(Array)
	if !ok {
		parmList = Array{parms}
	}
	if len(list) > maxFilters {
		return nil, nil, fmt.Errorf("%w: stream has %d filters, at most %d", ErrLimit, len(list), maxFilters)
	}
	for i, o := range list {
		if o, err = resolve(o); err != nil {
			return nil, nil, err
		}
		name, ok := o.(Name)
		if !ok {
			if _, null := o.(Null); null {
				continue
			}
			return nil, nil, &SyntaxError{s.start, "/Filter of a stream is not a name"}
		}
		var d *Dict
		if i < len(parmList) {
			if o, err = resolve(parmList[i]); err != nil {
				return nil, nil, err
			}
			d, _ = o.(*Dict)
		}
		names, params = append(names, name), append(params, d)
	}
	return names, params, nil
}

// A decoding is a chain of filters, and what to give back after use.
type decoding struct {
	io.Reader
	inflaters []io.ReadCloser
}

func (c *decoding) Close() error {
	for _, r := range c.inflaters {
		inflaters.Put(r)
	}
	c.inflaters = nil
	return nil
}

// inflaters holds readers of package flate, which take 40 KB each.
var inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}

func (c *decoding) push(name Name, params *Dict) (err error) {
	switch name {
	case "FlateDecode", "Fl":
		in := bufio.NewReaderSize(c.Reader, 2048)
		head, _ := in.Peek(2)
		if len(head) == 0 { // no data at all is read as data of no length
			c.Reader = in
			return nil
		}
		if len(head) == 2 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
			if _, err := in.Discard(2); err != nil {
				return err
			}
		}
		// The checksum after the data is not looked at: many files have a
		// wrong one, and no reader minds.
		r := inflaters.Get().(io.ReadCloser)
		if err := r.(flate.Resetter).Reset(in, nil); err != nil {
			return err
		}
		c.inflaters = append(c.inflaters, r)
		c.Reader, err = newPredictor(r, params)
	case "LZWDecode", "LZW":
		early := true
		if n, ok := params.Int("EarlyChange"); ok {
			early = n != 0
		}
		c.Reader, err = newPredictor(newLZW(c.Reader, early), params)
	case "ASCIIHexDecode", "AHx":
		c.Reader = &hexReader{r: bufio.NewReader(c.Reader)}
	case "ASCII85Decode", "A85":
		c.Reader = ascii85.NewDecoder(&untilTilde{r: c.Reader})
	case "RunLengthDecode", "RL":
		c.Reader = &runLength{r: bufio.NewReader(c.Reader)}
	case "Crypt":
		if n := params.Name("Name"); n != "" && n != "Identity" {
			return fmt.Errorf("%w: stream has crypt filter %q", ErrEncrypted, n)
		}
	default:
		return &SyntaxError{-1, fmt.Sprintf("stream filter %q is not decoded here", name)}
	}
	return err
}

// metered takes what is read through it from a file's budget.
type metered struct {
	r io.Reader
	f *File
}

func (m *metered) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	if e := m.f.spend(int64(n)); e != nil {
		return 0, e
	}
	return n, err
}

// hexReader undoes ASCIIHexDecode (ISO 32000-2, 7.4.2).
type hexReader struct {
	r    *bufio.Reader
	done bool
}

func (h *hexReader) Read(b []byte) (n int, err error) {
	for n < len(b) && !h.done {
		hi, ok, err := h.digit()
		if err != nil || !ok {
			return n, err
		}
		lo, _, err := h.digit()
		if err != nil {
			return n, err
		}
		b[n] = hi<<4 | lo
		n++
	}
	if h.done && n == 0 {
		err = io.EOF
	}
	return n, err
}

func (h *hexReader) digit() (byte, bool, error) {
	for !h.done {
		c, err := h.r.ReadByte()
		if err == io.EOF || c == '>' {
			h.done = true
			break
		}
		if err != nil {
			return 0, false, err
		}
		if d, ok := unhex(c); ok {
			return d, true, nil
		}
		if class[c] != space {
			return 0, false, fmt.Errorf("byte %q in ASCIIHexDecode data", c)
		}
	}
	return 0, false, nil
}

// untilTilde ends where the "~>" of ASCII85 data begins.
type untilTilde struct {
	r    io.Reader
	done bool
}

func (u *untilTilde) Read(b []byte) (int, error) {
	if u.done {
		return 0, io.EOF
	}
	n, err := u.r.Read(b)
	if i := bytes.IndexByte(b[:n], '~'); i >= 0 {
		u.done = true
		return i, io.EOF
	}
	return n, err
}

// runLength undoes RunLengthDecode (ISO 32000-2, 7.4.5).
type runLength struct {
	r      *bufio.Reader
	left   int
	repeat bool
	c      byte
	done   bool
}

func (l *runLength) Read(b []byte) (n int, err error) {
	for n < len(b) && !l.done {
		if l.left == 0 {
			if err := l.next(); err != nil {
				return n, err
			}
			continue
		}
		if !l.repeat {
			if l.c, err = l.r.ReadByte(); err != nil {
				return n, io.ErrUnexpectedEOF
			}
		}
		b[n] = l.c
		n++
		l.left--
	}
	if n == 0 && l.done {
		return 0, io.EOF
	}
	return n, nil
}

func (l *runLength) next() (err error) {
	k, err := l.r.ReadByte()
	switch {
	case err == io.EOF || k == 128:
		l.done = true
		return nil
	case err != nil:
		return err
	case k < 128:
		l.left, l.repeat = int(k)+1, false
	default:
		l.left, l.repeat = 257-int(k), true
		if l.c, err = l.r.ReadByte(); err != nil {
			return io.ErrUnexpectedEOF
		}
	}
	return nil
}
