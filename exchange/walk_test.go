package exchange_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/exchange"
)

// hang hangs a node under another parent in the directory; nobody has heard yet.
func (w *world) hang(node, parent string) {
	d := w.directory
	d.Epoch, d.Issued = d.Epoch+1, w.clock().UnixMicro()
	d.Nodes = slices.Clone(d.Nodes)
	for i := range d.Nodes {
		if d.Nodes[i].ID == node {
			d.Nodes[i].Parent = parent
		}
	}
	w.directory = d
}

// A ward gets another parent while its old one is dead: what waited at the ward for the old
// parent goes by the new one, and so does what waited at the province for the ward; each
// arrives once, with a chain that does not name the old parent.
func TestLettersFollowTheTree(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"ward": "old", "old": "province", "new": "province", "province": ""},
		agencySpec{"a-ward", "ward"}, agencySpec{"a-province", "province"})
	ward, province := w.node("ward"), w.node("province")
	w.node("old").stop()
	up := ward.send(letter(t, "a-ward", "a-province")).Letter.Key
	down := province.send(letter(t, "a-province", "a-ward")).Letter.Key
	for _, at := range []struct {
		n   *testNode
		key exchange.LetterKey
		to  string
	}{{ward, up, "a-province"}, {province, down, "a-ward"}} {
		if d, _ := at.n.delivery(at.key, at.to); d.State != exchange.StateQueued || d.Peer != "old" || d.Offered {
			t.Fatalf("at %s it is %s for %q", at.n.id, d.State, d.Peer)
		}
	}
	w.hang("ward", "new")
	for _, id := range []string{"ward", "new", "province"} {
		w.node(id).imports(w.directory)
	}
	ward.eventually("delivered", ward.delivered(up, "a-province"))
	province.eventually("delivered", province.delivered(down, "a-ward"))
	if n := province.inbox("a-province")[up.ID]; n != 1 || len(ward.inbox("a-ward")) != 1 {
		t.Errorf("the letter up stands %d times in the inbox, %d came down", n, len(ward.inbox("a-ward")))
	}
	for _, n := range []*testNode{ward, province} {
		if n.action("delivery.reroute") != 1 || n.journalled("letter.astray") {
			t.Errorf("%s: rerouted %d times", n.id, n.action("delivery.reroute"))
		}
		n.verifyJournal()
	}
}

// many are agencies at home at one node.
func many(node string, n int) (specs []agencySpec, ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s-%04d", node, i))
		specs = append(specs, agencySpec{ids[i], node})
	}
	return specs, ids
}

// count counts deliveries of a letter by state and peer.
func (n *testNode) count(key exchange.LetterKey) map[string]int {
	n.w.t.Helper()
	rows, err := n.store.Deliveries(context.Background(), key)
	if err != nil {
		n.w.t.Fatal(err)
	}
	out := map[string]int{}
	for _, d := range rows {
		out[strings.TrimSpace(fmt.Sprint(d.State, " ", d.Peer))]++
	}
	return out
}

func wantCount(t *testing.T, what string, got, want map[string]int) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// More letters than are looked at together wait for a parent that is none any more. Those
// that nobody was offered go by the new one; those that were offered stay, and an alarm says
// so once; one that is to go later goes later; what an operator has redirected stays while
// its peer is a neighbour.
func TestManyLettersFollowTheTree(t *testing.T) {
	t.Parallel()
	specs, ids := many("province", 600)
	s := newByHand(t, map[string]string{"ward": "old", "old": "province", "new": "province"}, []string{"province", "old", "new", "ward"},
		append(specs, agencySpec{"from", "ward"}, agencySpec{"at-old", "old"})...)
	ward := s.nodes["ward"]
	offered := ward.send(letter(t, "from", ids[:3]...)).Letter.Key
	s.offers("ward", "old") // and no answer
	refused := ward.send(letter(t, "from", ids[3])).Letter.Key
	s.refuse("ward", "old", s.offers("ward", "old")[0])
	req := letter(t, "from", ids[4])
	req.NotBefore = s.clock().Add(time.Hour).UnixMicro()
	later := ward.send(req).Letter.Key
	bulk := ward.send(letter(t, "from", ids...)).Letter.Key
	s.tend("ward")
	wantCount(t, "as before", ward.count(bulk), map[string]int{"queued old": 600})

	s.hang("ward", "new")
	ward.imports(s.directory)
	s.tend("ward")
	wantCount(t, "all", ward.count(bulk), map[string]int{"queued new": 600})
	wantCount(t, "offered", ward.count(offered), map[string]int{"offered old": 3})
	wantCount(t, "refused", ward.count(refused), map[string]int{"queued old": 1})
	wantCount(t, "to go later", ward.count(later), map[string]int{"queued new": 1})
	if got := s.offers("ward", "new"); len(got) != 1 || len(got[0].Recipients) != 600 {
		t.Errorf("%d offers to the new parent, want one with 600 recipients", len(got))
	}
	s.advance(time.Hour)
	if got := s.offers("ward", "new"); len(got) != 1 {
		t.Errorf("%d offers an hour later, want the one that was to go then", len(got))
	}
	for range 3 { // another epoch, and an hour: nothing is said again
		s.directory.Epoch++
		ward.imports(s.directory)
		s.tend("ward")
		s.advance(time.Hour)
	}
	if n := ward.action("letter.astray"); n != 1 {
		t.Errorf("%d alarms, want 1", n)
	}
	d, _ := ward.delivery(refused, ids[3])
	if _, err := ward.service.Redirect(context.Background(), operator, orderFor(d), "new"); err != nil {
		t.Fatal(err)
	}
	s.directory.Epoch++
	ward.imports(s.directory)
	s.tend("ward")
	if n := ward.action("letter.astray"); n != 2 { // three are left
		t.Errorf("%d alarms after a redirect, want 2", n)
	}
	ward.verifyJournal()
}

