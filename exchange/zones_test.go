package exchange_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpki"
	"lienthong/journal"
)

// A network is a tree of zones that a test changes, with the key of each authority.
type zones struct {
	w    *world
	top  envelope.Signer
	list envelope.ZoneList
	keys map[string]envelope.Signer
	dirs map[string]*envelope.Directory // newest of each zone
}

// threeZones is ward → district → province, each a zone of its own with one agency, over
// links that carry the directory. Only the province is told of anything by hand.
func threeZones(t *testing.T) *zones {
	t.Helper()
	w := newWorld(t, map[string]string{})
	w.spreads, w.directory = true, envelope.Directory{}
	z := &zones{w: w, top: w.authority, keys: map[string]envelope.Signer{}, dirs: map[string]*envelope.Directory{}}
	z.list = envelope.ZoneList{Epoch: 1, Issued: testpki.Now.UnixMicro()}
	for _, s := range []struct{ node, parent string }{{"province", ""}, {"district", "province"}, {"ward", "district"}} {
		zone := "z-" + s.node
		z.keys[zone] = w.key("authority-" + zone)
		parent := ""
		if s.parent != "" {
			parent = "z-" + s.parent
		}
		z.list.Zones = append(z.list.Zones, envelope.Zone{ID: zone, Root: s.node, Parent: parent, Authorities: []envelope.ZoneAuthority{{Certificate: z.keys[zone].Certificate.Raw}}})
		w.keys[s.node] = w.key(s.node)
		z.dirs[zone] = &envelope.Directory{Zone: zone, Epoch: 1, Issued: testpki.Now.UnixMicro(),
			Nodes:    []envelope.Node{{ID: s.node, Name: s.node, Parent: s.parent, Addresses: []string{s.node}, Certificates: []envelope.NodeCertificate{{Certificate: w.keys[s.node].Certificate.Raw}}}},
			Agencies: []envelope.Agency{{ID: "a-" + s.node, Name: "UBND " + s.node, HomeNode: s.node, Codes: []envelope.AgencyCode{{Code: "H55." + s.node, NotBefore: 1}}}}}
	}
	return z
}

func (z *zones) sealedList() envelope.Sealed {
	z.w.t.Helper()
	s, err := envelope.SealZones(&z.list, z.top)
	if err != nil {
		z.w.t.Fatal(err)
	}
	return s
}

func (z *zones) snapshot(zone string) envelope.Sealed {
	z.w.t.Helper()
	s, err := envelope.SealDirectory(z.dirs[zone], z.keys[zone])
	if err != nil {
		z.w.t.Fatal(err)
	}
	return s
}

// all are the files of a node that joins, from the top down.
func (z *zones) all() []envelope.Sealed {
	return []envelope.Sealed{z.sealedList(), z.snapshot("z-province"), z.snapshot("z-district"), z.snapshot("z-ward")}
}

// change makes the next epoch of a zone, and the delta to it.
func (z *zones) change(zone string, edit func(*envelope.Directory)) envelope.Sealed {
	z.w.t.Helper()
	old := z.dirs[zone]
	next := *old
	next.Epoch, next.Issued = old.Epoch+1, z.w.clock().UnixMicro()
	next.Agencies, next.Nodes = slices.Clone(old.Agencies), slices.Clone(old.Nodes)
	edit(&next)
	delta := envelope.Diff(old, &next)
	sealed, err := envelope.SealDelta(&delta, z.keys[zone])
	if err != nil {
		z.w.t.Fatal(err)
	}
	z.dirs[zone] = &next
	return sealed
}

func (n *testNode) takes(files ...envelope.Sealed) {
	n.w.t.Helper()
	for i, f := range files {
		if _, err := n.service.TakeFile(context.Background(), journal.System, f); err != nil {
			n.w.t.Fatalf("node %q: file %d: %v", n.id, i, err)
		}
	}
}

// has waits until a node has a zone at an epoch.
func (n *testNode) has(zone string, epoch uint64) {
	n.w.t.Helper()
	n.eventually(fmt.Sprintf("zone %q at epoch %d", zone, epoch), func() bool { return n.epochOf(zone) >= epoch })
}

func (n *testNode) epochOf(zone string) uint64 {
	for _, e := range n.core.Directory().Epochs() {
		if e.Zone == zone {
			return e.Epoch
		}
	}
	return 0
}

