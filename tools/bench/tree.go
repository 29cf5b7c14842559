package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lienthong/certs/dev"
	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
	"lienthong/server"
	"lienthong/store"
)

// The nodes of a tree, each the child of the next, and who is at home there.
var (
	treeNodes = []string{"ward", "district", "province"}
	parentOf  = map[string]string{"ward": "district", "district": "province"}
)

// manyRecipients is how many agencies the province has beside its own.
const manyRecipients = 100

// A tree is a ward, its district and their province: over real stores, sockets and TLS,
// in this process. Their processor is one, and so are their disks.
type tree struct {
	b         *bench
	folder    string
	validate  exchange.ValidateFunc // of all nodes; nil: letters are not judged
	authority envelope.Signer
	sealed    envelope.Sealed
	nodes     map[string]*treeNode
}

// A treeNode can be started, and stopped again.
type treeNode struct {
	id       string
	signer   envelope.Signer
	pair     tls.Certificate
	listener net.Listener
	address  string // on which it serves

	core    *exchange.Node
	service *exchange.Service
	relay   *exchange.Relay
	rows    exchange.Store
	blobs   exchange.Blobs

	offers  counter // frames that it sent over links that it dialled
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// newTree makes a tree in a new folder; none of its nodes runs. behind names other
// addresses at which neighbours reach a node, by its id.
func (b *bench) newTree(name string, behind map[string]string) (*tree, error) {
	t := &tree{b: b, nodes: map[string]*treeNode{}}
	var err error
	if t.folder, err = os.MkdirTemp(b.temp, name+"-"); err != nil {
		return nil, err
	}
	if t.authority, err = b.nodeSigner(dev.Directory, "zone"); err != nil {
		return nil, err
	}
	d := envelope.Directory{Zone: "bench", Epoch: 1, Issued: time.Now().UnixMicro()}
	for _, id := range treeNodes {
		n, err := t.make(id)
		if err != nil {
			return nil, err
		}
		t.nodes[id] = n
		address := n.address
		if behind[id] != "" {
			address = behind[id]
		}
		d.Nodes = append(d.Nodes, envelope.Node{ID: id, Name: id, Parent: parentOf[id], Addresses: []string{address},
			Certificates: []envelope.NodeCertificate{{Certificate: n.pair.Leaf.Raw}}})
		d.Agencies = append(d.Agencies, envelope.Agency{ID: "a-" + id, Name: id, HomeNode: id, Codes: []envelope.AgencyCode{{Code: "H55." + id}}})
	}
	for i := range manyRecipients {
		d.Agencies = append(d.Agencies, envelope.Agency{ID: fmt.Sprintf("many-%03d", i), Name: "Sở", HomeNode: "province", Codes: []envelope.AgencyCode{{Code: fmt.Sprintf("H55.m%d", i)}}})
	}
	t.sealed, err = envelope.SealDirectory(&d, t.authority)
	return t, err
}

// nodeSigner is a key of the throw-away authority.
func (b *bench) nodeSigner(kind dev.Kind, id string) (envelope.Signer, error) {
	issued, err := b.pki.Find(kind, id)
	if err != nil {
		issued, err = b.pki.Issue(dev.Request{Kind: kind, ID: id, Key: dev.P256})
	}
	if err != nil {
		return envelope.Signer{}, err
	}
	key, err := private(issued)
	return envelope.Signer{Key: key, Certificate: issued.Certificate}, err
}

func pairOf(s envelope.Signer) tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{s.Certificate.Raw}, PrivateKey: s.Key, Leaf: s.Certificate}
}

func (t *tree) make(id string) (*treeNode, error) {
	s, err := t.b.nodeSigner(dev.Node, id)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &treeNode{id: id, signer: s, pair: pairOf(s), listener: l, address: l.Addr().String()}, nil
}

