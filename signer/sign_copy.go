package signer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"lienthong/signer/pdf"
)

// chunks are buffers to read the input with.
var chunks = sync.Pool{New: func() any { return new([256 << 10]byte) }}

// copyInput writes the whole input to w, and stops early if ctx is done.
func copyInput(ctx context.Context, in pdf.Source, w io.Writer) error {
	chunk := chunks.Get().(*[256 << 10]byte)
	defer chunks.Put(chunk)
	size := in.Size()
	for off := int64(0); off < size; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("sign: stopped: %w", err)
		}
		want := min(int64(len(chunk)), size-off)
		n, err := in.ReadAt(chunk[:want], off)
		if int64(n) < want {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("sign: read the input at byte %d: %w", off+int64(n), err)
		}
		if _, err := w.Write(chunk[:n]); err != nil {
			return fmt.Errorf("sign: write the output: %w", err)
		}
		off += want
	}
	return nil
}