// The directory goes over live links, as deltas and up as well as down, while letters
// travel: none is lost, none comes twice, and all nodes end alike.
func TestZonesSpreadWhileLettersTravel(t *testing.T) {
	t.Parallel()
	z := threeZones(t)
	w := z.w
	for _, id := range []string{"province", "district", "ward"} {
		w.start(id, t.TempDir()).takes(z.all()...)
	}
	ward, province := w.node("ward"), w.node("province")
	ward.eventually("a link", func() bool { return ward.relay.HasLink("district") })

	var stop atomic.Bool
	sent := make(chan exchange.LetterKey, 10_000)
	go func() {
		defer close(sent)
		for i := 0; !stop.Load() && i < 200; i++ {
			req := letter(t, "a-ward", "a-province", "a-district")
			req.Metadata.Number = fmt.Sprint(i + 1)
			doc, err := ward.service.Send(context.Background(), clerk, req)
			if err != nil {
				t.Error(err)
				return
			}
			sent <- doc.Letter.Key
		}
	}()
	// The province's authority works at the top, the ward's at the bottom.
	const epochs = 8
	for i := range epochs {
		province.takes(z.change("z-province", func(d *envelope.Directory) {
			d.Agencies = append(d.Agencies, envelope.Agency{ID: fmt.Sprintf("a-so-%d", i), HomeNode: "province", Codes: []envelope.AgencyCode{{Code: fmt.Sprintf("H55.%d", i+1), NotBefore: 1}}})
		}))
		ward.takes(z.change("z-ward", func(d *envelope.Directory) { d.Agencies[0].Name += "!" }))
		ward.has("z-province", uint64(i+2))
		province.has("z-ward", uint64(i+2))
	}
	stop.Store(true)
	for key := range sent {
		ward.eventually("delivered", ward.delivered(key, "a-province", "a-district"))
	}
	// An agency that the ward heard of over the link gets a letter.
	doc := ward.send(letter(t, "a-ward", "H55.8"))
	ward.eventually("delivered", ward.delivered(doc.Letter.Key, "a-so-7"))
	want := province.core.Directory().Epochs()
	for _, id := range []string{"ward", "district"} {
		if got := w.node(id).core.Directory().Epochs(); !slices.Equal(got, want) {
			t.Errorf("node %q has %+v, the province %+v", id, got, want)
		}
		w.node(id).verifyJournal()
	}
	// Deltas, not snapshots: the one snapshot is that of the beginning.
	for _, info := range w.node("district").core.Directory().Zones() {
		if info.Zone != "z-district" && (info.Snapshot != 1 || info.Deltas != epochs) {
			t.Errorf("district: zone %q stands on snapshot %d and %d deltas, want 1 and %d", info.Zone, info.Snapshot, info.Deltas, epochs)
		}
	}
}

// A node that knows nothing but the list gets the rest over its link; one that was away
// for longer than deltas are kept gets a snapshot; both start again from their stores.
func TestZonesReachWhoWasAway(t *testing.T) {
	t.Parallel()
	z := threeZones(t)
	w := z.w
	province := w.start("province", t.TempDir())
	province.takes(z.all()...)
	district := w.start("district", t.TempDir())
	// The district knows whom to dial, and nothing of the ward.
	district.takes(z.sealedList(), z.snapshot("z-province"), z.snapshot("z-district"))
	district.has("z-ward", 1)
	folder := district.dir
	district.stop()
	for i := range exchange.KeptDeltas + 3 {
		province.takes(z.change("z-province", func(d *envelope.Directory) { d.Agencies[0].Name = fmt.Sprint(i) }))
	}
	province.takes(z.snapshot("z-province"))
	district = w.start("district", folder)
	if got := district.epochOf("z-ward"); got != 1 {
		t.Errorf("zone of the ward at epoch %d after a restart, want 1", got)
	}
	district.has("z-province", exchange.KeptDeltas+4)
	district.stop()
	again := w.start("district", folder)
	if got, want := again.core.Directory().Epochs(), province.core.Directory().Epochs(); !slices.Equal(got, want) {
		t.Errorf("after a restart %+v, want %+v", got, want)
	}
}

