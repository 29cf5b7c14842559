// Package testnode runs nodes in one process, over real sockets, stores and TLS,
// with a network between them that can be cut: a ward, its district, their
// province, and four agencies.
//
//	net := testnode.New(t)
//	clerk := net.Node("ward").User(t, "clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
//
// It is for tests alone, and fakes nothing but the clock and the authority.
package testnode

import (
	"crypto/tls"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/certs/dev"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpki"
)

// The ids of the agencies. Province and Department are both at home at the province's node.
const (
	Ward       = "a-ward"
	District   = "a-district"
	Province   = "a-province"
	Department = "a-department"
	// Nowhere has no home node: there is no route to it.
	Nowhere = "a-nowhere"
)

// Code is the code of an agency.
var Code = map[string]string{Ward: "H55.13.05", District: "H55.13", Province: "H55", Department: "H55.08", Nowhere: "H99"}

var agencies = []struct{ id, name, node, parent string }{
	{Ward, "Ủy ban nhân dân phường Ba Hàng", "ward", District},
	{District, "Ủy ban nhân dân thị xã Phổ Yên", "district", Province},
	{Province, "Ủy ban nhân dân tỉnh Thái Nguyên", "province", ""},
	{Department, "Sở Nội vụ tỉnh Thái Nguyên", "province", Province},
	{Nowhere, "Ủy ban nhân dân tỉnh không có nút", "unknown-node", ""},
}

var nodes = []struct{ id, parent string }{{"province", ""}, {"district", "province"}, {"ward", "district"}}

// A Network is the nodes, and what is between them.
type Network struct {
	PKI       *testpki.PKI
	Directory *exchange.Directory
	Sealed    envelope.Sealed // the directory, signed
	Authority *testpki.Leaf   // signs it
	Personal  *testpki.Leaf   // of the ward's authorised person
	Seal      *testpki.Leaf   // of the ward

	started time.Time
	ahead   atomic.Int64                      // nanoseconds that the clock was put on
	tracer  func(node string) exchange.Tracer // nil: nobody is told
	nodes   map[string]*Node
	wires   map[[2]string]*wire
}

// New makes and starts the nodes, each over an embedded store of its own. They stop
// when the test ends.
func New(t testing.TB) *Network {
	t.Helper()
	return NewOver(t, nil)
}

// NewOver is New with other stores for some nodes: node id to the store's URL.
func NewOver(t testing.TB, stores map[string]string) *Network {
	t.Helper()
	return start(t, stores, nil)
}

// NewTraced is New with a tracer for each node.
func NewTraced(t testing.TB, tracer func(node string) exchange.Tracer) *Network {
	t.Helper()
	return start(t, nil, tracer)
}

func start(t testing.TB, stores map[string]string, tracer func(node string) exchange.Tracer) *Network {
	t.Helper()
	n := &Network{PKI: testpki.New(t), tracer: tracer, started: time.Now(), nodes: make(map[string]*Node), wires: make(map[[2]string]*wire)}
	n.Authority = n.PKI.Issue(testpki.Request{Kind: dev.Directory, ID: "zone", Name: "Danh bạ thử nghiệm"})
	n.Personal = n.PKI.Issue(testpki.Person("Đỗ Nghĩa Sĩ", agencies[0].name), testpki.P256())
	n.Seal = n.PKI.Issue(testpki.Agency(agencies[0].name), testpki.P256())
	for _, spec := range nodes {
		n.nodes[spec.id] = newNode(t, n, spec.id, stores[spec.id])
	}
	n.makeDirectory(t)
	for _, spec := range nodes {
		n.nodes[spec.id].Start(t)
	}
	return n
}

// Now is the clock of all nodes: it runs from [testpki.Now], so that certificates
// of the test never expire.
func (n *Network) Now() time.Time {
	return testpki.Now.Add(time.Since(n.started) + time.Duration(n.ahead.Load()))
}

// Advance puts the clock of all nodes on.
func (n *Network) Advance(d time.Duration) { n.ahead.Add(int64(d)) }

// Node finds a node: ward, district or province.
func (n *Network) Node(id string) *Node { return n.nodes[id] }

func (n *Network) makeDirectory(t testing.TB) {
	t.Helper()
	d := envelope.Directory{Zone: "test", Epoch: 1, Issued: n.Now().UnixMicro()}
	for _, spec := range nodes {
		node := n.nodes[spec.id]
		d.Nodes = append(d.Nodes, envelope.Node{ID: spec.id, Name: spec.id, Parent: spec.parent, Addresses: []string{node.Address()},
			Certificates: []envelope.NodeCertificate{{Certificate: node.leaf.Certificate.Raw}}})
	}
	for _, a := range agencies {
		agency := envelope.Agency{ID: a.id, Name: a.name, Parent: a.parent, HomeNode: a.node, Codes: []envelope.AgencyCode{{Code: Code[a.id]}}}
		if a.id == Ward {
			agency.Certificates = []envelope.AgencyCertificate{
				{Certificate: n.Personal.Certificate.Raw, Role: envelope.RolePersonal, Holder: "Đỗ Nghĩa Sĩ"},
				{Certificate: n.Seal.Certificate.Raw, Role: envelope.RoleAgency, Holder: a.name},
			}
		}
		d.Agencies = append(d.Agencies, agency)
	}
	var err error
	if n.Sealed, err = envelope.SealDirectory(&d, signerOf(n.Authority)); err != nil {
		t.Fatal(err)
	}
	if n.Directory, err = exchange.NewDirectory(d); err != nil {
		t.Fatal(err)
	}
}

func signerOf(l *testpki.Leaf) envelope.Signer {
	return envelope.Signer{Key: l.Signer, Certificate: l.Certificate}
}

// TLS is a leaf as the certificate of a connection.
func TLS(l *testpki.Leaf) tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{l.Certificate.Raw}, PrivateKey: l.Signer, Leaf: l.Certificate}
}

// Evidence is the present revocation lists of the authority.
func (n *Network) Evidence() *certs.Evidence {
	e := certs.NewEvidence()
	e.AddCRLs(certs.SourceFile, n.PKI.List(n.PKI.CA), n.PKI.List(n.PKI.CA.Issuer))
	return e
}
