// Package wire turns protobuf messages into domain values and back, and errors
// into statuses and back. It is the one place where the two meet: what a message
// lacks is refused here, so that nothing behind it looks for nil.
//
// It decides nothing. What nodes sign is read and written by package envelope,
// which owns those bytes; a sealed payload passes through this package unread.
package wire

import (
	"errors"
	"fmt"

	"lienthong/envelope"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// ErrMissing is wrapped by errors about fields that a message must have.
var ErrMissing = errors.New("missing")

func missing(field string) error { return fmt.Errorf("%s: %w", field, ErrMissing) }

// each converts a list and names the element that cannot be.
func each[From, To any](field string, list []From, convert func(From) (To, error)) ([]To, error) {
	var out []To
	for i, m := range list {
		v, err := convert(m)
		if err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", field, i, err)
		}
		out = append(out, v)
	}
	return out, nil
}

func receiptsToProto(list []envelope.Receipt) []*lienthongv1.Receipt {
	var out []*lienthongv1.Receipt
	for _, r := range list {
		out = append(out, r.Proto())
	}
	return out
}

func receiptsFromProto(field string, list []*lienthongv1.Receipt) ([]envelope.Receipt, error) {
	if err := atMost(field, len(list), maxReceipts); err != nil {
		return nil, err
	}
	return each(field, list, envelope.ReceiptFromProto)
}

func digests(field string, list [][]byte) ([]envelope.Digest, error) {
	return each(field, list, envelope.DigestFromBytes)
}

func digestList(list []envelope.Digest) [][]byte {
	var out [][]byte
	for _, d := range list {
		out = append(out, d[:])
	}
	return out
}

// digest reads 32 bytes.
func digest(field string, b []byte) (envelope.Digest, error) {
	d, err := envelope.DigestFromBytes(b)
	if err != nil {
		return d, fmt.Errorf("%s: %w", field, err)
	}
	return d, nil
}

func digestBytes(d envelope.Digest) []byte {
	if d.IsZero() {
		return nil
	}
	return d[:]
}

func idFromBytes(field string, b []byte) (envelope.ID, error) {
	if len(b) == 0 {
		return envelope.ID{}, missing(field)
	}
	id, err := envelope.IDFromBytes(b)
	if err != nil {
		return id, fmt.Errorf("%s: %w", field, err)
	}
	return id, nil
}