// What an authority may not say is refused, whoever brings it.
func TestZoneRules(t *testing.T) {
	t.Parallel()
	z := threeZones(t)
	w := z.w
	n := w.start("province", t.TempDir())
	ctx := context.Background()
	n.takes(z.all()...)
	stranger := w.key("stranger")
	node := func(id, parent string) envelope.Node { return envelope.Node{ID: id, Parent: parent} }
	for _, tt := range []struct {
		name, zone, reason string
		edit               func(*envelope.Directory)
	}{
		{"a node elsewhere", "z-ward", exchange.ReasonOutOfZone, func(d *envelope.Directory) { d.Nodes = append(d.Nodes, node("spy", "province")) }},
		{"a node of another zone", "z-ward", exchange.ReasonOutOfZone, func(d *envelope.Directory) { d.Nodes = append(d.Nodes, node("district", "ward")) }},
		{"a root elsewhere", "z-ward", exchange.ReasonOutOfZone, func(d *envelope.Directory) { d.Nodes[0].Parent = "province" }},
		{"an agency of another zone", "z-ward", exchange.ReasonOutOfZone, func(d *envelope.Directory) {
			d.Agencies = append(d.Agencies, envelope.Agency{ID: "a-province", HomeNode: "ward"})
		}},
		{"a home elsewhere", "z-ward", exchange.ReasonOutOfZone, func(d *envelope.Directory) {
			d.Agencies = append(d.Agencies, envelope.Agency{ID: "a-new", HomeNode: "province"})
		}},
		{"a code of another zone", "z-ward", exchange.ReasonOutOfZone, func(d *envelope.Directory) {
			d.Agencies[0].Codes = append(slices.Clone(d.Agencies[0].Codes), envelope.AgencyCode{Code: "h55.PROVINCE", NotBefore: 5})
		}},
		{"one code twice", "z-ward", "CODE_TWICE", func(d *envelope.Directory) {
			d.Agencies = append(d.Agencies, envelope.Agency{ID: "a-new", HomeNode: "ward", Codes: []envelope.AgencyCode{{Code: "H55.WARD", NotBefore: 5}}})
		}},
		{"an agency removed", "z-ward", exchange.ReasonRewritten, func(d *envelope.Directory) { d.Agencies = nil }},
		{"a node removed", "z-ward", exchange.ReasonRewritten, func(d *envelope.Directory) { d.Nodes, d.Agencies = nil, nil }},
		{"a certificate removed", "z-ward", exchange.ReasonRewritten, func(d *envelope.Directory) { d.Nodes[0].Certificates = nil }},
		{"a certificate's beginning", "z-ward", exchange.ReasonRewritten, func(d *envelope.Directory) {
			d.Nodes[0].Certificates = []envelope.NodeCertificate{{Certificate: d.Nodes[0].Certificates[0].Certificate, NotBefore: 7}}
		}},
		{"an end in the past", "z-ward", exchange.ReasonRewritten, func(d *envelope.Directory) { d.Agencies[0].Ended = 1 }},
		{"a code removed", "z-ward", exchange.ReasonRewritten, func(d *envelope.Directory) { d.Agencies[0].Codes = nil }},
		{"a move without trace", "z-province", exchange.ReasonRewritten, func(d *envelope.Directory) {
			d.Nodes = append(d.Nodes, node("second", "province"))
			d.Agencies[0].HomeNode = "second"
		}},
		{"issued before", "z-ward", exchange.ReasonRewritten, func(d *envelope.Directory) { d.Issued = testpki.Now.UnixMicro() - 1 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			kept := *z.dirs[tt.zone]
			kept.Nodes, kept.Agencies = slices.Clone(kept.Nodes), slices.Clone(kept.Agencies)
			d := kept
			d.Nodes, d.Agencies = slices.Clone(kept.Nodes), slices.Clone(kept.Agencies)
			d.Epoch, d.Issued = d.Epoch+1, w.clock().UnixMicro()
			tt.edit(&d)
			sealed, err := envelope.SealDirectory(&d, z.keys[tt.zone])
			if err != nil {
				t.Fatal(err)
			}
			_, err = n.service.TakeFile(ctx, journal.System, sealed)
			wantError(t, err, exchange.Invalid, tt.reason)
		})
	}
	good := *z.dirs["z-ward"]
	good.Epoch++
	for name, key := range map[string]envelope.Signer{"stranger": stranger, "authority of another zone": z.keys["z-district"], "the top itself": z.top} {
		sealed, err := envelope.SealDirectory(&good, key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = n.service.TakeFile(ctx, journal.System, sealed); err == nil {
			t.Errorf("zone of the ward signed by %s was taken", name)
		}
		wantError(t, err, exchange.Invalid, exchange.ReasonBadSignature)
	}
}

// Two states of one epoch: the second is refused, and an alarm is in the journal, once.
func TestTwoStatesOfOneEpoch(t *testing.T) {
	t.Parallel()
	z := threeZones(t)
	n := z.w.start("province", t.TempDir())
	n.takes(z.all()...)
	other := *z.dirs["z-ward"]
	other.Agencies = slices.Clone(other.Agencies)
	other.Agencies[0].Name = "another"
	sealed, err := envelope.SealDirectory(&other, z.keys["z-ward"])
	if err != nil {
		t.Fatal(err)
	}
	list := z.list
	list.Issued++
	twoLists, err := envelope.SealZones(&list, z.top)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []envelope.Sealed{sealed, sealed, twoLists} {
		_, err := n.service.TakeFile(context.Background(), journal.System, file)
		wantError(t, err, exchange.Precondition, "TWO_STATES")
	}
	if got := n.alarms(); got != 2 {
		t.Errorf("%d alarms in the journal, want 2", got)
	}
	if _, ok := n.core.Directory().Agency("a-ward"); !ok {
		t.Error("the agency is gone")
	}
}

func (n *testNode) alarms() int {
	n.w.t.Helper()
	size, err := n.store.TreeSize(context.Background())
	if err != nil {
		n.w.t.Fatal(err)
	}
	leaves, err := n.store.Leaves(context.Background(), 0, int(size))
	if err != nil {
		n.w.t.Fatal(err)
	}
	found := 0
	for _, l := range leaves {
		e, err := journal.ParseLeaf(l.Data)
		if err != nil {
			n.w.t.Fatal(err)
		}
		if e.Action == "directory.conflict" {
			found++
		}
	}
	return found
}

// Two nodes that were told different things for one epoch find out on their link.
func TestPeersCompareStates(t *testing.T) {
	t.Parallel()
	z := threeZones(t)
	w := z.w
	province, district := w.start("province", t.TempDir()), w.start("district", t.TempDir())
	province.takes(z.all()...)
	forged := *z.dirs["z-ward"]
	forged.Agencies = slices.Clone(forged.Agencies)
	forged.Agencies[0].Name = "another"
	sealed, err := envelope.SealDirectory(&forged, z.keys["z-ward"])
	if err != nil {
		t.Fatal(err)
	}
	district.takes(z.sealedList(), z.snapshot("z-province"), z.snapshot("z-district"), sealed)
	for _, n := range []*testNode{province, district} {
		n.eventually("an alarm", func() bool { return n.alarms() > 0 })
	}
}

// An authority is replaced with overlap; the old one then signs nothing new, and what it
// signed stays. A list takes nothing back.
func TestAuthorityRotation(t *testing.T) {
	t.Parallel()
	z := threeZones(t)
	w := z.w
	n, ctx := w.start("province", t.TempDir()), context.Background()
	n.takes(z.all()...)
	old, fresh := z.keys["z-ward"], w.key("next-authority")
	authorities := &z.list.Zones[2].Authorities
	*authorities = append(slices.Clone(*authorities), envelope.ZoneAuthority{Certificate: fresh.Certificate.Raw, NotBefore: w.clock().UnixMicro()})
	z.list.Epoch, z.list.Issued = 2, w.clock().UnixMicro()
	n.takes(z.sealedList())
	n.takes(z.change("z-ward", func(d *envelope.Directory) { d.Agencies[0].Name = "by the old one" }))
	z.keys["z-ward"] = fresh
	n.takes(z.change("z-ward", func(d *envelope.Directory) { d.Agencies[0].Name = "by the new one" }))
	(*authorities)[0].NotAfter = w.clock().UnixMicro()
	z.list.Epoch, z.list.Issued = 3, w.clock().UnixMicro()
	n.takes(z.sealedList())
	z.keys["z-ward"] = old
	late := z.change("z-ward", func(d *envelope.Directory) { d.Agencies[0].Name = "too late" })
	_, err := n.service.TakeFile(ctx, journal.System, late)
	wantError(t, err, exchange.Invalid, exchange.ReasonBadSignature)

	z.list.Epoch, z.list.Issued = 4, w.clock().UnixMicro()
	*authorities = (*authorities)[1:]
	_, err = n.service.TakeFile(ctx, journal.System, z.sealedList())
	wantError(t, err, exchange.Invalid, exchange.ReasonRewritten)
	z.list.Zones = z.list.Zones[:2]
	_, err = n.service.TakeFile(ctx, journal.System, z.sealedList())
	wantError(t, err, exchange.Invalid, exchange.ReasonRewritten)
}

// A network of one zone becomes the zone of a larger one, without a step back.
func TestOneZoneGrows(t *testing.T) {
	t.Parallel()
	z := threeZones(t)
	w := z.w
	n := w.start("ward", t.TempDir())
	one := *z.dirs["z-ward"]
	one.Nodes = slices.Clone(one.Nodes)
	one.Nodes[0].Parent = ""
	sealed, err := envelope.SealDirectory(&one, z.top)
	if err != nil {
		t.Fatal(err)
	}
	n.takes(sealed)
	z.dirs["z-ward"] = &one
	n.takes(z.sealedList(), z.snapshot("z-province"), z.snapshot("z-district"))
	n.takes(z.change("z-ward", func(d *envelope.Directory) { d.Nodes[0].Parent = "district" }))
	if hop := n.core.Directory().Route("ward", "a-province"); hop.Peer != "district" {
		t.Errorf("route to the province by %+v, want the district", hop)
	}
}
