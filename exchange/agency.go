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

// A Directory is one state of who is who, indexed. What it says does not change: an
// import makes a new one.
type Directory struct {
	envelope.Directory
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
	cert                *x509.Certificate
	notBefore, notAfter int64
}

type agencyBinding struct {
	agency *envelope.Agency
	envelope.AgencyCertificate
}

// maxDepth bounds the walk up a tree of nodes: a directory with a loop is survived.
const maxDepth = 64

// NewDirectory indexes a directory. A certificate that cannot be read is an error:
// half a directory would make signatures fail that are good.
func NewDirectory(d envelope.Directory) (*Directory, error) {
	out := &Directory{Directory: d, agencies: make(map[string]*envelope.Agency, len(d.Agencies)), codes: make(map[string]*envelope.Agency, len(d.Agencies)),
		nodes: make(map[string]*envelope.Node, len(d.Nodes)), keys: make(map[string][]nodeCert, len(d.Nodes)), bindings: make(map[[32]byte][]agencyBinding),
		nodeOf: make(map[[32]byte]string)}
	for i := range d.Nodes {
		node := &d.Nodes[i]
		out.nodes[node.ID] = node
		for _, c := range node.Certificates {
			cert, err := x509.ParseCertificate(c.Certificate)
			if err != nil {
				return nil, fmt.Errorf("exchange: directory: certificate of node %q: %w", node.ID, err)
			}
			out.nodeOf[sha256.Sum256(c.Certificate)] = node.ID
			out.keys[node.ID] = append(out.keys[node.ID], nodeCert{cert, c.NotBefore, c.NotAfter})
		}
	}
	for i := range d.Agencies {
		if err := out.addAgency(&d.Agencies[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (d *Directory) addAgency(agency *envelope.Agency) error {
	d.agencies[agency.ID] = agency
	for _, c := range agency.Codes {
		code := strings.ToUpper(c.Code)
		// A code that moved to another agency belongs to the one that has it now.
		if had, ok := d.codes[code]; ok && had != agency && c.NotAfter != 0 {
			continue
		}
		d.codes[code] = agency
	}
	for _, c := range agency.Certificates {
		if _, err := x509.ParseCertificate(c.Certificate); err != nil {
			return fmt.Errorf("exchange: directory: certificate of agency %q: %w", agency.ID, err)
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

// NodeOfKey finds the node to which a certificate is bound at a time.
func (d *Directory) NodeOfKey(cert *x509.Certificate, at time.Time) (envelope.Node, bool) {
	id, ok := d.nodeOf[sha256.Sum256(cert.Raw)]
	if !ok {
		return envelope.Node{}, false
	}
	for _, c := range d.keys[id] {
		if bytes.Equal(c.cert.Raw, cert.Raw) && within(at.UnixMicro(), c.notBefore, c.notAfter) {
			return d.Node(id)
		}
	}
	return envelope.Node{}, false
}

// certificates are those that bind a node at a time.
func (d *Directory) certificates(node string, at int64) []*x509.Certificate {
	var out []*x509.Certificate
	for _, c := range d.keys[node] {
		if within(at, c.notBefore, c.notAfter) {
			out = append(out, c.cert)
		}
	}
	return out
}

func within(at, notBefore, notAfter int64) bool {
	return at >= notBefore && (notAfter == 0 || at <= notAfter)
}

// speaksFor reports whether a node signs for an agency (id) what bears a time: it is
// the agency's home, or it was then.
func (d *Directory) speaksFor(node, agency string, at int64) bool {
	a, ok := d.agencies[agency]
	if !ok {
		return false
	}
	for _, h := range a.FormerHomes {
		if h.Node == node && at <= h.Until {
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
		if !within(at.UnixMicro(), b.NotBefore, b.NotAfter) {
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

// Epochs is how new the directory is, for a frame.
func (d *Directory) Epochs() []Epoch {
	if d.Zone == "" {
		return nil
	}
	return []Epoch{{Zone: d.Zone, Epoch: d.Epoch}}
}

// behind reports whether someone else's directory is newer.
func (d *Directory) behind(epochs []Epoch) bool {
	for _, e := range epochs {
		if e.Zone == d.Zone && e.Epoch > d.Epoch {
			return true
		}
	}
	return false
}
