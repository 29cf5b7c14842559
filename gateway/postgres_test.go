package gateway_test

import (
	"bytes"
	"net/url"
	"testing"

	"lienthong/exchange"
	"lienthong/exchange/edxml"
	"lienthong/internal/testnode"
	"lienthong/internal/testpg"
)

// The doors of nodes whose rows are in PostgreSQL do the same: a letter, its statuses, what
// was refused, and what a program has said of a message.
func TestDoorsOverPostgres(t *testing.T) {
	t.Parallel()
	stores := map[string]string{}
	for _, node := range []string{"ward", "district"} {
		u, err := url.Parse(testpg.New(t))
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set("blobs", t.TempDir())
		u.RawQuery = q.Encode()
		stores[node] = u.String()
	}
	w := newWorldOver(t, testnode.NewOver(t, stores), edxml.Limits{})
	ward, district := w.program("ward", testnode.Ward, exchange.RoleClerk), w.program("district", testnode.District, exchange.RoleClerk)
	sent := w.document("31", w.net.Letter(t, 400_000), nil)
	first, again := w.good(ward.send("edoc", sent)), w.good(ward.send("edoc", sent))
	if first.DocID == "" || first.DocID != again.DocID {
		t.Fatalf("one message was sent as %q and as %q", first.DocID, again.DocID)
	}
	came := district.await("edoc", 1)[0].DocID
	if got := district.get(came); !bytes.Equal(got, sent) {
		t.Errorf("%d bytes came, want the %d that were sent", len(got), len(sent))
	}
	w.good(district.update(came, "processing"))
	if list := district.list("edoc"); len(list) != 1 || list[0].Status != "PROCESSING" {
		t.Errorf("processing: %+v", list)
	}
	arrived := w.status("31", "01", "")
	w.good(district.send("status", arrived))
	news := ward.await("status", 1)[0].DocID
	if got := ward.get(news); !bytes.Equal(got, arrived) {
		t.Errorf("the status came as %.300s", got)
	}
	w.good(ward.update(news, "done"))
	ward.await("status", 0)
	w.good(ward.send("edoc", w.document("31", nil, func(d *edxml.Document) {
		d.Business.Type, d.Business.Reason = edxml.OperationRevoke, "Ban hành nhầm"
	})))
	w.good(district.update(district.await("edoc", 1)[0].DocID, "done"))
	if r := district.call("POST", "/getEdoc", nil, "docId", first.DocID); r.ErrorCode != "24" {
		t.Errorf("the sender's document for the receiver: %+v", r)
	}
	if r := w.program("ward", testnode.Ward, exchange.RoleReader).send("edoc", sent); r.ErrorCode != "19" {
		t.Errorf("a reader has sent: %+v", r)
	}
}
