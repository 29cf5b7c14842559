package server_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"lienthong/client"
	"lienthong/exchange"
	"lienthong/internal/testnode"
	"lienthong/internal/testpki"
	"lienthong/journal"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// Refused calls are counted by caller, method and reason, for an auditor to see, and are
// not in the journal.
func TestRefusalsAreCounted(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward, ctx := n.Node("ward"), context.Background()
	auditor := ward.User(t, "auditor", exchange.Grant{Role: exchange.RoleAuditor})
	clerk := ward.User(t, "clerk", clerkOf(testnode.Ward))
	stranger := ward.Connect(t, n.PKI.Issue(testpki.Client("stranger", "")))
	for range 40 {
		_ = inbox(stranger, testnode.Ward)
	}
	for range 3 {
		_ = inbox(clerk, testnode.Province)
		_ = inbox(clerk, testnode.Ward) // is let in
	}
	_ = inbox(clerk, "H00") // is no refusal, but a mistake
	var rows []*lienthongv1.Refusal
	for token := ""; ; {
		page, err := auditor.Identity.ListRefusals(ctx, &lienthongv1.ListRefusalsRequest{PageSize: 1, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, page.GetRefusals()...)
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	const method = "/lienthong.v1.DeliveryService/ListDeliveries"
	count := map[string]int64{}
	for _, r := range rows {
		if r.GetMethod() == method { // the peers greet in between
			count[r.GetCaller()+" "+r.GetReason()] += r.GetCount()
		}
	}
	if count[" UNKNOWN_CERTIFICATE"] != 40 || count["clerk FORBIDDEN"] != 3 || len(count) != 2 {
		t.Errorf("counted %v", count)
	}
	leaves, _, err := ward.Service.Entries(ctx, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range leaves { // what peers do meanwhile is there
		if e, err := journal.ParseLeaf(leaf.Data); err != nil || e.Actor.Principal == "clerk" || e.Actor.Principal == "" && e.Actor.Node == "" {
			t.Errorf("entry %s: %v", leaf.Data, err)
		}
	}
}

// One caller has so many calls in progress and no more, over whatever connections, and
// those of others go on. One that ends makes room.
func TestCallsInProgress(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := n.Node("ward")
	leaf := n.PKI.Issue(testpki.Client("greedy", ""))
	ward.Admit(t, "greedy", leaf, clerkOf(testnode.Ward))
	other := ward.User(t, "other", clerkOf(testnode.Ward))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // a thousand calls, on a machine that may be busy
	defer cancel()
	conns := []*client.Client{ward.Connect(t, leaf), ward.Connect(t, leaf), ward.Connect(t, leaf)}
	var last context.CancelFunc
	for i := range 1000 {
		watching, stop := context.WithCancel(ctx)
		defer stop()
		last = stop
		stream, err := conns[i%len(conns)].Deliveries.WatchDeliveries(watching, &lienthongv1.WatchDeliveriesRequest{Agency: testnode.Ward})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Header(); err != nil { // it is inside
			t.Fatal(err)
		}
	}
	if err := inbox(conns[0], testnode.Ward); reasonOf(err) != "TOO_MANY_CALLS" {
		t.Errorf("the call after the last: %v, want TOO_MANY_CALLS", err)
	}
	if err := inbox(other, testnode.Ward); err != nil {
		t.Errorf("another's call: %v", err)
	}
	last()
	for deadline := time.Now().Add(time.Minute); ; {
		err := inbox(conns[0], testnode.Ward)
		if err == nil {
			break
		}
		if reasonOf(err) != "TOO_MANY_CALLS" || time.Now().After(deadline) {
			t.Fatalf("after one has ended: %v", err)
		}
	}
}

// A deadline that the caller gave ends the call at the node, and is told as such.
func TestDeadlineOfCaller(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	c := n.Node("ward").User(t, "clerk", clerkOf(testnode.Ward))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	stream, err := c.Deliveries.WatchDeliveries(ctx, &lienthongv1.WatchDeliveriesRequest{Agency: testnode.Ward})
	if err == nil {
		_, err = stream.Recv()
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the deadline", err)
	}
	var own *exchange.Error
	if errors.As(err, &own) && own.Reason != codes.DeadlineExceeded.String() {
		t.Errorf("reason %q", own.Reason)
	}
}
