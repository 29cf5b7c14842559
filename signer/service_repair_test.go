package signer_test

import (
	"strings"
	"testing"

	"lienthong/signer"
)

// A node signs a damaged file only where its policy allows it, and its journal says
// what was done; one that wants a password it refuses before the key is used.
func TestServiceRepairs(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	damaged := misled(sampleLetter(t))
	sink := &shelf{}
	_, _, err := d.sign("chu-tich", "chairman", damaged, sink)
	wantRefusal(t, err, signer.RefusedUnreadable)
	_, _, err = d.sign("chu-tich", "chairman", encrypt(t, sampleLetter(t), "preserve", "a password", "256"), sink)
	wantRefusal(t, err, signer.RefusedFile)
	if sink.Len() != 0 || len(d.ledger.entries) != 0 {
		t.Errorf("refusals wrote %d bytes and %q", sink.Len(), d.ledger.actions())
	}

	d.Repair = true
	_, _, err = d.sign("van-thu", "seal", damaged, sink)
	wantRefusal(t, err, signer.RefusedOrder)
	signed, warnings, err := d.sign("chu-tich", "chairman", damaged, sink)
	if err != nil {
		t.Fatal(err)
	}
	if signed.Repair == nil || len(warnings) != 1 || !strings.Contains(warnings[0], "the file is damaged") {
		t.Errorf("repair %v, warnings %q", signed.Repair, warnings)
	}
	if got, want := d.ledger.actions(), "sign.intent:ok sign.done:ok"; got != want {
		t.Errorf("journal %q, want %q", got, want)
	}
	if _, _, err := d.sign("chu-tich", "chairman", mislaid(sampleLetter(t)), &shelf{}); err != nil {
		t.Fatal(err)
	}
	last := d.ledger.entries[len(d.ledger.entries)-2:]
	for _, e := range last {
		if !strings.Contains(e.Detail, `repair="written anew, since not every reader takes`) {
			t.Errorf("%s does not say that a stream was mended: %s", e.Action, e.Detail)
		}
	}
	for _, e := range d.ledger.entries[:2] {
		if !strings.Contains(e.Detail, `repair="cross-reference sections put aside`) {
			t.Errorf("%s does not say that the file was repaired: %s", e.Action, e.Detail)
		}
	}
}
