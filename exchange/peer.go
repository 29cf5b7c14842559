package exchange

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"lienthong/envelope"
)

// A Prober is a [Dialer] that can ask a peer who it is without a link: it dials each
// address, shakes hands, and exchanges Hello. ErrUnreachable of an address says that
// nobody answers there, other errors what was wrong with the answer.
type Prober interface {
	Probe(ctx context.Context, peer envelope.Node, address string, hello Hello) (Hello, error)
}

// A Neighbour is a node that this one has a link with when all is well.
type Neighbour struct {
	Node    envelope.Node
	Dialled bool // this node dials it
	Up      bool
	Waiting int // outbox rows
}

// A PeerFinding is one thing that was looked at.
type PeerFinding struct {
	Check string // stable: directory, dial, identity, version, features, clock, epochs, link
	OK    bool
	Text  string
}

// Neighbours lists them by id.
func (r *Relay) Neighbours(ctx context.Context) ([]Neighbour, error) {
	waiting, err := r.cfg.Store.OutboxPeers(ctx)
	if err != nil {
		return nil, err
	}
	dir, connected := r.Directory(), r.Connected()
	dials := dir.Dials(r.cfg.ID)
	var out []Neighbour
	for _, id := range dir.Neighbours(r.cfg.ID) {
		node, _ := dir.Node(id)
		out = append(out, Neighbour{Node: node, Dialled: contains(dials, id), Up: contains(connected, id), Waiting: waiting[id]})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Node.ID < out[j].Node.ID })
	return out, nil
}

// Hello is what this node says of itself at the beginning of a link.
func (n *Node) Hello() Hello {
	return Hello{Node: n.cfg.ID, Incarnation: n.incarnation, ProtocolMin: ProtocolMin, ProtocolMax: ProtocolMax, Features: features(),
		Epochs: n.Directory().Epochs(), Clock: n.now(), Restored: n.restored.Until}
}

// CheckPeer looks at everything between this node and a neighbour that a link needs.
func (r *Relay) CheckPeer(ctx context.Context, peer string) (Neighbour, []PeerFinding, error) {
	all, err := r.Neighbours(ctx)
	if err != nil {
		return Neighbour{}, nil, err
	}
	for _, n := range all {
		if n.Node.ID == peer {
			return n, r.check(ctx, n), nil
		}
	}
	if _, ok := r.Directory().Node(peer); ok {
		return Neighbour{}, nil, fail(NotFound, "NO_NEIGHBOUR", "node %.80q is in the directory, and no neighbour of this node: letters go to it by another", peer)
	}
	return Neighbour{}, nil, fail(NotFound, "UNKNOWN_NODE", "node %.80q is not in the directory (%s)", peer, r.Directory().version())
}

func (r *Relay) check(ctx context.Context, n Neighbour) []PeerFinding {
	var out []PeerFinding
	add := func(check string, ok bool, format string, args ...any) {
		out = append(out, PeerFinding{check, ok, fmt.Sprintf(format, args...)})
	}
	now := r.now()
	good := len(r.Directory().signers(n.Node.ID, now, now))
	add("directory", good > 0, "%d certificates are valid now, %d addresses", good, len(n.Node.Addresses))
	if n.Up {
		add("link", true, "the link is up, %d letters wait for the peer", n.Waiting)
	} else if n.Dialled {
		add("link", false, "there is no link, %d letters wait for the peer: see below why", n.Waiting)
	} else {
		add("link", false, "there is no link, %d letters wait for the peer: it is the peer that dials, look there", n.Waiting)
	}
	prober, ok := r.prober.Load().(Prober)
	if !ok || !n.Dialled && len(n.Node.Addresses) == 0 {
		add("dial", n.Up, "this node does not dial the peer: ask there, lienthong peer check %s", r.cfg.ID)
		return out
	}
	hello, ok := r.probe(ctx, prober, n, add)
	if ok {
		r.compare(n.Node.ID, hello, add)
	}
	return out
}

// probe tries every address, so that one which is wrong is named although another answers.
func (r *Relay) probe(ctx context.Context, prober Prober, n Neighbour, add func(string, bool, string, ...any)) (Hello, bool) {
	var got Hello
	answered := false
	for _, address := range n.Node.Addresses {
		hello, err := prober.Probe(ctx, n.Node, address, r.Hello())
		var answer *Error
		switch {
		case err == nil:
			add("dial", true, "%s answers, with the certificate that the directory names", address)
			got, answered = hello, true
		case errors.As(err, &answer):
			add("identity", false, "%s answers, and does not know this node: %s; give it a directory that names this node's certificate", address, answer.Text)
		default:
			add("dial", false, "%s: %v; is it running, is the address right, does a firewall stand between", address, err)
		}
	}
	if len(n.Node.Addresses) == 0 {
		add("dial", false, "the directory names no address of the peer: its authority adds one")
	}
	return got, answered
}

// compare holds what the peer says of itself against what is so here.
func (r *Relay) compare(peer string, hello Hello, add func(string, bool, string, ...any)) {
	add("identity", hello.Node == peer, "it says that it is node %q", hello.Node)
	speaks := hello.ProtocolMin <= ProtocolMax && hello.ProtocolMax >= ProtocolMin
	add("version", speaks, "it speaks protocol %d to %d, this node %d to %d", hello.ProtocolMin, hello.ProtocolMax, ProtocolMin, ProtocolMax)
	missing := !contains(hello.Features, FeatureZones)
	add("features", true, "it has [%s]%s", strings.Join(hello.Features, " "), map[bool]string{true: ": its directory must be carried by hand"}[missing])
	skew := hello.Clock - r.now()
	add("clock", skew <= maxSkew && skew >= -maxSkew, "its clock differs by %.1f s (up to %d s is good): keep both by NTP", float64(skew)/1e6, maxSkew/1_000_000)
	r.compareEpochs(hello.Epochs, add)
}

func (r *Relay) compareEpochs(theirs []Epoch, add func(string, bool, string, ...any)) {
	dir := r.Directory()
	for _, e := range dir.Epochs() {
		what, t := "the list of zones", Epoch{}
		if e.Zone != "" {
			what = fmt.Sprintf("zone %q", e.Zone)
		}
		for _, x := range theirs {
			if x.Zone == e.Zone {
				t = x
			}
		}
		switch {
		case t.Epoch == e.Epoch && !t.State.IsZero() && t.State != e.State:
			add("epochs", false, "%s: both have epoch %d, and it says something else at each: its authority has signed two", what, e.Epoch)
		case t.Epoch != e.Epoch:
			add("epochs", false, "%s: epoch %d here, %d there: the link evens that out, or carry it by hand (agency export, import)", what, e.Epoch, t.Epoch)
		default:
			add("epochs", true, "%s: epoch %d at both", what, e.Epoch)
		}
	}
	if dir.behind(theirs) && len(dir.Epochs()) == 0 {
		add("epochs", false, "this node has no directory")
	}
}
