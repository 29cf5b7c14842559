package exchange_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// threeLevels is ward → district → province, with two agencies at the province.
func threeLevels(t *testing.T) *world {
	return newWorld(t, map[string]string{"ward": "district", "district": "province", "province": ""},
		agencySpec{"ba-hang", "ward"}, agencySpec{"pho-yen", "district"}, agencySpec{"thai-nguyen", "province"}, agencySpec{"so-tu-phap", "province"})
}

func TestLetterReachesAllLevels(t *testing.T) {
	t.Parallel()
	w := threeLevels(t)
	ward := w.node("ward")
	doc := ward.send(letter(t, "ba-hang", "pho-yen", "thai-nguyen", "so-tu-phap"))
	all := []string{"pho-yen", "thai-nguyen", "so-tu-phap"}
	ward.eventually("delivered everywhere", ward.delivered(doc.Letter.Key, all...))
	ward.eventually("verdicts", func() bool {
		for _, r := range all {
			if d, _ := ward.delivery(doc.Letter.Key, r); d.Verdict == "" {
				return false
			}
		}
		return true
	})
	for _, r := range all {
		d, _ := ward.delivery(doc.Letter.Key, r)
		view, err := ward.service.Delivery(context.Background(), "ba-hang", d.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range view.History {
			if !e.Verified {
				t.Errorf("%s: %s by %s does not verify", r, e.Statement.Kind, e.Statement.Issuer)
			}
		}
	}
	// The outbox keeps nothing, and each node stores the letter once.
	for _, id := range []string{"ward", "district", "province"} {
		n := w.node(id)
		peers, err := n.store.OutboxPeers(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for peer, rows := range peers {
			if rows != 0 {
				t.Errorf("node %q keeps %d outbox rows for %q", id, rows, peer)
			}
		}
		n.verifyJournal()
	}
}

// A larger file goes up by Put and down by Get, since the child always dials.
func TestLargerFilesBothWays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, from, at, to string }{
		{"up, put", "ba-hang", "ward", "thai-nguyen"},
		{"down, got", "thai-nguyen", "province", "ba-hang"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := threeLevels(t)
			n := w.node(tt.at)
			annex := make([]byte, 3<<20)
			rand.NewChaCha8([32]byte{7}).Read(annex)
			digest := n.upload(tt.from, annex)
			req := letter(t, tt.from, tt.to)
			req.Files = append(req.Files, exchange.OutgoingFile{Role: envelope.FileAnnex, Digest: digest, Name: "phụ lục.bin"})
			doc := n.send(req)
			n.eventually("delivered", n.delivered(doc.Letter.Key, tt.to))
			home := w.node(map[string]string{"thai-nguyen": "province", "ba-hang": "ward"}[tt.to])
			_, blob, err := home.service.OpenFile(context.Background(), tt.to, digest)
			if err != nil {
				t.Fatal(err)
			}
			defer blob.Close()
			got := make([]byte, blob.Size())
			if _, err := blob.ReadAt(got, 0); err != nil || !bytes.Equal(got, annex) {
				t.Fatalf("the file arrived with %d bytes, other than sent: %v", len(got), err)
			}
		})
	}
}

func (n *testNode) upload(agency string, data []byte) envelope.Digest {
	n.w.t.Helper()
	ctx := context.Background()
	up, err := n.service.StartUpload(ctx, clerk, exchange.UploadRequest{Agency: agency, Name: "tệp.bin", Size: uint64(len(data))})
	if err != nil {
		n.w.t.Fatal(err)
	}
	if _, err := n.service.WriteUpload(ctx, clerk, up.ID, 0, bytes.NewReader(data)); err != nil {
		n.w.t.Fatal(err)
	}
	file, err := n.service.FinishUpload(ctx, clerk, up.ID, int64(len(data)), envelope.Sum(data))
	if err != nil {
		n.w.t.Fatal(err)
	}
	return file.Digest
}
