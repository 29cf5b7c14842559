package exchange_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/store"
)

// chain is a ward, a district and a province, each with an agency at home.
func chain(t *testing.T) *world {
	t.Helper()
	return newWorld(t, map[string]string{"ward": "district", "district": "province", "province": ""},
		agencySpec{"ba-hang", "ward"}, agencySpec{"pho-yen", "district"}, agencySpec{"thai-nguyen", "province"})
}

// backup takes a backup of a node while it runs.
func (n *testNode) backup() string {
	n.w.t.Helper()
	dir := filepath.Join(n.w.t.TempDir(), "backup")
	b, err := store.MakeBackup(context.Background(), "sqlite:"+n.dir, dir, n.id, n.w.clock())
	if err != nil || len(b.Problems) > 0 {
		n.w.t.Fatalf("backup of %q: %+v, %v", n.id, b, err)
	}
	return dir
}

// restored ends a node as a fire would, and starts it from a backup in another place.
func (n *testNode) restored(backup string) *testNode {
	n.w.t.Helper()
	n.stop()
	n.w.advance(time.Minute)
	dir := filepath.Join(n.w.t.TempDir(), "again")
	report, err := store.Restore(context.Background(), backup, "sqlite:"+dir, n.id, n.w.clock(), false)
	if err != nil || len(report.Problems) > 0 {
		n.w.t.Fatalf("restore of %q: %+v, %v", n.id, report, err)
	}
	return n.w.start(n.id, dir)
}

// inbox counts letters to an agency by envelope: none may come twice.
func (n *testNode) inbox(agency string) map[envelope.ID]int {
	n.w.t.Helper()
	rows, err := n.store.Inbox(context.Background(), agency, envelope.ID{}, 100)
	if err != nil {
		n.w.t.Fatal(err)
	}
	out := map[envelope.ID]int{}
	for _, d := range rows {
		out[d.Key.ID]++
	}
	return out
}

// report reports a status of a letter at its receiver's home.
func (n *testNode) report(key exchange.LetterKey, agency string, code uint32) {
	n.w.t.Helper()
	d, ok := n.delivery(key, agency)
	if !ok {
		n.w.t.Fatalf("node %q has no delivery of %s", n.id, key.ID)
	}
	if _, err := n.service.ReportStatus(context.Background(), clerk, exchange.StatusRequest{Agency: agency, Delivery: d.ID, Code: code,
		Reason: "thử", OverrideVerdict: true}); err != nil {
		n.w.t.Fatal(err)
	}
}

func (n *testNode) hasStatus(key exchange.LetterKey, agency string, code uint32) func() bool {
	return func() bool {
		d, ok := n.delivery(key, agency)
		return ok && d.State == exchange.StateDelivered && d.Status == code
	}
}

func (n *testNode) action(action string) int {
	n.w.t.Helper()
	leaves, err := n.store.Leaves(context.Background(), 0, 100_000)
	if err != nil {
		n.w.t.Fatal(err)
	}
	count := 0
	for _, leaf := range leaves {
		if strings.Contains(string(leaf.Data), `"action":"`+action+`"`) {
			count++
		}
	}
	return count
}

