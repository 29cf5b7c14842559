package exchange

import (
	"crypto/x509"
	"fmt"
	"slices"

	"lienthong/envelope"
)

// OpenDirectory takes the files of a directory by the rules of a node. It is for who has
// no node: an authority at work, and checks on files.
func OpenDirectory(files []envelope.Sealed, top []*x509.Certificate) (*Directory, error) {
	set := &zoneSet{zones: map[string]*zoneState{}}
	for i, file := range files {
		taken, err := set.take(file, top)
		if err != nil {
			return nil, fmt.Errorf("file %d: %w", i+1, err)
		}
		set = taken.next
	}
	return newDirectory(set, set)
}

// With gives the directory after a file more. It is how an authority learns what nodes
// will say, before it gives them anything.
func (d *Directory) With(file envelope.Sealed, top []*x509.Certificate) (*Directory, error) {
	taken, err := d.set.take(file, top)
	if err != nil {
		return nil, err
	}
	return newDirectory(taken.next, taken.next)
}

// Shares of a zone: a change of more than one entry in four travels as a snapshot, and so
// does what would be the sixteenth delta after one.
const (
	deltaShare = 4
	deltaRow   = 16
)

// Publish makes the next epoch of a zone, as its authority: edit changes a copy. What it
// gives is a delta, or a snapshot where that is less. Lists within entries (codes,
// certificates) are shared with the old state: edit replaces them, and changes none.
func (d *Directory) Publish(zone string, now int64, signer envelope.Signer, edit func(*envelope.Directory) error) (envelope.Sealed, *envelope.Directory, error) {
	have := d.set.zones[zone]
	if have == nil {
		return envelope.Sealed{}, nil, fail(NotFound, "UNKNOWN_ZONE", "zone %q is not in the directory", zone)
	}
	old := &have.directory
	next := envelope.Directory{Zone: zone, Epoch: old.Epoch + 1, Issued: max(now, old.Issued), Agencies: slices.Clone(old.Agencies), Nodes: slices.Clone(old.Nodes)}
	if err := edit(&next); err != nil {
		return envelope.Sealed{}, nil, err
	}
	delta := envelope.Diff(old, &next)
	if deltaShare*(len(delta.Agencies)+len(delta.Nodes)) > len(next.Agencies)+len(next.Nodes)+8 || len(have.path(have.snapshot)) >= deltaRow-1 {
		sealed, err := envelope.SealDirectory(&next, signer)
		return sealed, &next, err
	}
	sealed, err := envelope.SealDelta(&delta, signer)
	return sealed, &next, err
}

// SpeaksForZone reports whether a certificate may sign a zone at a time, in microseconds.
// Without a list of zones the configuration of each node says that, and here it may.
func (d *Directory) SpeaksForZone(cert *x509.Certificate, zone string, at int64) bool {
	entry, listed := d.set.entry(zone)
	if !listed {
		return d.set.list == nil
	}
	signers, err := entry.Signers(at)
	return err == nil && slices.ContainsFunc(signers, cert.Equal)
}
