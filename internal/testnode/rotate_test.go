package testnode_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/evidence"
	"lienthong/internal/testnode"
	"lienthong/internal/testpki"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// Three nodes carry letters both ways, and each takes another key meanwhile: the top, the
// middle that serves and dials, the one that dials alone. Nothing is lost, nothing comes
// twice, and what the old keys signed is proven after they have ended.
func TestRotateUnderLoad(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward, province := clerkAt(t, n, "ward", testnode.Ward), clerkAt(t, n, "province", testnode.Province)
	stop := make(chan struct{})
	up := load(t, n, ward, testnode.Ward, stop, testnode.District, testnode.Province)
	down := load(t, n, province, testnode.Province, stop, testnode.Ward)
	old := map[string]*testpki.Leaf{}
	for _, id := range []string{"district", "province", "ward"} {
		node, fresh := n.Node(id), n.PKI.Issue(testpki.Node(id))
		old[id] = node.Leaf()
		n.Bind(t, n.Node("ward"), id, fresh)
		n.Await(t, id+" to rotate", func() bool {
			err := node.Rotate(fresh)
			if err != nil && reasonOf(err) != exchange.ReasonNeighbourBehind { // it has not heard that they have it
				t.Fatal(err)
			}
			return err == nil
		})
		if b := node.Relay.Binding(); !b.Bound || b.Others != 1 || node.Relay.Signer().Certificate != fresh.Certificate {
			t.Errorf("%s: %+v", id, b)
		}
	}
	close(stop)
	sentUp, sentDown := <-up, <-down
	arrives(t, ward, testnode.Ward, sentUp, 2)
	arrives(t, province, testnode.Province, sentDown, 1)
	if len(sentUp) == 0 || len(sentDown) == 0 {
		t.Fatalf("%d letters up, %d down", len(sentUp), len(sentDown))
	}
	// The old certificates end. Links that were shaken with the new ones go on.
	n.Author(t, n.Node("province"), func(d *envelope.Directory) {
		for i := range d.Nodes {
			for j := range d.Nodes[i].Certificates {
				if c := &d.Nodes[i].Certificates[j]; bytes.Equal(c.Certificate, old[d.Nodes[i].ID].Certificate.Raw) {
					c.NotAfter = n.Now().UnixMicro()
				}
			}
		}
	})
	if _, err := ward.Documents.SendDocument(context.Background(), n.Send("9999", testnode.Draft(300), testnode.Province)); err != nil {
		t.Fatal(err)
	}
	until(t, ward, testnode.Ward, func(d *lienthongv1.Delivery) bool {
		return d.GetDocument().GetMetadata().GetNumber() == "9999" && d.GetState() == lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED
	})
	for _, at := range []int{0, len(sentUp) / 2, len(sentUp) - 1} {
		proven(t, n, ward, sentUp[at])
	}
	for _, id := range []string{"ward", "district", "province"} {
		checkJournal(t, n.Node(id), map[string]int{"node.rotate": 1})
	}
	t.Logf("%d letters up, %d down", len(sentUp), len(sentDown))
}

