package pdf

import (
	"bufio"
	"errors"
	"io"
)

// An lzwReader undoes LZWDecode (ISO 32000-2, 7.4.4). Package compress/lzw
// does not know the early change of code width that PDF has by default.
type lzwReader struct {
	r      *bufio.Reader
	early  int // 1 where the width changes one code early
	bits   uint32
	have   uint // bits in bits
	width  uint
	next   int // the code that the next entry gets
	last   int // the code before, -1 after a clear
	prefix [4096]uint16
	suffix [4096]byte
	length [4096]uint16
	buf    [4096]byte
	out    []byte
	err    error
}

const (
	lzwClear = 256
	lzwEnd   = 257
)

func newLZW(r io.Reader, early bool) *lzwReader {
	l := &lzwReader{r: bufio.NewReader(r)}
	if early {
		l.early = 1
	}
	for i := range 256 {
		l.suffix[i], l.length[i] = byte(i), 1
	}
	l.reset()
	return l
}

func (l *lzwReader) reset() { l.width, l.next, l.last = 9, 258, -1 }

func (l *lzwReader) Read(b []byte) (int, error) {
	for len(l.out) == 0 {
		if l.err != nil {
			return 0, l.err
		}
		l.err = l.step()
	}
	n := copy(b, l.out)
	l.out = l.out[n:]
	return n, nil
}

// step reads one code and puts what it stands for in out.
func (l *lzwReader) step() error {
	code, err := l.code()
	if err != nil {
		return err
	}
	switch {
	case code == lzwClear:
		l.reset()
		return nil
	case code == lzwEnd:
		return io.EOF
	case l.last < 0:
		if code > 255 {
			return errors.New("LZW data begins with a code that is not defined")
		}
		l.out = l.expand(code)
	case code < l.next:
		l.out = l.expand(code)
		l.define(l.out[0])
	case code == l.next && l.next < 4096:
		// The code that is being defined: what came before, and its first byte.
		l.define(l.expand(l.last)[0])
		l.out = l.expand(code)
	default:
		return errors.New("LZW data holds a code that is not defined")
	}
	l.last = code
	return nil
}

func (l *lzwReader) code() (int, error) {
	for l.have < l.width {
		c, err := l.r.ReadByte()
		if err != nil {
			return 0, err
		}
		l.bits, l.have = l.bits<<8|uint32(c), l.have+8
	}
	l.have -= l.width
	return int(l.bits>>l.have) & (1<<l.width - 1), nil
}

func (l *lzwReader) define(c byte) {
	if l.next >= 4096 {
		return
	}
	l.prefix[l.next], l.suffix[l.next], l.length[l.next] = uint16(l.last), c, l.length[l.last]+1
	l.next++
	if l.next+l.early >= 1<<l.width && l.width < 12 {
		l.width++
	}
}

func (l *lzwReader) expand(code int) []byte {
	n := int(l.length[code])
	for i := n - 1; i >= 0; i-- {
		l.buf[i] = l.suffix[code]
		code = int(l.prefix[code])
	}
	return l.buf[:n]
}
