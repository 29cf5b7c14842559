package exchange_test

import (
	"context"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A recall whose letter never came is kept until the letter has expired for long. Until
// then the letter is answered with Stopped, and after that it is refused: it is never taken.
func TestTombstonesGo(t *testing.T) {
	t.Parallel()
	s := line(t)
	ctx, district := context.Background(), s.nodes["district"]
	doc := s.send("to")
	lost := s.offers("ward", "district") // marked, and the frame is lost
	s.recall(doc, envelope.RecallNow)
	s.hand("ward", "district")
	tombstones := func() int {
		t.Helper()
		aims, err := district.store.Aims(ctx, doc.Letter.Digest, "")
		if err != nil {
			t.Fatal(err)
		}
		return len(aims)
	}
	retain := func() {
		t.Helper()
		if _, err := district.core.Retain(ctx); err != nil {
			t.Fatal(err)
		}
	}
	s.advance(37 * 24 * time.Hour)
	if retain(); tombstones() != 1 {
		t.Fatalf("%d tombstones while the recall is young, want 1", tombstones())
	}
	s.advance(3 * 24 * time.Hour)
	if retain(); tombstones() != 0 {
		t.Fatalf("%d tombstones long after the recall, want none", tombstones())
	}
	answers := s.take("ward", "district", lost)
	if len(answers) != 1 {
		t.Fatalf("answers to what is late: %+v", answers)
	}
	if r, ok := answers[0].(exchange.Refused); !ok || r.Reason != exchange.ReasonExpired || !r.Permanent {
		t.Errorf("what is late is answered with %+v, want refused for good: %s", answers[0], exchange.ReasonExpired)
	}
	if _, ok := district.delivery(doc.Letter.Key, "to"); ok {
		t.Error("what was recalled is here")
	}
	district.verifyJournal()
}

// While its tombstone is here, a late letter is answered with Stopped, however old it is.
func TestLateTargetIsStopped(t *testing.T) {
	t.Parallel()
	s := line(t)
	doc := s.send("to")
	lost := s.offers("ward", "district")
	s.recall(doc, envelope.RecallNow)
	s.hand("ward", "district")
	s.advance(37 * 24 * time.Hour)
	if _, err := s.nodes["district"].core.Retain(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.settle("ward", "district", s.take("ward", "district", lost))
	s.want(doc, "to", map[string]string{"ward": "stopped"})
	s.advance(24 * time.Hour * 10)
	if _, err := s.nodes["district"].core.Retain(context.Background()); err != nil {
		t.Fatal(err)
	}
	if aims, err := s.nodes["district"].store.Aims(context.Background(), doc.Letter.Digest, ""); err != nil || len(aims) != 1 {
		t.Errorf("aims at what was stopped: %+v, %v; want that of the recall", aims, err)
	}
}
