package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// A play is the letter on its way, with what each step needs of the ones before.
type play struct {
	*demo
	ward      *client.Client // as the clerk
	sealed    []byte         // the letter as it is sent
	directory *exchange.Directory
	document  *lienthongv1.Document
}

// play runs the steps in order; each is checked for what it really did.
func (d *demo) play(ctx context.Context) error {
	p := &play{demo: d}
	var err error
	if p.ward, err = d.world.client(ctx, "ward", demoClerk); err != nil {
		return d.failed("connect to the ward's node", err)
	}
	defer p.ward.Close()
	parsed, err := envelope.ParseDirectory(d.world.directory)
	if err != nil {
		return d.failed("read the directory", err)
	}
	if p.directory, err = exchange.NewDirectory(parsed); err != nil {
		return d.failed("read the directory", err)
	}
	for _, s := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"sign the letter", p.sign},
		{"send the letter", p.send},
		{"deliver the letter", p.awaitDelivered},
		{"take the letter in", p.accept},
		{"bring the answers back", p.awaitAnswers},
		{"verify the receipts", p.timeline},
		{"validate what was received", p.validateReceived},
		{"verify the journals", p.verifyJournals},
	} {
		if err := s.run(ctx); err != nil {
			return d.failed(s.name, err)
		}
	}
	return nil
}

// sign puts the leader's signature and then the ward's seal on the letter, with the
// keys that the ward's node holds: the leader asks for the first, the clerk for the
// second, as Decree 30/2020 (Art. 32 and 33) has it. The node finds the signing block:
// the handwriting goes below CHỦ TỊCH, and the seal over a third of it.
func (p *play) sign(ctx context.Context) error {
	hand, err := handwriting()
	if err != nil {
		return err
	}
	seal, err := sealImage()
	if err != nil {
		return err
	}
	leader, err := p.world.client(ctx, "ward", demoLeader)
	if err != nil {
		return err
	}
	defer leader.Close()
	draft, err := leader.Upload(ctx, demoSender, "letter.pdf", "application/pdf", bytes.NewReader(demoLetter), int64(len(demoLetter)), nil)
	if err != nil {
		return err
	}
	signed, err := leader.Signing.SignFile(ctx, &lienthongv1.SignFileRequest{Agency: demoSender, Sha256: draft.GetSha256(), Key: "chu-tich",
		Level: lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_T, Profile: lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_PERSONAL, Image: hand,
		Placement: &lienthongv1.Placement{Auto: true}, Location: "Ba Hàng"})
	if err != nil {
		return err
	}
	p.step("signed by Đỗ Nghĩa Sĩ, level B-T: time-stamped", "Đỗ Nghĩa Sĩ đã ký số, mức B-T: có dấu thời gian")
	sealed, err := p.ward.Signing.SignFile(ctx, &lienthongv1.SignFileRequest{Agency: demoSender, Sha256: signed.GetFile().GetSha256(), Key: "con-dau",
		Level: lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_T, Profile: lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_AGENCY, Image: seal,
		Placement: &lienthongv1.Placement{Auto: true}, Location: "Ba Hàng"})
	if err != nil {
		return err
	}
	p.step("sealed by Ủy ban nhân dân phường Ba Hàng, level B-T", "đã đóng dấu số của Ủy ban nhân dân phường Ba Hàng, mức B-T")
	var buffer bytes.Buffer
	digest, err := envelope.DigestFromBytes(sealed.GetFile().GetSha256())
	if err != nil {
		return err
	}
	if _, err := p.ward.Download(ctx, demoSender, digest, &buffer, nil); err != nil {
		return err
	}
	p.sealed = buffer.Bytes()
	if !bytes.HasPrefix(p.sealed, demoLetter) {
		return errors.New("the signed letter does not begin with the bytes of the draft")
	}
	return p.keepFiles(map[string][]byte{"letter.pdf": demoLetter, "letter-sealed.pdf": p.sealed, "handwriting.png": hand, "seal.png": seal})
}

