package exchange

import (
	"crypto/x509"
	"errors"
	"fmt"

	"lienthong/envelope"
)

// A zoneState is one zone as a node has it.
type zoneState struct {
	directory envelope.Directory
	state     envelope.Digest
	snapshot  uint64      // epoch of the snapshot that is stored
	deltas    []deltaSpan // stored ones, by epoch: some are older than the snapshot
}

type deltaSpan struct{ from, to uint64 }

// zoneSet is what a node has been told by the authorities: the list of zones, if there
// is one, and each zone that is here. It does not change: what is taken makes a new one.
type zoneSet struct {
	list      *envelope.ZoneList // nil: one zone, whose authority the configuration names
	listState envelope.Digest
	zones     map[string]*zoneState
}

// A DirectoryKind is what a file of the directory is.
type DirectoryKind uint8

const (
	KindSnapshot DirectoryKind = 1
	KindDelta    DirectoryKind = 2
	KindZones    DirectoryKind = 3
)

// A zoneError says why a file of the directory is not taken. Conflict is true where an
// authority has signed two things for one epoch: that is an alarm.
type zoneError struct {
	answer   *Error
	conflict bool
}

func (e *zoneError) Error() string { return e.answer.Error() }
func (e *zoneError) Unwrap() error { return e.answer }

// known says that a file brings nothing new.
var errKnownFile = errors.New("exchange: the file is here already")

// step is what comes of a file: the next set, and the row that stores it.
type step struct {
	next   *zoneSet
	row    DirectoryRow
	detail string
}

// take is the one rule by which a file of the directory is believed: who signed it,
// that it is newer, that it speaks for its own subtree alone, that it takes nothing back.
// errKnownFile where it brings nothing new.
func (z *zoneSet) take(sealed envelope.Sealed, top []*x509.Certificate) (*step, error) {
	switch sealed.Type {
	case envelope.TypeZones:
		return z.takeList(sealed, top)
	case envelope.TypeDirectory:
		return z.takeSnapshot(sealed, top)
	case envelope.TypeDelta:
		return z.takeDelta(sealed, top)
	}
	return nil, fail(Invalid, ReasonMalformed, "a file of type %.80q is none of a directory", sealed.Type)
}

func malformed(err error) error {
	return &Error{Code: Invalid, Reason: ReasonMalformed, Text: "this is no directory", Cause: err}
}

// with copies the set with one zone replaced.
func (z *zoneSet) with(id string, state *zoneState) *zoneSet {
	next := &zoneSet{list: z.list, listState: z.listState, zones: make(map[string]*zoneState, len(z.zones)+1)}
	for k, v := range z.zones {
		next.zones[k] = v
	}
	if state != nil {
		next.zones[id] = state
	}
	return next
}

// verify checks that an authority of a zone signed a file, by its certificates at the
// time that the file bears. That time may not go back, so an authority that has ended can
// sign nothing new.
func (z *zoneSet) verify(zone string, issued int64, sealed envelope.Sealed, top []*x509.Certificate) error {
	signers := top
	if z.list != nil {
		entry, ok := z.list.Zone(zone)
		if !ok {
			return fail(Precondition, "OTHER_ZONE", "the directory is of zone %q, which the list of zones (epoch %d) does not name", zone, z.list.Epoch)
		}
		if entry.Ended != 0 && issued >= entry.Ended {
			return fail(Precondition, "ZONE_ENDED", "zone %q ended at %s", zone, timeText(entry.Ended))
		}
		var err error
		if signers, err = entry.Signers(issued); err != nil {
			return malformed(err)
		}
	} else if len(z.zones) > 0 && z.zones[zone] == nil {
		for have := range z.zones {
			return fail(Precondition, "OTHER_ZONE", "the directory is of zone %q, this node has zone %q and no list of zones", zone, have)
		}
	}
	if err := sealed.Verify(signers...); err != nil {
		return &Error{Code: Invalid, Reason: ReasonBadSignature, Text: fmt.Sprintf("no authority that this node trusts for zone %q signed the directory", zone), Cause: err}
	}
	return nil
}

