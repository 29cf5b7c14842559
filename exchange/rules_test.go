package exchange

import (
	"errors"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/signer"
)

// testDirectory is a country with a short cut: ward-a and ward-b below district,
// district and ministry below province-level centre, ward-a dials ministry.
func testDirectory(t *testing.T) *Directory {
	t.Helper()
	d, err := NewDirectory(envelope.Directory{Zone: "z", Epoch: 3, Nodes: []envelope.Node{
		{ID: "centre"}, {ID: "district", Parent: "centre"}, {ID: "ministry", Parent: "centre"},
		{ID: "ward-a", Parent: "district", Dials: []string{"ministry"}}, {ID: "ward-b", Parent: "district"}, {ID: "hamlet", Parent: "ward-b"},
		{ID: "loop-1", Parent: "loop-2"}, {ID: "loop-2", Parent: "loop-1"}, {ID: "orphan", Parent: "nobody"}, {ID: "old", Parent: "centre", Ended: 5},
	}, Agencies: []envelope.Agency{
		{ID: "in-centre", HomeNode: "centre", Codes: []envelope.AgencyCode{{Code: "G01", NotBefore: 1}}}, {ID: "in-district", HomeNode: "district"}, {ID: "in-ministry", HomeNode: "ministry"},
		{ID: "in-ward-a", HomeNode: "ward-a"}, {ID: "in-ward-b", HomeNode: "ward-b"}, {ID: "in-hamlet", HomeNode: "hamlet"},
		{ID: "in-loop", HomeNode: "loop-1"}, {ID: "in-orphan", HomeNode: "orphan"}, {ID: "in-old", HomeNode: "old"}, {ID: "homeless"}, {ID: "nowhere", HomeNode: "unknown"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRoute(t *testing.T) {
	t.Parallel()
	d := testDirectory(t)
	for _, tt := range []struct {
		name, self, agency string
		want               Hop
	}{
		{"at home", "ward-a", "in-ward-a", Hop{Here: true}},
		{"up to the parent", "ward-a", "in-district", Hop{Peer: "district"}},
		{"up and over", "ward-a", "in-ward-b", Hop{Peer: "district"}},
		{"a short cut of ours", "ward-a", "in-ministry", Hop{Peer: "ministry"}},
		{"a short cut of theirs", "ministry", "in-ward-a", Hop{Peer: "ward-a"}},
		{"no short cut for a neighbour", "ward-b", "in-ministry", Hop{Peer: "district"}},
		{"down to a child", "district", "in-ward-b", Hop{Peer: "ward-b"}},
		{"down to the child whose subtree holds it", "centre", "in-hamlet", Hop{Peer: "district"}},
		{"down two levels", "district", "in-hamlet", Hop{Peer: "ward-b"}},
		{"the top knows no way up", "centre", "in-orphan", Hop{}},
		{"a loop among the nodes ends", "centre", "in-loop", Hop{}},
		{"from below a loop goes up", "ward-a", "in-loop", Hop{Peer: "district"}},
		{"an ended node serves nobody", "ward-a", "in-old", Hop{}},
		{"an agency without home", "ward-a", "homeless", Hop{}},
		{"an agency at an unknown node", "ward-a", "nowhere", Hop{}},
		{"an agency that nobody knows", "ward-a", "who", Hop{}},
		{"a node that is not in the directory", "stranger", "in-centre", Hop{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := d.Route(tt.self, tt.agency); got != tt.want {
				t.Errorf("from %q to %q: %+v, want %+v", tt.self, tt.agency, got, tt.want)
			}
		})
	}
}

// From every node to every agency in the tree, following the hops arrives, without
// visiting a node twice.
func TestRoutesArrive(t *testing.T) {
	t.Parallel()
	d := testDirectory(t)
	tree := []string{"centre", "district", "ministry", "ward-a", "ward-b", "hamlet"}
	for _, from := range tree {
		for _, home := range tree {
			at, seen := from, map[string]bool{}
			for !d.Route(at, "in-"+home).Here {
				if seen[at] {
					t.Fatalf("from %q to %q: comes back to %q", from, home, at)
				}
				seen[at] = true
				if at = d.Route(at, "in-"+home).Peer; at == "" {
					t.Fatalf("from %q to %q: no way on", from, home)
				}
			}
		}
	}
}

func TestDecideTake(t *testing.T) {
	t.Parallel()
	at := func(s State, peer string) *Delivery { return &Delivery{State: s, Peer: peer} }
	for _, tt := range []struct {
		name     string
		have     *Delivery
		answered bool
		again    bool
		visited  []string
		want     takeKind
	}{
		{"not here yet", nil, false, false, []string{"origin", "peer"}, takeNew},
		{"it failed here before", at(StateFailed, "up"), true, false, []string{"origin", "peer"}, takeNew},
		{"it was dropped here before", at(StateDropped, "up"), true, false, []string{"origin", "peer"}, takeNew},
		{"the ack was lost, the row waits", at(StateQueued, "up"), true, false, []string{"origin", "peer"}, takeRepeat},
		{"the ack was lost, the row is held", at(StateHeld, ""), true, false, []string{"origin", "peer"}, takeRepeat},
		{"the ack was lost, it is passed on", at(StateRelayed, "up"), true, false, []string{"origin", "peer"}, takeRepeat},
		{"the ack was lost, it has arrived", at(StateDelivered, ""), true, false, []string{"origin", "peer"}, takeRepeat},
		{"by a second way, the row waits", at(StateQueued, "up"), false, false, []string{"origin", "other"}, takeAgain},
		{"by a second way, passed on elsewhere", at(StateRelayed, "up"), false, false, []string{"origin", "other"}, takeAgain},
		{"by a second way, it has arrived", at(StateDelivered, ""), false, false, []string{"origin", "other"}, takeAgain},
		{"in doubt is live", at(StateInDoubt, "up"), false, false, []string{"origin", "other"}, takeAgain},
		// The peer has it from us: an answer without new work would leave it to nobody.
		{"it came round while the row waits", at(StateOffered, "peer"), false, false, []string{"origin", "self", "peer"}, takeBack},
		{"it came round after it was passed on", at(StateRelayed, "peer"), false, false, []string{"origin", "self", "peer"}, takeBack},
		{"passed on to one that the chain names", at(StateRelayed, "up"), false, false, []string{"origin", "up", "peer"}, takeBack},
		{"round, but arrived", at(StateDelivered, ""), false, false, []string{"origin", "self", "peer"}, takeAgain},
		// That tenure of the peer was taken over once; what came of it has its own statements.
		{"round, and answered under this statement", at(StateHeld, ""), true, false, []string{"origin", "self", "peer"}, takeRepeat},
		// The peer has taken it up again: what was handed on from here may be lost.
		{"taken up again, and passed on before", at(StateRelayed, "up"), false, true, []string{"origin", "peer"}, takeAnew},
		{"taken up again, and the row waits", at(StateQueued, "up"), false, true, []string{"origin", "peer"}, takeAgain},
		{"taken up again, and it has arrived", at(StateDelivered, ""), false, true, []string{"origin", "peer"}, takeAgain},
		{"taken up again, and answered", at(StateRelayed, "up"), true, true, []string{"origin", "peer"}, takeRepeat},
		{"taken up again, and round", at(StateRelayed, "peer"), false, true, []string{"origin", "self", "peer"}, takeBack},
		{"dead is live", at(StateDead, "up"), false, false, []string{"origin", "other"}, takeAgain},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := decideTake("self", tt.have, tt.answered, tt.again, tt.visited); got != tt.want {
				t.Errorf("decides %d, want %d", got, tt.want)
			}
		})
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	tip, other := envelope.Sum([]byte("tip")), envelope.Sum([]byte("other"))
	offeredRow := Delivery{State: StateOffered, Peer: "next", Tip: tip}
	with := func(d Delivery, s State) Delivery { d.State = s; return d }
	st := func(kind envelope.StatementKind, issuer string, previous envelope.Digest) envelope.Statement {
		return envelope.Statement{Kind: kind, Issuer: issuer, Previous: previous, Sequence: 1, Failed: &envelope.FailedDetail{Reason: "NO_ROUTE"},
			Validated: &envelope.ValidatedDetail{Verdict: "valid"}, Status: &envelope.StatusDetail{Code: 3}}
	}
	for _, tt := range []struct {
		name          string
		d             Delivery
		st            envelope.Statement
		want          State
		changed, done bool
	}{
		{"the next hop answers", offeredRow, st(envelope.Custody, "next", tip), StateRelayed, true, true},
		{"the next hop answers late, in doubt", with(offeredRow, StateInDoubt), st(envelope.Custody, "next", tip), StateRelayed, true, true},
		{"the next hop answers after a restart", with(offeredRow, StateQueued), st(envelope.Custody, "next", tip), StateRelayed, true, true},
		// An answer to an earlier tenure must not settle a later one: the letter would be nobody's.
		{"an answer to another tenure", offeredRow, st(envelope.Custody, "next", other), StateOffered, false, false},
		{"an answer by somebody else", offeredRow, st(envelope.Custody, "else", tip), StateOffered, false, false},
		{"an answer while an operator holds what was offered", with(offeredRow, StateHeld), st(envelope.Custody, "next", tip), StateRelayed, true, true},
		{"an answer while held, and not offered", Delivery{State: StateHeld, Tip: tip}, st(envelope.Custody, "next", tip), StateHeld, false, false},
		{"an answer while dead", with(offeredRow, StateDead), st(envelope.Custody, "next", tip), StateRelayed, true, true},
		{"custody further on", with(offeredRow, StateRelayed), st(envelope.Custody, "far", other), StateRelayed, true, false},
		{"delivered after relayed", with(offeredRow, StateRelayed), st(envelope.Delivered, "home", other), StateDelivered, true, true},
		// The row stays, so that the next hop is asked for its answer.
		{"delivered before custody", offeredRow, st(envelope.Delivered, "home", other), StateDelivered, true, false},
		{"custody after delivered", with(offeredRow, StateDelivered), st(envelope.Custody, "next", tip), StateDelivered, false, true},
		{"custody of another tenure after delivered", with(offeredRow, StateDelivered), st(envelope.Custody, "next", other), StateDelivered, false, false},
		{"refused after delivered", with(offeredRow, StateDelivered), st(envelope.Failed, "next", tip), StateDelivered, false, true},
		{"delivered by the next hop itself", Delivery{State: StateOffered, Peer: "home", Tip: tip}, st(envelope.Delivered, "home", tip), StateDelivered, true, true},
		{"a receipt outranks a failure", with(offeredRow, StateFailed), st(envelope.Delivered, "home", other), StateDelivered, true, true},
		{"delivered twice", with(offeredRow, StateDelivered), st(envelope.Delivered, "home", other), StateDelivered, false, false},
		{"delivered by one who is not home", offeredRow, st(envelope.Delivered, "far", other), StateOffered, false, false},
		{"refused by the next hop", offeredRow, st(envelope.Failed, "next", tip), StateFailed, true, true},
		{"refused, of another tenure", offeredRow, st(envelope.Failed, "next", other), StateOffered, false, false},
		{"failed further on", with(offeredRow, StateRelayed), st(envelope.Failed, "far", other), StateFailed, true, true},
		{"failed after delivered", with(offeredRow, StateDelivered), st(envelope.Failed, "far", other), StateDelivered, false, false},
		{"failed elsewhere while held again", with(offeredRow, StateHeld), st(envelope.Failed, "far", other), StateHeld, false, false},
		{"a verdict", with(offeredRow, StateRelayed), st(envelope.Validated, "home", other), StateRelayed, true, false},
		{"a verdict by one who is not home", with(offeredRow, StateRelayed), st(envelope.Validated, "far", other), StateRelayed, false, false},
		{"a status", with(offeredRow, StateDelivered), st(envelope.Status, "home", other), StateDelivered, true, false},
		{"a kind that is not known", offeredRow, st(99, "home", other), StateOffered, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := tt.d
			changed, done := d.apply(&tt.st, "home")
			if d.State != tt.want || changed != tt.changed || done != tt.done {
				t.Errorf("%s changed %t done %t, want %s %t %t", d.State, changed, done, tt.want, tt.changed, tt.done)
			}
			if again, _ := d.apply(&tt.st, "home"); again {
				t.Error("the same statement changes it again")
			}
		})
	}
}

// A status takes effect only after the one before it.
func TestEarlyStatusWaits(t *testing.T) {
	t.Parallel()
	d := Delivery{State: StateDelivered}
	give := func(sequence uint64, code uint32, wantCode uint32) {
		t.Helper()
		d.apply(&envelope.Statement{Kind: envelope.Status, Issuer: "home", Sequence: sequence, Status: &envelope.StatusDetail{Code: code}}, "home")
		if d.Status != wantCode {
			t.Errorf("after number %d: status %02d, want %02d", sequence, d.Status, wantCode)
		}
	}
	give(2, 3, 0)
	give(1, 1, 1)
	give(3, 6, 1)
	give(2, 3, 3)
	give(1, 1, 3)
	give(3, 6, 6)
}

func TestCheckStatus(t *testing.T) {
	t.Parallel()
	valid, invalid := string(signer.VerdictValid), string(signer.VerdictInvalid)
	for _, tt := range []struct {
		name     string
		now      uint32
		verdict  string
		code     uint32
		reason   string
		override bool
		want     string // reason of the error, empty if it may be reported
	}{
		{"arrived", 0, "", 1, "", false, ""},
		{"accepted when valid", 1, valid, 3, "", false, ""},
		{"accepted at once when valid", 0, valid, 3, "", false, ""},
		{"accepted while the check runs", 1, "", 3, "", false, "VERDICT_PENDING"},
		{"accepted although invalid", 1, invalid, 3, "", false, "VERDICT_NOT_VALID"},
		{"overridden without a reason", 1, invalid, 3, "", true, "REASON_REQUIRED"},
		{"overridden with a reason", 1, invalid, 3, "bản giấy đã đến", true, ""},
		{"overridden while the check runs", 1, "", 3, "khẩn", true, ""},
		{"refused without a reason", 1, invalid, 2, "", false, "REASON_REQUIRED"},
		{"refused", 1, invalid, 2, "Chữ ký không hợp lệ", false, ""},
		{"refused after accepted", 3, valid, 2, "x", false, "STATUS_STEP"},
		{"accepted after refused", 2, valid, 3, "", false, "STATUS_STEP"},
		{"done", 3, valid, 6, "", false, ""},
		{"done before accepted", 1, valid, 6, "", false, "STATUS_STEP"},
		{"anything after done", 6, valid, 3, "", false, "STATUS_STEP"},
		{"arrived twice", 1, valid, 1, "", false, "STATUS_STEP"},
		{"a code of the sender", 3, valid, 13, "", false, "STATUS_OF_SENDER"},
		{"a code that is none", 0, valid, 99, "", false, "STATUS_STEP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := checkStatus(&Delivery{Status: tt.now, Verdict: tt.verdict}, tt.code, tt.reason, tt.override)
			got := ""
			if own := (*Error)(nil); errors.As(err, &own) {
				got = own.Reason
			}
			if got != tt.want || (err == nil) != (tt.want == "") {
				t.Errorf("error %v, want reason %q", err, tt.want)
			}
		})
	}
}

// A code is a dated alias: one that moved belongs to the agency that has it now.
func TestCodes(t *testing.T) {
	t.Parallel()
	d, err := NewDirectory(envelope.Directory{Zone: "z", Epoch: 1, Agencies: []envelope.Agency{
		{ID: "new", Codes: []envelope.AgencyCode{{Code: "H55.26", NotBefore: 100}, {Code: "H55.99", NotBefore: 1, NotAfter: 99}}},
		{ID: "old", Codes: []envelope.AgencyCode{{Code: "H55.26", NotBefore: 1, NotAfter: 99}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]string{"H55.26": "new", "h55.26": "new", "H55.99": "new", "old": "old", "new": "new"} {
		if a, ok := d.Agency(code); !ok || a.ID != want {
			t.Errorf("%q is %q, want %q", code, a.ID, want)
		}
	}
	if _, ok := d.Agency("H55"); ok {
		t.Error("a part of a code names an agency")
	}
}

// After three refusals in a row offers wait, and one at a time is tried, with longer
// pauses; what the peer takes closes the breaker.
func TestBreaker(t *testing.T) {
	t.Parallel()
	var b breaker
	for range breakAfter {
		if pause, limit := b.next(); pause != 0 || limit != Window || b.open() {
			t.Fatalf("pause %s, limit %d; want none", pause, limit)
		}
		b.refuse(1_500_000)
	}
	var longest time.Duration
	for range 20 {
		pause, limit := b.next()
		if pause < 1500*time.Millisecond || pause > maxPause || limit != 1 {
			t.Fatalf("pause %s, limit %d; want 1.5 s to 5 min, and 1", pause, limit)
		}
		longest = max(longest, pause)
	}
	if longest < 30*time.Second {
		t.Errorf("after 20 pauses the longest was %s", longest)
	}
	healed := b.healed.next()
	b.accept()
	<-healed
	if pause, limit := b.next(); pause != 0 || limit != Window || b.open() {
		t.Errorf("pause %s, limit %d after it took one", pause, limit)
	}
}
