package exchange_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// An agency moves from one node to another while letters for it and from it are under
// way: none is lost, none comes twice, and what the old home signed stays good.
func TestRehomeWithLettersInFlight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"ward": "district", "other": "district", "district": ""},
		agencySpec{"moves", "ward"}, agencySpec{"a-district", "district"}, agencySpec{"a-other", "other"})
	w.spread()
	ward, district, other := w.node("ward"), w.node("district"), w.node("other")
	number := 0
	send := func(n *testNode, from string, to ...string) exchange.LetterKey {
		req := letter(t, from, to...)
		number++
		req.Metadata.Number = fmt.Sprint(number)
		return n.send(req).Letter.Key
	}
	var in, out []exchange.LetterKey
	for range 5 { // before
		in, out = append(in, send(district, "a-district", "moves")), append(out, send(ward, "moves", "a-other", "a-district"))
	}
	ward.eventually("the first", func() bool { _, ok := ward.delivery(in[0], "moves"); return ok })
	// The old home is cut off: these wait at the district for it, and at it for the others.
	w.setDown("ward", "district", true)
	for range 5 {
		in, out = append(in, send(district, "a-district", "moves")), append(out, send(ward, "moves", "a-other"))
	}
	d := w.directory
	d.Epoch, d.Issued = 2, w.clock().UnixMicro()
	d.Agencies = slices.Clone(d.Agencies)
	for i := range d.Agencies {
		if d.Agencies[i].ID == "moves" {
			d.Agencies[i].Rehome("other", w.clock().UnixMicro())
		}
	}
	district.imports(d)
	other.has("thai-nguyen", 2)
	for range 5 { // the new home works before the old one has heard
		in, out = append(in, send(district, "a-district", "moves")), append(out, send(other, "moves", "a-district"))
	}
	w.setDown("ward", "district", false)
	for range 3 { // while all go on
		in = append(in, send(district, "a-district", "moves"))
	}
	// Time passes: what came round is held for a minute, and what was refused waits.
	arrived := func(n *testNode, key exchange.LetterKey, r string) func() bool {
		return func() bool { w.advance(time.Second); return n.delivered(key, r)() }
	}
	for _, key := range in {
		district.eventually("delivered", arrived(district, key, "moves"))
	}
	for i, key := range out {
		from := ward
		if i >= 10 {
			from = other
		}
		for r := range from.states(key) {
			from.eventually("delivered", arrived(from, key, r))
		}
	}
	ward.has("thai-nguyen", 2)
	homes := map[string]int{}
	for _, key := range in {
		n := 0
		for _, node := range []*testNode{ward, district, other} {
			if to, ok := node.delivery(key, "moves"); ok && to.Home {
				n++
				homes[node.id]++
			}
		}
		if n != 1 {
			t.Errorf("letter %s is at home at %d nodes, want one", key.ID, n)
		}
	}
	if homes["ward"] == 0 || homes["other"] < 8 || homes["district"] != 0 {
		t.Errorf("homes %v: want some at the old one, and all that came later at the new", homes)
	}
	// All that both homes signed verifies by the directory of now.
	for _, key := range in {
		to, _ := district.delivery(key, "moves")
		view, err := district.service.Delivery(context.Background(), "a-district", to.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range view.History {
			if !e.Verified {
				t.Errorf("letter %s: %s by %s does not verify", key.ID, e.Statement.Kind, e.Statement.Issuer)
			}
		}
	}
	for _, n := range []*testNode{ward, district, other} {
		n.verifyJournal()
	}
}

