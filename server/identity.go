package server

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	"lienthong/journal"
)

// A caller is who the other end of a connection has proved to be: a principal of
// this node, or a peer node.
type caller struct {
	principal *exchange.Principal // nil for a peer node
	node      string              // id of the peer node; empty for a principal
	token     *exchange.Token     // by which the principal is known; nil: by its certificate
}

// name is for the log.
func (c caller) name() string {
	switch {
	case c.principal != nil:
		return c.principal.ID
	case c.node != "":
		return "node:" + c.node
	}
	return ""
}

// actor is the one place where an act gets its actor. Staff is what the caller
// asserts: the journal holds it beside the principal, not instead.
func (c caller) actor(staff envelope.Staff) journal.Actor {
	a := journal.Actor{Node: c.node, Staff: staff.ID}
	if c.principal != nil {
		a.Principal = c.principal.ID
	}
	if c.token != nil {
		a.Token = c.token.ID.String()
	}
	return a
}

// callerOf is the caller of a call that the interceptor has let in.
func callerOf(ctx context.Context) caller {
	if c := callOf(ctx); c != nil {
		return c.caller
	}
	return caller{}
}

// identify finds out who calls: by the token that the call carries, else by the public
// key of the client certificate. The answers say what to do, since they are the first
// thing that a new client sees. A caller that is known and yet not let in is given
// beside the error, for whoever writes down who was refused.
func (s *Server) identify(ctx context.Context) (caller, error) {
	cert := clientCertificate(ctx)
	secret, given, err := bearer(ctx)
	switch {
	case err != nil:
		return caller{}, err
	case given:
		return s.identifyToken(ctx, secret)
	case cert == nil:
		return caller{}, wire.NewStatus(codes.Unauthenticated, wire.ReasonNoCertificate,
			"no client certificate and no token: connect with one that this node knows").Err()
	}
	return s.identifyCertificate(ctx, cert)
}

func (s *Server) identifyCertificate(ctx context.Context, cert *x509.Certificate) (caller, error) {
	now := s.now()
	if now.After(cert.NotAfter) || now.Before(cert.NotBefore) {
		return caller{}, wire.NewStatus(codes.Unauthenticated, wire.ReasonExpiredCertificate,
			fmt.Sprintf("client certificate of %q is valid from %s to %s, now it is %s", cert.Subject.CommonName,
				cert.NotBefore.UTC().Format(time.RFC3339), cert.NotAfter.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))).Err()
	}
	key := envelope.Digest(sha256.Sum256(cert.RawSubjectPublicKeyInfo))
	principal, err := s.svc.Principal(ctx, key)
	switch {
	case err == nil && principal.Disabled:
		return caller{principal: &principal}, wire.NewStatus(codes.Unauthenticated, wire.ReasonDisabled,
			fmt.Sprintf("principal %q is disabled", principal.ID)).Err()
	case err == nil:
		return caller{principal: &principal}, nil
	case !notFound(err):
		return caller{}, err
	}
	if node, ok := s.svc.Directory().NodeOfKey(cert, now); ok && node.ID != s.svc.ID() {
		return caller{node: node.ID}, nil
	}
	return caller{}, wire.NewStatus(codes.Unauthenticated, wire.ReasonUnknownCertificate,
		fmt.Sprintf("client certificate of %q is not known here: an administrator of this node adds its key %s", cert.Subject.CommonName, key)).Err()
}

func clientCertificate(ctx context.Context) *x509.Certificate {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.PeerCertificates) == 0 {
		return nil
	}
	return info.State.PeerCertificates[0]
}

func notFound(err error) bool {
	var e *exchange.Error
	return errors.Is(err, exchange.ErrNotFound) || errors.As(err, &e) && e.Code == exchange.NotFound
}

// checkToken holds a caller who is known by a token to what tokens may do, and to the
// methods that this one names.
func (c caller) checkToken(r rule, method string) error {
	switch {
	case c.token == nil:
		return nil
	case r.certificate:
		return forbidden("%s takes no token: connect with the client certificate of the user", method)
	case !c.token.Permits(method):
		return forbidden("token %s is not for %s", c.token.ID, method)
	}
	return nil
}

// permit says whether a caller may make a request by a rule. Request is nil while
// a stream has not sent its first message: then it is enough to hold one of the
// roles for any agency, and the message is judged when it comes.
//
// It gives the agency that the request names, by id.
func (s *Server) permit(c caller, r rule, request any) (agency string, err error) {
	if !r.authenticated && c.node == "" {
		if agency, err = s.agencyOf(request); err != nil {
			return "", err
		}
	}
	return agency, s.permitFor(c, r, agency, namesAgency(request))
}

// permitFor is permit for an agency (id) that is known; named is whether the request is
// about one.
func (s *Server) permitFor(c caller, r rule, agency string, named bool) error {
	if r.authenticated {
		return nil
	}
	if c.node != "" {
		if has(r.roles, exchange.RoleLiaison) {
			return nil
		}
		return forbidden("node %q is no client: its certificate is for the link between nodes", c.node)
	}
	for _, role := range r.roles {
		if holds(c.principal, role, agency, named) {
			return nil
		}
	}
	if agency != "" {
		return forbidden("principal %q has none of the roles %v for agency %q", c.principal.ID, r.roles, agency)
	}
	return forbidden("principal %q has none of the roles %v", c.principal.ID, r.roles)
}

// holds reports whether a principal has a role: for the node, for the agency that the
// request is about, or for any agency where it names none.
func holds(p *exchange.Principal, role exchange.Role, agency string, named bool) bool {
	if role == exchange.RoleAdmin || role == exchange.RoleAuditor {
		return p.May(role, "")
	}
	if named {
		return p.May(role, agency)
	}
	for _, g := range p.Grants {
		if g.Role == role && g.Agency != "" && p.May(role, g.Agency) {
			return true
		}
	}
	return false
}

// agencyOf resolves the agency that a request names to its id.
func (s *Server) agencyOf(request any) (string, error) {
	if !namesAgency(request) {
		return "", nil
	}
	named := namedAgency(request)
	if named == "" {
		return "", (&exchange.Error{Code: exchange.Invalid, Reason: wire.ReasonMissingField, Text: "the request names no agency",
			Fields: []exchange.Field{{Path: agencyField(request), Reason: wire.ReasonMissingField, Text: "want the id or code of an agency, or a name like agencies/{agency}/…"}}})
	}
	agency, ok := s.svc.Directory().Agency(named)
	if !ok {
		return "", &exchange.Error{Code: exchange.NotFound, Reason: "UNKNOWN_AGENCY", Text: fmt.Sprintf("agency %q is not in the directory", named)}
	}
	return agency.ID, nil
}

func forbidden(format string, args ...any) error {
	return wire.NewStatus(codes.PermissionDenied, wire.ReasonForbidden, fmt.Sprintf(format, args...)).Err()
}

func has(roles []exchange.Role, role exchange.Role) bool {
	for _, r := range roles {
		if r == role {
			return true
		}
	}
	return false
}
