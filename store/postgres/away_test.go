package postgres

import (
	"errors"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpg"
)

// A server that is not there is said in the words of exchange, by reads and writes, so
// that whoever asked is told to ask again; and a job that was leased before it went is given
// out again as soon as it is back.
func TestServerAway(t *testing.T) {
	t.Parallel()
	server := testpg.Start(t)
	s := at(t, server.Schema(t, t.Name()))
	c := put(0, 1)
	c.Jobs = []exchange.Job{{Key: exchange.DeliveryKey{Origin: "ward", Recipient: "agency"}, DueAt: 1}}
	if _, err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if jobs, err := s.ClaimJobs(t.Context(), 10, 1000, 1); err != nil || len(jobs) != 1 {
		t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	if err := server.Immediate(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first finds its connection broken, the second finds no server
		if _, err := s.Commit(t.Context(), put(1, 1)); !errors.Is(err, exchange.ErrAway) {
			t.Errorf("commit: %v, want ErrAway", err)
		}
		if _, err := s.Letter(t.Context(), exchange.LetterKey{Origin: "ward", ID: envelope.ID{1}}); !errors.Is(err, exchange.ErrAway) {
			t.Errorf("read: %v, want ErrAway", err)
		}
	}
	for i := range 3 { // however often: no process has died over it
		if err := server.Again(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Commit(t.Context(), put(2+i, 1)); err != nil {
			t.Fatal(err)
		}
		if jobs, err := s.ClaimJobs(t.Context(), 10, 1000, 1); err != nil || len(jobs) != 1 || jobs[0].Attempts != 1 {
			t.Errorf("jobs %+v, %v; want the one that was leased, for the first time", jobs, err)
		}
		if err := server.Immediate(); err != nil {
			t.Fatal(err)
		}
	}
}
