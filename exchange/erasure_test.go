package exchange_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/evidence"
)

const day = 24 * time.Hour

// keeping starts all nodes of a world anew with a policy for documents.
func (w *world) keeping(years map[string]int) {
	w.t.Helper()
	w.config = func(c *exchange.Config) { c.Retention.Documents = years }
	nodes := slices.Collect(maps.Values(w.nodes))
	for _, n := range nodes { // all, before one is there again and has a link to another that ends
		n.stop()
	}
	for _, n := range nodes {
		w.start(n.id, n.dir)
	}
}

// text is what a node has of the subject of a letter.
func (n *testNode) text(key exchange.LetterKey) string {
	n.w.t.Helper()
	l, err := n.store.Letter(context.Background(), key)
	if err != nil {
		n.w.t.Fatal(err)
	}
	if l.Cleared != 0 {
		return ""
	}
	content, err := envelope.ParseContent(l.Content)
	if err != nil {
		n.w.t.Fatal(err)
	}
	return content.Metadata.Subject
}

// proven checks what a node can prove of an erased letter to a third party, with digests alone.
func (n *testNode) proven(agency string, id envelope.ID) {
	n.w.t.Helper()
	out := n.evidence(agency, id, evidence.Options{})
	if bytes.Contains(out, []byte("Trần Văn Đĩnh")) {
		n.w.t.Error("the evidence names a person whose letter was erased")
	}
}

// evidence exports what a node can prove of a letter, without its files, and checks that it
// proves it to a third party.
func (n *testNode) evidence(agency string, id envelope.ID, o evidence.Options) []byte {
	n.w.t.Helper()
	d, err := n.service.Dossier(context.Background(), agency, id)
	if err != nil {
		n.w.t.Fatal(err)
	}
	o.Open = func(envelope.Digest) (exchange.Blob, error) { return nil, exchange.ErrNotFound }
	o.Signer, o.Now = n.w.keys[n.id], n.w.clock()
	var out bytes.Buffer
	if err := evidence.Write(&out, d, o); err != nil {
		n.w.t.Fatal(err)
	}
	report, err := evidence.Verify(bytes.NewReader(out.Bytes()), int64(out.Len()), evidence.Input{Authorities: []*x509.Certificate{n.w.authority.Certificate}, At: n.w.clock()})
	if err != nil || report.Verdict != evidence.Proven {
		n.w.t.Errorf("%s: evidence: %+v, %v", n.id, report, err)
	}
	return out.Bytes()
}

// A document is kept for full years after the one in which it came to its end. Then its
// text goes at all nodes, wherever it came from, and its route, statements and journals
// prove its way as before.
func TestDocumentsGo(t *testing.T) {
	t.Parallel()
	w := threeLevels(t)
	w.keeping(map[string]int{exchange.ClassOther: 1})
	ctx, ward, district, province := context.Background(), w.node("ward"), w.node("district"), w.node("province")
	doc := ward.send(letter(t, "ba-hang", "thai-nguyen"))
	key, file := doc.Letter.Key, doc.Letter.Files[0].Digest
	ward.eventually("a verdict", func() bool { d, _ := ward.delivery(key, "thai-nguyen"); return d.Verdict != "" })
	at, _ := province.delivery(key, "thai-nguyen")
	w.advance(400 * day) // 26 December of the year that it is kept for
	for _, n := range []*testNode{ward, district, province} {
		n.retain(0)
		if n.text(key) == "" {
			t.Fatalf("%s: the text went too early", n.id)
		}
	}
	w.advance(30 * day)
	for _, n := range []*testNode{ward, district, province} {
		n.retain(1)
		n.retain(0)
		n.sweep()
		if n.text(key) != "" || n.holds(file) {
			t.Errorf("%s: text %q, file %t", n.id, n.text(key), n.holds(file))
		}
		n.verifyJournal()
	}
	view, err := province.service.Delivery(ctx, "thai-nguyen", at.ID)
	if err != nil || view.Document.Letter.Cleared == 0 || len(view.History) < 2 || !view.History[0].Verified {
		t.Errorf("the receiver sees %+v, %v", view, err)
	}
	if found, err := province.service.Search(ctx, exchange.SearchRequest{Agency: "thai-nguyen", Text: "rà soát"}, 0, 10); err != nil || len(found) > 0 {
		t.Errorf("a search finds %+v, %v", found, err)
	}
	if _, err := ward.service.Documents(ctx, "ba-hang", envelope.ID{}, 10); err != nil {
		t.Error(err)
	}
	_, err = ward.service.Recall(ctx, clerk, exchange.RecallRequest{Agency: "ba-hang", Document: key.ID, Mode: envelope.RecallNow, Reason: "nhầm"})
	if exchange.OutcomeOf(err) != exchange.ReasonErased {
		t.Errorf("a recall of what was erased: %v", err)
	}
	_, err = province.service.Forward(ctx, clerk, exchange.ForwardRequest{Agency: "thai-nguyen", Delivery: at.ID, Recipients: []exchange.OutgoingRecipient{{Agency: "so-tu-phap"}}})
	if exchange.OutcomeOf(err) != exchange.ReasonErased {
		t.Errorf("what was erased is forwarded: %v", err)
	}
	ward.proven("ba-hang", key.ID)
	province.proven("thai-nguyen", at.ID)
}

