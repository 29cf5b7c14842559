package wire_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

var (
	id     = envelope.ID{1, 2, 3, 4, 5, 6, 0x70, 8, 0x80, 10, 11, 12, 13, 14, 15, 16}
	digest = envelope.Sum([]byte("văn bản"))
	sealed = envelope.Sealed{Type: envelope.TypeRoute, Payload: []byte("bytes as signed"),
		Signatures: []envelope.Signature{{KeyID: digest.String(), Sig: []byte{1}}}}
	letter  = exchange.LetterKey{Origin: "ward", ID: id}
	receipt = envelope.Receipt{Statement: sealed, Proof: &envelope.Proof{Index: 7, Leaf: []byte("{}"), Path: []envelope.Digest{digest}, Checkpoint: sealed}}
)

// frames has every kind of frame, each field set.
var frames = []exchange.Frame{
	exchange.Hello{Node: "ward", Incarnation: id, ProtocolMin: 1, ProtocolMax: 2, Features: []string{"x"}, Epochs: []exchange.Epoch{{Zone: "z", Epoch: 3}}, Clock: 4, Restored: 5},
	exchange.Offer{Envelope: sealed, Content: []byte("content"), Recipients: []string{"a", "b"}, Chain: []envelope.Sealed{sealed, sealed},
		Epochs: []exchange.Epoch{{Zone: "z", Epoch: 3}}, Files: []exchange.OfferedFile{{Digest: digest, Size: 5, LeafRoot: digest, Data: []byte("bytes")}, {Digest: digest, Size: 1 << 40, LeafRoot: digest}}},
	exchange.Accepted{Letter: letter, Custody: []envelope.Receipt{receipt, {Statement: sealed}}},
	exchange.Refused{Letter: letter, Recipients: []string{"a"}, Reason: "SPACE", Text: "đầy", Permanent: true, RetryAfter: 60, Failed: []envelope.Receipt{receipt}},
	exchange.Statements{Statements: []envelope.Receipt{receipt}},
	exchange.Stored{Digests: []envelope.Digest{digest}},
	exchange.Heartbeat{Clock: 9},
	exchange.Credit{Offers: 64, Bytes: 1 << 40},
	exchange.Room{},
	exchange.GoAway{Reason: "stopping", RetryAfter: 1},
	exchange.NeedFiles{Letter: letter, Files: []envelope.Digest{digest}},
	exchange.Head{Checkpoint: sealed, From: 3, Proof: []envelope.Digest{digest}},
	exchange.Cosigned{Cosignature: sealed}, exchange.Cosigned{Refused: "INCONSISTENT", Held: sealed},
}

// Every frame survives the wire whole: a field that is forgotten in one direction
// fails here.
func TestFramesRoundTrip(t *testing.T) {
	t.Parallel()
	for _, frame := range frames {
		m, err := wire.FrameToProto(frame)
		if err != nil {
			t.Fatalf("%T: %v", frame, err)
		}
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatalf("%T: %v", frame, err)
		}
		var read lienthongv1.LinkFrame
		if err := proto.Unmarshal(data, &read); err != nil {
			t.Fatalf("%T: %v", frame, err)
		}
		got, err := wire.FrameFromProto(&read)
		if err != nil {
			t.Fatalf("%T: %v", frame, err)
		}
		if diff := cmp.Diff(frame, got); diff != "" {
			t.Errorf("%T (-sent +came):\n%s", frame, diff)
		}
	}
}

// What a frame must have is named when it is not there.
func TestFramesRefuseWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, want string
		frame      *lienthongv1.LinkFrame
	}{
		{"nothing", "frame: missing", &lienthongv1.LinkFrame{}},
		{"hello of nobody", "hello.node: missing", &lienthongv1.LinkFrame{Frame: &lienthongv1.LinkFrame_Hello{Hello: &lienthongv1.Hello{Incarnation: id[:]}}}},
		{"accepted without origin", "accepted.origin_node: missing", &lienthongv1.LinkFrame{Frame: &lienthongv1.LinkFrame_Accepted{Accepted: &lienthongv1.Accepted{EnvelopeId: id[:]}}}},
		{"recipients without end", "offer.recipients: 10001 of them, want at most 10000", &lienthongv1.LinkFrame{Frame: &lienthongv1.LinkFrame_Offer{Offer: &lienthongv1.Offer{Recipients: make([]string, 10_001)}}}},
		{"files without end", "offer.files: 1001 of them, want at most 1000", &lienthongv1.LinkFrame{Frame: &lienthongv1.LinkFrame_Offer{Offer: &lienthongv1.Offer{Files: make([]*lienthongv1.OfferedFile, 1001)}}}},
		{"a chain without end", "offer.chain: 65 of them, want at most 64", &lienthongv1.LinkFrame{Frame: &lienthongv1.LinkFrame_Offer{Offer: &lienthongv1.Offer{Chain: make([]*lienthongv1.Envelope, 65)}}}},
		{"statements without end", "statements: 10001 of them, want at most 10000", &lienthongv1.LinkFrame{Frame: &lienthongv1.LinkFrame_Statement{Statement: &lienthongv1.StatementFrame{Statements: make([]*lienthongv1.Receipt, 10_001)}}}},
		{"acknowledgements without end", "stored.digests: 10001 of them, want at most 10000", &lienthongv1.LinkFrame{Frame: &lienthongv1.LinkFrame_Stored{Stored: &lienthongv1.StatementsStored{Digests: make([][]byte, 10_001)}}}},
		{"files asked for without end", "need.sha256: 1001 of them, want at most 1000", &lienthongv1.LinkFrame{Frame: &lienthongv1.LinkFrame_Need{Need: &lienthongv1.NeedFiles{OriginNode: "x", EnvelopeId: id[:], Sha256: make([][]byte, 1001)}}}},
		{"refused without id", "refused.envelope_id: missing", &lienthongv1.LinkFrame{Frame: &lienthongv1.LinkFrame_Refused{Refused: &lienthongv1.Refused{OriginNode: "x"}}}},
	} {
		_, err := wire.FrameFromProto(tt.frame)
		var fault *exchange.LinkError
		if !errors.As(err, &fault) || fault.Fault != exchange.FaultFrame || err.Error() != tt.want {
			t.Errorf("%s: %v, want %q as a fault of the frame", tt.name, err, tt.want)
		}
	}
}

// No bytes of a peer bring the conversion down, and what it takes it can give again.
func FuzzFrame(f *testing.F) {
	for _, frame := range frames {
		m, err := wire.FrameToProto(frame)
		if err != nil {
			f.Fatal(err)
		}
		data, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var m lienthongv1.LinkFrame
		if proto.Unmarshal(data, &m) != nil {
			return
		}
		frame, err := wire.FrameFromProto(&m)
		if err != nil {
			return
		}
		again, err := wire.FrameToProto(frame)
		if err != nil {
			t.Fatal(err)
		}
		back, err := wire.FrameFromProto(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(frame, back); diff != "" {
			t.Error(diff)
		}
	})
}

// A frame of a later version is refused by its number, and not as an empty one.
func TestUnknownFrame(t *testing.T) {
	t.Parallel()
	m := &lienthongv1.LinkFrame{}
	if err := proto.Unmarshal(protowire.AppendBytes(protowire.AppendTag(nil, 77, protowire.BytesType), []byte("x")), m); err != nil {
		t.Fatal(err)
	}
	if _, err := wire.FrameFromProto(m); err == nil || !strings.Contains(err.Error(), "frame of kind 77") {
		t.Errorf("got %v, want the kind named", err)
	}
}
