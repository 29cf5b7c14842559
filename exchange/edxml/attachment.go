package edxml

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"
)

// A File is what an attachment holds. Data are the sender's bytes, exactly.
type File struct {
	Name  string // the attachment's; the entry's where one wrapper holds several
	Entry string // the name in the ZIP wrapper; empty if there is none
	Data  []byte
}

// SHA256 is the digest of the file, in hexadecimal.
func (f File) SHA256() string {
	sum := sha256.Sum256(f.Data)
	return hex.EncodeToString(sum[:])
}

// Bytes decodes the base64, and nothing more. An empty attachment has no bytes.
func (a *Attachment) Bytes(lim Limits) ([]byte, error) {
	text := a.Encoded
	if strings.ContainsAny(text, " \t\r\n") {
		text = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(text)
	}
	if int64(base64.StdEncoding.DecodedLen(len(text))) > lim.Attachment+2 {
		return nil, refuse(ReasonAttachmentSize, a.label(), "%d characters of base64, at most %d bytes are taken", len(text), lim.Attachment)
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, refuse(ReasonBase64, a.label(), "%s", damage(text, err))
	}
	return data, nil
}

// label names the attachment in messages.
func (a *Attachment) label() string {
	return fmt.Sprintf("attachment %.40q %.80q", a.ContentID, a.Name)
}

// damage says what is wrong with base64, for the one who has to tell the sender.
func damage(text string, cause error) string {
	if strings.HasPrefix(text, "data:") {
		return "it begins with data:, as in a web page: want the base64 alone"
	}
	for i, r := range text {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '+' || r == '/' || r == '=':
		case r == '-' || r == '_':
			return fmt.Sprintf("character %q at %d is of the alphabet for addresses (base64url), want + and /", r, i)
		case r == '%':
			return fmt.Sprintf("%% at %d: it was escaped as if for an address", i)
		default:
			return fmt.Sprintf("character %q at %d is not of base64", r, i)
		}
	}
	body := strings.TrimRight(text, "=")
	switch padding := len(text) - len(body); {
	case strings.Contains(body, "="):
		return fmt.Sprintf("an = at %d of %d: several pieces of base64 were put together", strings.IndexByte(body, '='), len(text))
	case len(body)%4 == 1:
		return fmt.Sprintf("%d characters are no whole number of bytes: it was cut short", len(body))
	case padding != (4-len(body)%4)%4:
		return fmt.Sprintf("%d characters and %d of padding: it was cut short, or lost its =", len(body), padding)
	}
	return fmt.Sprintf("its last bits are not zero: it was cut or changed (%v)", cause)
}

// Files decodes the attachment and opens the ZIP wrapper, if it has one. What is
// damaged is refused with an [*Error] that says how.
func (a *Attachment) Files(lim Limits) ([]File, error) {
	data, err := a.Bytes(lim)
	if err != nil {
		return nil, err
	}
	if at := mangled(data); at >= 0 {
		return nil, refuse(ReasonMangled, a.label(), "bytes EF BF BD at %d stand for bytes that are lost: the file was handled as UTF-8 text on its way, ask the sender for it again", at)
	}
	if !bytes.HasPrefix(data, zipMagic) {
		return []File{{Name: a.Name, Data: data}}, nil
	}
	return a.unwrap(data, lim)
}

// An opened is what came of an attachment.
type opened struct {
	files []File
	err   error
}

// open opens the attachments one after another, within one budget for all. Once an
// archive swells over it, the rest is not tried.
func (d *Document) open(lim Limits) iter.Seq2[int, opened] {
	return func(yield func(int, opened) bool) {
		for i := range d.Attachments {
			files, err := d.Attachments[i].Files(lim)
			if !yield(i, opened{files, err}) || errors.Is(err, &Error{Reason: ReasonZIPBomb}) {
				return
			}
			for _, f := range files {
				if f.Entry != "" {
					lim.Unpacked -= int64(len(f.Data))
					lim.Entries--
				}
			}
		}
	}
}

var zipMagic = []byte("PK\x03\x04")

// mangled finds the mark of binary data that went through a UTF-8 string: U+FFFD
// near the beginning of what is otherwise a PDF or ZIP file. It returns its place,
// or -1.
func mangled(data []byte) int {
	if !bytes.HasPrefix(data, []byte("%PDF-")) && !bytes.HasPrefix(data, []byte("PK")) {
		return -1
	}
	head := data[:min(len(data), 1024)]
	at := bytes.Index(head, []byte("\xef\xbf\xbd"))
	if at < 0 {
		return -1
	}
	// The second line of a PDF is a comment with four bytes over 127, none of which
	// is EF BF BD in a sound file. Elsewhere the mark counts only if all is UTF-8,
	// which the compressed data of a sound file never is.
	if line := bytes.IndexAny(head, "\r\n"); data[0] == '%' && line >= 0 && at-line <= 8 || utf8.Valid(data) {
		return at
	}
	return -1
}
