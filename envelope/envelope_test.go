package envelope

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"google.golang.org/protobuf/encoding/protowire"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	signer, other := newSigner(t), newSigner(t)
	sealed, err := SealStatement(goldenStatement(Custody), signer)
	if err != nil {
		t.Fatal(err)
	}
	if err := sealed.Verify(other.Certificate, signer.Certificate); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Sealed){
		"another payload":   func(s *Sealed) { s.Payload[3] ^= 1 },
		"another type":      func(s *Sealed) { s.Type = TypeRoute },
		"another signature": func(s *Sealed) { s.Signatures[0].Sig[8] ^= 1 },
		"another key id":    func(s *Sealed) { s.Signatures[0].KeyID = KeyID(other.Certificate) },
		"no signature":      func(s *Sealed) { s.Signatures = nil },
		"nine signatures":   func(s *Sealed) { s.Signatures = make([]Signature, 9) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := ParseSealed(sealed.Marshal())
			if err != nil {
				t.Fatal(err)
			}
			change(&s)
			if err := s.Verify(signer.Certificate, other.Certificate); !errors.Is(err, ErrSignature) {
				t.Errorf("verify: %v, want %v", err, ErrSignature)
			}
		})
	}
}

// Nodes sign with P-256 only: RSA would sign a tenth as fast, and two kinds of
// signature would be two kinds of bytes for ever.
func TestSealWantsP256(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Seal(TypeStatement, nil, Signer{Key: key, Certificate: selfSigned(t, key)}); err == nil {
		t.Error("sealed with an RSA key")
	}
}

func TestRouteRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Route){
		"no recipients":               func(r *Route) { r.Recipients = nil },
		"a recipient twice":           func(r *Route) { r.Recipients = append(r.Recipients, r.Recipients[0]) },
		"a recipient without id":      func(r *Route) { r.Recipients[0].Agency.ID = "" },
		"an id with a slash":          func(r *Route) { r.OriginNode = "a/b" },
		"an id with a line end":       func(r *Route) { r.OriginAgency.ID = "a\nb" },
		"an id too long":              func(r *Route) { r.OriginNode = strings.Repeat("x", MaxID+1) },
		"too many recipients":         func(r *Route) { r.Recipients = make([]Recipient, MaxRecipients+1) },
		"too many relations":          func(r *Route) { r.Relations = make([]Relation, MaxRelations+1) },
		"no id":                       func(r *Route) { r.ID = ID{} },
		"no content digest":           func(r *Route) { r.ContentDigest = Digest{} },
		"it expires before its birth": func(r *Route) { r.ExpiresAt = r.Created },
		"no kind":                     func(r *Route) { r.Kind = 0 },
		"text that is not UTF-8":      func(r *Route) { r.OriginAgency.Code = "\xff" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := goldenRoute()
			change(r)
			if _, err := SealRoute(r, newSigner(t)); !errors.Is(err, ErrMalformed) {
				t.Errorf("sealed: %v, want %v", err, ErrMalformed)
			}
		})
	}
}

// What a later version adds is carried by this one, and read as far as it is known.
func TestUnknownFieldsAndKinds(t *testing.T) {
	t.Parallel()
	r := goldenRoute()
	r.Kind, r.Recipients[0].Role = 77, 9
	s, err := SealRoute(r, newSigner(t))
	if err != nil {
		t.Fatal(err)
	}
	s.Payload = protowire.AppendTag(s.Payload, 500, protowire.BytesType)
	s.Payload = protowire.AppendBytes(s.Payload, []byte("later"))
	got, err := ParseRoute(s)
	if err != nil {
		t.Fatal(err)
	}
	if got.Kind != 77 || got.Recipients[0].Role != 9 {
		t.Errorf("kind %d, role %d; want 77, 9", got.Kind, got.Recipients[0].Role)
	}
}

