package pdf

import (
	"errors"
	"fmt"
	"io"
)

// maxRow bounds the bytes of one row of predicted data.
const maxRow = 4 << 20

// A predictor undoes the TIFF predictor (2) and those of PNG (10 to 15) after
// Flate and LZW (ISO 32000-2, 7.4.4.4).
type predictor struct {
	r        io.Reader
	png      bool
	bits     int // of a component
	colors   int
	pixel    int // whole bytes of a pixel, at least 1
	row, old []byte
	out      []byte // what is left of row
	tag      [1]byte
}

func newPredictor(r io.Reader, params *Dict) (io.Reader, error) {
	value := func(key Name, def int64) int64 {
		if n, ok := params.Int(key); ok {
			return n
		}
		return def
	}
	kind := value("Predictor", 1)
	if kind <= 1 {
		return r, nil
	}
	colors, bits, columns := value("Colors", 1), value("BitsPerComponent", 8), value("Columns", 1)
	if kind != 2 && (kind < 10 || kind > 15) {
		return nil, &SyntaxError{-1, fmt.Sprintf("predictor %d does not exist", kind)}
	}
	if colors < 1 || colors > 64 || columns < 1 || columns > maxRow*8 || bits < 1 || bits > 16 || bits&(bits-1) != 0 {
		return nil, &SyntaxError{-1, fmt.Sprintf("predictor with %d colors of %d bits in %d columns", colors, bits, columns)}
	}
	width := (colors*bits*columns + 7) / 8
	if width > maxRow {
		return nil, fmt.Errorf("%w: predictor with rows of %d bytes, at most %d", ErrLimit, width, maxRow)
	}
	rows := make([]byte, 2*width)
	return &predictor{
		r: r, png: kind >= 10, bits: int(bits), colors: int(colors), pixel: int(max(1, colors*bits/8)),
		row: rows[:width], old: rows[width:],
	}, nil
}

func (p *predictor) Read(b []byte) (int, error) {
	if len(p.out) == 0 {
		if err := p.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, p.out)
	p.out = p.out[n:]
	return n, nil
}

func (p *predictor) next() error {
	p.row, p.old = p.old, p.row
	if p.png {
		if _, err := io.ReadFull(p.r, p.tag[:]); err != nil {
			return err
		}
	}
	n, err := io.ReadFull(p.r, p.row)
	if err != nil && (n == 0 || !errors.Is(err, io.ErrUnexpectedEOF)) {
		return err
	}
	clear(p.row[n:]) // a last row that is short is given as far as it goes
	if p.png {
		err = p.unfilter()
	} else {
		err = p.undiff()
	}
	p.out = p.row[:n]
	return err
}

// unfilter undoes one row of PNG (ISO/IEC 15948, 9.2).
func (p *predictor) unfilter() error {
	row, old := p.row, p.old
	switch p.tag[0] {
	case 0:
	case 1:
		for i := p.pixel; i < len(row); i++ {
			row[i] += row[i-p.pixel]
		}
	case 2:
		for i := range row {
			row[i] += old[i]
		}
	case 3:
		for i := range row {
			left := 0
			if i >= p.pixel {
				left = int(row[i-p.pixel])
			}
			row[i] += byte((left + int(old[i])) / 2)
		}
	case 4:
		for i := range row {
			var left, corner int
			if i >= p.pixel {
				left, corner = int(row[i-p.pixel]), int(old[i-p.pixel])
			}
			row[i] += paeth(left, int(old[i]), corner)
		}
	default:
		return &SyntaxError{-1, fmt.Sprintf("PNG predictor: row of type %d", p.tag[0])}
	}
	return nil
}

func paeth(a, b, c int) byte {
	p := a + b - c
	pa, pb, pc := abs(p-a), abs(p-b), abs(p-c)
	switch {
	case pa <= pb && pa <= pc:
		return byte(a)
	case pb <= pc:
		return byte(b)
	}
	return byte(c)
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// undiff undoes one row of the TIFF predictor, for components of 8 and 16 bits.
func (p *predictor) undiff() error {
	switch p.bits {
	case 8:
		for i := p.colors; i < len(p.row); i++ {
			p.row[i] += p.row[i-p.colors]
		}
	case 16:
		for i := 2 * p.colors; i+1 < len(p.row); i += 2 {
			j := i - 2*p.colors
			n := (int(p.row[i])<<8 | int(p.row[i+1])) + (int(p.row[j])<<8 | int(p.row[j+1]))
			p.row[i], p.row[i+1] = byte(n>>8), byte(n)
		}
	default:
		return &SyntaxError{-1, fmt.Sprintf("TIFF predictor on components of %d bits is not decoded here", p.bits)}
	}
	return nil
}
