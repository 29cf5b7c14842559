package server

import (
	"context"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/evidence"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// stampLimit is how long an export waits for a time-stamp; then it goes without one.
const stampLimit = 20 * time.Second

func (j *journalService) ExportEvidence(m *lienthongv1.ExportEvidenceRequest, stream lienthongv1.JournalService_ExportEvidenceServer) error {
	ctx := stream.Context()
	agency, err := j.agencyOf(m)
	if err != nil {
		return err
	}
	_, collection, _ := splitName(m.GetName())
	if collection != "documents" {
		collection = "deliveries"
	}
	_, id, err := j.resource(m.GetName(), collection)
	if err != nil {
		return err
	}
	dossier, err := j.svc.Dossier(ctx, agency, id)
	if err != nil {
		return err
	}
	options := evidence.Options{Now: j.now(), WithoutDocuments: m.GetWithoutDocuments(), WithoutContent: m.GetWithoutContent() || !j.mayRead(ctx, agency),
		Open: func(digest envelope.Digest) (exchange.Blob, error) { return j.svc.OpenLetterFile(ctx, digest) }}
	options.Signer = j.svc.Signer()
	if stamp := j.svc.Stamper(); stamp != nil {
		options.Stamp = j.stampOr(ctx, stamp)
	}
	return evidence.Write(&pieceWriter{send: func(data []byte) error {
		return stream.Send(&lienthongv1.ExportEvidenceResponse{Data: data})
	}}, dossier, options)
}

// mayRead reports whether the caller reads letters of an agency; an auditor does not.
func (j *journalService) mayRead(ctx context.Context, agency string) bool {
	p := callerOf(ctx).principal
	return p != nil && (p.May(exchange.RoleClerk, agency) || p.May(exchange.RoleReader, agency))
}

// stampOr asks for a time-stamp, and gives none where it cannot be had in time: evidence
// is not held up by an authority that is away.
func (j *journalService) stampOr(ctx context.Context, stamp exchange.StampFunc) func(envelope.Digest) ([]byte, error) {
	return func(digest envelope.Digest) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, stampLimit)
		defer cancel()
		token, _, err := stamp(ctx, digest)
		if err != nil {
			j.log.Warn("evidence without a time-stamp", "error", err)
			return nil, nil
		}
		return token, nil
	}
}

// A pieceWriter sends what is written in pieces of a bounded size.
type pieceWriter struct{ send func([]byte) error }

func (w *pieceWriter) Write(p []byte) (int, error) {
	for n := 0; n < len(p); {
		// A message that was sent may not be changed, so each has bytes of its own.
		piece := append([]byte(nil), p[n:min(len(p), n+pieceDown)]...)
		if err := w.send(piece); err != nil {
			return n, err
		}
		n += len(piece)
	}
	return len(p), nil
}
