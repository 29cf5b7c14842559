package signer

import (
	"context"
	"errors"
	"fmt"
)

// RefusedOpinion: a second opinion finds the signature wrong that was just made.
const RefusedOpinion = "CROSS_CHECK"

// ErrDisagreement is the answer where another program, asked for a second opinion,
// read a signature that was just made and found its digest or its value wrong.
var ErrDisagreement = errors.New("sign: the second opinion disagrees: the file is not handed out")

// A CrossCheck asks another program about a file that was just signed. Its error is
// an [ErrDisagreement], or that of ctx; where there is no opinion, since the
// other program cannot read the file or does not know the algorithm, the note says
// why and the error is nil. It must bear any file.
type CrossCheck func(ctx context.Context, file Source, signed *Signed) (note string, err error)

// crossCheck asks for the second opinion, if the service has whom to ask.
func (s *Service) crossCheck(ctx context.Context, c *cleared, file Source, signed *Signed) error {
	if s.CrossCheck == nil {
		return nil
	}
	note, err := s.CrossCheck(ctx, file, signed)
	if errors.Is(err, ErrDisagreement) {
		return refusal(RefusedOpinion, "%v", err)
	}
	if err != nil {
		return fmt.Errorf("sign: check the result: %w", err)
	}
	if note != "" {
		c.warnings = append(c.warnings, "no second opinion on the signature: "+note)
	}
	return nil
}