func (p *play) keepFiles(files map[string][]byte) error {
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(p.dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (p *play) send(ctx context.Context) error {
	digest := sha256.Sum256(p.sealed)
	answer, err := p.ward.Documents.SendDocument(ctx, &lienthongv1.SendDocumentRequest{
		Agency: demoAgencies[0].code,
		Metadata: &lienthongv1.DocumentMetadata{Number: "45", Symbol: "BC-UBND", TypeCode: "BC", TypeName: "Báo cáo",
			Subject:    "Kết quả giải quyết thủ tục hành chính quý I năm 2025",
			IssuedDate: p.now().In(hanoi).Format(time.DateOnly), Place: "Ba Hàng", PageAmount: 1,
			Signer:   &lienthongv1.SignerInfo{Competence: "TM.", Position: "Chủ tịch", FullName: "Đỗ Nghĩa Sĩ"},
			ToPlaces: []string{"UBND thị xã (b/c)", "UBND tỉnh", "Sở Nội vụ"}},
		Files: []*lienthongv1.OutgoingFile{{Role: lienthongv1.FileRole_FILE_ROLE_MAIN, Name: "45-BC-UBND.pdf", MediaType: "application/pdf", Sha256: digest[:]}},
		Recipients: []*lienthongv1.OutgoingRecipient{
			{Agency: "H55.13", Role: lienthongv1.RecipientRole_RECIPIENT_ROLE_TO},
			{Agency: "H55", Role: lienthongv1.RecipientRole_RECIPIENT_ROLE_TO},
			{Agency: "H55.08", Role: lienthongv1.RecipientRole_RECIPIENT_ROLE_COPY}},
		Urgency: lienthongv1.Urgency_URGENCY_NORMAL, Staff: &lienthongv1.Staff{Id: "vt-01", Name: "Văn thư"}, RequestId: "demo-45",
	})
	if err != nil {
		return err
	}
	p.document = answer.GetDocument()
	p.world.sentID = p.document.GetName()
	p.step("letter 45/BC-UBND taken by the ward's node for %d agencies; from now on it answers for it",
		"nút của phường đã nhận văn bản 45/BC-UBND gửi %d cơ quan, và chịu trách nhiệm chuyển", len(p.document.GetDeliveries()))
	return nil
}

// await looks at the letter from the ward until it is as wanted.
func (p *play) await(ctx context.Context, wanted func(*lienthongv1.DeliverySummary) bool) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		answer, err := p.ward.Documents.GetDocument(ctx, &lienthongv1.GetDocumentRequest{Name: p.document.GetName()})
		if err != nil {
			return err
		}
		p.document = answer.GetDocument()
		missing := ""
		for _, s := range p.document.GetDeliveries() {
			if s.GetState() == lienthongv1.DeliveryState_DELIVERY_STATE_FAILED {
				return fmt.Errorf("delivery to %s failed", s.GetRecipientName())
			}
			if !wanted(s) {
				missing = fmt.Sprintf("%s: %s, verdict %q, status %d", s.GetRecipientName(), p.stateText(s.GetState()), s.GetVerdict(), s.GetStatus())
			}
		}
		if missing == "" && len(p.document.GetDeliveries()) == 3 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after 30 s still: %s", missing)
		case <-tick.C:
		}
	}
}

func (p *play) awaitDelivered(ctx context.Context) error {
	err := p.await(ctx, func(s *lienthongv1.DeliverySummary) bool {
		return s.GetState() == lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED && s.GetVerdict() != ""
	})
	if err != nil {
		return err
	}
	for _, s := range p.document.GetDeliveries() {
		if s.GetVerdict() != "valid" {
			return fmt.Errorf("%s judges the letter %q, want valid", s.GetRecipientName(), s.GetVerdict())
		}
	}
	p.step("delivered to all three, each found it valid; their receipts are at the ward", "đã giao đủ ba nơi, nơi nào cũng xác nhận chữ ký hợp lệ; biên nhận đã về phường")
	return nil
}

// accept is what the clerks of the recipients do: take the files out, acknowledge
// them (01), accept the letter (03); the province also finishes it (06).
func (p *play) accept(ctx context.Context) error {
	for _, b := range demoAgencies[1:] {
		if err := p.acceptAt(ctx, b.id, b.node); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		p.step("%s: fetched, acknowledged (01), accepted (03)", "%s: đã tải, đã đến (01), đã tiếp nhận (03)", b.name)
	}
	return nil
}