// Types that a policy does not name are kept for ever, and all versions of a document go
// together, when the last of them is old.
func TestDocumentsOfOtherTypesStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"node": ""}, agencySpec{"so", "node"}, agencySpec{"phong", "node"})
	w.keeping(map[string]int{exchange.ClassLetter: 1, "GM": 2})
	ctx, n := context.Background(), w.node("node")
	send := func(kind string) *exchange.Document {
		req := letter(t, "so", "phong")
		req.Metadata.TypeCode = kind
		return n.send(req)
	}
	old, decision, invitation := send(""), send("QĐ"), send("gm")
	settled := func() bool {
		rows, err := n.store.Inbox(ctx, "phong", envelope.ID{}, 10)
		for _, d := range rows {
			if err != nil || d.Verdict == "" {
				return false
			}
		}
		return true
	}
	n.eventually("verdicts", settled)
	w.advance(200 * day)
	update, err := n.service.Update(ctx, clerk, exchange.ChangeRequest{Agency: "so", Document: old.Letter.Key.ID, Reason: "đính chính",
		Files: letter(t, "so", "phong").Files, Staff: envelope.Staff{ID: "cb-17"}})
	if err != nil {
		t.Fatal(err)
	}
	n.eventually("verdicts", settled)
	left := func(want ...*exchange.Document) {
		t.Helper()
		for i, doc := range []*exchange.Document{old, update, decision, invitation} {
			if has := n.text(doc.Letter.Key) != ""; has != slices.Contains(want, doc) {
				t.Errorf("document %d: has its text: %t", i, has)
			}
		}
	}
	w.advance(220 * day) // the first version is old now, the second is not
	n.retain(0)
	left(old, update, decision, invitation)
	w.advance(366 * day)
	n.retain(3) // both versions, and the invitation
	left(decision)
	w.advance(100 * 365 * day)
	n.retain(0)
	left(decision)
}