// entry is what the list says of a zone.
func (z *zoneSet) entry(id string) (envelope.Zone, bool) {
	if z.list == nil {
		return envelope.Zone{}, false
	}
	return z.list.Zone(id)
}

func isGap(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Reason == "GAP"
}

const reasonTwoStates = "TWO_STATES"

func oldEpoch(what string, got, have uint64) error {
	return fail(Precondition, "OLD_EPOCH", "%s has epoch %d, this node has %d: want a higher one", what, got, have)
}

func conflict(what string, epoch uint64, got, have envelope.Digest) error {
	return &zoneError{fail(Precondition, reasonTwoStates, "%s has epoch %d as it is here, and says something else (state %s, here %s): its authority has signed two", what, epoch, got, have), true}
}

func (z *zoneSet) takeSnapshot(sealed envelope.Sealed, top []*x509.Certificate) (*step, error) {
	parsed, err := envelope.ParseDirectory(sealed)
	if err != nil {
		return nil, malformed(err)
	}
	if err := z.verify(parsed.Zone, parsed.Issued, sealed, top); err != nil {
		return nil, err
	}
	next := &zoneState{directory: parsed, state: parsed.State(), snapshot: parsed.Epoch}
	what := fmt.Sprintf("zone %q", parsed.Zone)
	if have := z.zones[parsed.Zone]; have != nil {
		switch {
		case parsed.Epoch < have.directory.Epoch:
			return nil, oldEpoch(what, parsed.Epoch, have.directory.Epoch)
		case parsed.Epoch == have.directory.Epoch && next.state != have.state:
			return nil, conflict(what, parsed.Epoch, next.state, have.state)
		case parsed.Epoch == have.snapshot:
			return nil, errKnownFile
		}
		next.deltas = keepDeltas(have.deltas, parsed.Epoch)
		if err := directoryFollows(&have.directory, &parsed); err != nil {
			return nil, err
		}
	}
	return z.step(next, DirectoryRow{Kind: KindSnapshot, Zone: parsed.Zone, Epoch: parsed.Epoch, Sealed: sealed})
}

func (z *zoneSet) takeDelta(sealed envelope.Sealed, top []*x509.Certificate) (*step, error) {
	delta, err := envelope.ParseDelta(sealed)
	if err != nil {
		return nil, malformed(err)
	}
	if err := z.verify(delta.Zone, delta.Issued, sealed, top); err != nil {
		return nil, err
	}
	what := fmt.Sprintf("delta of zone %q", delta.Zone)
	have := z.zones[delta.Zone]
	switch {
	case have == nil || delta.From > have.directory.Epoch:
		epoch := uint64(0)
		if have != nil {
			epoch = have.directory.Epoch
		}
		return nil, fail(Precondition, "GAP", "%s leads from epoch %d to %d, this node has %d: want what lies between, or a snapshot", what, delta.From, delta.Epoch, epoch)
	case delta.Epoch == have.directory.Epoch && delta.State != have.state:
		return nil, conflict(what, delta.Epoch, delta.State, have.state)
	case delta.Epoch <= have.directory.Epoch:
		return nil, errKnownFile
	}
	parsed, err := have.directory.Apply(&delta)
	if err != nil {
		return nil, malformed(err)
	}
	if err := directoryFollows(&have.directory, &parsed); err != nil {
		return nil, err
	}
	next := &zoneState{directory: parsed, state: delta.State, snapshot: have.snapshot}
	next.deltas = keepDeltas(append(append([]deltaSpan(nil), have.deltas...), deltaSpan{delta.From, delta.Epoch}), have.snapshot)
	return z.step(next, DirectoryRow{Kind: KindDelta, Zone: delta.Zone, Epoch: delta.Epoch, From: delta.From, Sealed: sealed})
}

// KeptDeltas is how many epochs before its snapshot a node can bring others up from, by
// deltas, and how many a store keeps.
const KeptDeltas = 64

func keepDeltas(list []deltaSpan, snapshot uint64) []deltaSpan {
	var out []deltaSpan
	for _, d := range list {
		if d.to+KeptDeltas > snapshot {
			out = append(out, d)
		}
	}
	return out
}

