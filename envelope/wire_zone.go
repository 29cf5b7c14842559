package envelope

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	pb "lienthong/proto/lienthong/v1"
)

// SealZones signs a list of zones with the key of the top.
func SealZones(l *ZoneList, signer Signer) (Sealed, error) {
	if err := l.check(); err != nil {
		return Sealed{}, err
	}
	p := &pb.ZoneList{Epoch: l.Epoch, Issued: l.Issued}
	for _, z := range l.Zones {
		zone := &pb.Zone{Id: z.ID, Root: z.Root, Parent: z.Parent, Ended: z.Ended}
		for _, a := range z.Authorities {
			zone.Authorities = append(zone.Authorities, &pb.ZoneAuthority{Certificate: a.Certificate, NotBefore: a.NotBefore, NotAfter: a.NotAfter, Compromised: a.Compromised})
		}
		p.Zones = append(p.Zones, zone)
	}
	payload, err := encode("zones", p, MaxDirectory)
	if err != nil {
		return Sealed{}, err
	}
	return Seal(TypeZones, payload, signer)
}

// ParseZones reads a list of zones; the caller verifies that the top signed it.
func ParseZones(s Sealed) (ZoneList, error) {
	var p pb.ZoneList
	if err := open(s, TypeZones, MaxDirectory, &p); err != nil {
		return ZoneList{}, err
	}
	l := ZoneList{Epoch: p.Epoch, Issued: p.Issued}
	for _, z := range p.Zones {
		zone := Zone{ID: z.GetId(), Root: z.GetRoot(), Parent: z.GetParent(), Ended: z.GetEnded()}
		for _, a := range z.GetAuthorities() {
			zone.Authorities = append(zone.Authorities, ZoneAuthority{Certificate: a.GetCertificate(), NotBefore: a.GetNotBefore(), NotAfter: a.GetNotAfter(), Compromised: a.GetCompromised()})
		}
		l.Zones = append(l.Zones, zone)
	}
	return l, l.check()
}

// check refuses a list that is no tree, or in which a zone has nobody to speak for it.
func (l *ZoneList) check() error {
	if l.Epoch == 0 || len(l.Zones) == 0 || len(l.Zones) > MaxZones {
		return fmt.Errorf("envelope: list of %d zones, epoch %d: %w, want 1 to %d zones and an epoch from 1", len(l.Zones), l.Epoch, ErrMalformed, MaxZones)
	}
	parents := make(map[string]string, len(l.Zones))
	for _, z := range l.Zones {
		for what, id := range map[string]string{"zone": z.ID, "root node": z.Root} {
			if err := checkID(what, id); err != nil {
				return err
			}
		}
		if _, twice := parents[z.ID]; twice {
			return fmt.Errorf("envelope: zone %q: %w, stands twice", z.ID, ErrMalformed)
		}
		if len(z.Authorities) == 0 {
			return fmt.Errorf("envelope: zone %q: %w, no authority speaks for it", z.ID, ErrMalformed)
		}
		parents[z.ID] = z.Parent
	}
	tops := 0
	for _, z := range l.Zones {
		if z.Parent == "" {
			tops++
		} else if _, ok := parents[z.Parent]; !ok {
			return fmt.Errorf("envelope: zone %q hangs under %q: %w, which is not in the list", z.ID, z.Parent, ErrMalformed)
		}
		at, steps := z.Parent, 0
		for ; at != "" && steps <= len(l.Zones); steps++ {
			at = parents[at]
		}
		if at != "" {
			return fmt.Errorf("envelope: zone %q: %w, hangs under itself", z.ID, ErrMalformed)
		}
	}
	if tops != 1 {
		return fmt.Errorf("envelope: list of zones: %w, %d of them have no parent, want exactly one", ErrMalformed, tops)
	}
	return nil
}

// SealDelta signs a delta with the key of its zone's authority.
func SealDelta(d *Delta, signer Signer) (Sealed, error) {
	if err := d.check(); err != nil {
		return Sealed{}, err
	}
	p := &pb.DirectoryDelta{Zone: d.Zone, From: d.From, Epoch: d.Epoch, Issued: d.Issued, FromState: d.FromState[:], State: d.State[:]}
	for i := range d.Agencies {
		p.Agencies = append(p.Agencies, d.Agencies[i].Proto())
	}
	for i := range d.Nodes {
		p.Nodes = append(p.Nodes, d.Nodes[i].proto())
	}
	payload, err := encode("delta", p, MaxDirectory)
	if err != nil {
		return Sealed{}, err
	}
	return Seal(TypeDelta, payload, signer)
}