func (p *play) acceptAt(ctx context.Context, agency, node string) error {
	c, err := p.world.client(ctx, node, demoClerk)
	if err != nil {
		return err
	}
	defer c.Close()
	inbox, err := c.Deliveries.ListDeliveries(ctx, &lienthongv1.ListDeliveriesRequest{Agency: agency})
	if err != nil {
		return err
	}
	if len(inbox.GetDeliveries()) != 1 {
		return fmt.Errorf("the inbox holds %d letters, want 1", len(inbox.GetDeliveries()))
	}
	delivery := inbox.GetDeliveries()[0]
	file := delivery.GetDocument().GetFiles()[0]
	digest, err := envelope.DigestFromBytes(file.GetSha256())
	if err != nil {
		return err
	}
	var got bytes.Buffer
	if _, err := c.Download(ctx, agency, digest, &got, nil); err != nil {
		return err
	}
	if !bytes.Equal(got.Bytes(), p.sealed) {
		return errors.New("the file that came is not the one that was sent")
	}
	folder := filepath.Join(p.dir, "received", agency)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, localName(file.GetName(), 0)), got.Bytes(), 0o644); err != nil {
		return err
	}
	if _, err := c.Deliveries.AcknowledgeDelivery(ctx, &lienthongv1.AcknowledgeDeliveryRequest{Name: delivery.GetName(), Sha256: [][]byte{file.GetSha256()}}); err != nil {
		return err
	}
	codes := []uint32{3}
	if agency == "a-thai-nguyen" {
		codes = append(codes, 6)
	}
	for _, code := range codes {
		if _, err := c.Deliveries.ReportStatus(ctx, &lienthongv1.ReportStatusRequest{Name: delivery.GetName(), Code: code}); err != nil {
			return err
		}
	}
	return nil
}

func (p *play) awaitAnswers(ctx context.Context) error {
	err := p.await(ctx, func(s *lienthongv1.DeliverySummary) bool {
		want := uint32(3)
		if s.GetRecipient().GetAgency().GetId() == "a-thai-nguyen" {
			want = 6
		}
		return s.GetStatus() == want
	})
	if err == nil {
		p.step("the ward sees: accepted by all (03), done at the province (06)", "phường thấy: tất cả đã tiếp nhận (03), tỉnh đã hoàn thành (06)")
	}
	return err
}

// timeline shows every signed statement about the letter, after checking signature
// and journal proof of each against the directory, here and not at the node.
func (p *play) timeline(ctx context.Context) error {
	var lines []timelineEvent
	kinds := make(map[string]int)
	for _, s := range p.document.GetDeliveries() {
		answer, err := p.ward.Deliveries.GetDelivery(ctx, &lienthongv1.GetDeliveryRequest{Name: s.GetDelivery()})
		if err != nil {
			return err
		}
		for _, e := range answer.GetDelivery().GetHistory() {
			receipt, err := envelope.ReceiptFromProto(e.GetReceipt())
			if err != nil {
				return err
			}
			st, err := p.directory.VerifyReceipt(receipt)
			if err != nil {
				return fmt.Errorf("%s of %s: %w", e.GetKind(), e.GetNode(), err)
			}
			if st.Recipient != s.GetRecipient().GetAgency().GetId() || !bytes.Equal(st.Envelope[:], p.document.GetEnvelopeDigest()) {
				return fmt.Errorf("receipt of %s is about another letter or recipient", e.GetNode())
			}
			kinds[st.Kind.String()]++
			lines = append(lines, timelineEvent{e, s.GetRecipientName()})
		}
	}
	for kind, want := range map[string]int{"delivered": 3, "validated": 3} {
		if kinds[kind] < want {
			return fmt.Errorf("the ward holds %d receipts of kind %q, want %d", kinds[kind], kind, want)
		}
	}
	p.step("%d receipts at the ward: every signature and journal proof verifies", "%d biên nhận tại phường: chữ ký và chứng minh nhật ký đều đúng", len(lines))
	p.printTimeline(lines)
	return nil
}
