package envelope

// A Directory is one signed state of who is who in a zone.
type Directory struct {
	Zone     string
	Epoch    uint64 // a lower one is never taken
	Issued   int64  // microseconds
	Agencies []Agency
	Nodes    []Node

	sums map[string]Digest // of the entries as they were signed; nil where they were not read
}

// An Agency is a body that sends and receives documents.
type Agency struct {
	ID           string // opaque and unchanging
	Codes        []AgencyCode
	Name         string
	Parent       string // id of the superior agency
	HomeNode     string
	Certificates []AgencyCertificate
	Ended        int64 // 0 while active; microseconds
	Successor    string
	FormerHomes  []FormerHome
}

// A FormerHome is a node that was an agency's home: what it signed for the agency
// until then stays good.
type FormerHome struct {
	Node  string
	Until int64 // microseconds
}

// An AgencyCode is a code (mã định danh) with the time that it is valid for.
type AgencyCode struct {
	Code      string
	NotBefore int64 // microseconds
	NotAfter  int64 // 0 while valid
}

// A CertificateRole is what a certificate signs for its agency.
type CertificateRole int32

const (
	RolePersonal CertificateRole = 1 // chữ ký cá nhân của người có thẩm quyền
	RoleAgency   CertificateRole = 2 // chữ ký cơ quan
)

// An AgencyCertificate binds a certificate to an agency.
type AgencyCertificate struct {
	Certificate []byte // DER
	Role        CertificateRole
	Holder      string
	NotBefore   int64 // microseconds
	NotAfter    int64 // 0: no end
	Compromised int64 // 0, or from when on nothing that others first saw counts
}

// A Node is a server of the network.
type Node struct {
	ID           string
	Name         string
	Parent       string   // empty at the top
	Addresses    []string // host:port, tried in order
	Certificates []NodeCertificate
	Ended        int64
	Dials        []string // direct peers beyond parent and children that this node dials
}

// A NodeCertificate binds a certificate (ECDSA P-256) to a node, for TLS and for
// what it signs.
type NodeCertificate struct {
	Certificate []byte // DER
	NotBefore   int64  // microseconds
	NotAfter    int64  // 0: no end
	Compromised int64  // 0, or from when on nothing that others first saw counts
}

// MoveGrace is how long after a move the old home still speaks for an agency: it answers
// letters that were delivered there, and may hear of the move late. In microseconds.
const MoveGrace = int64(30 * 24 * 3600 * 1_000_000)

// Rehome makes another node the agency's home from a time on (microseconds).
func (a *Agency) Rehome(to string, now int64) {
	if a.HomeNode != "" {
		a.FormerHomes = append(append([]FormerHome(nil), a.FormerHomes...), FormerHome{Node: a.HomeNode, Until: now + MoveGrace})
	}
	a.HomeNode = to
}