// open opens the store of a node, and neither serves nor dials. over wraps the store.
func (t *tree) open(ctx context.Context, id string, over func(exchange.Store) exchange.Store) (*treeNode, error) {
	n := t.nodes[id]
	var err error
	if n.rows, n.blobs, err = store.Open(ctx, "sqlite:"+filepath.Join(t.folder, id)); err != nil {
		return nil, err
	}
	rows := n.rows
	if over != nil {
		rows = over(rows)
	}
	n.core, err = exchange.NewNode(exchange.Config{ID: id, Signer: n.signer, Authorities: []*x509.Certificate{t.authority.Certificate},
		Store: rows, Blobs: n.blobs, Validate: t.validate, Now: time.Now, MaxFile: 8 << 30, MaxLetter: 8 << 30})
	if err != nil {
		return nil, err
	}
	n.service, n.relay = exchange.NewService(n.core), exchange.NewRelay(n.core)
	if n.core.Directory().Zone == "" {
		_, err = n.service.ImportDirectory(ctx, journal.System, t.sealed)
	}
	return n, err
}

// run serves and relays until the tree is closed.
func (n *treeNode) run(ctx context.Context) error {
	s, err := server.New(server.Options{Service: n.service, Relay: n.relay, Certificate: n.pair, Now: time.Now, MaxFile: 8 << 30})
	if err != nil {
		return err
	}
	ctx, n.cancel = context.WithCancel(ctx)
	n.running.Go(func() { _ = s.Serve(ctx, n.listener, time.Second) }) // it ends with the tree
	n.running.Go(func() {
		_ = n.relay.Run(ctx, &counting{&client.Dialer{Certificate: n.pair, Now: time.Now}, &n.offers})
	})
	return nil
}

// start opens nodes and runs them.
func (t *tree) start(ctx context.Context, ids ...string) error {
	for _, id := range ids {
		n, err := t.open(ctx, id, nil)
		if err != nil {
			return err
		}
		if err := n.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// close stops all nodes and removes what they kept.
func (t *tree) close() error {
	var errs []error
	for _, n := range t.nodes {
		if n.cancel != nil {
			n.cancel()
		}
		n.running.Wait()
		n.listener.Close() // a server has closed it
		if n.rows != nil {
			errs = append(errs, n.rows.Close())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(t.folder))...)
}

// clerk admits a clerk of a node's agency, and connects as that clerk.
func (t *tree) clerk(ctx context.Context, id string) (*client.Client, error) {
	if err := t.admit(ctx, id); err != nil {
		return nil, err
	}
	return t.connect(ctx, id)
}

func (t *tree) admit(ctx context.Context, id string) error {
	s, err := t.b.nodeSigner(dev.Client, id+"-clerk")
	if err != nil {
		return err
	}
	_, err = t.nodes[id].service.ChangePrincipal(ctx, journal.System, "clerk", true, func(p *exchange.Principal) error {
		p.Name, p.Keys = "Văn thư", []envelope.Digest{sha256.Sum256(s.Certificate.RawSubjectPublicKeyInfo)}
		p.Grants = []exchange.Grant{{Role: exchange.RoleClerk, Agency: "a-" + id}, {Role: exchange.RoleReader, Agency: "a-" + id}}
		return nil
	})
	return err
}

func (t *tree) connect(ctx context.Context, id string) (*client.Client, error) {
	n := t.nodes[id]
	s, err := t.b.nodeSigner(dev.Client, id+"-clerk")
	if err != nil {
		return nil, err
	}
	pair := pairOf(s)
	c, err := client.Dial(client.Config{Address: n.address, Pinned: []*x509.Certificate{n.pair.Leaf}, Certificate: &pair})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return c, c.Ready(ctx)
}

// serveOne is a node in a process of its own, over a folder that it may have had before.
func (t *tree) serveOne(ctx context.Context, id, address string, out io.Writer) error {
	var err error
	if t.authority, err = t.b.nodeSigner(dev.Directory, "zone"); err != nil {
		return err
	}
	s, err := t.b.nodeSigner(dev.Node, id)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	t.nodes[id] = &treeNode{id: id, signer: s, pair: pairOf(s), listener: l, address: address}
	n, err := t.open(ctx, id, nil)
	if err != nil {
		return err
	}
	if err := t.admit(ctx, id); err != nil {
		return err
	}
	if err := n.run(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, "serving")
	_, err = io.Copy(io.Discard, os.Stdin)
	n.cancel()
	n.running.Wait()
	return errors.Join(err, n.rows.Close())
}
