package envelope

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The bytes of a cosignature are signed for ever: this test never changes.
func TestCosignatureBytes(t *testing.T) {
	t.Parallel()
	c := Cosignature{Node: "pho-yen.node", Checkpoint: Sum([]byte("checkpoint")), LogNode: "ba-hang.node", LogIncarnation: goldenID(3), TreeSize: 77, Time: goldenTime}
	sealed, err := SealCosignature(&c, newSigner(t))
	if err != nil {
		t.Fatal(err)
	}
	const want = "0a0c70686f2d79656e2e6e6f64651220"
	if got := hex.EncodeToString(sealed.Payload); got[:len(want)] != want || len(sealed.Payload) != 91 {
		t.Errorf("payload of %d bytes: %s", len(sealed.Payload), got)
	}
	back, err := ParseCosignature(sealed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	c.TreeSize = 0
	if sealed, err = SealCosignature(&c, newSigner(t)); err == nil {
		if _, err = ParseCosignature(sealed); err == nil {
			t.Error("a cosignature of no leaves was read")
		}
	}
}
