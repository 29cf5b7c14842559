package exchange

import (
	"context"
	"errors"
	"sort"
	"strings"

	"lienthong/journal"
)

// A RetirementState is how far a node is that is to end, or how far it would have to go.
type RetirementState struct {
	Retirement // zero: the node is not to end
	Remains
	AtHome   []string // ids of agencies that the directory still says are at home here
	Children []string // ids of nodes that the directory still says are below this one
	Unlisted bool     // the directory does not know this node: nobody knows what is at home here
	Parent   string   // id of the node that cosigns; empty: there is none
	Cosigned bool     // the parent has cosigned the newest head
	Stamps   bool     // heads are time-stamped here
	Stamped  bool     // the newest one was
}

// Open reports that something is left to do before the node has ended.
func (s *RetirementState) Open() bool {
	r := &s.Remains
	return r.Waiting > 0 || r.Relayed > 0 || r.Statements > 0 || r.Jobs > 0 || r.LevelJobs > 0 || len(r.Unread) > 0 || len(s.AtHome) > 0 || len(s.Children) > 0 || s.Unlisted
}

// Finished reports that the node may be switched off.
func (s *RetirementState) Finished() bool {
	return s.Done != 0 && !s.Open() && (s.Parent == "" || s.Cosigned) && (!s.Stamps || s.Stamped)
}

// Retirement tells how far this node is from its end, whether it is to end or not.
func (s *Service) Retirement(ctx context.Context) (RetirementState, error) {
	r, err := s.cfg.Store.Retirement(ctx)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return RetirementState{}, storeError(err)
	}
	state, err := s.retirement(ctx, r)
	return state, storeError(err)
}

func (n *Node) retirement(ctx context.Context, r Retirement) (RetirementState, error) {
	state := RetirementState{Retirement: r, Stamps: n.cfg.Stamp != nil}
	var err error
	if state.Remains, err = n.cfg.Store.Remains(ctx); err != nil {
		return state, err
	}
	dir := n.Directory()
	me, listed := dir.Node(n.cfg.ID)
	state.Parent, state.Unlisted = me.Parent, !listed
	state.AtHome, state.Children = dir.standingOn(n.cfg.ID, n.now())
	state.Cosigned, state.Stamped, err = n.lastHead(ctx)
	return state, err
}

// standingOn lists what a directory says is at home at a node, or below it, and has not ended.
func (d *Directory) standingOn(node string, now int64) (agencies, children []string) {
	for id, a := range d.agencies {
		if a.HomeNode == node && (a.Ended == 0 || a.Ended > now) {
			agencies = append(agencies, id)
		}
	}
	for id, other := range d.nodes {
		if other.Parent == node && (other.Ended == 0 || other.Ended > now) {
			children = append(children, id)
		}
	}
	sort.Strings(agencies)
	sort.Strings(children)
	return agencies, children
}

// checkpointLeaves is how many entries about heads alone may follow the last one.
const checkpointLeaves = 32

// lastHead tells whether the newest head that was shown covers all that the journal says,
// but what came of showing it, and what others say of that head.
func (n *Node) lastHead(ctx context.Context) (cosigned, stamped bool, err error) {
	row, err := n.cfg.Store.NewestCheckpoint(ctx, n.cfg.ID, n.incarnation)
	if errors.Is(err, ErrNotFound) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	leaves, err := n.cfg.Store.Leaves(ctx, row.Size, checkpointLeaves+1)
	if err != nil || len(leaves) > checkpointLeaves {
		return false, false, err
	}
	for _, leaf := range leaves {
		entry, err := journal.ParseLeaf(leaf.Data)
		if err != nil {
			return false, false, err
		}
		if !strings.HasPrefix(entry.Action, "checkpoint.") || entry.Action == "checkpoint.refused" {
			return false, false, nil
		}
	}
	return len(row.Cosignature.Payload) > 0, len(row.Stamp) > 0, nil
}
