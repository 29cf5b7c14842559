package server

import (
	"errors"
	"fmt"
	"io"

	"lienthong/exchange"
)

// A piece is one message of a file on its way in.
type piece struct {
	data   []byte
	offset uint64 // of data; 0 may be left out after the first piece
	last   bool
	limit  int // bytes that one message may have
}

// pieces reads the messages of a stream as one run of bytes. The end of the stream
// and a last piece both end it; whether it should have ended there is the reader's
// question.
type pieces struct {
	next func() (piece, error)
	at   uint64 // offset of the next byte of a message
	rest []byte
	over bool
}

// Read implements io.Reader.
func (p *pieces) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.over {
			return 0, io.EOF
		}
		m, err := p.next()
		if errors.Is(err, io.EOF) {
			p.over = true
			continue
		}
		if err != nil {
			return 0, err
		}
		if err := p.check(m); err != nil {
			return 0, err
		}
		p.rest, p.over = m.data, m.last
		p.at += uint64(len(m.data))
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// check holds a piece to its size and place: a gap or an overlap would be found by
// the digest only after the whole file has come.
func (p *pieces) check(m piece) error {
	var text string
	switch {
	case len(m.data) > m.limit:
		text = fmt.Sprintf("data of %d bytes, want at most %d", len(m.data), m.limit)
	case m.offset != 0 && m.offset != p.at:
		text = fmt.Sprintf("offset %d, want %d", m.offset, p.at)
	default:
		return nil
	}
	return &exchange.Error{Code: exchange.Invalid, Reason: "BAD_PIECE", Text: text}
}

// done reports whether all that came has been read.
func (p *pieces) done() bool { return p.over && len(p.rest) == 0 }

// sendPieces sends a file from an offset. A file without bytes is one empty piece.
func sendPieces(blob exchange.Blob, offset uint64, send func([]byte) error) error {
	if offset > uint64(blob.Size()) {
		return &exchange.Error{Code: exchange.Invalid, Reason: "BAD_FIELD", Text: "the offset lies behind the end",
			Fields: []exchange.Field{{Path: "offset", Reason: "BAD_FIELD", Text: fmt.Sprintf("%d, but the file has %d bytes", offset, blob.Size())}}}
	}
	for at := int64(offset); ; {
		// A message that was sent may not be changed, so each has bytes of its own.
		data := make([]byte, min(pieceDown, blob.Size()-at))
		if _, err := blob.ReadAt(data, at); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err := send(data); err != nil {
			return err
		}
		if at += int64(len(data)); at >= blob.Size() {
			return nil
		}
	}
}
