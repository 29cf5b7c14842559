package postgres

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"

	"lienthong/envelope"
)

// fixed scans a bytea of exactly its own length into itself: an id or a digest.
type fixed []byte

// ScanBytes implements [pgtype.BytesScanner].
func (f fixed) ScanBytes(b []byte) error {
	if len(b) != len(f) {
		return fmt.Errorf("column holds %d bytes, want %d", len(b), len(f))
	}
	copy(f, b)
	return nil
}

// unsigned scans a uint64 that is kept as the int64 with the same bits.
type unsigned struct{ to *uint64 }

// ScanInt64 implements [pgtype.Int64Scanner].
func (u unsigned) ScanInt64(n pgtype.Int8) error {
	if !n.Valid {
		return fmt.Errorf("column holds NULL, want a number")
	}
	*u.to = uint64(n.Int64)
	return nil
}

// sealed scans an Envelope message.
type sealed struct{ to *envelope.Sealed }

// ScanBytes implements [pgtype.BytesScanner].
func (s sealed) ScanBytes(b []byte) (err error) {
	*s.to, err = envelope.ParseSealed(append([]byte(nil), b...)) // b is the driver's
	return err
}

// escaped begins a text that stands in the database in another form.
const escaped = "\x01"

// toText makes of any string one that PostgreSQL can hold: its text knows neither
// the byte 0 nor bytes that are no UTF-8, and strangers send both. What cannot stand
// as it is, or looks as if it were such a form, is quoted; equal strings stay equal.
func toText(s string) string {
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) && !strings.HasPrefix(s, escaped) {
		return s
	}
	return escaped + strconv.QuoteToASCII(s)
}

// fromText gives the string that toText was given.
func fromText(s string) (string, error) {
	quoted, is := strings.CutPrefix(s, escaped)
	if !is {
		return s, nil
	}
	return strconv.Unquote(quoted)
}

// text scans what toText made.
type text struct{ to *string }

// ScanText implements [pgtype.TextScanner].
func (t text) ScanText(v pgtype.Text) (err error) {
	if !v.Valid {
		return fmt.Errorf("column holds NULL, want a text")
	}
	*t.to, err = fromText(v.String)
	return err
}

// values are arguments as they go to the database: strings as text that it can
// hold, and no NULL for an empty bytea.
func values(args []any) []any {
	for i, a := range args {
		switch v := a.(type) {
		case string:
			args[i] = toText(v)
		case []byte:
			if v == nil {
				args[i] = []byte{}
			}
		}
	}
	return args
}

// targets are destinations of a row, those for strings as text.
func targets(dest []any) []any {
	for i, d := range dest {
		if s, ok := d.(*string); ok {
			dest[i] = text{s}
		}
	}
	return dest
}

// chain is a list of envelopes as a bytea[].
func chain(list []envelope.Sealed) [][]byte {
	out := make([][]byte, len(list))
	for i, s := range list {
		out[i] = s.Marshal()
	}
	return out
}

func parseChain(list [][]byte) (out []envelope.Sealed, err error) {
	for i, b := range list {
		s, err := envelope.ParseSealed(b)
		if err != nil {
			return nil, fmt.Errorf("postgres: chain: envelope %d: %w", i, err)
		}
		out = append(out, s)
	}
	return out, nil
}
