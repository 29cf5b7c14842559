package exchange_test

import (
	"context"
	"crypto"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// retiring makes three nodes that show heads, which the ward also has stamped; over other
// stores where they are named.
func retiring(t *testing.T, stores map[string]string) (w *world, ward, district, other *testNode) {
	t.Helper()
	w = newWorldOver(t, stores, nil, agencySpec{"moves", "ward"}, agencySpec{"a-district", "district"}, agencySpec{"a-other", "other"})
	w.config = func(c *exchange.Config) {
		often(c)
		if c.ID == "ward" {
			c.Stamp = func(ctx context.Context, digest envelope.Digest) ([]byte, time.Time, error) {
				token, err := w.pki.Stamper().Stamp(ctx, crypto.SHA256, digest[:])
				if err != nil {
					return nil, time.Time{}, err
				}
				return token.Raw, w.clock(), nil
			}
		}
	}
	for _, id := range []string{"district", "ward", "other"} {
		w.keys[id] = w.key(id)
		node := envelope.Node{ID: id, Addresses: []string{id}, Certificates: []envelope.NodeCertificate{{Certificate: w.keys[id].Certificate.Raw}}}
		if id != "district" {
			node.Parent = "district"
		}
		w.directory.Nodes = append(w.directory.Nodes, node)
	}
	w.spread()
	district = w.start("district", t.TempDir())
	return w, w.start("ward", t.TempDir()), district, w.start("other", t.TempDir())
}

// rehome has the authority say that an agency is at home elsewhere.
func (w *world) rehome(at *testNode, agency, to string) {
	w.t.Helper()
	d := w.directory
	d.Epoch, d.Issued = d.Epoch+1, w.clock().UnixMicro()
	d.Agencies = slices.Clone(d.Agencies)
	for i := range d.Agencies {
		if d.Agencies[i].ID == agency {
			d.Agencies[i].Rehome(to, w.clock().UnixMicro())
		}
	}
	w.directory = d
	at.imports(d)
}

func (n *testNode) retirement() exchange.RetirementState {
	n.w.t.Helper()
	state, err := n.service.Retirement(context.Background())
	if err != nil {
		n.w.t.Fatal(err)
	}
	return state
}

// A node ends while letters wait in it, for it and for its agency, which moves; it is
// stopped in the middle. Nothing is lost, nothing comes twice, and its last head is
// cosigned and stamped.
func TestRetire(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"one file", "a database"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			stores := map[string]string{}
			if kind == "a database" {
				stores["ward"] = database(t)
			}
			retire(t, stores)
		})
	}
}

