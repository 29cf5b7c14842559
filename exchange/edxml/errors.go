package edxml

import (
	"errors"
	"fmt"
)

// Reasons why a message, or an attachment, is refused.
const (
	ReasonSize           = "SIZE"            // the message is larger than the limit
	ReasonEncoding       = "ENCODING"        // not UTF-8
	ReasonSyntax         = "SYNTAX"          // not well-formed XML
	ReasonDTD            = "DTD"             // a document type declaration
	ReasonEntity         = "ENTITY"          // a reference to an entity that XML does not predefine
	ReasonDepth          = "DEPTH"           // elements nested too deep
	ReasonCount          = "COUNT"           // too many elements, attributes, attachments
	ReasonText           = "TEXT_SIZE"       // a text or a tag that is too long
	ReasonNotEdXML       = "NOT_EDXML"       // XML, but no message of the axis
	ReasonBase64         = "BASE64"          // the attachment's base64 is damaged
	ReasonMangled        = "MANGLED_UTF8"    // binary data that went through a UTF-8 string
	ReasonAttachmentSize = "ATTACHMENT_SIZE" // an attachment larger than the limit
	ReasonZIP            = "ZIP"             // a ZIP wrapper that cannot be opened
	ReasonZIPBomb        = "ZIP_BOMB"        // a ZIP wrapper that swells over the limit
	ReasonExtra          = "EXTRA"           // an [Extra] that has no place, or is no XML
)

// An Error is a refusal. Path is where in the message, or "byte N".
type Error struct {
	Reason string
	Path   string
	Text   string
}

func (e *Error) Error() string {
	if e.Path == "" {
		return "edxml: " + e.Reason + ": " + e.Text
	}
	return "edxml: " + e.Reason + ": " + e.Path + ": " + e.Text
}

// Is compares reasons, so that a caller can ask errors.Is(err, &Error{Reason: …}).
func (e *Error) Is(target error) bool {
	var other *Error
	return errors.As(target, &other) && other.Reason == e.Reason && other.Text == "" && other.Path == ""
}

func refuse(reason, path, format string, args ...any) error {
	return &Error{Reason: reason, Path: path, Text: fmt.Sprintf(format, args...)}
}

// Limits bound what a message may cost. Sizes are in bytes.
type Limits struct {
	Message     int64 // of the whole message
	Depth       int   // of nested elements
	Nodes       int   // elements, texts and comments together
	Attributes  int   // of one element
	Tag         int   // of one tag, as written
	Text        int   // of one text, as written; that of attachments is bounded by Attachment
	Attachments int   // in one message, and references in its manifest
	Attachment  int64 // of one attachment after base64
	Unpacked    int64 // of all files of a message that come out of ZIP wrappers
	Entries     int   // in one ZIP wrapper, and files of one message
}

// DefaultLimits allow the 50 MB that gateways of the axis take for one message, and
// some air around it.
func DefaultLimits() Limits {
	return Limits{
		Message: 64 << 20, Depth: 64, Nodes: 250_000, Attributes: 32, Tag: 16 << 10, Text: 1 << 20,
		Attachments: 1000, Attachment: 50 << 20, Unpacked: 128 << 20, Entries: 10_000,
	}
}
