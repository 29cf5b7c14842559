package exchange_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// letterSize is more than a letter of the tests has, in bytes.
const letterSize = 80_000

// amid is a node between a parent and a child that do not run, on a disk of the test.
func amid(t *testing.T, free *atomic.Uint64, q exchange.Quotas) (*world, *testNode) {
	t.Helper()
	w := newWorld(t, nil, agencySpec{"here", "mid"}, agencySpec{"beside", "mid"}, agencySpec{"above", "top"}, agencySpec{"below", "leaf"})
	for id, parent := range map[string]string{"top": "", "mid": "top", "leaf": "mid"} {
		w.keys[id] = w.key(id)
		w.directory.Nodes = append(w.directory.Nodes, envelope.Node{ID: id, Parent: parent, Addresses: []string{id},
			Certificates: []envelope.NodeCertificate{{Certificate: w.keys[id].Certificate.Raw}}})
	}
	w.disks(free)
	with := w.config
	w.config = func(c *exchange.Config) { with(c); c.Quotas = q }
	return w, w.start("mid", t.TempDir())
}

// try sends a letter between agencies that may be refused.
func (n *testNode) try(to string) error {
	_, err := n.service.Send(context.Background(), clerk, letter(n.w.t, "here", to))
	return err
}

// state is one account.
func (n *testNode) state(kind, name string) exchange.AccountState {
	for _, a := range n.core.Accounts() {
		if a.Kind == kind && a.Name == name {
			return a
		}
	}
	return exchange.AccountState{}
}

// Letters that go up cannot use the reserve of those that go down, nor these the other's;
// those for agencies at home may use both, and a recall what they may.
func TestAccountsHaveTheirReserve(t *testing.T) {
	t.Parallel()
	var free atomic.Uint64
	free.Store(1 << 40)
	w, mid := amid(t, &free, exchange.Quotas{PeerBytes: 1 << 40, AgencyBytes: 1 << 40})
	doc := mid.send(letter(t, "here", "above"))
	w.has(&free, 2*reserve, mid)
	wantReason(t, mid.try("above"), exchange.ReasonSpace)
	if err := mid.try("above"); !strings.Contains(err.Error(), "letters that go up") || !strings.Contains(err.Error(), "limits.reserve") {
		t.Errorf("refused with %v, want whose letters, and which setting", err)
	}
	// What waits to go up is in its own reserve: of it so much less must stay free of others.
	if err := mid.try("below"); err != nil {
		t.Errorf("a letter down cannot use its reserve: %v", err)
	}
	w.has(&free, reserve+2*letterSize, mid)
	wantReason(t, mid.try("below"), exchange.ReasonSpace)
	if err := mid.try("beside"); err != nil {
		t.Errorf("a letter at home cannot use the reserves: %v", err)
	}
	if _, err := mid.service.Recall(context.Background(), clerk, exchange.RecallRequest{Agency: "here", Document: doc.Letter.Key.ID, Mode: envelope.RecallNow, Reason: "gửi nhầm"}); err != nil {
		t.Errorf("a recall is refused: %v", err)
	}
	w.has(&free, reserve, mid)
	wantReason(t, mid.try("beside"), exchange.ReasonSpace)
	mid.verifyJournal()
}

// A full account stays shut until there is a tenth of the reserve more than it must have:
// it does not open and shut with every letter.
func TestFullAccountDoesNotFlap(t *testing.T) {
	t.Parallel()
	const margin = reserve / 10
	var free atomic.Uint64
	free.Store(1 << 40)
	w, mid := amid(t, &free, exchange.Quotas{PeerBytes: 1 << 40, AgencyBytes: 1 << 40})
	w.has(&free, reserve+letterSize, mid)
	if err := mid.try("beside"); err != nil {
		t.Fatalf("at the high mark: %v", err)
	}
	wantReason(t, mid.try("beside"), exchange.ReasonSpace) // what was taken since counts
	for range 10 {
		w.has(&free, reserve+margin-1, mid) // enough for one more, and not its low mark
		wantReason(t, mid.try("beside"), exchange.ReasonSpace)
		if a := mid.state("home", ""); !a.Full {
			t.Fatalf("below its low mark the account is %+v, want it full", a)
		}
	}
	if n := mid.state("home", "").Refused; n != 11 {
		t.Errorf("%d letters were counted as refused, want 11", n)
	}
	w.has(&free, reserve+margin+letterSize, mid)
	if err := mid.try("beside"); err != nil {
		t.Errorf("at its low mark the account takes nothing: %v", err)
	}
	if a := mid.state("home", ""); a.Full {
		t.Errorf("the account is %+v, want it open", a)
	}
}

