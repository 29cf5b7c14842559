package testnode

import (
	"context"
	"testing"
	"time"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpki"
	"lienthong/journal"
)

// Bind adds a certificate to those that the directory binds to a node, gives the next epoch
// to one node, and waits until all have it: links carry it.
func (n *Network) Bind(t testing.TB, at *Node, node string, leaf *testpki.Leaf) {
	t.Helper()
	n.Author(t, at, func(d *envelope.Directory) {
		for i := range d.Nodes {
			if d.Nodes[i].ID == node {
				d.Nodes[i].Certificates = append(d.Nodes[i].Certificates, envelope.NodeCertificate{Certificate: leaf.Certificate.Raw})
			}
		}
	})
}

// Author has the authority sign the next epoch of the directory, changed, and gives it to one
// node; it returns when links have carried it to all.
func (n *Network) Author(t testing.TB, at *Node, change func(*envelope.Directory)) {
	t.Helper()
	have, _ := at.Service.Directory().ZoneDirectory("test")
	next, err := envelope.ParseDirectory(n.sealed(t, &have)) // a copy
	if err != nil {
		t.Fatal(err)
	}
	next.Epoch, next.Issued = have.Epoch+1, n.Now().UnixMicro()
	change(&next)
	if _, err := at.Service.ImportDirectory(context.Background(), journal.System, n.sealed(t, &next)); err != nil {
		t.Fatal(err)
	}
	n.Await(t, "the directory at all nodes", func() bool {
		for _, node := range n.nodes {
			if node.Service.Directory().Epoch < next.Epoch {
				return false
			}
		}
		return true
	})
}

// Await asks again and again whether something is so, of which no commit tells: at most for
// half a minute.
func (n *Network) Await(t testing.TB, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(30 * time.Second); !so(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited for %s in vain", what)
		}
	}
}

func (n *Network) sealed(t testing.TB, d *envelope.Directory) envelope.Sealed {
	t.Helper()
	out, err := envelope.SealDirectory(d, signerOf(n.Authority))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Rotate has a node that runs take another key, or says why it does not.
func (n *Node) Rotate(leaf *testpki.Leaf) error {
	certificate := TLS(leaf)
	return n.Relay.Rotate(context.Background(), journal.System, exchange.Rotation{Signer: signerOf(leaf), Install: func() {
		n.leaf = leaf
		n.current.Store(&certificate)
	}})
}

// Trusts dials a node as another does, and says what is wrong.
func (n *Node) Trusts(ctx context.Context, peer *Node) error {
	d := client.Dialer{Current: n.current.Load, Now: n.network.Now}
	node, _ := n.Service.Directory().Node(peer.ID)
	_, err := d.Probe(ctx, node, peer.address, n.Relay.Hello())
	return err
}
