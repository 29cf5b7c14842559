package wire_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// FuzzRequests holds for what clients send: no bytes bring the conversions down, whatever
// is missing or too long.
func FuzzRequests(f *testing.F) {
	digest := make([]byte, 32)
	relation := []*lienthongv1.Relation{{Kind: lienthongv1.RelationKind_RELATION_KIND_REPLIES_TO, EnvelopeDigest: digest}}
	files := []*lienthongv1.OutgoingFile{{Role: lienthongv1.FileRole_FILE_ROLE_MAIN, Name: "a.pdf", Sha256: digest}, {Data: []byte("x")}}
	to := []*lienthongv1.OutgoingRecipient{{Agency: "H55"}}
	for i, m := range []proto.Message{
		&lienthongv1.SendDocumentRequest{Agency: "a", Metadata: &lienthongv1.DocumentMetadata{Number: "1", Signer: &lienthongv1.SignerInfo{}}, Files: files, Recipients: to, Relations: relation, Staff: &lienthongv1.Staff{Id: "x"}},
		&lienthongv1.IssueUpdateRequest{Name: "agencies/a/documents/x", Files: files, Add: to, Remove: []string{"b"}},
		&lienthongv1.IssueReplacementRequest{Name: "agencies/a/documents/x", Replaces: []string{"agencies/a/documents/y"}},
		&lienthongv1.ForwardDocumentRequest{Name: "agencies/a/deliveries/x", Recipients: to},
		&lienthongv1.QueueOrder{},
		&lienthongv1.Hello{Node: "n"},
	} {
		data, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), data)
	}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		switch kind % 6 {
		case 0:
			var m lienthongv1.SendDocumentRequest
			if proto.Unmarshal(data, &m) == nil {
				if r, err := wire.SendFromProto(&m); err == nil && len(r.Files) != len(m.GetFiles()) {
					t.Errorf("%d files of %d", len(r.Files), len(m.GetFiles()))
				}
			}
		case 1:
			var m lienthongv1.IssueUpdateRequest
			if proto.Unmarshal(data, &m) == nil {
				_, _ = wire.ChangeFromProto(&m)
			}
		case 2:
			var m lienthongv1.IssueReplacementRequest
			if proto.Unmarshal(data, &m) == nil {
				_, _ = wire.ChangeFromProto(&m)
			}
		case 3:
			var m lienthongv1.ForwardDocumentRequest
			if proto.Unmarshal(data, &m) == nil {
				_ = wire.ForwardFromProto(&m)
			}
		case 4:
			var m lienthongv1.QueueOrder
			if proto.Unmarshal(data, &m) == nil {
				_, _ = wire.QueueOrderFromProto(&m)
			}
		case 5:
			var m lienthongv1.Hello
			if proto.Unmarshal(data, &m) == nil {
				_, _ = wire.HelloFromProto(&m)
			}
		}
	})
}

// FuzzCursors holds for page tokens, which callers may make up: those that are taken for a
// queue are written the same again.
func FuzzCursors(f *testing.F) {
	for _, s := range []string{"", "AAAA", "0199f8a0-0000-7000-8000-000000000000", "AZn4oAAAcACAAAAAAAAAAA", "MQ", "_w", "====", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, _ = wire.PageCursor(token)
		_, _ = wire.MarkCursor(token)
		_, _ = wire.NumberCursor(token)
		_, _ = wire.TextCursor(token)
		c, err := wire.QueueCursor(token)
		if err != nil || token == "" {
			return
		}
		if again, err := wire.QueueCursor(wire.QueueToken(c)); err != nil || again != c {
			t.Errorf("%q: %+v, again %+v, %v", token, c, again, err)
		}
	})
}
