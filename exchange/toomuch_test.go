package exchange_test

import (
	"strings"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// However long statements are, a frame of them is far from what a frame may have, and none is
// left out.
func TestReceiptsFitInFrames(t *testing.T) {
	t.Parallel()
	const limit = 8 << 20
	for _, size := range []int{500, envelope.MaxStatement} {
		list := make([]envelope.Receipt, 128)
		for i := range list {
			list[i] = envelope.Receipt{Statement: envelope.Sealed{Payload: make([]byte, size)}, Proof: &envelope.Proof{Leaf: make([]byte, size), Index: uint64(i)}}
		}
		next := uint64(0)
		frames := exchange.Parts(list)
		for _, frame := range frames {
			bytes := 0
			for _, r := range frame {
				if r.Proof.Index != next {
					t.Fatalf("%d bytes: receipt %d follows, want %d", size, r.Proof.Index, next)
				}
				next++
				bytes += len(r.Statement.Payload) + len(r.Proof.Leaf)
			}
			if bytes > limit/2+2*envelope.MaxStatement || len(frame) == 0 {
				t.Errorf("%d receipts in one frame have %d bytes", len(frame), bytes)
			}
		}
		if want := map[int]int{500: 1}[size]; next != 128 || want != 0 && len(frames) != want {
			t.Errorf("%d bytes: %d receipts in %d frames", size, next, len(frames))
		}
	}
	if frames := exchange.Parts(nil); len(frames) != 0 {
		t.Errorf("no receipts make %d frames", len(frames))
	}
}

// One node cannot fill the others with what it says of one delivery.
func TestStatementsOfOneDeliveryAreBounded(t *testing.T) {
	t.Parallel()
	st := &envelope.Statement{Kind: envelope.Remark, Issuer: "home", Remark: &envelope.RemarkDetail{Reason: "INCOMPLETE", Text: strings.Repeat("x", 16<<10-10)}}
	var stored []exchange.StatementRow
	for i := range 1024 {
		if err := exchange.TooMuch(stored, st); err != nil {
			t.Fatalf("statement %d: %v", i, err)
		}
		stored = append(stored, exchange.StatementRow{Key: st.Key()})
	}
	wantReason(t, exchange.TooMuch(stored, st), exchange.ReasonTooMany)
	if err := exchange.TooMuch(stored, &envelope.Statement{Kind: envelope.Remark, Issuer: "another", Remark: st.Remark}); err != nil {
		t.Errorf("another node: %v", err)
	}
	st.Remark.Text += "x"
	wantReason(t, exchange.TooMuch(nil, st), exchange.ReasonTooLarge)
}
