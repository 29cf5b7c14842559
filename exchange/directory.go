package exchange

import (
	"context"
	"errors"
	"fmt"

	"lienthong/envelope"
	"lienthong/journal"
)

// ImportDirectory takes a file of the directory that an authority of this node signed: a
// snapshot, a delta, or the list of zones. It must be newer than what is here.
func (s *Service) ImportDirectory(ctx context.Context, actor journal.Actor, sealed envelope.Sealed) (*Directory, error) {
	taken, err := s.TakeFile(ctx, actor, sealed)
	if err == nil && !taken {
		return nil, fail(Precondition, "OLD_EPOCH", "this node has that directory already: want a higher epoch")
	}
	return s.Directory(), err
}

// TakeFile is ImportDirectory for files of which some may be here already: it reports
// whether this one brought anything new. An authority that has signed two states for one
// epoch is an alarm, and enters the journal once.
func (n *Node) TakeFile(ctx context.Context, actor journal.Actor, sealed envelope.Sealed) (bool, error) {
	n.importing.Lock()
	defer n.importing.Unlock()
	before := n.Directory()
	taken, err := before.set.take(sealed, n.cfg.Authorities)
	if errors.Is(err, errKnownFile) {
		return false, nil
	}
	if err != nil {
		return false, n.refusedFile(ctx, actor, sealed, err)
	}
	fresh := &zoneSet{zones: map[string]*zoneState{}}
	if zone := taken.row.Zone; zone != "" {
		fresh.zones[zone] = taken.next.zones[zone]
	}
	indexed, err := newDirectory(taken.next, fresh)
	if err != nil {
		return false, &Error{Code: Invalid, Reason: ReasonMalformed, Text: "the directory cannot be used", Cause: err}
	}
	d := n.draft(actor)
	d.change.Directory = &taken.row
	d.entry("", "directory.import", sealed.Digest().String(), taken.detail)
	if _, err := n.commit(ctx, d.change); err != nil {
		return false, storeError(err)
	}
	n.directory.Store(indexed)
	n.cfg.Log.Info("directory", "taken", taken.detail)
	n.moved.notify()
	return true, nil
}

// maxAlarms bounds the conflicts of authorities that are remembered, so that each enters
// the journal once.
const maxAlarms = 1000

// refusedFile says in log and journal what an authority must never do. Other refusals are
// the answer to whoever brought the file.
func (n *Node) refusedFile(ctx context.Context, actor journal.Actor, sealed envelope.Sealed, err error) error {
	var z *zoneError
	if !errors.As(err, &z) || !z.conflict {
		return err
	}
	if err := n.alarm(ctx, actor, sealed.Digest(), z.answer.Text); err != nil {
		return err
	}
	return z.answer
}

// alarm says in log and journal, once, that an authority has signed two states.
func (n *Node) alarm(ctx context.Context, actor journal.Actor, digest envelope.Digest, text string) error {
	if n.alarms[digest] {
		return nil
	}
	n.cfg.Log.Error("directory: alarm", "object", digest.String(), "error", text)
	d := n.draft(actor)
	e := d.entry("", "directory.conflict", digest.String(), fmt.Sprintf("%.400s", text))
	d.change.Entries[e].Outcome = reasonTwoStates
	if _, err := n.commit(ctx, d.change); err != nil {
		return err
	}
	if n.alarms == nil || len(n.alarms) >= maxAlarms {
		n.alarms = make(map[envelope.Digest]bool)
	}
	n.alarms[digest] = true
	return nil
}

// ExportDirectory gives the snapshot of the top zone as it was imported.
func (s *Service) ExportDirectory(ctx context.Context) (envelope.Sealed, error) {
	z := s.Directory().set.zones[s.Directory().Zone]
	if z == nil {
		return envelope.Sealed{}, fail(NotFound, "NO_DIRECTORY", "this node has no directory yet: import one")
	}
	return s.cfg.Store.DirectoryFile(ctx, KindSnapshot, z.directory.Zone, z.snapshot)
}

// A FileRef names a file of the directory that a node has.
type FileRef struct {
	Kind  DirectoryKind
	Zone  string
	Epoch uint64
}

