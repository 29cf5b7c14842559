package exchange

// A Hop is where a letter goes next from one node.
type Hop struct {
	Here bool
	Peer string // empty if Here, or if there is no route
}

// None reports that there is no route.
func (h Hop) None() bool { return !h.Here && h.Peer == "" }

// Route tells where a node hands letters for an agency (id): it is the home node;
// the home node is a direct peer; a child's subtree holds it; else the parent. It
// looks at the directory only, never at the shape of a code.
func (d *Directory) Route(self, agency string) Hop {
	a, ok := d.agencies[agency]
	if !ok || a.HomeNode == "" {
		return Hop{}
	}
	if a.HomeNode == self {
		return Hop{Here: true}
	}
	return d.RouteTo(self, a.HomeNode)
}

// RouteTo is the next hop to another node.
func (d *Directory) RouteTo(self, node string) Hop {
	if to, ok := d.nodes[node]; ok && to.Ended == 0 && d.peers(self, node) {
		return Hop{Peer: node}
	}
	return d.alongTree(self, node)
}

// alongTree is the next hop to another node, by no short cut.
func (d *Directory) alongTree(self, node string) Hop {
	me, ok := d.nodes[self]
	if !ok || node == self {
		return Hop{}
	}
	to, ok := d.nodes[node]
	if !ok || to.Ended != 0 {
		return Hop{}
	}
	for at, depth := to, 0; depth < maxDepth && at.Parent != ""; depth++ {
		if at.Parent == self {
			return Hop{Peer: at.ID}
		}
		next, ok := d.nodes[at.Parent]
		if !ok {
			break
		}
		at = next
	}
	if _, ok := d.nodes[me.Parent]; ok && me.Parent != self {
		return Hop{Peer: me.Parent}
	}
	return Hop{}
}

// peers reports whether two nodes have a link: parent and child, or one dials the other.
func (d *Directory) peers(a, b string) bool {
	na, nb := d.nodes[a], d.nodes[b]
	if na == nil || nb == nil || a == b {
		return false
	}
	return na.Parent == b || nb.Parent == a || contains(na.Dials, b) || contains(nb.Dials, a)
}

// Dials lists the peers that a node dials: its parent, and those that the
// directory names.
func (d *Directory) Dials(self string) []string {
	me, ok := d.nodes[self]
	if !ok {
		return nil
	}
	var out []string
	for _, id := range append([]string{me.Parent}, me.Dials...) {
		if n, ok := d.nodes[id]; ok && id != self && n.Ended == 0 && !contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// Neighbours lists the nodes that self has a link with when all is well: those that it
// dials and those that dial it.
func (d *Directory) Neighbours(self string) []string {
	out := d.Dials(self)
	for id, n := range d.nodes {
		if n.Ended == 0 && (n.Parent == self || contains(n.Dials, self)) && id != self && !contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
