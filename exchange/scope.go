package exchange

import (
	"fmt"
	"strings"

	"lienthong/envelope"
)

// inScope checks that a zone speaks for its own subtree alone: its nodes hang together
// under its root, the root hangs under a node of the parent zone, and its agencies are at
// home at its own nodes. Without a list there is one zone, and all is its own.
//
// A zone that comes before its parent zone is refused: files go from the top down.
func (z *zoneSet) inScope(id string) error {
	if z.list == nil {
		return nil
	}
	entry, _ := z.list.Zone(id)
	d := &z.zones[id].directory
	own := make(map[string]*envelope.Node, len(d.Nodes))
	for i := range d.Nodes {
		own[d.Nodes[i].ID] = &d.Nodes[i]
	}
	for i := range d.Nodes {
		if err := z.nodeInScope(entry, own, &d.Nodes[i]); err != nil {
			return err
		}
	}
	for i := range d.Agencies {
		a := &d.Agencies[i]
		if a.HomeNode != "" && own[a.HomeNode] == nil {
			return fail(Invalid, ReasonOutOfZone, "zone %q says that agency %q is at home at node %q, which is not its own", id, a.ID, a.HomeNode)
		}
	}
	return nil
}

func (z *zoneSet) nodeInScope(entry envelope.Zone, own map[string]*envelope.Node, n *envelope.Node) error {
	if n.ID == entry.Root {
		parent := z.zones[entry.Parent]
		switch {
		case entry.Parent == "" && n.Parent == "":
			return nil
		case entry.Parent != "" && parent != nil && parent.node(n.Parent):
			return nil
		case entry.Parent != "" && parent == nil:
			return fail(Precondition, "GAP", "zone %q hangs under zone %q, which is not here: want that first", entry.ID, entry.Parent)
		}
		return fail(Invalid, ReasonOutOfZone, "root node %q of zone %q hangs under %q, want a node of the parent zone %q", n.ID, entry.ID, n.Parent, entry.Parent)
	}
	for at, depth := n, 0; depth < maxDepth; depth++ {
		if at.ID == entry.Root {
			return nil
		}
		if at = own[at.Parent]; at == nil {
			break
		}
	}
	return fail(Invalid, ReasonOutOfZone, "zone %q names node %q, which does not hang under its root %q", entry.ID, n.ID, entry.Root)
}

func (s *zoneState) node(id string) bool {
	for i := range s.directory.Nodes {
		if s.directory.Nodes[i].ID == id {
			return true
		}
	}
	return false
}

// noOtherOwner checks that what a zone names is not another's: ids of nodes and
// agencies, and codes that are valid at its time.
func (z *zoneSet) noOtherOwner(id string) error {
	d := &z.zones[id].directory
	if err := uniqueCodes(d); err != nil {
		return err
	}
	if len(z.zones) == 1 {
		return nil
	}
	agencies, codes, nodes := make(map[string]bool, len(d.Agencies)), make(map[string]string, len(d.Agencies)), make(map[string]bool, len(d.Nodes))
	for i := range d.Agencies {
		agencies[d.Agencies[i].ID] = true
		for _, c := range d.Agencies[i].Codes {
			codes[strings.ToUpper(c.Code)] = d.Agencies[i].ID
		}
	}
	for i := range d.Nodes {
		nodes[d.Nodes[i].ID] = true
	}
	for other, s := range z.zones {
		if other == id {
			continue
		}
		for i := range s.directory.Nodes {
			if n := s.directory.Nodes[i].ID; nodes[n] {
				return fail(Invalid, ReasonOutOfZone, "zone %q names node %q, which is of zone %q", id, n, other)
			}
		}
		for i := range s.directory.Agencies {
			a := &s.directory.Agencies[i]
			if agencies[a.ID] {
				return fail(Invalid, ReasonOutOfZone, "zone %q names agency %q, which is of zone %q", id, a.ID, other)
			}
			for _, c := range a.Codes {
				if mine, ok := codes[strings.ToUpper(c.Code)]; ok {
					return fail(Invalid, ReasonOutOfZone, "zone %q gives agency %q the code %q, which is of agency %q of zone %q", id, mine, c.Code, a.ID, other)
				}
			}
		}
	}
	return nil
}

// uniqueCodes checks that no two agencies have one code at one time.
func uniqueCodes(d *envelope.Directory) error {
	type holder struct {
		agency   string
		from, to int64
	}
	seen := make(map[string][]holder, len(d.Agencies))
	for i := range d.Agencies {
		for _, c := range d.Agencies[i].Codes {
			code := strings.ToUpper(c.Code)
			for _, h := range seen[code] {
				if h.agency != d.Agencies[i].ID && (h.to == 0 || c.NotBefore <= h.to) && (c.NotAfter == 0 || h.from <= c.NotAfter) {
					return fail(Invalid, "CODE_TWICE", "agencies %q and %q both have the code %q at one time", h.agency, d.Agencies[i].ID, c.Code)
				}
			}
			seen[code] = append(seen[code], holder{d.Agencies[i].ID, c.NotBefore, c.NotAfter})
		}
	}
	return nil
}

// listFollows checks that a later list of zones takes nothing back.
func listFollows(old, next *envelope.ZoneList) error {
	if next.Issued < old.Issued {
		return rewritten("the list of zones", "was issued at %s, the one before at %s", timeText(next.Issued), timeText(old.Issued))
	}
	for _, had := range old.Zones {
		z, ok := next.Zone(had.ID)
		what := fmt.Sprintf("zone %q", had.ID)
		if !ok {
			return rewritten(what, "is missing")
		}
		if z.Root != had.Root || z.Parent != had.Parent {
			return rewritten(what, "has root %q under zone %q, it was %q under %q", z.Root, z.Parent, had.Root, had.Parent)
		}
		if err := endFollows(what, had.Ended, z.Ended, old.Issued); err != nil {
			return err
		}
		for _, a := range had.Authorities {
			if err := authorityFollows(what, a, z.Authorities, old.Issued); err != nil {
				return err
			}
		}
	}
	return nil
}