// FilesBeyond lists the files that bring someone up to the directory here, in the order
// in which they are to be taken: the list of zones, then zones from the top down, each
// with the deltas that lead on from what they have, or with a snapshot and deltas. What
// they have is by zone, the list under no name.
func (d *Directory) FilesBeyond(have []Epoch) []FileRef {
	theirs := make(map[string]uint64, len(have))
	for _, e := range have {
		theirs[e.Zone] = e.Epoch
	}
	var out []FileRef
	if l := d.set.list; l != nil && l.Epoch > theirs[""] {
		out = append(out, FileRef{KindZones, "", l.Epoch})
	}
	for _, id := range d.set.topDown() {
		out = append(out, d.set.zones[id].beyond(theirs[id])...)
	}
	return out
}

// topDown lists zones, parents before their children.
func (z *zoneSet) topDown() []string {
	if z.list == nil {
		var out []string
		for id := range z.zones {
			out = append(out, id)
		}
		return out
	}
	var out []string
	for level := []string{""}; len(level) > 0; {
		var next []string
		for _, entry := range z.list.Zones {
			if contains(level, entry.Parent) {
				next = append(next, entry.ID)
				if z.zones[entry.ID] != nil {
					out = append(out, entry.ID)
				}
			}
		}
		level = next
	}
	return out
}

func (z *zoneState) beyond(epoch uint64) []FileRef {
	id, now := z.directory.Zone, z.directory.Epoch
	if epoch >= now {
		return nil
	}
	if epoch > 0 {
		if path := z.path(epoch); path != nil {
			return path
		}
	}
	return append([]FileRef{{KindSnapshot, id, z.snapshot}}, z.path(z.snapshot)...)
}

// path lists the deltas that lead from an epoch to the newest; nil if one is missing.
func (z *zoneState) path(from uint64) []FileRef {
	var out []FileRef
	for _, d := range z.deltas {
		if d.from == from {
			out, from = append(out, FileRef{KindDelta, z.directory.Zone, d.to}), d.to
		}
	}
	if from != z.directory.Epoch {
		return nil
	}
	return out
}

// DirectoryFile reads one file of the directory.
func (n *Node) DirectoryFile(ctx context.Context, ref FileRef) (envelope.Sealed, error) {
	sealed, err := n.cfg.Store.DirectoryFile(ctx, ref.Kind, ref.Zone, ref.Epoch)
	return sealed, storeError(err)
}

// A ZoneInfo is how a node has a zone.
type ZoneInfo struct {
	Zone, Root, Parent string
	Epoch, Snapshot    uint64
	Issued             int64
	Agencies, Nodes    int
	State              envelope.Digest
	Deltas             int // after the snapshot
}

// ListEpoch is the epoch of the list of zones; 0 where there is none.
func (d *Directory) ListEpoch() uint64 { return d.epoch("") }

// Zones describes every zone that is here or that the list names, by id.
func (d *Directory) Zones() []ZoneInfo {
	var out []ZoneInfo
	add := func(id string, entry envelope.Zone) {
		info := ZoneInfo{Zone: id, Root: entry.Root, Parent: entry.Parent}
		if z := d.set.zones[id]; z != nil {
			info.Epoch, info.Snapshot, info.Issued, info.State = z.directory.Epoch, z.snapshot, z.directory.Issued, z.state
			info.Agencies, info.Nodes, info.Deltas = len(z.directory.Agencies), len(z.directory.Nodes), len(z.path(z.snapshot))
		}
		out = append(out, info)
	}
	if d.set.list == nil {
		for id := range d.set.zones {
			add(id, envelope.Zone{})
		}
		return out
	}
	for _, entry := range d.set.list.Zones {
		add(entry.ID, entry)
	}
	return out
}

// ZoneDirectory gives the directory of one zone as it is now, for its authority to go on
// from. It must not be changed.
func (d *Directory) ZoneDirectory(zone string) (envelope.Directory, bool) {
	z := d.set.zones[zone]
	if z == nil {
		return envelope.Directory{}, false
	}
	return z.directory, true
}
