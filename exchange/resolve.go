package exchange

import (
	"context"
	"fmt"

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
	Result    string // ResolvedOK and so on
	Successor string // agency id, where the agency ended
	NextHop   string // node id; this node's own where the agency is at home here
}

const maxResolve = 10_000

// Resolve tells for each id or code whether and how it is reached.
func (s *Service) Resolve(ctx context.Context, asked []string) ([]Resolution, error) {
	if len(asked) > maxResolve {
		return nil, &Error{Code: Invalid, Reason: "TOO_MANY", Text: "too many codes at once", Fields: []Field{{"codes", "TOO_MANY", fmt.Sprintf("has %d, at most %d", len(asked), maxResolve)}}}
	}
	out := make([]Resolution, len(asked))
	for i, code := range asked {
		out[i] = s.resolve(code)
	}
	return out, nil
}

func (n *Node) resolve(code string) Resolution {
	dir := n.Directory()
	out := Resolution{Code: code}
	a, ok := dir.Agency(code)
	if !ok {
		out.Result = ResolvedUnknown
		return out
	}
	out.Agency, out.Result = a, ResolvedOK
	if a.Ended != 0 && a.Ended <= n.now() {
		out.Result, out.Successor = ResolvedEnded, a.Successor
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
		return ReasonEndedRecipient
	case ResolvedNoRoute:
		return ReasonNoRoute
	}
	return ReasonUnknownRecipient
}

func (r Resolution) text() string {
	switch r.Result {
	case ResolvedEnded:
		return fmt.Sprintf("%.80q ended at %s; its successor is %q", r.Code, timeText(r.Agency.Ended), r.Successor)
	case ResolvedNoRoute:
		return fmt.Sprintf("%.80q: no route: no node serves it that this node can reach (home node %q)", r.Code, r.Agency.HomeNode)
	}
	return fmt.Sprintf("%.80q is not in the directory", r.Code)
}
