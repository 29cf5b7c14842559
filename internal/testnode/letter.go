package testnode

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"lienthong/certs/keys"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// Draft is a letter of one page that nobody has signed, of at least size bytes.
func Draft(size int) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(body string) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(offsets), body)
	}
	b.WriteString("%PDF-1.7\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>")
	padding := bytes.Repeat([]byte("% văn bản thử nghiệm\n"), size/23+1)
	object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(padding), padding))
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, at := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.Bytes()
}

// Letter is such a letter, signed by the ward's authorised person and sealed by the
// ward, B-B and invisible.
func (n *Network) Letter(t testing.TB, size int) []byte {
	t.Helper()
	file := Draft(size)
	for _, key := range []keys.Key{n.Personal.Key(), n.Seal.Key()} {
		var out bytes.Buffer
		if _, err := signer.Sign(context.Background(), bytes.NewReader(file), key, signer.SignOptions{Level: signer.LevelBB, At: n.Now()}, &out); err != nil {
			t.Fatal(err)
		}
		file = out.Bytes()
	}
	return file
}

// Metadata is the registration data of a letter of the ward.
func (n *Network) Metadata(number string) *lienthongv1.DocumentMetadata {
	return &lienthongv1.DocumentMetadata{Number: number, Symbol: "BC-UBND", Subject: "Báo cáo thử nghiệm số " + number,
		TypeCode: "BC", IssuedDate: "2026-11-20", Place: "Ba Hàng",
		Signer: &lienthongv1.SignerInfo{Position: "Chủ tịch", FullName: "Đỗ Nghĩa Sĩ"}}
}

// Send asks to send a file from the ward to agencies; the file rides inline.
func (n *Network) Send(number string, file []byte, to ...string) *lienthongv1.SendDocumentRequest {
	m := &lienthongv1.SendDocumentRequest{Agency: Ward, Metadata: n.Metadata(number),
		Files: []*lienthongv1.OutgoingFile{{Role: lienthongv1.FileRole_FILE_ROLE_MAIN, Name: number + ".pdf", MediaType: "application/pdf", Data: file}}}
	for _, agency := range to {
		m.Recipients = append(m.Recipients, &lienthongv1.OutgoingRecipient{Agency: agency})
	}
	return m
}