func (z *zoneSet) step(next *zoneState, row DirectoryRow) (*step, error) {
	after := z.with(row.Zone, next)
	if err := after.inScope(row.Zone); err != nil {
		return nil, err
	}
	if err := after.noOtherOwner(row.Zone); err != nil {
		return nil, err
	}
	d := &next.directory
	return &step{after, row, fmt.Sprintf("zone=%s epoch=%d agencies=%d nodes=%d", d.Zone, d.Epoch, len(d.Agencies), len(d.Nodes))}, nil
}

func (z *zoneSet) takeList(sealed envelope.Sealed, top []*x509.Certificate) (*step, error) {
	list, err := envelope.ParseZones(sealed)
	if err != nil {
		return nil, malformed(err)
	}
	if err := sealed.Verify(top...); err != nil {
		return nil, &Error{Code: Invalid, Reason: ReasonBadSignature, Text: "no authority that this node trusts signed the list of zones", Cause: err}
	}
	state := sealed.Digest()
	if z.list != nil {
		switch {
		case list.Epoch < z.list.Epoch:
			return nil, oldEpoch("the list of zones", list.Epoch, z.list.Epoch)
		case list.Epoch == z.list.Epoch && state != z.listState:
			return nil, conflict("the list of zones", list.Epoch, state, z.listState)
		case list.Epoch == z.list.Epoch:
			return nil, errKnownFile
		}
		if err := listFollows(z.list, &list); err != nil {
			return nil, err
		}
	}
	after := z.with("", nil)
	after.list, after.listState = &list, state
	for id := range after.zones {
		if _, ok := list.Zone(id); !ok {
			return nil, fail(Precondition, "ZONE_MISSING", "the list of zones does not name zone %q, which is here", id)
		}
		// The one zone of a network that grows stood before any list: its parent comes later,
		// and its own next epoch must hang there.
		if err := after.inScope(id); err != nil && !isGap(err) {
			return nil, err
		}
	}
	row := DirectoryRow{Kind: KindZones, Epoch: list.Epoch, Sealed: sealed}
	return &step{after, row, fmt.Sprintf("list of zones epoch=%d zones=%d", list.Epoch, len(list.Zones))}, nil
}

// restore puts a set together from what a store has. It was verified when it was taken.
func restore(rows []DirectoryRow, read func(DirectoryRow) (envelope.Sealed, error)) (*zoneSet, error) {
	z := &zoneSet{zones: map[string]*zoneState{}}
	for _, row := range rows { // lists, then snapshots, then deltas, each by zone and epoch
		if row.Kind == KindDelta {
			if s := z.zones[row.Zone]; s == nil || row.Epoch <= s.snapshot {
				if s != nil {
					s.deltas = append(s.deltas, deltaSpan{row.From, row.Epoch})
				}
				continue // kept for others
			}
		}
		sealed, err := read(row)
		if err != nil {
			return nil, err
		}
		if err := z.put(row, sealed); err != nil {
			return nil, fmt.Errorf("stored directory: zone %q epoch %d: %w", row.Zone, row.Epoch, err)
		}
	}
	return z, nil
}

func (z *zoneSet) put(row DirectoryRow, sealed envelope.Sealed) error {
	switch row.Kind {
	case KindZones:
		list, err := envelope.ParseZones(sealed)
		z.list, z.listState = &list, sealed.Digest()
		return err
	case KindSnapshot:
		d, err := envelope.ParseDirectory(sealed)
		if err != nil {
			return err
		}
		z.zones[row.Zone] = &zoneState{directory: d, state: d.State(), snapshot: d.Epoch}
		return nil
	}
	delta, err := envelope.ParseDelta(sealed)
	if err != nil {
		return err
	}
	s := z.zones[row.Zone]
	if s.directory, err = s.directory.Apply(&delta); err != nil {
		return err
	}
	s.state, s.deltas = delta.State, append(s.deltas, deltaSpan{row.From, row.Epoch})
	return nil
}
