package exchange

import (
	"context"
	"fmt"
	"strings"

	"lienthong/envelope"
)

// Results of a [Resolution].
const (
	ResolvedOK      = "ok"
	ResolvedUnknown = "unknown"
	ResolvedEnded   = "ended"
	ResolvedNoRoute = "no_route"
)

// A Resolution tells how an agency is reached.
type Resolution struct {
	Code      string // as asked
	Agency    envelope.Agency
	Result    string             // ResolvedOK and so on
	Successor envelope.AgencyRef // where the agency ended and another took over
	Near      []Suggestion       // where the code is unknown: what may have been meant
	Hub       bool               // the code is that of a centre for interconnection
	NextHop   string             // node id; this node's own where the agency is at home here
	Group     string             // of which it is a member, where a group was asked for
}

const maxResolve = 10_000

// Resolve tells for each id or code whether and how it is reached.
func (s *Service) Resolve(ctx context.Context, asked []string) ([]Resolution, error) {
	if len(asked) > maxResolve {
		return nil, tooMany(len(asked))
	}
	out := make([]Resolution, len(asked))
	near := maxNear
	for i, code := range asked {
		out[i] = s.resolve(code, &near)
	}
	return out, nil
}

func tooMany(n int) error {
	return &Error{Code: Invalid, Reason: "TOO_MANY", Text: "too many codes at once", Fields: []Field{{"codes", "TOO_MANY", fmt.Sprintf("has %d, at most %d", n, maxResolve)}}}
}

// isHub reports whether a code is that of a centre for interconnection, in either form.
func isHub(code string) bool { return code == "W00" || strings.HasSuffix(code, ".W00") }

// closed reports whether an agency had ended when a letter was made for it. Letters that
// were on their way are delivered.
func (n *Node) closed(agency string, created int64) bool {
	a, ok := n.Directory().agencies[agency]
	return ok && a.Ended != 0 && a.Ended <= created
}

// last follows the successors of an agency that ended to one that has not; where the chain
// ends before, to its end.
func (d *Directory) last(a envelope.Agency) (envelope.Agency, bool) {
	found := false
	for range maxDepth {
		next, ok := d.agencies[a.Successor]
		if !ok {
			break
		}
		if a, found = *next, true; a.Ended == 0 {
			break
		}
	}
	return a, found
}

// resolve tells about one code. What may have been meant by an unknown one is looked up
// while near is above 0: it takes a look at every code.
func (n *Node) resolve(code string, near *int) Resolution {
	dir := n.Directory()
	out := Resolution{Code: code}
	a, ok := dir.Agency(code)
	if !ok {
		out.Result = ResolvedUnknown
		if near != nil && *near > 0 {
			out.Near, *near = dir.near(code, maxSuggestions), *near-1
		}
		return out
	}
	out.Agency, out.Result, out.Hub = a, ResolvedOK, isHub(CodeAt(a, n.cfg.Now()))
	if a.Ended != 0 && a.Ended <= n.now() {
		out.Result = ResolvedEnded
		if next, ok := dir.last(a); ok {
			out.Successor = Ref(next, n.cfg.Now())
		}
		return out
	}
	hop := dir.Route(n.cfg.ID, a.ID)
	switch {
	case hop.Here:
		out.NextHop = n.cfg.ID
	case hop.None():
		out.Result = ResolvedNoRoute
	default:
		out.NextHop = hop.Peer
	}
	return out
}

func (r Resolution) reason() string {
	switch r.Result {
	case ResolvedEnded:
		return ReasonRecipientClosed
	case ResolvedNoRoute:
		return ReasonNoRoute
	}
	return ReasonUnknownRecipient
}

func (r Resolution) text() string {
	switch r.Result {
	case ResolvedEnded:
		if r.Successor.ID == "" {
			return fmt.Sprintf("%.80q ended at %s, and no successor is named", r.Code, timeText(r.Agency.Ended))
		}
		return fmt.Sprintf("%.80q ended at %s; its successor is %q, id %q", r.Code, timeText(r.Agency.Ended), r.Successor.Code, r.Successor.ID)
	case ResolvedNoRoute:
		return fmt.Sprintf("%.80q: no route: no node serves it that this node can reach (home node %q)", r.Code, r.Agency.HomeNode)
	}
	if len(r.Near) > 0 {
		near := make([]string, len(r.Near))
		for i, s := range r.Near {
			near[i] = fmt.Sprintf("%s (%s)", s.Agency.Code, s.Name)
		}
		return fmt.Sprintf("%.80q is not in the directory; it has %s", r.Code, strings.Join(near, ", "))
	}
	return fmt.Sprintf("%.80q is not in the directory", r.Code)
}
