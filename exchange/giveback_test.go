package exchange_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A node is restored from a backup and has forgotten what its agency sent since: a letter
// with a larger annex, that had arrived, was judged and answered. Its neighbours, one that it
// dials and one that dials it, give the letter back: documents, files, register, statuses,
// evidence. The request of the DMS, asked again, is answered with the same letter, which
// nobody gets twice.
func TestRestoredOriginGetsItsLettersBack(t *testing.T) {
	t.Parallel()
	for _, origin := range []struct {
		node, agency string
		to           []string
	}{{"ward", "ba-hang", []string{"pho-yen", "thai-nguyen"}}, {"district", "pho-yen", []string{"ba-hang", "thai-nguyen"}}} {
		t.Run(origin.node, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			w := chain(t)
			node := w.node(origin.node)
			for _, to := range []string{"ward", "district", "province"} {
				w.node(to).eventually("links", func() bool { return len(w.node(to).relay.Connected()) > 0 })
			}
			before := node.send(letter(t, origin.agency, origin.to...)).Letter.Key
			node.eventually("the first letter", node.delivered(before, origin.to...))
			if _, err := node.service.StartSeries(ctx, clerk, origin.agency, exchange.WayOut, 2026, "", 5); err != nil {
				t.Fatal(err)
			}
			backup := node.backup()

			reserved, err := node.service.ReserveNumber(ctx, clerk, exchange.ReserveRequest{Agency: origin.agency, Date: "2026-11-20"})
			if err != nil {
				t.Fatal(err)
			}
			annex := bytes.Repeat([]byte("phụ lục "), 100_000)
			req := letter(t, origin.agency, origin.to...)
			req.RequestID, req.Metadata.Number = "dms-77", "06"
			req.Files = append(req.Files, exchange.OutgoingFile{Role: envelope.FileAnnex, Name: "phụ lục.txt", MediaType: "text/plain", Digest: node.upload(origin.agency, annex)})
			sent := node.send(req)
			key := sent.Letter.Key
			node.eventually("the letter", node.delivered(key, origin.to...))
			home := w.node("province")
			home.eventually("it is judged", func() bool { d, ok := home.delivery(key, "thai-nguyen"); return ok && d.Verdict != "" })
			home.report(key, "thai-nguyen", exchange.StatusArrived)
			node.eventually("its status", node.hasStatus(key, "thai-nguyen", exchange.StatusArrived))

			node = node.restored(backup)
			node.eventually("it is given back", node.delivered(key, origin.to...))
			node.eventually("its status", node.hasStatus(key, "thai-nguyen", exchange.StatusArrived))
			again := node.send(req)
			if again.Letter.Key != key || again.Letter.Digest != sent.Letter.Digest {
				t.Errorf("asked again: letter %v, want %v", again.Letter.Key, key)
			}
			other := req
			other.Metadata.Subject = "Việc khác"
			if _, err := node.service.Send(ctx, clerk, other); reason(err) != "REQUEST_ID_REUSED" {
				t.Errorf("another document under the same request: %v", err)
			}
			blob, err := node.service.OpenLetterFile(ctx, envelope.Sum(annex))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(io.NewSectionReader(blob, 0, blob.Size())); err != nil || !bytes.Equal(got, annex) {
				t.Errorf("the annex has %d bytes, want %d: %v", len(got), len(annex), err)
			}
			blob.Close()
			home.report(key, "thai-nguyen", exchange.StatusAccepted)
			node.eventually("a later status", node.hasStatus(key, "thai-nguyen", exchange.StatusAccepted))
			for id, agency := range map[string]string{"ward": "ba-hang", "district": "pho-yen", "province": "thai-nguyen"} {
				if n := w.node(id).inbox(agency)[key.ID]; id != origin.node && n != 1 {
					t.Errorf("%s has it %d times", agency, n)
				}
			}
			// Numbers that were given after the backup are not given again.
			if _, err := node.service.ReserveNumber(ctx, clerk, exchange.ReserveRequest{Agency: origin.agency, Date: "2026-11-20"}); reason(err) != "SERIES_UNSURE" || !strings.Contains(err.Error(), "the last known is 6") {
				t.Errorf("a number after the restore: %v", err)
			}
			if _, err := node.service.StartSeries(ctx, clerk, origin.agency, exchange.WayOut, 2026, "", 8); err != nil {
				t.Fatal(err)
			}
			next, err := node.service.ReserveNumber(ctx, clerk, exchange.ReserveRequest{Agency: origin.agency, Date: "2026-11-20"})
			if err != nil || reserved.Number != 6 || next.Number != 9 {
				t.Errorf("number %v, %v, want 9 after 6", next, err)
			}
			if node.action("letter.returned") != 1 || node.action("store.restored") != 1 {
				t.Errorf("%d letters came back by the journal", node.action("letter.returned"))
			}
			for _, id := range []string{"ward", "district", "province"} {
				w.node(id).verifyJournal()
			}
		})
	}
}

// Nobody gives a node a letter that it has not forgotten: it goes on from no backup.
func TestGivenBackUnasked(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	third := s.bystander()
	o := s.offer(1, pdf)
	o.Returned, o.Chain = true, nil
	s.put(o.Offer)
	if f, ok := s.next().(exchange.Refused); !ok || f.Reason != exchange.ReasonRefused || len(f.Failed) > 0 {
		t.Errorf("got %+v, want it refused", f)
	}
	if n := s.node.action("letter.returned"); n != 0 {
		t.Errorf("%d letters came back", n)
	}
	s.flows(third)
}
