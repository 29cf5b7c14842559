package exchange

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"lienthong/envelope"
	"lienthong/signer"
)

// A Directory is one state of who is who, indexed: all zones that are here, as one. What
// it says does not change: what is imported makes a new one.
type Directory struct {
	Zone     string             // the one at the top
	Epoch    uint64             // of that zone
	Agencies []*envelope.Agency // of all zones, by id
	Nodes    []*envelope.Node   // of all zones, by id

	set      *zoneSet
	agencies map[string]*envelope.Agency // by id
	codes    map[string]*envelope.Agency // by code, upper case
	nodes    map[string]*envelope.Node
	keys     map[string][]nodeCert // by node id
	bindings map[[32]byte][]agencyBinding
	nodeOf   map[[32]byte]string // node ids by certificate

	headsMu sync.Mutex
	heads   map[envelope.Digest]bool // checkpoints that verify by this directory
}

type nodeCert struct {
	cert *x509.Certificate
	envelope.NodeCertificate
}

type agencyBinding struct {
	agency *envelope.Agency
	envelope.AgencyCertificate
}

// maxDepth bounds the walk up a tree of nodes: a directory with a loop is survived.
const maxDepth = 64

// NewDirectory indexes the directory of a network of one zone. A certificate that cannot
// be read is an error: half a directory would make signatures fail that are good.
func NewDirectory(d envelope.Directory) (*Directory, error) {
	set := &zoneSet{zones: map[string]*zoneState{}}
	if d.Zone != "" {
		set.zones[d.Zone] = &zoneState{directory: d, state: d.State(), snapshot: d.Epoch}
	}
	return newDirectory(set, set)
}

// newDirectory indexes a set of zones. The certificates of agencies are read in the zones
// that are new against fresh's alone: a hundred thousand take a while.
func newDirectory(set, fresh *zoneSet) (*Directory, error) {
	agencies, nodes := 0, 0
	for _, z := range set.zones {
		agencies, nodes = agencies+len(z.directory.Agencies), nodes+len(z.directory.Nodes)
	}
	out := &Directory{set: set, agencies: make(map[string]*envelope.Agency, agencies), codes: make(map[string]*envelope.Agency, agencies),
		nodes: make(map[string]*envelope.Node, nodes), keys: make(map[string][]nodeCert, nodes), bindings: make(map[[32]byte][]agencyBinding),
		nodeOf: make(map[[32]byte]string), Agencies: make([]*envelope.Agency, 0, agencies), Nodes: make([]*envelope.Node, 0, nodes)}
	for id, z := range set.zones {
		if entry, listed := set.entry(id); !listed || entry.Parent == "" {
			out.Zone, out.Epoch = id, z.directory.Epoch
		}
		for i := range z.directory.Nodes {
			if err := out.addNode(&z.directory.Nodes[i]); err != nil {
				return nil, err
			}
		}
		for i := range z.directory.Agencies {
			if err := out.addAgency(&z.directory.Agencies[i], fresh == nil || fresh.zones[id] == z); err != nil {
				return nil, err
			}
		}
	}
	if out.Zone == "" && set.list != nil {
		out.Zone = set.list.Zones[0].ID // it is named, and not here yet
	}
	sort.Slice(out.Agencies, func(i, j int) bool { return out.Agencies[i].ID < out.Agencies[j].ID })
	sort.Slice(out.Nodes, func(i, j int) bool { return out.Nodes[i].ID < out.Nodes[j].ID })
	return out, nil
}

func (d *Directory) addNode(node *envelope.Node) error {
	d.nodes[node.ID], d.Nodes = node, append(d.Nodes, node)
	for _, c := range node.Certificates {
		cert, err := x509.ParseCertificate(c.Certificate)
		if err != nil {
			return fmt.Errorf("exchange: directory: certificate of node %q: %w", node.ID, err)
		}
		d.nodeOf[sha256.Sum256(c.Certificate)] = node.ID
		d.keys[node.ID] = append(d.keys[node.ID], nodeCert{cert, c})
	}
	return nil
}

func (d *Directory) addAgency(agency *envelope.Agency, read bool) error {
	d.agencies[agency.ID], d.Agencies = agency, append(d.Agencies, agency)
	for _, c := range agency.Codes {
		code := strings.ToUpper(c.Code)
		// A code that moved to another agency belongs to the one that has it now.
		if had, ok := d.codes[code]; ok && had != agency && c.NotAfter != 0 {
			continue
		}
		d.codes[code] = agency
	}
	for _, c := range agency.Certificates {
		if read {
			if _, err := x509.ParseCertificate(c.Certificate); err != nil {
				return fmt.Errorf("exchange: directory: certificate of agency %q: %w", agency.ID, err)
			}
		}
		sum := sha256.Sum256(c.Certificate)
		d.bindings[sum] = append(d.bindings[sum], agencyBinding{agency, c})
	}
	return nil
}

// Agency finds an agency by id, or by a code that is or was its own.
func (d *Directory) Agency(idOrCode string) (envelope.Agency, bool) {
	if a, ok := d.agencies[idOrCode]; ok {
		return *a, true
	}
	if a, ok := d.codes[strings.ToUpper(idOrCode)]; ok {
		return *a, true
	}
	return envelope.Agency{}, false
}

// Node finds a node by id.
func (d *Directory) Node(id string) (envelope.Node, bool) {
	n, ok := d.nodes[id]
	if !ok {
		return envelope.Node{}, false
	}
	return *n, true
}

// Ref names an agency as of a time.
func Ref(a envelope.Agency, at time.Time) envelope.AgencyRef {
	return envelope.AgencyRef{ID: a.ID, Code: CodeAt(a, at)}
}

