package signer

import (
	"context"
	"errors"
	"io"
	"time"

	"lienthong/certs/keys"
	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// SignOptions say what signature [Sign] makes. At is required.
type SignOptions struct {
	Level    Level      // LevelBB if empty
	Field    string     // full name of an empty signature field, or of a new one; chosen if empty
	Place    *Placement // where a visible signature goes; nil takes the existing field's rectangle
	Profile  appearance.Profile
	Lines    []string // visible text; the signer, the agency and the time if empty
	Image    []byte   // PNG
	Name     string   // /Name; the certificate's common name if empty
	Location string
	Reason   string
	Contact  string
	At       time.Time   // the time that is claimed and printed
	TSA      tsp.Stamper // needed by LevelBT
	Limits   pdf.Limits  // of reading the input; the default if zero
}

// A Placement is a rectangle on a page as a reader sees it, rotation included:
// left, bottom, right and top, in points from the lower left corner of the page.
type Placement struct {
	Page int // from 1; -1 is the last
	Rect [4]float64
}

// Signed says what [Sign] wrote.
type Signed struct {
	Digest      [32]byte // SHA-256 of the whole output
	Size        int64    // of the whole output, bytes
	Field       string   // full name of the signature field
	Revision    int      // number of the revision that was appended
	Level       Level
	CMS         []byte   // the SignedData
	Certificate [32]byte // SHA-256 of the signer's certificate
	TimeStamp   *tsp.Token
}

// Sign copies in to out and appends one revision with a signature by key.
func Sign(ctx context.Context, in pdf.Source, key keys.Key, opts SignOptions, out io.Writer) (*Signed, error) {
	return nil, errors.New("sign: not yet")
}
