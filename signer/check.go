package signer

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"lienthong/certs"
	"lienthong/signer/pdf"
)

// Options say how [Validate] judges. At is required; the rest has a meaning when
// it is zero: the default policy, no anchors, no evidence, no claim.
type Options struct {
	Policy   *Policy
	At       time.Time // the current time of EN 319 102-1: nothing later is used
	Trust    *certs.Trust
	Evidence *certs.Evidence
	Claim    *Claim
	Limits   pdf.Limits // of reading the file; the default if zero
}

// A Claim is what the sender of a file says about it: which agency issued it.
type Claim struct {
	Agency string // code of the agency
	// Bind asks the directory for what a certificate is bound to at a time; false
	// where it knows nothing of it then.
	Bind func(certificate *x509.Certificate, at time.Time) (Binding, bool)
}

// An Binding is what a directory says about a certificate.
type Binding struct {
	Agency string // code
	Role   string // RolePersonal or RoleAgency
	Holder string // who holds it
}

// Validate judges every signature and time-stamp of a file, and what was added
// after each. Its errors are those of a file that cannot be read; everything
// else is in the report.
func Validate(ctx context.Context, src pdf.Source, opts Options) (*Report, error) {
	return nil, errors.New("signer: validation is not built yet")
}