// load sends letters one after the other until stop, and gives their documents.
func load(t *testing.T, n *testnode.Network, c *client.Client, agency string, stop chan struct{}, to ...string) <-chan []string {
	t.Helper()
	out := make(chan []string, 1)
	var begun sync.WaitGroup
	begun.Add(1)
	go func() {
		var sent []string
		defer func() { out <- sent }()
		for i := range 2000 {
			m := n.Send(fmt.Sprintf("%02d", i+1), testnode.Draft(300), to...)
			m.Agency = agency
			answer, err := c.Documents.SendDocument(context.Background(), m)
			if err != nil {
				t.Errorf("%s, letter %d: %v", agency, i, err)
			} else {
				sent = append(sent, answer.GetDocument().GetName())
			}
			if i == 0 {
				begun.Done()
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	begun.Wait()
	return out
}

// arrives waits until all letters of a sender are delivered, each once to each recipient.
func arrives(t *testing.T, c *client.Client, agency string, documents []string, recipients int) {
	t.Helper()
	got := map[string]map[string]bool{}
	for _, name := range documents {
		got[name] = map[string]bool{}
	}
	done := 0
	until(t, c, agency, func(d *lienthongv1.Delivery) bool {
		of := got[d.GetDocument().GetName()]
		switch d.GetState() {
		case lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED:
			if of != nil && !of[d.GetName()] {
				of[d.GetName()] = true
				done++
			}
		case lienthongv1.DeliveryState_DELIVERY_STATE_FAILED:
			t.Fatalf("%s: %v", d.GetName(), d)
		}
		return done >= len(documents)*recipients
	})
	for _, name := range documents {
		if len(got[name]) != recipients {
			t.Errorf("%s: came to %d recipients, want %d", name, len(got[name]), recipients)
		}
	}
}

// proven exports the evidence of a letter, and has it verified.
func proven(t *testing.T, n *testnode.Network, c *client.Client, document string) {
	t.Helper()
	stream, err := c.Journal.ExportEvidence(context.Background(), &lienthongv1.ExportEvidenceRequest{Name: document})
	if err != nil {
		t.Fatal(err)
	}
	var file []byte
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		file = append(file, m.GetData()...)
	}
	report, err := evidence.Verify(bytes.NewReader(file), int64(len(file)), evidence.Input{Authorities: []*x509.Certificate{n.Authority.Certificate}, At: n.Now()})
	if err != nil || report.Verdict != evidence.Proven {
		t.Errorf("%s: %v, %+v", document, err, report)
	}
}

func reasonOf(err error) string {
	var e *exchange.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// What must not become a node's key is refused, with the reason, and the old one stays.
func TestRotateRefuses(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	district := n.Node("district")
	n.Await(t, "links", func() bool { return len(district.Relay.Connected()) == 2 })
	bound, other, ended := n.PKI.Issue(testpki.Node("district")), n.PKI.Issue(testpki.Node("district")), n.PKI.Issue(testpki.Node("district"), testpki.Valid(n.Now().Add(-2*time.Hour), n.Now().Add(-time.Hour)))
	wards := n.PKI.Issue(testpki.Node("ward"))
	for _, leaf := range []*testpki.Leaf{bound, ended} {
		n.Bind(t, district, "district", leaf)
	}
	n.Bind(t, district, "ward", wards)
	mixed := *bound
	mixed.Signer = other.Signer
	before := district.Leaf()
	for what, tt := range map[string]struct {
		leaf *testpki.Leaf
		want string
	}{
		"not in the directory": {other, exchange.ReasonNotBound},
		"of another node":      {wards, exchange.ReasonNotBound},
		"another key":          {&mixed, exchange.ReasonWrongKey},
		"it has ended":         {ended, exchange.ReasonCertificateEnded},
		"the one in use":       {before, exchange.ReasonSameCertificate},
		"no node's kind":       {n.Authority, exchange.ReasonNotBound},
	} {
		if err := district.Rotate(tt.leaf); reasonOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", what, err, tt.want)
		}
	}
	n.Cut(t, "ward", "district")
	n.Await(t, "the end of a link", func() bool { return len(district.Relay.Connected()) == 1 })
	err := district.Rotate(bound)
	if reasonOf(err) != exchange.ReasonNeighbourBehind || !strings.Contains(err.Error(), "ward (no link)") {
		t.Errorf("a neighbour is away: %v", err)
	}
	if district.Leaf() != before || district.Relay.Signer().Certificate != before.Certificate {
		t.Error("it has another key")
	}
	n.Mend(t, "ward", "district")
	n.Await(t, "the neighbour", func() bool { return district.Rotate(bound) == nil })
	if err := n.Node("ward").Trusts(context.Background(), district); err != nil {
		t.Error(err)
	}
}