func retire(t *testing.T, stores map[string]string) {
	w, ward, district, other := retiring(t, stores)
	ctx, number := context.Background(), 0
	request := func(from, to string) exchange.SendRequest {
		req := letter(t, from, to)
		number++
		req.Metadata.Number, req.RequestID = fmt.Sprint(number), fmt.Sprint("số ", number)
		return req
	}
	var in, out []exchange.LetterKey
	for range 3 {
		in = append(in, district.send(request("a-district", "moves")).Letter.Key)
	}
	for _, key := range in {
		district.eventually("delivered", district.delivered(key, "moves"))
	}
	acknowledge := func(key exchange.LetterKey) {
		t.Helper()
		d, _ := ward.delivery(key, "moves")
		if _, err := ward.service.ReportStatus(ctx, clerk, exchange.StatusRequest{Agency: "moves", Delivery: d.ID, Code: exchange.StatusArrived}); err != nil {
			t.Fatal(err)
		}
	}
	acknowledge(in[0])
	w.setDown("ward", "district", true)
	first := request("moves", "a-other")
	out = append(out, ward.send(first).Letter.Key, ward.send(request("moves", "a-district")).Letter.Key)
	in = append(in, district.send(request("a-district", "moves")).Letter.Key)

	if s := ward.retirement(); s.Since != 0 || s.Waiting != 2 || s.Unread["moves"] != 2 || !slices.Equal(s.AtHome, []string{"moves"}) || s.Parent != "district" {
		t.Errorf("before: %+v", s)
	}
	if s := district.retirement(); !slices.Equal(s.Children, []string{"other", "ward"}) {
		t.Errorf("the parent: %+v", s)
	}
	wantError(t, second(ward.service.Unretire(ctx, clerk, "nhầm")), exchange.Precondition, exchange.ReasonNotRetiring)
	wantError(t, second(ward.service.Retire(ctx, clerk, "")), exchange.Invalid, "BAD_REASON")
	began, err := ward.service.Retire(ctx, clerk, "sáp nhập xã")
	if err != nil {
		t.Fatal(err)
	}
	again, err := ward.service.Retire(ctx, clerk, "lần nữa")
	if err != nil || again.Retirement != began.Retirement || ward.action("node.retire") != 1 {
		t.Errorf("again: %+v, %v; before %+v", again.Retirement, err, began.Retirement)
	}
	refuses := func() {
		t.Helper()
		_, err := ward.service.Send(ctx, clerk, request("moves", "a-other"))
		if e := wantError(t, err, exchange.Precondition, exchange.ReasonRetiring); !strings.Contains(e.Error(), "lienthong agency move H55.moves --to NODE") {
			t.Errorf("says %q", e)
		}
	}
	refuses()
	_, err = ward.service.StartUpload(ctx, clerk, exchange.UploadRequest{Agency: "moves", Name: "a.pdf", MediaType: "application/pdf"})
	wantError(t, err, exchange.Precondition, exchange.ReasonRetiring)
	_, err = ward.service.ReserveNumber(ctx, clerk, exchange.ReserveRequest{Agency: "moves", Date: "2026-11-20"})
	wantError(t, err, exchange.Precondition, exchange.ReasonRetiring)
	if doc := ward.send(first); doc.Letter.Key != out[0] { // what was taken is answered as it was
		t.Errorf("a repeat is %s, want %s", doc.Letter.Key.ID, out[0].ID)
	}

	folder := ward.dir
	ward.stop()
	ward = w.start("ward", folder)
	refuses()
	w.setDown("ward", "district", false)
	ward.eventually("delivered", func() bool {
		return ward.delivered(out[0], "a-other")() && ward.delivered(out[1], "a-district")()
	})
	district.eventually("what the directory still sends here", district.delivered(in[3], "moves"))
	ward.eventually("all that waits by itself", func() bool {
		s := ward.retirement()
		return s.Waiting+s.Relayed+s.Statements+s.Jobs == 0
	})
	if s := ward.retirement(); s.Done != 0 || s.Finished() || s.Unread["moves"] != 3 {
		t.Errorf("with an agency at home: %+v", s)
	}

	w.rehome(district, "moves", "other")
	ward.has("thai-nguyen", 2)
	other.has("thai-nguyen", 2)
	in = append(in, district.send(request("a-district", "moves")).Letter.Key)
	district.eventually("delivered at the new home", district.delivered(in[4], "moves"))
	_, err = ward.service.Send(ctx, clerk, request("moves", "a-other"))
	if e := wantError(t, err, exchange.Precondition, "NOT_AT_HOME"); !strings.Contains(e.Error(), `"other"`) {
		t.Errorf("does not say where the agency is: %q", e)
	}
	out = append(out, other.send(request("moves", "a-district")).Letter.Key)
	if err := ward.core.Tend(ctx); err != nil {
		t.Fatal(err)
	}
	if s := ward.retirement(); s.Done != 0 || len(s.AtHome) > 0 || s.Unread["moves"] != 3 {
		t.Errorf("with letters that nobody has acknowledged: %+v", s)
	}
	// Its agency has moved, and reads here what came here.
	for _, key := range in[1:4] {
		acknowledge(key)
	}
	ward.eventually("the end", func() bool { s := ward.retirement(); return s.Finished() })
	if n := ward.action("node.retired"); n != 1 {
		t.Errorf("the end is %d times in the journal", n)
	}
	wantError(t, second(ward.service.Unretire(ctx, clerk, "nhầm")), exchange.Precondition, exchange.ReasonRetired)
	ward.stop()
	ward = w.start("ward", folder)
	ward.eventually("the end, after another start", func() bool { s := ward.retirement(); return s.Finished() })

	district.eventually("the last of the new home's", district.delivered(out[2], "a-district"))
	for i, key := range in {
		homes := 0
		for _, n := range []*testNode{ward, district, other} {
			if d, ok := n.delivery(key, "moves"); ok && d.Home {
				homes++
			}
		}
		d, _ := district.delivery(key, "moves")
		if want := i < 4; homes != 1 || (d.Status == exchange.StatusArrived) != want {
			t.Errorf("letter %d is at home at %d nodes, its status is %d", i, homes, d.Status)
		}
		view, err := district.service.Delivery(ctx, "a-district", d.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range view.History {
			if !e.Verified {
				t.Errorf("letter %d: %s by %s does not verify", i, e.Statement.Kind, e.Statement.Issuer)
			}
		}
	}
	for _, n := range []*testNode{ward, district, other} {
		n.verifyJournal()
	}
}

func second(_ exchange.RetirementState, err error) error { return err }

// putting acts once when a file is put: between what a request is asked and its commit.
type putting struct {
	exchange.Blobs
	act func()
}

func (p *putting) Put(ctx context.Context, data []byte) (envelope.Digest, error) {
	if act := p.act; act != nil {
		p.act = nil
		act()
	}
	return p.Blobs.Put(ctx, data)
}

// A letter that is being taken while the node is told to end is refused, and nothing of it
// is there: the node does not say that nothing is left, and then has a letter.
func TestRetireWhileSending(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, agencySpec{"a", "ward"})
	w.keys["ward"] = w.key("ward")
	w.directory.Nodes = []envelope.Node{{ID: "ward", Addresses: []string{"ward"}, Certificates: []envelope.NodeCertificate{{Certificate: w.keys["ward"].Certificate.Raw}}}}
	p := &putting{}
	w.blobs = func(b exchange.Blobs) exchange.Blobs { p.Blobs = b; return p }
	n := w.open("ward", t.TempDir())
	defer n.store.Close()
	p.act = func() {
		if err := second(n.service.Retire(t.Context(), clerk, "sáp nhập")); err != nil {
			t.Error(err)
		}
	}
	_, err := n.service.Send(t.Context(), clerk, letter(t, "a", "a"))
	wantError(t, err, exchange.Precondition, exchange.ReasonRetiring)
	if p.act != nil {
		t.Error("the node was not told to end in between")
	}
	if docs, err := n.service.Documents(t.Context(), "a", envelope.ID{}, 10); err != nil || len(docs) != 0 {
		t.Errorf("%d documents, %v", len(docs), err)
	}
	n.verifyJournal()
}

