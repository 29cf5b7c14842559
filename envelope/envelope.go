// Package envelope is what nodes sign: routes, content, statements, checkpoints
// and directories, their exact bytes, and how those are signed and checked.
//
// A payload is serialised once, when it is signed, and travels as those bytes for
// ever; a digest is SHA-256 over the DSSE pre-authentication encoding of type and
// payload, never over signatures. Golden files under testdata pin the bytes.
//
// The package keeps nothing, opens no connection and reads no clock. Who may sign
// what is decided in package exchange, over a directory.
package envelope

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrMalformed is wrapped by every error about bytes that cannot be what they
// claim to be.
var ErrMalformed = errors.New("malformed")

// Limits on what is read from others. They bound memory before a signature is
// checked, and are wide enough for any honest letter.
const (
	MaxRoute      = 1 << 20   // bytes of a route payload
	MaxContent    = 1 << 20   // bytes of content
	MaxStatement  = 64 << 10  // bytes of a statement payload
	MaxDirectory  = 256 << 20 // bytes of a directory payload
	MaxZones      = 10_000
	MaxRecipients = 10_000
	MaxFiles      = 1_000
	MaxRelations  = 1_000
	MaxSignatures = 8
	MaxProofPath  = 64
	MaxID         = 200 // bytes of the id of a node or agency, or of a code
)

// An ID is a UUIDv7 (RFC 9562): ordered by the time at which it was made.
type ID [16]byte

// NewID makes an ID for a time, with randomness from random.
func NewID(at time.Time, random io.Reader) (ID, error) {
	var id ID
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		return ID{}, fmt.Errorf("envelope: new id: %w", err)
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id, nil
}

// String is the usual form, such as 0192f3c4-….
func (id ID) String() string {
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// IsZero reports whether id is not set.
func (id ID) IsZero() bool { return id == ID{} }

// ParseID reads the form of [ID.String].
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, fmt.Errorf("envelope: id %.50q: %w, want 36 characters like 0192f3c4-7b3a-7000-8000-000000000000", s, ErrMalformed)
	}
	h := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(id[:], []byte(h)); err != nil {
		return ID{}, fmt.Errorf("envelope: id %.50q: %w, want hexadecimal digits", s, ErrMalformed)
	}
	return id, nil
}

// IDFromBytes reads the 16 bytes of an ID.
func IDFromBytes(b []byte) (ID, error) {
	if len(b) != 16 {
		return ID{}, fmt.Errorf("envelope: id of %d bytes: %w, want 16", len(b), ErrMalformed)
	}
	return ID(b), nil
}

// A Digest is a SHA-256 value.
type Digest [32]byte

// Sum is the digest of bytes.
func Sum(data []byte) Digest { return sha256.Sum256(data) }

// String is lower-case hex.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether d is not set.
func (d Digest) IsZero() bool { return d == Digest{} }

// ParseDigest reads 64 hexadecimal digits.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) != 64 {
		return Digest{}, fmt.Errorf("envelope: digest %.70q: %w, want 64 hexadecimal digits", s, ErrMalformed)
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return Digest{}, fmt.Errorf("envelope: digest %.70q: %w, want hexadecimal digits", s, ErrMalformed)
	}
	return d, nil
}

// DigestFromBytes reads the 32 bytes of a Digest.
func DigestFromBytes(b []byte) (Digest, error) {
	if len(b) != 32 {
		return Digest{}, fmt.Errorf("envelope: digest of %d bytes: %w, want 32", len(b), ErrMalformed)
	}
	return Digest(b), nil
}
