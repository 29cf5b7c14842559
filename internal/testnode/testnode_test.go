package testnode_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"testing"
	"time"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testnode"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func clerkAt(t *testing.T, n *testnode.Network, node string, agencies ...string) *client.Client {
	t.Helper()
	var grants []exchange.Grant
	for _, a := range agencies {
		grants = append(grants, exchange.Grant{Role: exchange.RoleClerk, Agency: a})
	}
	return n.Node(node).User(t, "clerk", grants...)
}

// until asks again as often as the node says that something changed.
func until(t *testing.T, c *client.Client, agency string, done func(*lienthongv1.Delivery) bool) *lienthongv1.Delivery {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	stream, err := c.Deliveries.WatchDeliveries(ctx, &lienthongv1.WatchDeliveriesRequest{Agency: agency})
	if err != nil {
		t.Fatal(err)
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if done(m.GetDelivery()) {
			return m.GetDelivery()
		}
	}
}

func inState(s lienthongv1.DeliveryState) func(*lienthongv1.Delivery) bool {
	return func(d *lienthongv1.Delivery) bool { return d.GetState() == s }
}

// A letter goes two hops, is judged at its end, and the sender sees it.
func TestLetterCrossesTwoHops(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := clerkAt(t, n, "ward", testnode.Ward)
	if _, err := ward.Documents.SendDocument(context.Background(), n.Send("1", n.Letter(t, 1000), testnode.Province)); err != nil {
		t.Fatal(err)
	}
	d := until(t, ward, testnode.Ward, func(d *lienthongv1.Delivery) bool {
		return d.GetState() == lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED && d.GetVerdict() != ""
	})
	if d.GetVerdict() != "valid" {
		t.Errorf("verdict %q, want valid", d.GetVerdict())
	}
}

// A letter that was taken while the line is down arrives when it is up again.
func TestLetterSurvivesCut(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := clerkAt(t, n, "ward", testnode.Ward)
	n.Cut(t, "district", "province")
	if _, err := ward.Documents.SendDocument(context.Background(), n.Send("1", n.Letter(t, 1000), testnode.Province)); err != nil {
		t.Fatal(err)
	}
	until(t, ward, testnode.Ward, inState(lienthongv1.DeliveryState_DELIVERY_STATE_RELAYED))
	n.Mend(t, "district", "province")
	until(t, ward, testnode.Ward, inState(lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED))
}

// A letter that was taken outlives a stop of the node that has it.
func TestLetterSurvivesRestart(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := clerkAt(t, n, "ward", testnode.Ward)
	n.Node("district").Stop(t)
	if _, err := ward.Documents.SendDocument(context.Background(), n.Send("1", n.Letter(t, 1000), testnode.Province)); err != nil {
		t.Fatal(err)
	}
	n.Node("ward").Stop(t)
	n.Node("ward").Start(t)
	n.Node("district").Start(t)
	until(t, ward, testnode.Ward, inState(lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED))
}

// A file that is too large for a frame goes up by Put and down by Get.
func TestLargeFileBothWays(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	annex := make([]byte, 3<<20)
	_, _ = rand.Read(annex) // never fails
	for _, way := range []struct{ node, from, to, home string }{
		{"ward", testnode.Ward, testnode.Province, "province"},
		{"province", testnode.Province, testnode.Ward, "ward"},
	} {
		sender := n.Node(way.node).User(t, "sender", exchange.Grant{Role: exchange.RoleClerk, Agency: way.from})
		receiver := n.Node(way.home).User(t, "receiver", exchange.Grant{Role: exchange.RoleClerk, Agency: way.to})
		file, err := sender.Upload(context.Background(), way.from, "annex.bin", "application/octet-stream", bytes.NewReader(annex), int64(len(annex)), nil)
		if err != nil {
			t.Fatal(err)
		}
		request := n.Send("7", n.Letter(t, 1000), way.to)
		request.Agency = way.from
		request.Files = append(request.Files, &lienthongv1.OutgoingFile{Role: lienthongv1.FileRole_FILE_ROLE_ANNEX, Sha256: file.GetSha256()})
		if _, err := sender.Documents.SendDocument(context.Background(), request); err != nil {
			t.Fatal(err)
		}
		until(t, receiver, way.to, inState(lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED))
		var got bytes.Buffer
		if _, err := receiver.Download(context.Background(), way.to, envelope.Sum(annex), &got, nil); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), annex) {
			t.Errorf("%s to %s: the annex that came differs", way.from, way.to)
		}
	}
}