// A node changes its certificate under load: the new one is announced, used, and the old
// one ends. Links shake hands again, letters go on, and old signatures stay good.
func TestCertificateRotationUnderLoad(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"ward": "district", "district": ""}, agencySpec{"a-ward", "ward"}, agencySpec{"a-district", "district"})
	w.spread()
	district := w.node("district")
	number := 0
	var keys []exchange.LetterKey
	both := func(ward *testNode) {
		number++
		req := letter(t, "a-ward", "a-district")
		req.Metadata.Number = fmt.Sprint(number)
		keys = append(keys, ward.send(req).Letter.Key)
	}
	d := w.directory
	publish := func(edit func(*envelope.Node)) {
		d.Epoch, d.Issued = d.Epoch+1, w.clock().UnixMicro()
		d.Nodes = slices.Clone(d.Nodes)
		for i := range d.Nodes {
			if d.Nodes[i].ID == "ward" {
				d.Nodes[i].Certificates = slices.Clone(d.Nodes[i].Certificates)
				edit(&d.Nodes[i])
			}
		}
		w.directory = d
		district.imports(d)
	}
	ward := w.node("ward")
	ward.eventually("a link", func() bool { return ward.relay.HasLink("district") })
	both(ward)
	fresh := w.key("ward")
	publish(func(n *envelope.Node) {
		n.Certificates = append(n.Certificates, envelope.NodeCertificate{Certificate: fresh.Certificate.Raw, NotBefore: w.clock().UnixMicro()})
	})
	both(ward)
	ward.has("thai-nguyen", d.Epoch) // over the link that shook hands again
	both(ward)
	folder := ward.dir
	ward.stop()
	old := w.keys["ward"]
	w.keys["ward"] = fresh
	ward = w.start("ward", folder)
	both(ward)
	publish(func(n *envelope.Node) {
		n.Certificates[0].NotAfter = w.clock().UnixMicro()
		if !slices.Equal(n.Certificates[0].Certificate, old.Certificate.Raw) {
			t.Error("the first certificate is not the old one")
		}
	})
	both(ward)
	ward.has("thai-nguyen", d.Epoch)
	both(ward)
	for _, key := range keys {
		ward.eventually("delivered", ward.delivered(key, "a-district"))
	}
	if _, ok := district.core.Directory().NodeOfKey(old.Certificate, w.clock()); ok {
		t.Error("the old certificate still opens a link")
	}
	if _, ok := district.core.Directory().NodeOfKey(fresh.Certificate, w.clock()); !ok {
		t.Error("the new certificate opens no link")
	}
	to, _ := ward.delivery(keys[0], "a-district")
	view, err := ward.service.Delivery(context.Background(), "a-ward", to.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range view.History {
		if !e.Verified {
			t.Errorf("%s by %s does not verify any more", e.Statement.Kind, e.Statement.Issuer)
		}
	}
	ward.verifyJournal()
	district.verifyJournal()
}

// What a compromised key signed counts only where another node saw it before.
func TestCompromiseReachesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"ward": "district", "district": ""}, agencySpec{"a-ward", "ward"}, agencySpec{"a-district", "district"})
	ward, district := w.node("ward"), w.node("district")
	before := ward.send(letter(t, "a-ward", "a-district")).Letter.Key
	ward.eventually("delivered", ward.delivered(before, "a-district"))
	w.setDown("ward", "district", true)
	req := letter(t, "a-ward", "a-district")
	req.Metadata.Number = "6"
	late := ward.send(req).Letter.Key // signed now, seen by others only later
	w.advance(time.Hour)
	d := w.directory
	d.Epoch, d.Issued = 2, w.clock().UnixMicro()
	d.Nodes = slices.Clone(d.Nodes)
	for i := range d.Nodes {
		if d.Nodes[i].ID == "ward" {
			c := d.Nodes[i].Certificates[0]
			c.Compromised, c.NotAfter = w.clock().UnixMicro()-1_000_000, w.clock().UnixMicro()-1_000_000
			d.Nodes[i].Certificates = []envelope.NodeCertificate{c}
		}
	}
	district.imports(d)
	offers, err := ward.relay.OffersFor(context.Background(), "district")
	if err != nil || len(offers) != 1 {
		t.Fatalf("%d offers, %v", len(offers), err)
	}
	for _, frame := range district.relay.TakeOffer(context.Background(), "ward", offers[0]) {
		refused, ok := frame.(exchange.Refused)
		if !ok || refused.Reason != exchange.ReasonBadSignature {
			t.Errorf("answered %T %+v, want a refusal for its signature", frame, frame)
		}
	}
	if _, ok := district.delivery(late, "a-district"); ok {
		t.Error("the letter was taken")
	}
	if to, ok := district.delivery(before, "a-district"); !ok || !to.Home {
		t.Error("the letter of before is gone")
	}
}
