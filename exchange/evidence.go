package exchange

import (
	"context"
	"fmt"

	"lienthong/certs"
	"lienthong/envelope"
	"lienthong/signer"
)

// keepEvidence makes durable what was asked before a key was used: each certificate
// of the path, and each answer. What it returns is written with the signed file. If
// we die before that, they are orphans.
func (s *Service) keepEvidence(ctx context.Context, agency string, input envelope.Digest, signed *signer.Signed) (func(*draft), []EvidenceRow, error) {
	var rows []EvidenceRow
	var blobs []BlobRow
	var files []File
	put := func(data []byte, name, media string) (envelope.Digest, error) {
		row, err := s.keep(ctx, data)
		if err != nil {
			return row.Digest, storeError(err)
		}
		blobs = append(blobs, row)
		files = append(files, File{Holder: agency, Digest: row.Digest, Size: row.Size, LeafRoot: row.LeafRoot, Name: name, MediaType: media, Since: s.now()})
		return row.Digest, nil
	}
	for i, asked := range signed.Before {
		e := EvidenceRow{Agency: agency, File: signed.Digest, Base: input, Position: i, Status: string(asked.Revocation.Status), Kind: asked.Revocation.Kind,
			Source: asked.Revocation.Source, Checked: asked.At.UnixMicro()}
		var err error
		if e.Certificate, err = put(asked.Certificate.Raw, fmt.Sprintf("certificate-%d.cer", i), "application/pkix-cert"); err != nil {
			return nil, nil, err
		}
		if len(asked.Revocation.DER) > 0 {
			name, media := answerName(asked.Revocation.Kind, i)
			if e.Answer, err = put(asked.Revocation.DER, name, media); err != nil {
				return nil, nil, err
			}
			e.ThisUpdate = asked.Revocation.ThisUpdate.UnixMicro()
		}
		rows = append(rows, e)
	}
	return func(d *draft) {
		d.change.Wrote = append(d.change.Wrote, blobs...)
		d.change.Files = append(d.change.Files, files...)
		d.change.Evidence = append(d.change.Evidence, rows...)
	}, rows, nil
}

func answerName(kind string, position int) (name, media string) {
	if kind == certs.KindOCSP {
		return fmt.Sprintf("status-%d.ors", position), "application/ocsp-response"
	}
	return fmt.Sprintf("status-%d.crl", position), "application/pkix-crl"
}

// keptFindings names in a report what is kept of the signing of a file, by digest.
func (s *Service) keptFindings(ctx context.Context, file File) ([]signer.Finding, error) {
	rows, err := s.cfg.Store.Evidence(ctx, file.Holder, file.Digest)
	if err != nil {
		return nil, err
	}
	var out []signer.Finding
	for _, e := range rows {
		if e.Status == "" {
			continue // an anchor, about which nobody is asked
		}
		kept := signer.KeptStatus{Certificate: e.Certificate.String(), Status: e.Status, Checked: timeText(e.Checked)}
		if !e.Answer.IsZero() {
			kept.Kind, kept.Answer, kept.ThisUpdate = e.Kind, e.Answer.String(), timeText(e.ThisUpdate)
		}
		out = append(out, kept.Finding())
	}
	return out, nil
}
