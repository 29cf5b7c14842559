package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lienthong/client"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) showCommand() *cobra.Command {
	return a.nodeFlags(&cobra.Command{
		Use:   "show NAME|ID",
		Short: "Show a letter or a delivery with its whole history and proofs",
		Long: `Show what was sent or what has come: its registration data, files, and each
signed statement about it. ✓ means that the signature and the proof of the
statement verify against the directory.`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.show(c.Context(), in[0]) },
	})
}

func (a *app) show(ctx context.Context, name string) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	document, deliveries, err := find(ctx, c, profile, name)
	if err != nil {
		return err
	}
	if a.json {
		for _, d := range deliveries {
			if err := a.printProto(d); err != nil {
				return err
			}
		}
		return nil
	}
	a.printDocument(document)
	if text := a.kindText(document); text != "" {
		a.printf("%s\n", text)
	}
	a.printWarnings(document)
	for _, d := range deliveries {
		a.printHistory(d)
	}
	return nil
}

// find gets a letter with all its deliveries, or a delivery with its letter, by full
// name, or by the id alone: the last part of a name.
func find(ctx context.Context, c *client.Client, p clientProfile, name string) (*lienthongv1.Document, []*lienthongv1.Delivery, error) {
	asDocument, asDelivery := strings.Contains(name, "/documents/"), strings.Contains(name, "/deliveries/")
	if !strings.Contains(name, "/") {
		agency, err := p.agency()
		if err != nil {
			return nil, nil, err
		}
		delivery, err := c.Deliveries.GetDelivery(ctx, &lienthongv1.GetDeliveryRequest{Name: "agencies/" + agency + "/deliveries/" + name})
		if err == nil {
			return delivery.GetDelivery().GetDocument(), []*lienthongv1.Delivery{delivery.GetDelivery()}, nil
		}
		name, asDocument = "agencies/"+agency+"/documents/"+name, true
	}
	switch {
	case asDelivery:
		answer, err := c.Deliveries.GetDelivery(ctx, &lienthongv1.GetDeliveryRequest{Name: name})
		return answer.GetDelivery().GetDocument(), []*lienthongv1.Delivery{answer.GetDelivery()}, err
	case asDocument:
		return findDocument(ctx, c, name)
	}
	return nil, nil, fail(exitUsage, fmt.Errorf("%q names no letter", name), "lienthong inbox, lienthong outbox")
}

func findDocument(ctx context.Context, c *client.Client, name string) (*lienthongv1.Document, []*lienthongv1.Delivery, error) {
	answer, err := c.Documents.GetDocument(ctx, &lienthongv1.GetDocumentRequest{Name: name})
	if err != nil {
		return nil, nil, err
	}
	var deliveries []*lienthongv1.Delivery
	for _, s := range answer.GetDocument().GetDeliveries() {
		one, err := c.Deliveries.GetDelivery(ctx, &lienthongv1.GetDeliveryRequest{Name: s.GetDelivery()})
		if err != nil {
			return nil, nil, err
		}
		deliveries = append(deliveries, one.GetDelivery())
	}
	return answer.GetDocument(), deliveries, nil
}

func (a *app) printDocument(d *lienthongv1.Document) {
	m := d.GetMetadata()
	row := func(en, vi, value string) {
		if value != "" {
			label := a.t(en, vi)
			a.printf("%s%s%s\n", label, strings.Repeat(" ", max(1, 16-len([]rune(label)))), value)
		}
	}
	if d.GetErasedAt() > 0 {
		a.printf(a.t("(text erased by retention policy on %s)\n", "(nội dung đã hủy theo thời hạn lưu giữ ngày %s)\n"), vnMicro(d.GetErasedAt()))
	} else {
		a.printf("%s\n", m.GetSubject())
	}
	row("number", "số, ký hiệu", documentNumber(m))
	row("date", "ngày", m.GetIssuedDate())
	row("type", "loại", strings.TrimSpace(m.GetTypeCode()+" "+m.GetTypeName()))
	row("signed by", "người ký", strings.TrimSpace(m.GetSigner().GetPosition()+" "+m.GetSigner().GetFullName()))
	row("from", "nơi gửi", d.GetOriginAgency().GetCode()+" · "+d.GetOriginNode())
	row("answer due", "hạn trả lời", m.GetDueDate())
	row("dossier", "mã hồ sơ", m.GetDossierCode())
	for _, r := range d.GetRelations() {
		if r.GetKind() == lienthongv1.RelationKind_RELATION_KIND_REPLIES_TO {
			row("replies to", "trả lời", strings.TrimSpace(r.GetDocumentId()+" "+hex.EncodeToString(r.GetEnvelopeDigest())))
		}
	}
	row("sent", "gửi lúc", vnMicro(d.GetCreated()))
	row("digest", "mã băm", hex.EncodeToString(d.GetEnvelopeDigest()))
	for _, f := range d.GetFiles() {
		row("file", "tệp", fmt.Sprintf("%s, %s, %s", f.GetName(), bytesText(int64(f.GetSize())), hex.EncodeToString(f.GetSha256())))
	}
}

func (a *app) printHistory(d *lienthongv1.Delivery) {
	a.printf("\n→ %s: %s, %s, %s\n", d.GetRecipient().GetAgency().GetCode(), a.stateText(d.GetState()),
		a.verdictText(d.GetVerdict()), a.statusText(d.GetStatus()))
	a.printf("  %s\n", d.GetName())
	for _, e := range d.GetHistory() {
		mark := "✓"
		if !e.GetVerified() {
			mark = "✗"
		}
		a.printf("  %s %s  %-12s %s\n", mark, vnMicro(e.GetTime()), e.GetNode(), a.eventText(e))
	}
	if text := a.copyText(d.GetCopy(), d.GetTakeBack(), ""); text != "" {
		a.printf("  %s\n", text)
	}
	a.printThread(d)
	if d.GetReason() != "" {
		a.printf("  %s: %s\n", a.t("reason", "lý do"), d.GetReason())
	}
	if d.GetRefusal() != "" && d.GetStatus() <= 1 {
		a.printf("  %s: %s\n  %s: lienthong status %s 02 --auto-reason\n", a.t("it may be refused", "có thể từ chối với lý do"), d.GetRefusal(), a.t("to do so", "lệnh"), d.GetName())
	}
	if text := a.deadlineText(d.GetDeadlines(), d.GetStatus()); text != "" {
		a.printf("  %s\n", text)
	}
}
