package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/url"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpg"
	"lienthong/internal/tests3"
)

// A district's node of two processes has its rows in PostgreSQL and its files in a bucket,
// each with a scratch folder of its own. A letter with a large file comes up to the first,
// which stops; the second, that has none of it on a disk, hands it on. While the bucket's
// server is dead, a file is refused as UNAVAILABLE, and the letter of the ward waits; when it
// is back, everything arrives.
func TestReplicasOnBucket(t *testing.T) {
	t.Parallel()
	server := tests3.Start(t)
	u, err := url.Parse(testpg.New(t))
	if err != nil {
		t.Fatal(err)
	}
	replica := func() string {
		q := u.Query()
		q.Set("blobs", server.URL("district", t.TempDir()))
		with := *u
		with.RawQuery = q.Encode()
		return with.String()
	}
	w := newWorldOver(t, map[string]string{"district": replica()}, map[string]string{"province": "", "district": "province", "ward": "district"},
		agencySpec{"a-province", "province"}, agencySpec{"a-district", "district"}, agencySpec{"a-ward", "ward"})
	first, ward, province := w.node("district"), w.node("ward"), w.node("province")
	w.setDown("district", "province", true)
	req, annex := withAnnex(t, ward, "a-ward", "a-province", 1)
	doc := ward.send(req)
	ward.eventually("the letter at the district", func() bool {
		d, ok := ward.delivery(doc.Letter.Key, "a-province")
		return ok && d.State == exchange.StateRelayed
	})
	first.stop()

	w.stores["district"] = replica()
	second := w.start("district", "")
	w.setDown("district", "province", false)
	ward.eventually("delivered by the second process", ward.delivered(doc.Letter.Key, "a-province"))
	arrived(t, province, "a-province", annex)

	own := exchange.OutgoingFile{Digest: second.upload("a-district", bytes.Repeat([]byte("large"), 2<<20))}
	more, ctx := []byte("a file that came before the server died"), context.Background()
	up, err := second.service.StartUpload(ctx, clerk, exchange.UploadRequest{Agency: "a-district", Name: "tệp.bin", Size: uint64(len(more))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.service.WriteUpload(ctx, clerk, up.ID, 0, bytes.NewReader(more)); err != nil {
		t.Fatal(err)
	}
	_, open, err := second.service.OpenFile(ctx, "a-district", own.Digest)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	server.Kill()
	if _, err := open.ReadAt(make([]byte, 10), 9<<20); !errors.Is(err, exchange.ErrAway) {
		t.Errorf("a read of an open file while the bucket is away: %v, want ErrAway", err)
	}
	finish := func() error {
		_, err := second.service.FinishUpload(ctx, clerk, up.ID, int64(len(more)), envelope.Sum(more))
		return err
	}
	if err := finish(); !unavailable(err) {
		t.Errorf("a file while the bucket is away: %v, want UNAVAILABLE", err)
	}
	if _, err := second.service.Send(ctx, clerk, letter(t, "a-district", "a-province")); !unavailable(err) {
		t.Errorf("a letter while the bucket is away: %v, want UNAVAILABLE", err)
	}
	req, annex = withAnnex(t, ward, "a-ward", "a-district", 2)
	waits := ward.send(req)
	ward.eventually("the district's answer that it cannot take it now", func() bool {
		d, ok := ward.delivery(waits.Letter.Key, "a-district")
		return ok && d.Offered && d.State == exchange.StateQueued
	})
	server.Again(t)
	w.advance(time.Hour)
	ward.eventually("delivered when it is back", ward.delivered(waits.Letter.Key, "a-district"))
	arrived(t, second, "a-district", annex)
	if err := finish(); err != nil {
		t.Error(err)
	}
	second.verifyJournal()
}

func unavailable(err error) bool {
	var e *exchange.Error
	return errors.As(err, &e) && e.Code == exchange.Unavailable && e.Reason == exchange.ReasonAway
}

// withAnnex is a letter with a file that is larger than a part of an upload.
func withAnnex(t *testing.T, at *testNode, from, to string, seed byte) (exchange.SendRequest, []byte) {
	t.Helper()
	data := make([]byte, 17<<20)
	rand.NewChaCha8([32]byte{seed}).Read(data)
	req := letter(t, from, to)
	req.Files = append(req.Files, exchange.OutgoingFile{Role: envelope.FileAnnex, Digest: at.upload(from, data), Name: "bản vẽ.bin"})
	return req, data
}

// arrived checks that an agency reads a file as it was sent.
func arrived(t *testing.T, at *testNode, agency string, data []byte) {
	t.Helper()
	_, blob, err := at.service.OpenFile(context.Background(), agency, envelope.Sum(data))
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	got := make([]byte, blob.Size())
	if _, err := blob.ReadAt(got, 0); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the file arrived with %d bytes, other than sent: %v", len(got), err)
	}
}