// Each node of a way in turn is restored from a backup. One letter had come to its end
// before the backup, one was on its way across it, one was sent after it, and one is
// sent after the restore. Each is in the inbox once, with all its statuses at the sender.
func TestRestore(t *testing.T) {
	t.Parallel()
	for _, who := range []string{"ward", "district", "province"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			w := chain(t)
			ward, province := w.node("ward"), w.node("province")
			before := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
			ward.eventually("the first letter", ward.delivered(before, "thai-nguyen"))
			province.report(before, "thai-nguyen", exchange.StatusArrived)
			ward.eventually("its status", ward.hasStatus(before, "thai-nguyen", exchange.StatusArrived))
			w.setDown("district", "province", true)
			around := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
			ward.eventually("custody of the district", func() bool { return ward.states(around)["thai-nguyen"] == exchange.StateRelayed })

			backup := w.node(who).backup()
			w.setDown("district", "province", false)
			ward.eventually("the second letter", ward.delivered(around, "thai-nguyen"))
			keys := []exchange.LetterKey{before, around}
			if who != "ward" { // what the ward sends after its own backup it forgets
				after := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
				ward.eventually("the third letter", ward.delivered(after, "thai-nguyen"))
				keys = append(keys, after)
			}
			province.report(before, "thai-nguyen", exchange.StatusAccepted)
			province.report(around, "thai-nguyen", exchange.StatusArrived)
			ward.eventually("statuses after the backup", func() bool {
				return ward.hasStatus(before, "thai-nguyen", exchange.StatusAccepted)() && ward.hasStatus(around, "thai-nguyen", exchange.StatusArrived)()
			})

			w.node(who).restored(backup)
			ward, province = w.node("ward"), w.node("province")
			last := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
			keys = append(keys, last)
			for i, key := range keys {
				ward.eventually(fmt.Sprintf("letter %d", i), ward.delivered(key, "thai-nguyen"))
				province.eventually(fmt.Sprintf("letter %d at its home", i), province.delivered(key, "thai-nguyen"))
			}
			for _, n := range []*testNode{ward, province} {
				n.eventually("what was reported before the restore", func() bool {
					return n.hasStatus(before, "thai-nguyen", exchange.StatusAccepted)() && n.hasStatus(around, "thai-nguyen", exchange.StatusArrived)()
				})
			}
			// What is reported now has a number of its own, and comes through.
			province.report(before, "thai-nguyen", exchange.StatusDone)
			if who == "province" {
				province.starts("thai-nguyen", 1)
			}
			province.report(around, "thai-nguyen", exchange.StatusAccepted)
			ward.eventually("what is reported after the restore", func() bool {
				return ward.hasStatus(before, "thai-nguyen", exchange.StatusDone)() && ward.hasStatus(around, "thai-nguyen", exchange.StatusAccepted)()
			})
			inbox := province.inbox("thai-nguyen")
			for _, key := range keys {
				if inbox[key.ID] != 1 {
					t.Errorf("letter %s stands in the inbox %d times", key.ID, inbox[key.ID])
				}
			}
			if len(inbox) != len(keys) {
				t.Errorf("the inbox has %d letters, want %d", len(inbox), len(keys))
			}
			if got := w.node(who).action("store.restored"); got != 1 {
				t.Errorf("the restore was journalled %d times", got)
			}
			for _, id := range []string{"ward", "district", "province"} {
				w.node(id).verifyJournal()
			}
		})
	}
}

// A node on the way is restored from a backup before the letter, and hears from its sender
// that the letter has arrived, before it can ask its home: it has nothing to tell the sender
// then, for whom the letter is delivered as before.
func TestRestoredMiddleHearsTheEndFirst(t *testing.T) {
	t.Parallel()
	w := chain(t)
	ward, province := w.node("ward"), w.node("province")
	backup := w.node("district").backup()
	key := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
	ward.eventually("the letter", ward.delivered(key, "thai-nguyen"))
	w.setDown("district", "province", true)
	district := w.node("district").restored(backup)
	district.eventually("what the ward knows", func() bool { return district.states(key)["thai-nguyen"] == exchange.StateDelivered })
	ward.eventually("the ward has given it again", func() bool { return ward.action("peer.restored") == 1 })
	ward.eventually("the letter is delivered as before", func() bool { return ward.states(key)["thai-nguyen"] == exchange.StateDelivered })
	w.setDown("district", "province", false)
	last := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
	ward.eventually("the next letter", ward.delivered(last, "thai-nguyen"))
	if state := ward.states(key)["thai-nguyen"]; state != exchange.StateDelivered {
		t.Errorf("the letter is %s at its sender", state)
	}
	if n := province.inbox("thai-nguyen")[key.ID]; n != 1 {
		t.Errorf("it stands %d times in the inbox", n)
	}
}

// A home node reports a status that it then forgets, and before it hears of it again
// reports another: the sender sees the newer one, and neither is taken for the other.
func TestRestoreStatusesDoNotCollide(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"ward": "province", "province": ""}, agencySpec{"ba-hang", "ward"}, agencySpec{"thai-nguyen", "province"})
	ward, province := w.node("ward"), w.node("province")
	key := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
	ward.eventually("the letter", ward.delivered(key, "thai-nguyen"))
	backup := province.backup()
	province.report(key, "thai-nguyen", exchange.StatusArrived)
	province.report(key, "thai-nguyen", exchange.StatusRefused)
	ward.eventually("the refusal", ward.hasStatus(key, "thai-nguyen", exchange.StatusRefused))
	w.setDown("ward", "province", true)
	province = province.restored(backup)
	province.starts("thai-nguyen", 0)
	province.report(key, "thai-nguyen", exchange.StatusAccepted)
	w.setDown("ward", "province", false)
	ward.eventually("the newer status", ward.hasStatus(key, "thai-nguyen", exchange.StatusAccepted))
	province.eventually("its own old statements", func() bool {
		rows, err := province.store.Statements(t.Context(), digestOf(t, province, key), "thai-nguyen")
		statuses := 0
		for _, row := range rows {
			if row.Key.Kind == envelope.Status {
				statuses++
			}
		}
		return err == nil && statuses == 3
	})
	province.report(key, "thai-nguyen", exchange.StatusDone)
	ward.eventually("the last status", ward.hasStatus(key, "thai-nguyen", exchange.StatusDone))
	if d, _ := province.delivery(key, "thai-nguyen"); d.Status != exchange.StatusDone {
		t.Errorf("the home node is at status %d", d.Status)
	}
}

