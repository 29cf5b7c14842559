package envelope

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	pb "lienthong/proto/lienthong/v1"
)

// SealDirectory signs a directory with the key of its zone's authority.
func SealDirectory(d *Directory, signer Signer) (Sealed, error) {
	if err := d.check(); err != nil {
		return Sealed{}, err
	}
	p := &pb.Directory{Zone: d.Zone, Epoch: d.Epoch, Issued: d.Issued}
	for i := range d.Agencies {
		p.Agencies = append(p.Agencies, d.Agencies[i].Proto())
	}
	for i := range d.Nodes {
		p.Nodes = append(p.Nodes, d.Nodes[i].proto())
	}
	payload, err := encode("directory", p, MaxDirectory)
	if err != nil {
		return Sealed{}, err
	}
	return Seal(TypeDirectory, payload, signer)
}

// ParseDirectory reads a directory; the caller verifies that its authority signed.
func ParseDirectory(s Sealed) (Directory, error) {
	if s.Type != TypeDirectory {
		return Directory{}, fmt.Errorf("envelope: payload type %.80q: %w, want %q", s.Type, ErrMalformed, TypeDirectory)
	}
	d := Directory{}
	read := entries{directory: &d, agency: 4, node: 5}
	rest, err := read.all("directory", s.Payload)
	if err != nil {
		return Directory{}, err
	}
	var p pb.Directory
	if err := proto.Unmarshal(rest, &p); err != nil {
		return Directory{}, fmt.Errorf("envelope: directory: %w: %v", ErrMalformed, err)
	}
	d.Zone, d.Epoch, d.Issued = p.Zone, p.Epoch, p.Issued
	return d, d.check()
}

// check refuses a directory in which an id stands twice or names nothing.
func (d *Directory) check() error {
	if err := checkID("zone", d.Zone); err != nil {
		return err
	}
	if d.Epoch == 0 {
		return fmt.Errorf("envelope: directory of %q: %w, epoch 0, want from 1", d.Zone, ErrMalformed)
	}
	nodes := make(map[string]bool, len(d.Nodes))
	for _, n := range d.Nodes {
		if err := checkID("node", n.ID); err != nil {
			return err
		}
		if nodes[n.ID] {
			return fmt.Errorf("envelope: directory of %q: %w, node %q stands twice", d.Zone, ErrMalformed, n.ID)
		}
		nodes[n.ID] = true
	}
	agencies := make(map[string]bool, len(d.Agencies))
	for _, a := range d.Agencies {
		if err := checkID("agency", a.ID); err != nil {
			return err
		}
		if agencies[a.ID] {
			return fmt.Errorf("envelope: directory of %q: %w, agency %q stands twice", d.Zone, ErrMalformed, a.ID)
		}
		agencies[a.ID] = true
		for _, c := range a.Codes {
			if err := checkID("code", c.Code); err != nil {
				return err
			}
		}
	}
	return nil
}

// Proto is the protobuf form.
func (a *Agency) Proto() *pb.Agency {
	out := &pb.Agency{Id: a.ID, Name: a.Name, Parent: a.Parent, HomeNode: a.HomeNode, Ended: a.Ended, Successor: a.Successor}
	for _, c := range a.Codes {
		out.Codes = append(out.Codes, &pb.AgencyCode{Code: c.Code, NotBefore: c.NotBefore, NotAfter: c.NotAfter})
	}
	for _, c := range a.Certificates {
		out.Certificates = append(out.Certificates, &pb.AgencyCertificate{Certificate: c.Certificate, Role: pb.CertificateRole(c.Role),
			Holder: c.Holder, NotBefore: c.NotBefore, NotAfter: c.NotAfter, Compromised: c.Compromised})
	}
	for _, h := range a.FormerHomes {
		out.FormerHomes = append(out.FormerHomes, &pb.FormerHome{Node: h.Node, Until: h.Until})
	}
	return out
}

// AgencyFromProto reads an agency; nil is the empty one.
func AgencyFromProto(p *pb.Agency) Agency {
	a := Agency{ID: p.GetId(), Name: p.GetName(), Parent: p.GetParent(), HomeNode: p.GetHomeNode(), Ended: p.GetEnded(), Successor: p.GetSuccessor()}
	for _, c := range p.GetCodes() {
		a.Codes = append(a.Codes, AgencyCode{Code: c.GetCode(), NotBefore: c.GetNotBefore(), NotAfter: c.GetNotAfter()})
	}
	for _, c := range p.GetCertificates() {
		a.Certificates = append(a.Certificates, AgencyCertificate{Certificate: c.GetCertificate(), Role: CertificateRole(c.GetRole()),
			Holder: c.GetHolder(), NotBefore: c.GetNotBefore(), NotAfter: c.GetNotAfter(), Compromised: c.GetCompromised()})
	}
	for _, h := range p.GetFormerHomes() {
		a.FormerHomes = append(a.FormerHomes, FormerHome{Node: h.GetNode(), Until: h.GetUntil()})
	}
	return a
}

func (n *Node) proto() *pb.Node {
	out := &pb.Node{Id: n.ID, Name: n.Name, Parent: n.Parent, Addresses: n.Addresses, Ended: n.Ended, Dials: n.Dials}
	for _, c := range n.Certificates {
		out.Certificates = append(out.Certificates, &pb.NodeCertificate{Certificate: c.Certificate, NotBefore: c.NotBefore, NotAfter: c.NotAfter, Compromised: c.Compromised})
	}
	return out
}

func nodeFromProto(p *pb.Node) Node {
	n := Node{ID: p.GetId(), Name: p.GetName(), Parent: p.GetParent(), Addresses: p.GetAddresses(), Ended: p.GetEnded(), Dials: p.GetDials()}
	for _, c := range p.GetCertificates() {
		n.Certificates = append(n.Certificates, NodeCertificate{Certificate: c.GetCertificate(), NotBefore: c.GetNotBefore(), NotAfter: c.GetNotAfter(), Compromised: c.GetCompromised()})
	}
	return n
}