// A quota of letters is shut at its limit, and opens at the low mark alone. Each recipient
// counts, and the last letter may not go beyond.
func TestQuotaCountsRecipients(t *testing.T) {
	t.Parallel()
	var free atomic.Uint64
	free.Store(1 << 40)
	_, mid := amid(t, &free, exchange.Quotas{AgencyLetters: 5})
	mid.send(letter(t, "here", "above", "below"))
	mid.send(letter(t, "here", "above", "below"))
	_, err := mid.service.Send(context.Background(), clerk, letter(t, "here", "above", "below"))
	wantReason(t, err, exchange.ReasonQuotaAgency)
	if a := mid.state("agency", "here"); a.Letters != 4 {
		t.Errorf("the account is %+v, want 4 letters", a)
	}
	// Another agency, and what is for nobody but the operator, go on.
	if _, err := mid.service.Send(context.Background(), clerk, letter(t, "beside", "above")); err != nil {
		t.Errorf("another agency is refused: %v", err)
	}
}

// What waits for one neighbour is bounded as what comes from one is: letters that go another
// way are taken.
func TestQuotaOfNextHop(t *testing.T) {
	t.Parallel()
	var free atomic.Uint64
	free.Store(1 << 40)
	_, mid := amid(t, &free, exchange.Quotas{PeerLetters: 2})
	mid.send(letter(t, "here", "below"))
	mid.send(letter(t, "here", "below"))
	wantReason(t, mid.try("below"), exchange.ReasonQuotaNext)
	if err := mid.try("above"); err != nil {
		t.Errorf("a letter that goes another way is refused: %v", err)
	}
}

// Two processes of a node count what both have taken.
func TestQuotaOfTwoProcesses(t *testing.T) {
	t.Parallel()
	w := newWorldOver(t, map[string]string{"province": database(t)}, map[string]string{"district": "province"}, agencySpec{"so", "province"}, agencySpec{"huyen", "district"})
	w.node("district").stop()
	w.keys["province"] = w.key("province")
	w.mu.Lock()
	w.directory.Nodes = append(w.directory.Nodes, envelope.Node{ID: "province", Addresses: []string{"province"},
		Certificates: []envelope.NodeCertificate{{Certificate: w.keys["province"].Certificate.Raw}}})
	w.config = func(c *exchange.Config) { c.Quotas = exchange.Quotas{AgencyLetters: 4} }
	w.mu.Unlock()
	first := w.start("province", "")
	second := w.start("province", "")
	for range 2 {
		first.send(letter(t, "so", "huyen"))
		second.send(letter(t, "so", "huyen"))
	}
	for _, n := range []*testNode{first, second} {
		if err := n.core.Look(context.Background()); err != nil {
			t.Fatal(err)
		}
		_, err := n.service.Send(context.Background(), clerk, letter(t, "so", "huyen"))
		wantReason(t, err, exchange.ReasonQuotaAgency)
	}
}

// A peer that offers large files and does not send them has space promised within its quota,
// and no more.
func TestPromisesMeetTheQuota(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	s.quotas(exchange.Quotas{PeerBytes: 1 << 20})
	third := s.bystander()
	large := func(id byte) exchange.Offer {
		o := s.offer(id, append([]byte("%PDF-1.7 "), make([]byte, 700<<10)...))
		o.Files[0].Data = nil
		return o.Offer
	}
	s.put(large(1))
	if f, ok := s.next().(exchange.NeedFiles); !ok {
		t.Fatalf("a large file got %T, want it asked for", f)
	}
	for id := byte(2); id < 20; id++ {
		s.put(large(id))
		if f, ok := s.next().(exchange.Refused); !ok || f.Reason != exchange.ReasonQuota {
			t.Fatalf("beside it another got %+v, want refused with QUOTA", f)
		}
	}
	s.flows(third)
	// Its link ends: nothing is promised any more.
	s.greet()
	s.put(s.offer(30, pdf).Offer)
	if f, ok := s.next().(exchange.Accepted); !ok {
		t.Errorf("on a new link an offer got %+v, want Accepted", f)
	}
}
