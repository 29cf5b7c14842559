package wire

import (
	"encoding/base64"
	"errors"
	"unicode/utf8"
)

// TextToken is the page token behind a row that has a text as its key.
func TextToken(key string) string { return base64.RawURLEncoding.EncodeToString([]byte(key)) }

// TextCursor reads what TextToken made; an empty one begins at the first.
func TextCursor(token string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || !utf8.Valid(b) {
		return "", BadField("page_token", errors.New("want a token of the answer before"))
	}
	return string(b), nil
}
