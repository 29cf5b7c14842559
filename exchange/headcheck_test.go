package exchange_test

import (
	"context"
	"crypto"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

// A shownHead is a head of the ward's journal with what others say of it.
type shownHead struct {
	t    *testing.T
	w    *world
	node *testNode
	head envelope.Checkpoint
	row  exchange.CheckpointRow
}

// sign lets a node sign the head.
func (s *shownHead) sign(by string) {
	s.t.Helper()
	sealed, err := envelope.SealCheckpoint(&s.head, s.w.keys[by])
	if err != nil {
		s.t.Fatal(err)
	}
	s.row.Sealed = sealed
}

// cosign lets a node cosign it under the name of one.
func (s *shownHead) cosign(by, name string) {
	s.t.Helper()
	co := envelope.Cosignature{Node: name, Checkpoint: s.row.Sealed.Digest(), LogNode: s.head.Node, LogIncarnation: s.head.Incarnation, TreeSize: s.head.TreeSize, Time: s.head.Time}
	sealed, err := envelope.SealCosignature(&co, s.w.keys[by])
	if err != nil {
		s.t.Fatal(err)
	}
	s.row.Cosignature = sealed
}

// stamp has a digest time-stamped.
func (s *shownHead) stamp(digest envelope.Digest) {
	s.t.Helper()
	token, err := s.w.pki.Stamper().Stamp(context.Background(), crypto.SHA256, digest[:])
	if err != nil {
		s.t.Fatal(err)
	}
	s.row.Stamp, s.row.Stamped = token.Raw, token.Time.UnixMicro()
}

// showHead makes a ward that does not run, and a head of its journal that it has signed.
func showHead(t *testing.T, w *world) *shownHead {
	t.Helper()
	n := w.open("ward", t.TempDir())
	t.Cleanup(func() { n.store.Close() })
	n.signing.Trust = w.pki.Trust()
	for range 9 {
		if err := n.core.Record(t.Context(), journal.Entry{Time: w.clock().UnixMicro(), Actor: journal.System, Action: "test", Outcome: journal.OutcomeOK}); err != nil {
			t.Fatal(err)
		}
	}
	sealed, err := n.service.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := &shownHead{t: t, w: w, node: n}
	if s.head, err = envelope.ParseCheckpoint(sealed); err != nil {
		t.Fatal(err)
	}
	s.row = exchange.CheckpointRow{Node: "ward", Incarnation: s.head.Incarnation, Size: s.head.TreeSize, Root: s.head.RootHash, Sealed: sealed}
	return s
}

// What is kept of heads counts if it says what it is to say: the node's own signature, the
// parent's cosignature, a time-stamp over it.
func TestVerifySignaturesOfHeads(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, agencySpec{"ba-hang", "ward"})
	for id, parent := range map[string]string{"ward": "province", "other": "province", "province": ""} {
		w.keys[id] = w.key(id)
		w.directory.Nodes = append(w.directory.Nodes, envelope.Node{ID: id, Parent: parent, Addresses: []string{id},
			Certificates: []envelope.NodeCertificate{{Certificate: w.keys[id].Certificate.Raw}}})
	}
	for _, tt := range []struct {
		name               string
		edit               func(*shownHead)
		problem, unchecked string // "": none
		cosigned, stamped  bool
	}{
		{name: "signed alone", edit: func(*shownHead) {}},
		{name: "cosigned by the parent", edit: func(s *shownHead) { s.cosign("province", "province") }, cosigned: true},
		{name: "signed by another node", edit: func(s *shownHead) { s.sign("other"); s.cosign("province", "province") }, problem: "10 leaves: signature: "},
		// Row and journal agree, and what was signed is of another journal.
		{name: "another head is signed", edit: func(s *shownHead) { s.head.RootHash[0]++; s.sign("ward"); s.cosign("province", "province") }, problem: "signature: what is signed is 10 leaves"},
		{name: "cosigned by whoever says that it is the parent", edit: func(s *shownHead) { s.cosign("other", "province") }, problem: "10 leaves: cosignature: "},
		{name: "cosigned by itself", edit: func(s *shownHead) { s.cosign("ward", "ward") }, problem: "cosignature: it is of this node itself"},
		{name: "the cosignature is of another head", edit: func(s *shownHead) { s.cosign("province", "province"); s.head.Time++; s.sign("ward") }, problem: "cosignature: "},
		{name: "cosigned by a node that is not the parent", edit: func(s *shownHead) { s.cosign("other", "other") }, unchecked: `whether "other" was the parent`},
		{name: "time-stamped", edit: func(s *shownHead) { s.stamp(envelope.Sum(s.row.Sealed.Marshal())) }, stamped: true},
		{name: "the time-stamp is of something else", edit: func(s *shownHead) { s.stamp(envelope.Sum([]byte("another head"))) }, problem: "time-stamp: tsp: token covers "},
		{name: "the time-stamp is no token", edit: func(s *shownHead) { s.row.Stamp, s.row.Stamped = []byte("token"), 7 }, problem: "time-stamp: "},
		{name: "nobody vouches for the authority", edit: func(s *shownHead) {
			s.node.signing.Trust = certs.NewTrust()
			s.stamp(envelope.Sum(s.row.Sealed.Marshal()))
		}, unchecked: "authority of time-stamps: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := showHead(t, w)
			tt.edit(s)
			_, err := s.node.store.Commit(t.Context(), exchange.Change{Checkpoints: []exchange.CheckpointRow{s.row},
				Entries: []journal.Entry{{Time: w.clock().UnixMicro(), Actor: journal.System, Action: "test", Outcome: journal.OutcomeOK}}})
			if err != nil {
				t.Fatal(err)
			}
			check, err := s.node.service.VerifyJournal(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			says := func(what string, got []string, want string) {
				if (want == "") != (len(got) == 0) || want != "" && !strings.Contains(got[0], want) {
					t.Errorf("%s %q, want %q", what, got, want)
				}
			}
			says("problems", check.Problems, tt.problem)
			says("unchecked", check.Unchecked, tt.unchecked)
			if got := check.Cosigned == s.row.Size; got != tt.cosigned {
				t.Errorf("%d leaves are cosigned", check.Cosigned)
			}
			if got := check.Stamped != 0; got != tt.stamped {
				t.Errorf("stamped at %s", time.UnixMicro(check.Stamped))
			}
		})
	}
}

// A stored hash that is changed under a node that runs, and knows it from before, is found.
func TestVerifyReadsWhatIsStored(t *testing.T) {
	t.Parallel()
	s := showHead(t, func() *world {
		w := newWorld(t, nil, agencySpec{"ba-hang", "ward"})
		w.keys["ward"] = w.key("ward")
		w.directory.Nodes = []envelope.Node{{ID: "ward", Addresses: []string{"ward"}, Certificates: []envelope.NodeCertificate{{Certificate: w.keys["ward"].Certificate.Raw}}}}
		return w
	}())
	s.node.verifyJournal()
	db, err := sql.Open("sqlite", filepath.Join(s.node.dir, "node.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if done, err := db.Exec(`UPDATE journal SET hashes = zeroblob(length(hashes)) WHERE idx = 3`); err != nil {
		t.Fatal(err)
	} else if n, _ := done.RowsAffected(); n != 1 {
		t.Fatalf("%d rows were changed, want 1", n)
	}
	check, err := s.node.service.VerifyJournal(t.Context())
	if err != nil || len(check.Problems) == 0 || !strings.HasPrefix(check.Problems[0], "leaf 3: stored hash 0 is 0000000000000000") {
		t.Errorf("%+v, %v; want leaf 3 named", check, err)
	}
}
