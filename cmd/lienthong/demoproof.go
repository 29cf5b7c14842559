package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"path/filepath"

	"lienthong/envelope"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// validateReceived judges the letter as the province took it out, with the claim
// that it comes from the ward: both signatures must be bound to it.
func (p *play) validateReceived(ctx context.Context) error {
	trust, evidence, err := loadTrust([]string{p.world.pki.RootFile()}, []string{p.world.pki.CRLDir()}, nil)
	if err != nil {
		return err
	}
	in, err := openDocument(filepath.Join(p.dir, "received", "a-thai-nguyen", "45-BC-UBND.pdf"))
	if err != nil {
		return err
	}
	defer in.Close()
	report, err := signer.Validate(ctx, in, signer.Options{At: p.now(), Trust: trust, Evidence: evidence, Claim: p.directory.Claim(demoSender, p.now())})
	if err != nil {
		return err
	}
	if report.Verdict != signer.VerdictValid || !report.Original || len(report.Signatures) != 2 {
		_ = report.WriteText(p.err, signer.Language(p.lang))
		return fmt.Errorf("verdict %s, original %t, %d signatures; want valid, true, 2", report.Verdict, report.Original, len(report.Signatures))
	}
	p.step("the received file: %d signatures pass and belong to the ward, both time-stamped", "tệp nhận được: %d chữ ký hợp lệ, đúng của phường, đều có dấu thời gian", len(report.Signatures))
	for _, s := range report.Signatures {
		p.printf("             %-9s %s, %s\n", s.Role, s.Signer.CommonName, s.Level)
	}
	return nil
}

// verifyJournals has each node hash its journal again, and checks here that the
// head that it then signs is of that tree.
func (p *play) verifyJournals(ctx context.Context) error {
	for _, n := range demoNodes {
		c, err := p.world.client(ctx, n.id, demoClerk)
		if err != nil {
			return err
		}
		answer, err := c.Journal.VerifyJournal(ctx, &lienthongv1.VerifyJournalRequest{})
		c.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", n.id, err)
		}
		if err := p.checkHead(n.id, answer); err != nil {
			return fmt.Errorf("%s: %w", n.id, err)
		}
		p.step("journal of %-8s %3d entries, root %x…: whole and signed", "nhật ký của %-8s %3d mục, gốc %x…: nguyên vẹn, đã ký",
			n.id, answer.GetTreeSize(), answer.GetRootHash()[:8])
	}
	return nil
}

func (p *play) checkHead(node string, answer *lienthongv1.VerifyJournalResponse) error {
	if !answer.GetOk() {
		return fmt.Errorf("journal does not verify: %v", answer.GetProblems())
	}
	sealed, err := envelope.SealedFromProto(answer.GetCheckpoint())
	if err != nil {
		return err
	}
	head, err := envelope.ParseCheckpoint(sealed)
	if err != nil {
		return err
	}
	if head.Node != node || head.TreeSize != answer.GetTreeSize() || string(head.RootHash[:]) != string(answer.GetRootHash()) {
		return fmt.Errorf("checkpoint is of %q with %d entries, want %q with %d", head.Node, head.TreeSize, node, answer.GetTreeSize())
	}
	known, _ := p.directory.Node(node)
	var certificates []*x509.Certificate
	for _, c := range known.Certificates {
		certificate, err := x509.ParseCertificate(c.Certificate)
		if err != nil {
			return err
		}
		certificates = append(certificates, certificate)
	}
	return sealed.Verify(certificates...)
}
