package signer

import (
	"context"
	"time"

	"lienthong/signer/pdf"
)

// readable opens the file that is to be signed at a node, and says what had to be
// done for that.
func readable(in Source, opts SignOptions) (*pdf.Repair, error) {
	file, err := opts.open(in)
	if err != nil {
		return nil, refusal(RefusedUnreadable, "%v", err)
	}
	if _, err := file.Unlock(nil); err != nil {
		return nil, refusal(RefusedFile, "%v: sign a copy without encryption, such as qpdf --decrypt makes", err)
	}
	update, err := pdf.NewUpdate(file)
	if err != nil {
		return file.Repair(), nil // Sign will say so, with the key's journal
	}
	return opts.mend(file, update), nil
}

// look judges the signatures that are in the file before it is signed. A file that
// must be repaired has none: [pdf.NewUpdate] refuses it otherwise.
func (s *Service) look(ctx context.Context, c *cleared, in Source, at time.Time, repair *pdf.Repair) (*Report, error) {
	if repair != nil {
		return &Report{Verdict: VerdictUnsigned}, nil
	}
	return Validate(ctx, in, Options{At: at, Trust: s.Trust, Evidence: s.Evidence, Claim: &Claim{Agency: c.key.AgencyCode, Bind: s.Bind}})
}