func TestPayloadOfAnotherType(t *testing.T) {
	t.Parallel()
	s, err := SealStatement(goldenStatement(Custody), newSigner(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseRoute(s); !errors.Is(err, ErrMalformed) {
		t.Errorf("a statement was read as a route: %v", err)
	}
	if _, err := ParseCheckpoint(s); !errors.Is(err, ErrMalformed) {
		t.Errorf("a statement was read as a checkpoint: %v", err)
	}
	s.Type = "application/vnd.example"
	if _, err := ParseStatement(s); !errors.Is(err, ErrMalformed) {
		t.Errorf("an unknown type was read: %v", err)
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(0x0192f3c4_5566)
	id, err := NewID(at, bytes.NewReader(bytes.Repeat([]byte{0xff}, 10)))
	if err != nil {
		t.Fatal(err)
	}
	if want := "0192f3c4-5566-7fff-bfff-ffffffffffff"; id.String() != want {
		t.Errorf("id %s, want %s", id, want)
	}
	back, err := ParseID(id.String())
	if err != nil || back != id {
		t.Errorf("read back %s, %v", back, err)
	}
	for _, bad := range []string{"", "0192f3c4", "0192f3c455667fffbfffffffffffffffffff", "0192f3c4-5566-7fff-bfff-fffffffffffg"} {
		if _, err := ParseID(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseID(%q): %v, want %v", bad, err, ErrMalformed)
		}
	}
}

// The root agrees with another implementation of RFC 6962 for every shape of tree.
func TestLeafRoot(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, LeafSize - 1, LeafSize, LeafSize + 1, 2 * LeafSize, 3*LeafSize + 7, 5 * LeafSize, 7 * LeafSize, 8*LeafSize + 1} {
		data := bytes.Repeat([]byte{0xa5}, size)
		data[0], data[size-1] = 1, 2
		got, n, err := LeafRoot(bytes.NewReader(data))
		if whole := LeafRootOf(data); whole != got {
			t.Errorf("%d bytes in memory: root %s, want that of the stream, %s", size, whole, got)
		}
		if err != nil {
			t.Fatal(err)
		}
		if want := referenceRoot(t, data); got != want || n != uint64(size) {
			t.Errorf("%d bytes: root %s of %d, want %s", size, got, n, want)
		}
	}
	if got := LeafRootOf(nil); got != Sum(nil) {
		t.Errorf("root of no bytes is %s", got)
	}
	if got, n, err := LeafRoot(bytes.NewReader(nil)); err != nil || n != 0 || got != Sum(nil) {
		t.Errorf("an empty file: %s, %d, %v; want the hash of nothing", got, n, err)
	}
}

func referenceRoot(t *testing.T, data []byte) Digest {
	t.Helper()
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = stored[index]
		}
		return out, nil
	})
	n := int64(0)
	for ; len(data) > 0; n++ {
		leaf := data[:min(LeafSize, len(data))]
		data = data[len(leaf):]
		hashes, err := tlog.StoredHashes(n, leaf, read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(n, read)
	if err != nil {
		t.Fatal(err)
	}
	return Digest(root)
}

func TestMetadataProblems(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*Metadata)
		field  string // empty if all is well
		reason string
	}{
		{name: "a report as it should be", change: func(m *Metadata) {}},
		// Limits count characters: 500 letters with marks are more than 1,000 bytes.
		{name: "500 Vietnamese characters", change: func(m *Metadata) { m.Subject = strings.Repeat("ữ", 500) }},
		{name: "501 are too many", change: func(m *Metadata) { m.Subject = strings.Repeat("ữ", 501) }, field: "subject", reason: "TOO_LONG"},
		{name: "no number", change: func(m *Metadata) { m.Number = " " }, field: "number", reason: "REQUIRED"},
		{name: "a number of 12", change: func(m *Metadata) { m.Number = "123456789012" }, field: "number", reason: "TOO_LONG"},
		{name: "no subject", change: func(m *Metadata) { m.Subject = "" }, field: "subject", reason: "REQUIRED"},
		{name: "a date in another order", change: func(m *Metadata) { m.IssuedDate = "20-11-2026" }, field: "issued_date", reason: "NOT_A_DATE"},
		{name: "issued tomorrow", change: func(m *Metadata) { m.IssuedDate = "2026-11-22" }, field: "issued_date", reason: "IN_FUTURE"},
		{name: "issued today", change: func(m *Metadata) { m.IssuedDate = "2026-11-21" }},
		{name: "a due date that is none", change: func(m *Metadata) { m.DueDate = "mai" }, field: "due_date", reason: "NOT_A_DATE"},
		{name: "MẬT", change: func(m *Metadata) { m.Secrecy = "MẬT" }, field: "secrecy", reason: "SECRET"},
		{name: "TUYỆT MẬT", change: func(m *Metadata) { m.Secrecy = "Tuyệt mật" }, field: "secrecy", reason: "SECRET"},
		{name: "a long place", change: func(m *Metadata) { m.ToPlaces[1] = strings.Repeat("x", 151) }, field: "to_places[1]", reason: "TOO_LONG"},
		{name: "a zero byte", change: func(m *Metadata) { m.Summary = "a\x00b" }, field: "summary", reason: "NOT_TEXT"},
		{name: "not UTF-8", change: func(m *Metadata) { m.Place = "\xff" }, field: "place", reason: "NOT_TEXT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := goldenContent().Metadata
			tt.change(&m)
			got := m.Problems("2026-11-21")
			switch {
			case tt.field == "" && len(got) != 0:
				t.Errorf("problems %v, want none", got)
			case tt.field != "" && (len(got) != 1 || got[0].Field != tt.field || got[0].Reason != tt.reason):
				t.Errorf("problems %v, want one: %s %s", got, tt.field, tt.reason)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	signer := newSigner(f)
	for kind := range statementNames {
		if s, err := SealStatement(goldenStatement(kind), signer); err == nil {
			f.Add(s.Marshal())
		}
	}
	if s, err := SealRoute(goldenRoute(), signer); err == nil {
		f.Add(s.Marshal())
	}
	if s, err := SealDirectory(goldenDirectory(), signer); err == nil {
		f.Add(s.Marshal())
	}
	if data, err := goldenContent().Marshal(); err == nil {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := ParseContent(data); err == nil {
			if _, err := c.Marshal(); err != nil && len(data) < MaxContent/2 {
				t.Errorf("content was read and cannot be written: %v", err)
			}
		}
		if _, err := ParseProof(data); err != nil && len(data) == 0 {
			t.Error("no proof is an error")
		}
		s, err := ParseSealed(data)
		if err != nil {
			return
		}
		if s.Verify(signer.Certificate) == nil && s.Digest().IsZero() {
			t.Error("verified with a zero digest")
		}
		if r, err := ParseRoute(s); err == nil && (len(r.Recipients) == 0 || r.ExpiresAt <= r.Created) {
			t.Errorf("a route that should have been refused: %+v", r)
		}
		if st, err := ParseStatement(s); err == nil && (st.Sequence == 0 || st.Issuer == "") {
			t.Errorf("a statement that should have been refused: %+v", st)
		}
		_, _ = ParseCheckpoint(s)
		_, _ = ParseDirectory(s)
	})
}

// Sizes near the end of what fits do not wrap.
func TestSizes(t *testing.T) {
	t.Parallel()
	r := goldenRoute()
	r.FilesSize, r.ContentSize = math.MaxUint64, math.MaxUint64
	s, err := SealRoute(r, newSigner(t))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseRoute(s)
	if err != nil || got.FilesSize != math.MaxUint64 {
		t.Errorf("files size %d, %v; want %d", got.FilesSize, err, uint64(math.MaxUint64))
	}
}

// The list of leaves, and what is folded from it, agree with the tree hash of the file,
// for every number of leaves up to a few powers of two.
func TestLeavesAgreeWithRoot(t *testing.T) {
	data := make([]byte, 9*LeafSize+1)
	for i := range data {
		data[i] = byte(i >> 12)
	}
	for size := 0; size <= len(data); size += LeafSize/2 + 1 {
		root, n, err := LeafRoot(bytes.NewReader(data[:size]))
		leaves, same, err2 := Leaves(bytes.NewReader(data[:size]))
		if err != nil || err2 != nil || root != same || root != RootOf(leaves) || n != uint64(size) || LeafCount(n) != uint64(len(leaves)) {
			t.Errorf("%d bytes: %d leaves (counted %d), roots %s, %s, %s; %v, %v", size, len(leaves), LeafCount(n), root, same, RootOf(leaves), err, err2)
		}
		for i, d := range leaves {
			if d != LeafHash(data[i*LeafSize:min((i+1)*LeafSize, size)]) {
				t.Errorf("%d bytes: leaf %d has another hash", size, i)
			}
		}
	}
}
