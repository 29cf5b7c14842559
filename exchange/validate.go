package exchange

import (
	"context"
	"time"

	"lienthong/certs"
	"lienthong/signer"
)

// ValidateFunc judges a PDF at a time by a policy (a built-in name, empty for the
// default), against a claim that may be nil. Its error means that the file cannot be read.
type ValidateFunc func(ctx context.Context, file Blob, at time.Time, policy string, claim *signer.Claim) (*signer.Report, error)

// NewValidator is the validator of a node: [signer.Validate] with its anchors and evidence.
func NewValidator(trust *certs.Trust, evidence *certs.Evidence) ValidateFunc {
	return func(ctx context.Context, file Blob, at time.Time, policy string, claim *signer.Claim) (*signer.Report, error) {
		return signer.Validate(ctx, file, signer.Options{At: at, Trust: trust, Evidence: evidence, Claim: claim})
	}
}
