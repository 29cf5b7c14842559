package exchange_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A letter that does not pass is offered for refusal with a reason that says which file
// and signature, what is wrong, and what its sender is asked for; it is what the sender reads.
func TestRefusalReasons(t *testing.T) {
	t.Parallel()
	_, n := signingWorld(t)
	ctx := context.Background()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "samples", "01-ward-report.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	file := n.upload("so", data)
	for _, key := range []string{"chairman", "seal"} {
		result, err := n.service.SignFile(ctx, clerk, exchange.SignRequest{Agency: "H55.so", File: file, Key: key, RequestID: key})
		if err != nil {
			t.Fatal(err)
		}
		file = result.File.Digest
	}
	blob, err := n.blobs.Open(ctx, file)
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	signed := make([]byte, blob.Size())
	if _, err := blob.ReadAt(signed, 0); err != nil {
		t.Fatal(err)
	}
	forged := bytes.Replace(signed, []byte("/MediaBox"), []byte("/MediaBoy"), 1)
	for _, tt := range []struct {
		name  string
		from  string
		file  []byte
		wants []string // of the reason; none: there is none
	}{
		{"valid", "so", signed, nil},
		{"not signed", "so", data, []string{`Tệp "văn bản.pdf"`, "tệp chưa được ký số", "đề nghị gửi lại bản đã ký số"}},
		{"changed", "so", forged, []string{`Tệp "văn bản.pdf": chữ ký 1 (`, "Đề nghị gửi lại đúng tệp đã ký"}},
		{"another agency's signatures", "phong", signed, []string{"chữ ký 1 (", "danh bạ không ghi nhận", "chữ ký 2 (", "Đề nghị ký bằng chứng thư số của cơ quan đã có trong danh bạ"}},
	} {
		to := map[string]string{"so": "phong", "phong": "so"}[tt.from]
		req := letter(t, tt.from, to)
		req.Files = []exchange.OutgoingFile{{Role: envelope.FileMain, Name: "văn bản.pdf", MediaType: "application/pdf", Data: tt.file}}
		doc := n.send(req)
		n.eventually("a verdict", func() bool { d, ok := n.delivery(doc.Letter.Key, to); return ok && d.Verdict != "" })
		d, _ := n.delivery(doc.Letter.Key, to)
		reason, err := n.service.Refusal(ctx, to, d.ID)
		if err != nil || (len(tt.wants) == 0) != (reason == "") {
			t.Errorf("%s: verdict %s, reason %q, %v", tt.name, d.Verdict, reason, err)
		}
		for _, want := range tt.wants {
			if !strings.Contains(reason, want) {
				t.Errorf("%s: reason %q, want %q in it", tt.name, reason, want)
			}
		}
		if len([]rune(reason)) > 1000 {
			t.Errorf("%s: the reason has %d characters", tt.name, len([]rune(reason)))
		}
		view, err := n.service.ReportStatus(ctx, clerk, exchange.StatusRequest{Agency: to, Delivery: d.ID, Code: exchange.StatusRefused, AutoReason: true})
		if len(tt.wants) == 0 {
			wantError(t, err, exchange.Precondition, "NO_REASON")
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		last := view.History[len(view.History)-1].Statement
		if last.Status == nil || last.Status.Reason != reason {
			t.Errorf("%s: the sender reads %+v, want %q", tt.name, last.Status, reason)
		}
	}
}