// What is held stays, whatever the policy says, until it is released.
func TestHeldDocumentsStay(t *testing.T) {
	t.Parallel()
	w := threeLevels(t)
	w.keeping(map[string]int{exchange.ClassOther: 1})

	ctx, ward, province := context.Background(), w.node("ward"), w.node("province")
	one, other := ward.send(letter(t, "ba-hang", "thai-nguyen")), ward.send(letter(t, "ba-hang", "so-tu-phap"))
	ward.eventually("verdicts", func() bool {
		a, _ := ward.delivery(one.Letter.Key, "thai-nguyen")
		b, _ := ward.delivery(other.Letter.Key, "so-tu-phap")
		return a.Verdict != "" && b.Verdict != ""
	})
	at, _ := province.delivery(one.Letter.Key, "thai-nguyen")
	hold := func(n *testNode, req exchange.HoldRequest) exchange.LegalHold {
		t.Helper()
		req.Reason = "thanh tra số 12"
		h, err := n.service.AddHold(ctx, clerk, req)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	document := hold(province, exchange.HoldRequest{Letter: at.ID})
	thread := hold(ward, exchange.HoldRequest{Letter: one.Letter.Key.ID, Thread: true})
	hold(ward, exchange.HoldRequest{Agency: "H55.so-tu-phap"})
	w.advance(500 * day)
	planned := func(n *testNode) (gone, held int) {
		t.Helper()
		if err := n.service.PlanRetention(ctx, w.clock().UnixMicro(), func(r exchange.Retained) error {
			if len(r.Holds) > 0 {
				held++
			} else {
				gone++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return gone, held
	}
	if g, h := planned(ward); g != 0 || h != 2 {
		t.Errorf("the ward plans to let %d go, and holds %d; want 0 and 2", g, h)
	}
	if g, h := planned(province); g != 1 || h != 1 {
		t.Errorf("the province plans to let %d go, and holds %d; want 1 and 1", g, h)
	}
	ward.retain(0)
	province.retain(1)
	if province.text(one.Letter.Key) == "" || ward.text(one.Letter.Key) == "" || ward.text(other.Letter.Key) == "" {
		t.Error("what is held was erased")
	}
	if _, err := province.service.AddHold(ctx, clerk, exchange.HoldRequest{Origin: "ward", Letter: other.Letter.Key.ID, Reason: "muộn"}); exchange.OutcomeOf(err) != exchange.ReasonErased {
		t.Errorf("a hold on what was erased: %v", err)
	}
	for n, h := range map[*testNode]exchange.LegalHold{province: document, ward: thread} {
		if _, err := n.service.ReleaseHold(ctx, clerk, h.ID, "kết thúc"); err != nil {
			t.Fatal(err)
		}
		if _, err := n.service.ReleaseHold(ctx, clerk, h.ID, "nữa"); exchange.OutcomeOf(err) != "RELEASED" {
			t.Errorf("released twice: %v", err)
		}
		w.advance(31 * day)
		n.retain(1)
		n.verifyJournal()
	}
	if ward.text(one.Letter.Key) != "" || ward.text(other.Letter.Key) == "" {
		t.Errorf("the ward has %q, and %q", ward.text(one.Letter.Key), ward.text(other.Letter.Key))
	}
	if list, err := ward.service.Holds(ctx, true, envelope.ID{}, 10); err != nil || len(list) != 1 || list[0].Kind != exchange.HoldAgency || list[0].By != clerk.Principal {
		t.Errorf("holds that are left: %+v, %v", list, err)
	}
}

// Of a hold and an erasure that come at once one is first: what has a hold has its text, and
// a hold that comes too late is refused by name.
func TestHoldRacesErasure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"node": ""}, agencySpec{"so", "node"}, agencySpec{"phong", "node"})
	w.keeping(map[string]int{exchange.ClassOther: 1})
	ctx, n := context.Background(), w.node("node")
	var keys []exchange.LetterKey
	for range 24 {
		keys = append(keys, n.send(letter(t, "so", "phong")).Letter.Key)
	}
	n.eventually("verdicts", func() bool {
		for _, key := range keys {
			if d, _ := n.delivery(key, "phong"); d.Verdict == "" {
				return false
			}
		}
		return true
	})
	w.advance(800 * day)
	var all sync.WaitGroup
	errs := make([]error, len(keys))
	for i, key := range keys {
		all.Go(func() {
			_, errs[i] = n.service.AddHold(ctx, clerk, exchange.HoldRequest{Letter: key.ID, Thread: i%2 == 0, Reason: "thanh tra"})
		})
	}
	for range 2 {
		all.Go(func() {
			if _, err := n.core.Retain(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, key := range keys {
		var own *exchange.Error
		held, text := errs[i] == nil, n.text(key) != ""
		if held != text || !held && (!errors.As(errs[i], &own) || own.Reason != exchange.ReasonErased) {
			t.Errorf("letter %d: hold %v, text %t", i, errs[i], text)
		}
	}
	n.verifyJournal()
}
