package exchange_test

import (
	"context"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// The table of docs/recall.md, on three nodes: what has become of the letter, and of its
// handling, at its sender and at its home.
func TestTableOfRecalls(t *testing.T) {
	t.Parallel()
	report := func(codes ...uint32) func(*byHand, *exchange.Document) {
		return func(s *byHand, doc *exchange.Document) {
			s.quiet()
			for _, code := range codes {
				if err := s.report("province", "to", s.home("province", doc, "to"), code); err != nil {
					s.t.Fatal(err)
				}
			}
			s.quiet()
		}
	}
	asked := func(code uint32) func(*byHand, *exchange.Document) {
		return func(s *byHand, doc *exchange.Document) {
			s.quiet()
			s.recall(doc, envelope.TakeBack)
			s.quiet()
			if code != 0 {
				report(code)(s, doc)
			}
		}
	}
	before := map[string]func(*byHand, *exchange.Document){
		"not offered": func(*byHand, *exchange.Document) {}, "under way": func(s *byHand, _ *exchange.Document) { s.hand("ward", "district") },
		"arrived": report(), "01": report(1), "03": report(3), "04": report(3, 4), "05": report(3, 5), "06": report(3, 6), "02": report(2),
		"replied": func(s *byHand, doc *exchange.Document) {
			report(3, 6)(s, doc)
			req := letter(s.t, "to", "from")
			req.Relations = []envelope.Relation{{Kind: envelope.RelationRepliesTo, Origin: doc.Route.OriginAgency, Digest: doc.Letter.Digest}}
			s.nodes["province"].send(req)
			s.quiet()
		},
		"recalled":       func(s *byHand, doc *exchange.Document) { s.quiet(); s.recall(doc, envelope.RecallNow); s.quiet() },
		"asked":          asked(0),
		"given back":     asked(exchange.StatusAgreed),
		"not given back": asked(exchange.StatusDeclined),
	}
	const stopped, recalled, askedBack, updated, replaced = "stopped", "delivered recalled", "delivered asked", "delivered updated", "delivered replaced"
	for _, row := range []struct {
		letter string
		want   [4]string // after a recall, a take-back, an update, a replacement: a state, or the reason of a refusal
		status uint32    // which stays
	}{
		{"not offered", [4]string{stopped, stopped, updated, replaced}, 0},
		{"under way", [4]string{stopped, stopped, updated, replaced}, 0},
		{"arrived", [4]string{recalled, askedBack, updated, replaced}, 0},
		{"01", [4]string{recalled, askedBack, updated, replaced}, 1},
		{"03", [4]string{recalled, askedBack, updated, replaced}, 3},
		{"04", [4]string{recalled, askedBack, updated, replaced}, 4},
		{"05", [4]string{recalled, askedBack, updated, replaced}, 5},
		{"06", [4]string{recalled, askedBack, updated, replaced}, 6},
		{"02", [4]string{recalled, "ALREADY_REFUSED", updated, replaced}, 2},
		{"replied", [4]string{recalled, askedBack, updated, replaced}, 6},
		{"recalled", [4]string{"ALREADY_RECALLED", "ALREADY_RECALLED", "NO_RECIPIENT", "NO_RECIPIENT"}, 0},
		{"asked", [4]string{"delivered recalled moot", "TAKE_BACK_PENDING", "TAKE_BACK_PENDING", "TAKE_BACK_PENDING"}, 0},
		{"given back", [4]string{"ALREADY_RECALLED", "ALREADY_RECALLED", "NO_RECIPIENT", "NO_RECIPIENT"}, 0},
		{"not given back", [4]string{"delivered recalled refused", askedBack, "delivered updated refused", "delivered replaced refused"}, 0},
	} {
		t.Run(row.letter, func(t *testing.T) {
			t.Parallel()
			s := line(t)
			for i, want := range row.want {
				s.tableCell(before[row.letter], i, want, row.status)
			}
		})
	}
}

// tableCell does one act to a letter of its own in one state.
func (s *byHand) tableCell(before func(*byHand, *exchange.Document), act int, want string, status uint32) {
	t := s.t
	t.Helper()
	doc := s.send("to")
	before(s, doc)
	var err error
	change := exchange.ChangeRequest{Metadata: subject("Bản hai")}
	switch act {
	case 0:
		_, err = s.tryRecall(doc, envelope.RecallNow)
	case 1:
		_, err = s.tryRecall(doc, envelope.TakeBack)
	case 2:
		_, err = s.tryUpdate(doc, change)
	default:
		change.Agency, change.Document, change.Reason = "from", doc.Route.ID, "Thay thế"
		_, err = s.nodes["ward"].service.Replace(context.Background(), clerk, change)
	}
	if err != nil {
		if got := reason(err); got != want {
			t.Errorf("act %d: refused with %q (%v), want %q", act, got, err, want)
		}
		return
	}
	s.quiet()
	for _, node := range []string{"ward", "province"} {
		d, ok := s.nodes[node].delivery(doc.Letter.Key, "to")
		if node == "province" && !ok && want == "stopped" {
			continue
		}
		if got := s.state(node, doc, "to"); got != want || d.Status != status {
			t.Errorf("act %d: at %s it is %q with status %02d, want %q with %02d", act, node, got, d.Status, want, status)
		}
	}
}