// NodeOfKey finds the node to which a certificate is bound at a time: for what it says
// now, on a link.
func (d *Directory) NodeOfKey(cert *x509.Certificate, at time.Time) (envelope.Node, bool) {
	id, ok := d.nodeOf[sha256.Sum256(cert.Raw)]
	if !ok {
		return envelope.Node{}, false
	}
	now := at.UnixMicro()
	if n := d.nodes[id]; n.Ended != 0 && now >= n.Ended {
		return envelope.Node{}, false
	}
	for _, c := range d.keys[id] {
		if bytes.Equal(c.cert.Raw, cert.Raw) && within(now, c.NotBefore, c.NotAfter) && (c.Compromised == 0 || now < c.Compromised) {
			return d.Node(id)
		}
	}
	return envelope.Node{}, false
}

// endGrace is how long after the end of a key, or of a home, what was signed before it may
// still be on its way to the first other node: the life of a letter. In microseconds.
const endGrace = int64(defaultLife / time.Microsecond)

// signers are the certificates with which a node may have signed what bears a time and was
// first seen by another node at another: that is when it is judged. A key that ended in
// order is good for what was signed before; one that was compromised is good for nothing
// that others saw later, whatever time that bears.
func (d *Directory) signers(node string, claimed, seen int64) []*x509.Certificate {
	var out []*x509.Certificate
	for _, c := range d.keys[node] {
		if !within(claimed, c.NotBefore, c.NotAfter) || c.NotAfter != 0 && seen > c.NotAfter+endGrace || c.Compromised != 0 && max(claimed, seen) >= c.Compromised {
			continue
		}
		out = append(out, c.cert)
	}
	return out
}

func within(at, notBefore, notAfter int64) bool {
	return at >= notBefore && (notAfter == 0 || at <= notAfter)
}

// speaksFor reports whether a node signs for an agency (id) what bears a time and was
// first seen by another node at another: it is the agency's home, or it was then.
func (d *Directory) speaksFor(node, agency string, claimed, seen int64) bool {
	a, ok := d.agencies[agency]
	if !ok {
		return false
	}
	for _, h := range a.FormerHomes {
		if h.Node == node && claimed <= h.Until && seen-endGrace <= h.Until {
			return true
		}
	}
	return a.HomeNode == node
}

// CodeAt is the code of an agency at a time; the newest one where none is valid then.
func CodeAt(a envelope.Agency, at time.Time) string {
	codes := append([]envelope.AgencyCode(nil), a.Codes...)
	sort.SliceStable(codes, func(i, j int) bool { return codes[i].NotBefore > codes[j].NotBefore })
	for _, c := range codes {
		if within(at.UnixMicro(), c.NotBefore, c.NotAfter) {
			return c.Code
		}
	}
	if len(codes) > 0 {
		return codes[0].Code
	}
	return ""
}

// Claim is what validation needs to know whether signers are bound to an agency
// (id); nil where the directory does not know it.
func (d *Directory) Claim(agency string, at time.Time) *signer.Claim {
	a, ok := d.agencies[agency]
	if !ok {
		return nil
	}
	return &signer.Claim{Agency: CodeAt(*a, at), Bind: d.Bind}
}

// Bind tells which agency a certificate is bound to at a time, and in what role.
func (d *Directory) Bind(cert *x509.Certificate, at time.Time) (signer.Binding, bool) {
	for _, b := range d.bindings[sha256.Sum256(cert.Raw)] {
		if !within(at.UnixMicro(), b.NotBefore, b.NotAfter) || b.Compromised != 0 && at.UnixMicro() >= b.Compromised {
			continue
		}
		role := signer.RolePersonal
		if b.Role == envelope.RoleAgency {
			role = signer.RoleAgency
		}
		return signer.Binding{Agency: CodeAt(*b.agency, at), Role: role, Holder: b.Holder}, true
	}
	return signer.Binding{}, false
}

// Epochs is how new the directory is, for a frame: each zone, and the list of zones
// under no name.
func (d *Directory) Epochs() []Epoch {
	var out []Epoch
	if d.set.list != nil {
		out = append(out, Epoch{Epoch: d.set.list.Epoch, State: d.set.listState})
	}
	for id, z := range d.set.zones {
		out = append(out, Epoch{Zone: id, Epoch: z.directory.Epoch, State: z.state})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Zone < out[j].Zone })
	return out
}

// epoch is how new a zone is here; 0 if it is not here.
func (d *Directory) epoch(zone string) uint64 {
	if zone == "" {
		if d.set.list == nil {
			return 0
		}
		return d.set.list.Epoch
	}
	if z := d.set.zones[zone]; z != nil {
		return z.directory.Epoch
	}
	return 0
}

// behind reports whether someone else's directory is newer. Zones that a node without a
// list does not have are not its own: they say nothing about what it knows.
func (d *Directory) behind(epochs []Epoch) bool {
	for _, e := range epochs {
		have := d.epoch(e.Zone)
		if e.Epoch > have && (have > 0 || d.set.list != nil || e.Zone == "" || len(d.set.zones) == 0) {
			return true
		}
	}
	return false
}

// version names the directory in texts for people.
func (d *Directory) version() string {
	epochs := d.Epochs()
	switch len(epochs) {
	case 0:
		return "none"
	case 1:
		return fmt.Sprintf("epoch %d", epochs[0].Epoch)
	}
	return fmt.Sprintf("%d zones, %q at epoch %d", len(d.set.zones), d.Zone, d.Epoch)
}
