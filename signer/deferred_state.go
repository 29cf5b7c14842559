package signer

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"

	"lienthong/signer/cms"
	"lienthong/signer/pdf"
)

// maxPrepared bounds a preparation as JSON: a revision with a seal of 1 MiB in
// base64, and room to spare.
const maxPrepared = 32 << 20

// ParsePrepared reads a [Prepared] that was written with encoding/json. What it
// returns is consistent in itself; whether it fits a file is for [Complete] to
// find out. The error is an [ErrPrepared].
func ParsePrepared(data []byte) (*Prepared, error) {
	if len(data) > maxPrepared {
		return nil, fmt.Errorf("%w: %d bytes, want at most %d", ErrPrepared, len(data), maxPrepared)
	}
	p := new(Prepared)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrPrepared, err)
	}
	if err := p.consistent(); err != nil {
		return nil, err
	}
	return p, nil
}

// consistent checks what the arithmetic below relies on.
func (p *Prepared) consistent() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrPrepared, fmt.Sprintf(format, args...))
	}
	end := p.Size + int64(len(p.Data))
	switch {
	case p.Version != preparedVersion:
		return bad("version %d, want %d", p.Version, preparedVersion)
	case p.hash() == 0:
		return bad("hash %q is not known", p.Hash)
	case len(p.Input) != sha256.Size:
		return bad("digest of the input has %d bytes, want %d", len(p.Input), sha256.Size)
	case p.Size < 0 || end < p.Size:
		return bad("size of the input is %d", p.Size)
	case p.Contents.Start < p.Size || p.Contents.End > end || p.Contents.Start > p.Contents.End-4:
		return bad("/Contents is bytes %d to %d of %d", p.Contents.Start, p.Contents.End, end)
	case p.At.IsZero() || p.Expires.Before(p.At):
		return bad("it expires before it begins")
	}
	if err := p.ByteRange.Check(p.Contents, end); err != nil {
		return bad("%v", err)
	}
	return nil
}

// signingHashes are those that signatures are made with.
var signingHashes = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}

func (p *Prepared) hash() crypto.Hash {
	for _, h := range signingHashes {
		if h.String() == p.Hash {
			return h
		}
	}
	return 0
}

// room is the size of the hole in bytes of DER.
func (p *Prepared) room() int { return int(p.Contents.Len()-2) / 2 }

// appended is the revision, copied, so that one preparation can be tried twice.
func (p *Prepared) appended() *pdf.Appended {
	return &pdf.Appended{Base: p.Size, Data: bytes.Clone(p.Data), Contents: p.Contents, ByteRange: p.ByteRange}
}

func (p *Prepared) certificates() (*x509.Certificate, []*x509.Certificate, error) {
	cert, err := x509.ParseCertificate(p.Certificate)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: certificate: %v", ErrPrepared, err)
	}
	var chain []*x509.Certificate
	for _, der := range p.Chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: chain: %v", ErrPrepared, err)
		}
		chain = append(chain, c)
	}
	return cert, chain, nil
}

func (p *Prepared) cmsOptions() cms.SignOptions {
	c := SignOptions{Hash: p.hash(), PSS: p.Scheme == cms.RSAPSS, Format: p.Format, At: p.At}.cms()
	c.Further = p.Further
	return c
}

// draft makes the signed attributes again, of the bytes as they are now. If they
// differ from those that the key was shown, its signature is about something else.
func (p *Prepared) draft(covered []byte) (*cms.Draft, *x509.Certificate, error) {
	cert, chain, err := p.certificates()
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(covered, p.RangeDigest) {
		return nil, nil, fmt.Errorf("%w: the revision has digest %x, but %x was to be signed", ErrPrepared, covered, p.RangeDigest)
	}
	draft, err := cms.NewDraft(cert, chain, covered, p.cmsOptions())
	if err != nil {
		return nil, nil, fmt.Errorf("sign: %w", err)
	}
	if !bytes.Equal(draft.Attributes(), p.Attributes) || draft.Algorithm().Scheme != p.Scheme {
		return nil, nil, fmt.Errorf("%w: its signed attributes are not those of its file and certificate", ErrPrepared)
	}
	return draft, cert, nil
}
