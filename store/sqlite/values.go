package sqlite

import (
	"encoding/binary"
	"fmt"

	"lienthong/envelope"
)

// fixed scans a BLOB of exactly its own length into itself: an id or a digest.
type fixed []byte

// Scan implements [sql.Scanner].
func (f fixed) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok || len(b) != len(f) {
		return fmt.Errorf("column holds %T of %d bytes, want a blob of %d", src, len(b), len(f))
	}
	copy(f, b)
	return nil
}

// unsigned scans a uint64 that is kept as the int64 with the same bits.
type unsigned struct{ to *uint64 }

// Scan implements [sql.Scanner].
func (u unsigned) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("column holds %T, want a number", src)
	}
	*u.to = uint64(n)
	return nil
}

// sealed scans an Envelope message.
type sealed struct{ to *envelope.Sealed }

// Scan implements [sql.Scanner].
func (s sealed) Scan(src any) (err error) {
	b, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("column holds %T, want an envelope", src)
	}
	*s.to, err = envelope.ParseSealed(b)
	return err
}

// marshalChain writes envelopes one after the other, each after its length (uvarint).
func marshalChain(chain []envelope.Sealed) []byte {
	out := []byte{} // never NULL
	for _, s := range chain {
		b := s.Marshal()
		out = binary.AppendUvarint(out, uint64(len(b)))
		out = append(out, b...)
	}
	return out
}

// parseChain reads what marshalChain wrote.
func parseChain(b []byte) ([]envelope.Sealed, error) {
	var chain []envelope.Sealed
	for len(b) > 0 {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, fmt.Errorf("sqlite: chain: envelope %d has no length", len(chain))
		}
		s, err := envelope.ParseSealed(b[n : n+int(size)])
		if err != nil {
			return nil, fmt.Errorf("sqlite: chain: envelope %d: %w", len(chain), err)
		}
		chain, b = append(chain, s), b[n+int(size):]
	}
	return chain, nil
}

// some makes an empty blob of nil, which would be NULL.
func some(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