// ParseDelta reads a delta; the caller verifies that its authority signed.
func ParseDelta(s Sealed) (Delta, error) {
	if s.Type != TypeDelta {
		return Delta{}, fmt.Errorf("envelope: payload type %.80q: %w, want %q", s.Type, ErrMalformed, TypeDelta)
	}
	var into Directory
	read := entries{directory: &into, agency: 5, node: 6}
	rest, err := read.all("delta", s.Payload)
	if err != nil {
		return Delta{}, err
	}
	var p pb.DirectoryDelta
	if err := proto.Unmarshal(rest, &p); err != nil {
		return Delta{}, fmt.Errorf("envelope: delta: %w: %v", ErrMalformed, err)
	}
	d := Delta{Zone: p.Zone, From: p.From, Epoch: p.Epoch, Issued: p.Issued, Agencies: into.Agencies, Nodes: into.Nodes, sums: into.sums}
	if d.FromState, err = DigestFromBytes(p.FromState); err != nil {
		return Delta{}, err
	}
	if d.State, err = DigestFromBytes(p.State); err != nil {
		return Delta{}, err
	}
	return d, d.check()
}

func (d *Delta) check() error {
	if d.From == 0 || d.Epoch <= d.From {
		return fmt.Errorf("envelope: delta of %q from epoch %d to %d: %w, want from 1, to a higher one", d.Zone, d.From, d.Epoch, ErrMalformed)
	}
	as := Directory{Zone: d.Zone, Epoch: d.Epoch, Agencies: d.Agencies, Nodes: d.Nodes}
	return as.check()
}

// entries reads agencies and nodes one by one: a directory has a hundred thousand, and
// one message that holds them all would be a second copy of them.
type entries struct {
	directory    *Directory
	agency, node protowire.Number // numbers of their fields
	texts        map[string]string
}

// all reads every entry of a payload, and gives the bytes of the other fields.
func (e *entries) all(what string, payload []byte) (rest []byte, err error) {
	if len(payload) > MaxDirectory {
		return nil, fmt.Errorf("envelope: %s of %d bytes: %w, want at most %d", what, len(payload), ErrMalformed, MaxDirectory)
	}
	e.directory.sums, e.texts = make(map[string]Digest), make(map[string]string)
	for at := payload; len(at) > 0; {
		number, kind, n := protowire.ConsumeTag(at)
		size := 0
		if n > 0 {
			size = protowire.ConsumeFieldValue(number, kind, at[n:])
		}
		if n <= 0 || size < 0 {
			return nil, fmt.Errorf("envelope: %s: %w: byte %d is no field", what, ErrMalformed, len(payload)-len(at))
		}
		field := at[:n+size]
		if kind == protowire.BytesType && (number == e.agency || number == e.node) {
			value, _ := protowire.ConsumeBytes(at[n:])
			if err := e.one(number, value); err != nil {
				return nil, fmt.Errorf("envelope: %s: byte %d: %w", what, len(payload)-len(at), err)
			}
		} else {
			rest = append(rest, field...)
		}
		at = at[n+size:]
	}
	return rest, nil
}

func (e *entries) one(number protowire.Number, value []byte) error {
	if number == e.node {
		var p pb.Node
		if err := proto.Unmarshal(value, &p); err != nil {
			return fmt.Errorf("%w: node: %v", ErrMalformed, err)
		}
		e.directory.Nodes = append(e.directory.Nodes, nodeFromProto(&p))
		e.directory.sums[nodeEntry+p.Id] = entrySum(nodeEntry, value)
		return nil
	}
	var p pb.Agency
	if err := proto.Unmarshal(value, &p); err != nil {
		return fmt.Errorf("%w: agency: %v", ErrMalformed, err)
	}
	p.HomeNode, p.Parent = e.once(p.HomeNode), e.once(p.Parent)
	e.directory.Agencies = append(e.directory.Agencies, AgencyFromProto(&p))
	e.directory.sums[agencyEntry+p.Id] = entrySum(agencyEntry, value)
	return nil
}

// once keeps one copy of a text that stands in many entries.
func (e *entries) once(s string) string {
	if had, ok := e.texts[s]; ok {
		return had
	}
	e.texts[s] = s
	return s
}
