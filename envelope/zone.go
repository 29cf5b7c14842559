package envelope

import (
	"crypto/x509"
	"fmt"
	"slices"
)

// A ZoneList says which zones a network has and who signs each. The top signs it.
type ZoneList struct {
	Epoch  uint64 // a lower one is never taken
	Issued int64  // microseconds
	Zones  []Zone
}

// A Zone is a subtree of nodes with the agencies at home there, and who speaks for it.
type Zone struct {
	ID          string
	Authorities []ZoneAuthority
	Root        string // id of the node at the top of the subtree
	Parent      string // id of the zone under which it hangs; empty at the top
	Ended       int64  // 0 while it takes new epochs; microseconds
}

// A ZoneAuthority is a certificate whose key (ECDSA P-256) signs a zone's directory.
type ZoneAuthority struct {
	Certificate []byte // DER
	NotBefore   int64  // microseconds
	NotAfter    int64  // 0: no end
	Compromised int64  // 0, or from when on nothing that was issued counts
}

// Zone finds a zone by id.
func (l *ZoneList) Zone(id string) (Zone, bool) {
	i := slices.IndexFunc(l.Zones, func(z Zone) bool { return z.ID == id })
	if i < 0 {
		return Zone{}, false
	}
	return l.Zones[i], true
}

// Signers are the certificates that speak for the zone in what bears a time.
func (z Zone) Signers(issued int64) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for _, a := range z.Authorities {
		if issued < a.NotBefore || a.NotAfter != 0 && issued > a.NotAfter || a.Compromised != 0 && issued >= a.Compromised {
			continue
		}
		cert, err := x509.ParseCertificate(a.Certificate)
		if err != nil {
			return nil, fmt.Errorf("envelope: authority of zone %q: %w", z.ID, err)
		}
		out = append(out, cert)
	}
	return out, nil
}

// A Delta takes a zone from one epoch to a later one. Its entries are whole: those that
// are new, and those that replace the one of the same id. Nothing is removed.
type Delta struct {
	Zone      string
	From      uint64 // epoch to which it applies
	Epoch     uint64
	Issued    int64 // microseconds
	Agencies  []Agency
	Nodes     []Node
	FromState Digest // of the directory to which it applies
	State     Digest // of what comes of it

	sums map[string]Digest
}

// Diff makes the delta from one state of a zone to a later one.
func Diff(old, next *Directory) Delta {
	d := Delta{Zone: next.Zone, From: old.Epoch, Epoch: next.Epoch, Issued: next.Issued, FromState: old.State(), State: next.State()}
	had := old.entrySums()
	for i := range next.Agencies {
		if a := &next.Agencies[i]; had[agencyEntry+a.ID] != next.sumOfAgency(a) {
			d.Agencies = append(d.Agencies, *a)
		}
	}
	for i := range next.Nodes {
		if n := &next.Nodes[i]; had[nodeEntry+n.ID] != next.sumOfNode(n) {
			d.Nodes = append(d.Nodes, *n)
		}
	}
	return d
}

// Apply gives the directory after a delta; d stays as it is. It is an error if the
// delta is for another state, or if something else comes of it than it says.
func (d *Directory) Apply(delta *Delta) (Directory, error) {
	if delta.Zone != d.Zone || delta.From != d.Epoch {
		return Directory{}, fmt.Errorf("envelope: delta of zone %q from epoch %d: %w, want zone %q from %d", delta.Zone, delta.From, ErrMalformed, d.Zone, d.Epoch)
	}
	if state := d.State(); state != delta.FromState {
		return Directory{}, fmt.Errorf("envelope: delta of zone %q from epoch %d: %w, it applies to state %s, here is %s", d.Zone, d.Epoch, ErrMalformed, delta.FromState, state)
	}
	out := Directory{Zone: d.Zone, Epoch: delta.Epoch, Issued: delta.Issued, sums: make(map[string]Digest, len(d.Agencies)+len(d.Nodes)+len(delta.sums))}
	for key, sum := range d.entrySums() {
		out.sums[key] = sum
	}
	for i := range delta.Agencies {
		out.sums[agencyEntry+delta.Agencies[i].ID] = delta.sum(agencyEntry+delta.Agencies[i].ID, agencySum(&delta.Agencies[i]))
	}
	for i := range delta.Nodes {
		out.sums[nodeEntry+delta.Nodes[i].ID] = delta.sum(nodeEntry+delta.Nodes[i].ID, nodeSum(&delta.Nodes[i]))
	}
	out.Agencies = upsert(d.Agencies, delta.Agencies, func(a *Agency) string { return a.ID })
	out.Nodes = upsert(d.Nodes, delta.Nodes, func(n *Node) string { return n.ID })
	if state := out.State(); state != delta.State {
		return Directory{}, fmt.Errorf("envelope: delta of zone %q to epoch %d: %w, state %s comes of it, it says %s", d.Zone, delta.Epoch, ErrMalformed, state, delta.State)
	}
	return out, nil
}

// upsert copies a list, with entries replaced and added.
func upsert[T any](had, changed []T, id func(*T) string) []T {
	out := append(make([]T, 0, len(had)+len(changed)), had...)
	at := make(map[string]int, len(changed))
	for i := range changed {
		at[id(&changed[i])] = i
	}
	for i := range out {
		if c, ok := at[id(&out[i])]; ok {
			out[i] = changed[c]
			delete(at, id(&changed[c]))
		}
	}
	for i := range changed {
		if _, ok := at[id(&changed[i])]; ok {
			out = append(out, changed[i])
		}
	}
	return out
}