// starts says the last number of what came that an agency gave.
func (n *testNode) starts(agency string, last uint64) {
	n.w.t.Helper()
	if _, err := n.service.StartSeries(context.Background(), clerk, agency, exchange.WayIn, 2026, "", last); err != nil {
		n.w.t.Fatal(err)
	}
}

// After a restore no number of what comes is given twice: letters come in and are
// acknowledged, and are accepted once a person has said the last number.
func TestRestoreHoldsBackNumbersOfWhatComes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, map[string]string{"ward": "province", "province": ""}, agencySpec{"ba-hang", "ward"}, agencySpec{"thai-nguyen", "province"}, agencySpec{"so", "province"})
	ward, province := w.node("ward"), w.node("province")
	send := func(to string) exchange.LetterKey {
		key := ward.send(letter(t, "ba-hang", to)).Letter.Key
		ward.eventually("the letter", ward.delivered(key, to))
		return key
	}
	before, after := send("thai-nguyen"), send("thai-nguyen")
	province.report(before, "thai-nguyen", exchange.StatusAccepted)
	backup := province.backup()
	province.report(after, "thai-nguyen", exchange.StatusAccepted)
	ward.eventually("it is accepted", ward.hasStatus(after, "thai-nguyen", exchange.StatusAccepted))
	province = province.restored(backup)
	next := send("thai-nguyen")
	province.report(next, "thai-nguyen", exchange.StatusArrived)
	d, _ := province.delivery(next, "thai-nguyen")
	accept := exchange.StatusRequest{Agency: "thai-nguyen", Delivery: d.ID, Code: exchange.StatusAccepted, OverrideVerdict: true, Reason: "thử"}
	_, err := province.service.ReportStatus(ctx, clerk, accept)
	wantReason(t, err, exchange.ReasonSeriesUnsure)
	for _, want := range []string{"lienthong number start --in --year 2026", "the last known is 1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("refused with %v, want %q in it", err, want)
		}
	}
	_, err = province.service.ReserveNumber(ctx, clerk, exchange.ReserveRequest{Agency: "thai-nguyen", Way: exchange.WayIn})
	wantReason(t, err, exchange.ReasonSeriesUnsure)
	province.starts("thai-nguyen", 2)
	if _, err := province.service.ReportStatus(ctx, clerk, accept); err != nil {
		t.Fatal(err)
	}
	lines, _, err := province.service.Register(ctx, "thai-nguyen", exchange.WayIn, "", "", exchange.Mark{}, 10)
	if err != nil || len(lines) != 2 || lines[0].Filing.Number != 1 || lines[1].Filing.Number != 3 || lines[1].Filing.Letter != next {
		t.Errorf("the register is %+v, %v; want 1 and 3", lines, err)
	}
	province.eventually("what was accepted after the backup", province.hasStatus(after, "thai-nguyen", exchange.StatusAccepted))
	other, _ := province.delivery(send("so"), "so")
	accept.Agency, accept.Delivery = "so", other.ID
	_, err = province.service.ReportStatus(ctx, clerk, accept) // each agency says its own
	wantReason(t, err, exchange.ReasonSeriesUnsure)
	w.advance(-time.Hour) // a clock behind the backup: what was said counts all the same
	province.starts("so", 0)
	if _, err := province.service.ReportStatus(ctx, clerk, accept); err != nil {
		t.Error(err)
	}
	w.advance(time.Hour)
	province.verifyJournal()
}

func digestOf(t *testing.T, n *testNode, key exchange.LetterKey) envelope.Digest {
	t.Helper()
	l, err := n.store.Letter(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return l.Digest
}

// Nobody who forgets a letter that it sent is asked for ever to store what is said of it.
func TestRestoreForgetsWhatItSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"ward": "province", "province": ""}, agencySpec{"ba-hang", "ward"}, agencySpec{"thai-nguyen", "province"})
	ward, province := w.node("ward"), w.node("province")
	backup := ward.backup()
	key := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
	ward.eventually("the letter", ward.delivered(key, "thai-nguyen"))
	digest := digestOf(t, ward, key)
	ward = ward.restored(backup)
	province.report(key, "thai-nguyen", exchange.StatusArrived)
	province.eventually("statements are stored", func() bool {
		waiting, err := province.store.StatementsTo(t.Context(), "ward", 0, 10)
		return err == nil && len(waiting) == 0 && province.action("peer.restored") == 1
	})
	rows, err := ward.store.Statements(t.Context(), digest, "thai-nguyen")
	if err != nil || len(rows) < 2 {
		t.Errorf("the ward kept %d statements about what it forgot, %v", len(rows), err)
	}
	if len(province.inbox("thai-nguyen")) != 1 {
		t.Error("the letter is not in the inbox")
	}
}