// What was decided by mistake is taken back, and the node works as before.
func TestUnretire(t *testing.T) {
	t.Parallel()
	_, ward, _, _ := retiring(t, nil)
	ctx := context.Background()
	if err := second(ward.service.Retire(ctx, clerk, "nhầm nút")); err != nil {
		t.Fatal(err)
	}
	_, err := ward.service.Send(ctx, clerk, letter(t, "moves", "a-other"))
	wantError(t, err, exchange.Precondition, exchange.ReasonRetiring)
	if s, err := ward.service.Unretire(ctx, clerk, "không phải nút này"); err != nil || s.Since != 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	key := ward.send(letter(t, "moves", "a-other")).Letter.Key
	ward.eventually("delivered", ward.delivered(key, "a-other"))
	if n, m := ward.action("node.retire"), ward.action("node.retire.cancel"); n != 1 || m != 1 {
		t.Errorf("the journal says it %d times, and takes it back %d times", n, m)
	}
	ward.verifyJournal()
}

// A node without a directory that names it has not ended, although it sees nobody at home.
func TestRetireUnlisted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, agencySpec{"a", "elsewhere"})
	w.keys["ward"] = w.key("ward")
	n := w.open("ward", t.TempDir())
	defer n.store.Close()
	if err := second(n.service.Retire(t.Context(), clerk, "thử")); err != nil {
		t.Fatal(err)
	}
	if err := n.core.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := n.retirement(); !s.Unlisted || !s.Open() || s.Done != 0 || s.Finished() {
		t.Errorf("%+v", s)
	}
}

// An agency that has moved is spoken for by its old home for some time, and no longer.
func TestOldHomeIsReadForAWhile(t *testing.T) {
	t.Parallel()
	w, ward, district, other := retiring(t, nil)
	ctx := context.Background()
	key := district.send(letter(t, "a-district", "moves")).Letter.Key
	district.eventually("delivered", district.delivered(key, "moves"))
	w.rehome(district, "moves", "other")
	ward.has("thai-nguyen", 2)
	other.has("thai-nguyen", 2)
	d, _ := ward.delivery(key, "moves")
	if view, err := ward.service.Delivery(ctx, "moves", d.ID); err != nil || view.Delivery.ID != d.ID {
		t.Fatalf("%+v, %v", view, err)
	}
	_, err := ward.service.Recall(ctx, clerk, exchange.RecallRequest{Agency: "moves", Document: key.ID, Mode: envelope.RecallNow, Reason: "sai"})
	wantError(t, err, exchange.Precondition, "NOT_AT_HOME")
	w.advance(31 * 24 * time.Hour)
	_, err = ward.service.Delivery(ctx, "moves", d.ID)
	wantError(t, err, exchange.Precondition, "NOT_AT_HOME")
}
