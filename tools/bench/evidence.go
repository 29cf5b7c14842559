package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/evidence"
)

// verifyEvidence judges the evidence file of a letter that went over three nodes.
func (b *bench) verifyEvidence(ctx context.Context) (_ []row, err error) {
	p, err := b.signedLetter(ctx)
	if err != nil {
		return nil, err
	}
	t, err := b.newTree("evidence", nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = closing(err, t) }()
	if err := t.linked(ctx); err != nil {
		return nil, err
	}
	ward := t.nodes["ward"]
	sent, err := ward.service.Send(ctx, benchClerk, p.request(1, "a-province"))
	if err != nil {
		return nil, err
	}
	w := &watch{n: ward, seen: map[envelope.ID]time.Time{}}
	if err := w.until(ctx, 1); err != nil {
		return nil, err
	}
	file, err := ward.evidence(ctx, sent.Letter.Key.ID)
	if err != nil {
		return nil, err
	}
	in := evidence.Input{Authorities: []*x509.Certificate{t.authority.Certificate}, At: time.Now()}
	var took []float64
	for range max(b.pairs, 1) {
		begin := time.Now()
		report, err := evidence.Verify(bytes.NewReader(file), int64(len(file)), in)
		took = append(took, float64(time.Since(begin))/float64(time.Millisecond))
		if err != nil {
			return nil, err
		}
		if report.Verdict != evidence.Proven {
			return nil, fmt.Errorf("evidence: found verdict %s, want %s: %+v", report.Verdict, evidence.Proven, report.Findings)
		}
	}
	x := most(fmt.Sprintf("verify an evidence file, its letter (%s) in it", p.name), quantile(took, 0.5), 50, "ms")
	x.base = fmt.Sprintf("%.0f KB; the slowest of %d: %s", float64(len(file))/1000, len(took), duration(slices.Max(took)))
	return []row{x}, nil
}

// evidence is what a node exports about a letter that was sent from there.
func (n *treeNode) evidence(ctx context.Context, id envelope.ID) ([]byte, error) {
	dossier, err := n.service.Dossier(ctx, "a-"+n.id, id)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = evidence.Write(&out, dossier, evidence.Options{Signer: n.signer, Now: time.Now(),
		Open: func(digest envelope.Digest) (exchange.Blob, error) { return n.service.OpenLetterFile(ctx, digest) }})
	return out.Bytes(), err
}