// A way changes among neighbours that stay neighbours; an operator's own way does not.
func TestLettersFollowTheTreeAmongNeighbours(t *testing.T) {
	t.Parallel()
	s := newByHand(t, map[string]string{"ward": "a", "a": "province", "b": "province"}, []string{"province", "a", "b", "ward"},
		agencySpec{"from", "province"}, agencySpec{"to", "ward"}, agencySpec{"at-a", "a"})
	province, ctx := s.nodes["province"], context.Background()
	plain, byHand := province.send(letter(t, "from", "to")).Letter.Key, province.send(letter(t, "from", "at-a")).Letter.Key
	d, _ := province.delivery(byHand, "at-a")
	if _, err := province.service.Redirect(ctx, operator, orderFor(d), "b"); err != nil {
		t.Fatal(err)
	}
	s.hang("ward", "b")
	province.imports(s.directory)
	s.tend("province")
	wantCount(t, "by the new parent", province.count(plain), map[string]int{"queued b": 1})
	wantCount(t, "by hand", province.count(byHand), map[string]int{"queued b": 1})
	s.move("to", "province", "province") // and now its recipient is at home here
	s.tend("province")
	wantCount(t, "at home", province.count(plain), map[string]int{"delivered": 1})
	province.verifyJournal()
}

// A process ends between the new directory and the walk: the next one walks when it begins.
func TestLettersFollowTheTreeAfterAStart(t *testing.T) {
	t.Parallel()
	s := newByHand(t, map[string]string{"ward": "old", "old": "province", "new": "province"}, []string{"province", "old", "new", "ward"},
		agencySpec{"from", "ward"}, agencySpec{"to", "province"})
	ward := s.nodes["ward"]
	key := ward.send(letter(t, "from", "to")).Letter.Key
	s.hang("ward", "new")
	ward.imports(s.directory)
	if err := ward.store.Close(); err != nil {
		t.Fatal(err)
	}
	s.nodes["ward"] = s.open("ward", ward.dir)
	s.tend("ward")
	wantCount(t, "after a start", s.nodes["ward"].count(key), map[string]int{"queued new": 1})
}

// More letters than are looked at together are held for want of another directory; when it
// comes all are due at once, and none waits its time out.
func TestManyHeldLettersAreLookedAtAgain(t *testing.T) {
	t.Parallel()
	specs, ids := many("b", 600)
	s := newByHand(t, map[string]string{"b": "a"}, []string{"a", "b"}, append(specs, agencySpec{"from", "a"}, agencySpec{"own", "a"})...)
	a, b := s.nodes["a"], s.nodes["b"]
	req := letter(t, "from", "own") // is held, too, and stays
	req.NotBefore = s.clock().Add(30 * time.Second).UnixMicro()
	later := a.send(req).Letter.Key
	was := s.directory
	for _, id := range ids {
		s.move(id, "a")
	}
	b.imports(s.directory) // b alone takes a for the home
	key := a.send(letter(t, "from", ids...)).Letter.Key
	s.hand("a", "b")
	s.hand("b", "a")
	wantCount(t, "came round", a.count(key), map[string]int{"held": 600})
	was.Epoch = s.directory.Epoch + 1
	a.imports(was)
	s.tend("a")
	wantCount(t, "looked at again", a.count(key), map[string]int{"queued b": 600})
	wantCount(t, "to go later", a.count(later), map[string]int{"held": 1})
	a.verifyJournal()
}

// A clock that ran ahead is set right while the process runs: what a peer refused for now,
// and what was held for another directory, waits by the right clock.
func TestClockIsSetRightWhileRunning(t *testing.T) {
	t.Parallel()
	s := newByHand(t, map[string]string{"b": "a"}, []string{"a", "b"}, agencySpec{"from", "a"}, agencySpec{"to", "b"}, agencySpec{"round", "b"})
	a := s.nodes["a"]
	s.tend("a")
	s.advance(10 * time.Minute)
	s.tend("a")
	busy := a.send(letter(t, "from", "to")).Letter.Key
	s.refuse("a", "b", s.offers("a", "b")[0])
	s.move("round", "a", "b")
	held := a.send(letter(t, "from", "round")).Letter.Key
	s.hand("a", "b")
	s.hand("b", "a")
	wantCount(t, "came round", a.count(held), map[string]int{"held": 1})
	s.advance(-20 * time.Second) // as clocks are
	s.tend("a")
	s.advance(-580 * time.Second)
	if got := s.offers("a", "b"); len(got) != 0 {
		t.Fatalf("%d offers before anybody has looked", len(got))
	}
	s.tend("a")
	wantCount(t, "held by the wrong clock", a.count(held), map[string]int{"queued b": 1})
	if got := s.offers("a", "b"); len(got) != 2 {
		t.Errorf("%d offers, want the one that was refused and the one that was held", len(got))
	}
	if d, _ := a.delivery(busy, "to"); d.State != exchange.StateOffered {
		t.Errorf("what was refused is %s", d.State)
	}
}
