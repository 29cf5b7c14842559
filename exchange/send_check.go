package exchange

import (
	"context"
	"fmt"
	"slices"

	"lienthong/envelope"
	"lienthong/journal"
)

// A Checked is what Send would do with a request.
type Checked struct {
	Sent     *Document // it was sent already, by this request id; all else is empty then
	LeftOut  []Field   // recipients to whom it would not go: of a SendRequest that is Partial
	Warnings []Field   // what is odd about it
}

// CheckSend tells what Send would say to a request, by the same checks, and sends and keeps
// nothing. Files are named by digest and need not be here yet: their bytes are looked at when
// the document is sent. What is free of faults now may meet one then: an agency that has
// ended meanwhile, a file that is no PDF, no space.
func (s *Service) CheckSend(ctx context.Context, actor journal.Actor, req SendRequest) (*Checked, error) {
	from, _, before, err := s.sender(ctx, actor, &req)
	if err != nil {
		return nil, err
	}
	if before != nil {
		return &Checked{Sent: before}, nil
	}
	to, leftOut, bad, err := s.checkSend(ctx, from, &req)
	if err != nil {
		return nil, err
	}
	_, problems, err := s.numberFor(ctx, from.ID, &req.Metadata)
	if err != nil {
		return nil, err
	}
	bad = slices.Concat(bad, problems, s.namedFiles(req.Files))
	if err := s.roomToSend(ctx, from, &req, to); err != nil {
		return nil, err
	}
	if len(bad) > 0 {
		return nil, badDocument(bad)
	}
	warnings, err := s.wouldWarn(ctx, from, &req.Metadata)
	return &Checked{LeftOut: leftOut, Warnings: warnings}, err
}

// namedFiles checks what is said about files, whose bytes may not be here.
func (s *Service) namedFiles(asked []OutgoingFile) (bad []Field) {
	if len(asked) == 0 || len(asked) > envelope.MaxFiles {
		return []Field{wrongFiles(len(asked))}
	}
	mains := 0
	for i, f := range asked {
		file := envelope.ContentFile{Role: f.Role, Name: f.Name, MediaType: f.MediaType}
		if problem := s.fileProblem(fmt.Sprintf("files[%d]", i), &file); problem != nil {
			bad = append(bad, *problem)
		}
		if file.Role == envelope.FileMain {
			mains++
		}
	}
	if mains != 1 && len(bad) == 0 {
		bad = append(bad, mainFiles(mains))
	}
	return bad
}

// wouldWarn are the warnings of a document, were it sent now.
func (s *Service) wouldWarn(ctx context.Context, from envelope.Agency, m *envelope.Metadata) ([]Field, error) {
	letter := Letter{Agency: from.ID, Received: s.now()}
	letter.Register, letter.Document = registerKeys(m)
	twice, err := s.duplicates(ctx, from.ID, &letter, m)
	return slices.Concat(registrationWarnings(m), twice), err
}
