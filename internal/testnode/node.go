package testnode

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/freeport"
	"lienthong/internal/testpki"
	"lienthong/journal"
	"lienthong/server"
	"lienthong/signer"
	"lienthong/signer/tsp"
	"lienthong/store"
)

// A Node is one node of the network. It can be stopped and started again over the
// same store and address.
type Node struct {
	ID      string
	Service *exchange.Service // while it runs
	Relay   *exchange.Relay   // while it runs
	Judge   time.Duration     // of [server.Options], from the next start on

	network  *Network
	leaf     *testpki.Leaf
	current  atomic.Pointer[tls.Certificate] // of leaf, while it runs
	folder   string                          // of the embedded store
	store    string                          // URL
	address  string
	listener net.Listener // opened at first for its address
	stop     context.CancelFunc
	done     sync.WaitGroup
	rows     exchange.Store
}

func newNode(t testing.TB, n *Network, id, url string) *Node {
	t.Helper()
	l, err := freeport.Listen()
	if err != nil {
		t.Fatal(err)
	}
	node := &Node{ID: id, network: n, leaf: n.PKI.Issue(testpki.Node(id)), folder: filepath.Join(t.TempDir(), id),
		store: url, address: l.Addr().String(), listener: l}
	if url == "" {
		node.store = "sqlite:" + node.folder
	}
	t.Cleanup(func() { node.Stop(t) })
	return node
}

// Address is where the node serves, stopped or not.
func (n *Node) Address() string { return n.address }

// Start starts a node that does not run.
func (n *Node) Start(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	n.stop = cancel
	certificate := TLS(n.leaf)
	n.current.Store(&certificate)
	n.open(t, ctx)
	options := server.Options{Service: n.Service, Relay: n.Relay, Current: n.current.Load, Now: n.network.Now, MaxFile: 4 << 30, Judge: n.Judge}
	if n.network.tracer != nil {
		options.Trace = n.network.tracer(n.ID)
	}
	s, err := server.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if n.listener == nil {
		if n.listener, err = net.Listen("tcp", n.address); err != nil {
			t.Fatal(err)
		}
	}
	listener := n.listener
	n.listener = nil
	n.done.Go(func() {
		if err := s.Serve(ctx, listener, time.Second); err != nil {
			t.Error(err)
		}
	})
	relay := n.Relay
	n.done.Go(func() {
		if err := relay.Run(ctx, dialer{n}); err != nil {
			t.Error(err)
		}
	})
}

// open makes the node's parts over its store.
func (n *Node) open(t testing.TB, ctx context.Context) {
	t.Helper()
	rows, blobs, err := store.Open(ctx, n.store)
	if err != nil {
		t.Fatal(err)
	}
	n.rows = rows
	signing := &signer.Service{Trust: n.network.PKI.Trust(), Evidence: n.network.Evidence(), Now: n.network.Now, TSA: &tsp.Client{URL: n.network.PKI.TSAURL()}}
	cfg := exchange.Config{ID: n.ID, Signer: signerOf(n.leaf), Authorities: []*x509.Certificate{n.network.Authority.Certificate},
		Store: rows, Blobs: blobs, Validate: exchange.NewValidator(n.network.PKI.Trust(), n.network.Evidence()), Signing: signing, Now: n.network.Now}
	if n.network.tracer != nil {
		cfg.Trace = n.network.tracer(n.ID)
	}
	core, err := exchange.NewNode(cfg)
	if err != nil {
		t.Fatal(err)
	}
	signing.Journal = core
	signing.Bind = func(c *x509.Certificate, at time.Time) (signer.Binding, bool) { return core.Directory().Bind(c, at) }
	if n.ID == "ward" {
		signing.Keys = []signer.KeyEntry{
			{ID: "personal", Key: n.network.Personal.Key(), Agency: Ward, AgencyCode: Code[Ward], Role: signer.RolePersonal, Holder: "Đỗ Nghĩa Sĩ", Principals: []string{"leader"}},
			{ID: "seal", Key: n.network.Seal.Key(), Agency: Ward, AgencyCode: Code[Ward], Role: signer.RoleAgency, Principals: []string{"clerk"}},
		}
	}
	n.Service, n.Relay = exchange.NewService(core), exchange.NewRelay(core)
	if core.Directory().Zone == "" {
		if _, err := n.Service.ImportDirectory(ctx, journal.System, n.network.Sealed); err != nil {
			t.Fatal(err)
		}
	}
}

// Stop stops a node that runs.
func (n *Node) Stop(t testing.TB) {
	t.Helper()
	if n.stop == nil {
		return
	}
	n.stop()
	n.done.Wait()
	if err := n.rows.Close(); err != nil {
		t.Error(err)
	}
	n.stop = nil
}

// User adds a user to the node and connects as that user.
func (n *Node) User(t testing.TB, id string, grants ...exchange.Grant) *client.Client {
	t.Helper()
	leaf := n.network.PKI.Issue(testpki.Client(id, ""))
	n.Admit(t, id, leaf, grants...)
	return n.Connect(t, leaf)
}

// Admit adds a user with a certificate.
func (n *Node) Admit(t testing.TB, id string, leaf *testpki.Leaf, grants ...exchange.Grant) {
	t.Helper()
	key := envelope.Digest(sha256.Sum256(leaf.Certificate.RawSubjectPublicKeyInfo))
	if _, err := n.Service.ChangePrincipal(context.Background(), journal.System, id, true, func(p *exchange.Principal) error {
		p.Name, p.Keys, p.Grants = id, []envelope.Digest{key}, grants
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// Connect connects with a certificate that the node may know or not; nil for none.
func (n *Node) Connect(t testing.TB, leaf *testpki.Leaf) *client.Client {
	t.Helper()
	return n.ConnectAt(t, n.address, leaf)
}

// ConnectAt connects through another address, such as that of a line that breaks.
func (n *Node) ConnectAt(t testing.TB, address string, leaf *testpki.Leaf) *client.Client {
	t.Helper()
	cfg := client.Config{Address: address, Pinned: []*x509.Certificate{n.leaf.Certificate}}
	if leaf != nil {
		cert := TLS(leaf)
		cfg.Certificate = &cert
	}
	c, err := client.Dial(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// ConnectToken connects with an API token and no certificate.
func (n *Node) ConnectToken(t testing.TB, secret string) *client.Client {
	t.Helper()
	c, err := client.Dial(client.Config{Address: n.address, Pinned: []*x509.Certificate{n.leaf.Certificate}, Token: secret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Leaf is the node's certificate and key.
func (n *Node) Leaf() *testpki.Leaf { return n.leaf }
