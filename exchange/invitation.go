package exchange

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
)

// invitationPrefix begins the secret of an invitation, as tokenPrefix that of a token.
const invitationPrefix = "lienthong_join_"

const (
	// maxInvitationLife bounds how long a node may take to ask.
	maxInvitationLife = 30 * 24 * time.Hour
	maxJoinAddresses  = 8
	maxJoinRequest    = 8 << 10 // bytes of a request or a certificate of P-256
)

// Reasons of what concerns nodes that join.
const (
	ReasonUnknownInvitation = "UNKNOWN_INVITATION"
	ReasonExpiredInvitation = "EXPIRED_INVITATION"
	ReasonUsedInvitation    = "USED_INVITATION"
	ReasonRefusedInvitation = "REFUSED_INVITATION"
	ReasonWrongNode         = "WRONG_NODE"
	ReasonNoPossession      = "NO_POSSESSION"
)

// Invite makes an invitation for a node that is to join below this one, and gives its
// secret, this one time. The store keeps SHA-256 of it; the journal names it by id.
func (s *Service) Invite(ctx context.Context, actor journal.Actor, node string, expires int64) (Invitation, string, error) {
	var bad []Field
	if err := checkNodeID(node); err != nil {
		bad = append(bad, Field{"node", "INVALID", err.Error()})
	} else if have, ok := s.Directory().Node(node); ok {
		bad = append(bad, Field{"node", "EXISTS", fmt.Sprintf("%q is in the directory already (%.80q): a new key for it is the authority's to put there", node, have.Name)})
	}
	if life := time.Duration(expires-s.now()) * time.Microsecond; life <= 0 || life > maxInvitationLife {
		bad = append(bad, Field{"expires_at", "OUT_OF_RANGE", fmt.Sprintf("is %s, want a time in the next %d days", timeText(expires), maxInvitationLife/(24*time.Hour))})
	}
	if len(bad) > 0 {
		return Invitation{}, "", &Error{Code: Invalid, Reason: "INVALID_INVITATION", Text: "nobody was invited", Fields: bad}
	}
	id, err := s.newID()
	if err != nil {
		return Invitation{}, "", err
	}
	var random [tokenBytes]byte
	_, _ = rand.Read(random[:]) // never fails
	secret := invitationPrefix + base64.RawURLEncoding.EncodeToString(random[:])
	v := Invitation{ID: id, Hash: sha256.Sum256([]byte(secret)), Node: node, State: InvitationOpen, Created: s.now(), Expires: expires}
	if err := s.putInvitation(ctx, actor, v, "node.invite", "expires="+timeText(expires)); err != nil {
		return Invitation{}, "", err
	}
	return v, secret, nil
}

// checkNodeID holds the id of a new node to what file names and command lines bear.
func checkNodeID(id string) error {
	ok := id != "" && len(id) <= 63
	for _, r := range id {
		ok = ok && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
	}
	if !ok || id[0] == '-' || id[0] == '.' {
		return fmt.Errorf("is %.80q, want 1 to 63 of a-z, 0-9, '-', '.', '_', beginning with a letter or digit", id)
	}
	return nil
}

// putInvitation commits one step, with its entry.
func (s *Service) putInvitation(ctx context.Context, actor journal.Actor, v Invitation, action, detail string) error {
	d := s.draft(actor)
	d.change.Invitations = []Invitation{v}
	d.entry("", action, v.ID.String(), strings.TrimSpace("node="+v.Node+" "+detail))
	_, err := s.commit(ctx, d.change)
	if errors.Is(err, ErrStale) {
		return fail(Precondition, "CHANGED", "the invitation changed meanwhile: look again")
	}
	return storeError(err)
}

// Invitations lists invitations, newest first.
func (s *Service) Invitations(ctx context.Context, after envelope.ID, limit int) ([]Invitation, error) {
	return s.cfg.Store.Invitations(ctx, after, page(limit))
}

// Authorities are the certificates that sign the directory by this node's configuration.
func (s *Service) Authorities() []*x509.Certificate { return slices.Clone(s.cfg.Authorities) }

// A JoinRequest is what a new node says of itself.
type JoinRequest struct {
	Node        string
	Name        string
	Addresses   []string // none: it cannot be dialled, and dials its parent
	Request     []byte   // PKCS #10 (DER), signed with its key, P-256, for CommonName = Node
	Certificate []byte   // DER, self-signed with the same key
	Shown       []byte   // SubjectPublicKeyInfo of the certificate by which the caller came over TLS
}

// Join takes the request of a node that has the secret of an invitation, or answers how far
// one is that was taken before. The secret is good for one key: whoever repeats the call
// with another is refused, and so is whoever repeats it without holding that key.
func (s *Service) Join(ctx context.Context, secret string, req JoinRequest) (Invitation, error) {
	v, err := s.invited(ctx, secret)
	if err != nil {
		return Invitation{}, err
	}
	if v.Node != req.Node {
		return Invitation{}, fail(Denied, ReasonWrongNode, "the invitation is for another node than %.80q", req.Node)
	}
	if v.State == InvitationOpen && s.now() >= v.Expires {
		return Invitation{}, fail(Denied, ReasonExpiredInvitation, "the invitation expired at %s: ask the parent for another", timeText(v.Expires))
	}
	csr, bad := req.check()
	if len(bad) > 0 {
		return Invitation{}, &Error{Code: Invalid, Reason: "INVALID_REQUEST", Text: "the request to join was not taken", Fields: bad}
	}
	if subtle.ConstantTimeCompare(csr.RawSubjectPublicKeyInfo, req.Shown) != 1 {
		return Invitation{}, fail(Denied, ReasonNoPossession, "the connection was not made with the key of the request")
	}
	switch v.State {
	case InvitationOpen:
		v.State, v.Name, v.Addresses, v.Request, v.Certificate = InvitationRequested, req.Name, req.Addresses, req.Request, req.Certificate
		key := envelope.Digest(sha256.Sum256(csr.RawSubjectPublicKeyInfo))
		return v, s.putInvitation(ctx, journal.Actor{Node: v.Node}, v, "node.join", "key="+key.String())
	case InvitationRefused:
		return Invitation{}, fail(Denied, ReasonRefusedInvitation, "the request was refused at %s: ask the parent why", timeText(v.Decided))
	}
	if had, err := x509.ParseCertificateRequest(v.Request); err != nil || !slices.Equal(had.RawSubjectPublicKeyInfo, csr.RawSubjectPublicKeyInfo) {
		return Invitation{}, fail(Denied, ReasonUsedInvitation, "the invitation was used with another key: if that was not this node, refuse the request at the parent and ask for another")
	}
	return v, nil
}

// invited finds the invitation that has a secret.
func (s *Service) invited(ctx context.Context, secret string) (Invitation, error) {
	unknown := fail(NotFound, ReasonUnknownInvitation, "the invitation is not known here: is this the node that gave it?")
	if !strings.HasPrefix(secret, invitationPrefix) || len(secret) != len(invitationPrefix)+base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return Invitation{}, unknown
	}
	v, err := s.cfg.Store.InvitationByHash(ctx, sha256.Sum256([]byte(secret)))
	if errors.Is(err, ErrNotFound) {
		return Invitation{}, unknown
	}
	return v, storeError(err)
}

// check reads the request; what the node proves is that it holds the key.
func (r *JoinRequest) check() (csr *x509.CertificateRequest, bad []Field) {
	csr, err := x509.ParseCertificateRequest(r.Request)
	switch {
	case len(r.Request) > maxJoinRequest || err != nil:
		return nil, []Field{{"request", "INVALID", fmt.Sprintf("of %d bytes is no PKCS #10 request of at most %d", len(r.Request), maxJoinRequest)}}
	case csr.CheckSignature() != nil:
		bad = append(bad, Field{"request", "BAD_SIGNATURE", "is not signed with its own key"})
	case !isP256(csr.PublicKey):
		bad = append(bad, Field{"request", "WRONG_KEY", "has a key that is not ECDSA P-256"})
	case csr.Subject.CommonName != r.Node:
		bad = append(bad, Field{"request", ReasonWrongNode, fmt.Sprintf("is for %.80q, want %.80q", csr.Subject.CommonName, r.Node)})
	}
	cert, err := x509.ParseCertificate(r.Certificate)
	if len(r.Certificate) > maxJoinRequest || err != nil || !slices.Equal(cert.RawSubjectPublicKeyInfo, csr.RawSubjectPublicKeyInfo) ||
		cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) != nil {
		bad = append(bad, Field{"certificate", "INVALID", "is no self-signed certificate of the key of the request"})
	}
	if r.Name == "" || len(r.Name) > envelope.MaxID || !plainText(r.Name) {
		bad = append(bad, Field{"name", "REQUIRED", fmt.Sprintf("is %.50q, want 1 to %d bytes of text", r.Name, envelope.MaxID)})
	}
	if len(r.Addresses) > maxJoinAddresses {
		bad = append(bad, Field{"addresses", "TOO_MANY", fmt.Sprintf("are %d, at most %d", len(r.Addresses), maxJoinAddresses)})
	}
	for i, address := range r.Addresses {
		if _, port, err := net.SplitHostPort(address); err != nil || port == "" || len(address) > envelope.MaxID || !plainText(address) {
			bad = append(bad, Field{fmt.Sprintf("addresses[%d]", i), "INVALID", fmt.Sprintf("is %.80q, want host:port", address)})
		}
	}
	return csr, bad
}

func isP256(key any) bool {
	public, ok := key.(*ecdsa.PublicKey)
	return ok && public.Curve == elliptic.P256()
}

// DecideJoin ends a request: it is refused, or approved once the directory here binds a
// certificate of its key to the node. The authority of the zone has signed that before; a
// node alone lets nobody in. Repeats of the same decision change nothing.
func (s *Service) DecideJoin(ctx context.Context, actor journal.Actor, id envelope.ID, approve bool) (Invitation, error) {
	v, err := s.cfg.Store.InvitationByID(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return v, fail(NotFound, "NOT_FOUND", "there is no request %s", id)
	}
	want := map[bool]InvitationState{true: InvitationApproved, false: InvitationRefused}[approve]
	switch {
	case err != nil || v.State == want:
		return v, err
	case v.State == InvitationApproved || v.State == InvitationRefused:
		return v, fail(Precondition, "DECIDED", "the request was decided at %s", timeText(v.Decided))
	case approve && v.State == InvitationOpen:
		return v, fail(Precondition, "NOT_REQUESTED", "node %q has not asked yet", v.Node)
	}
	detail := ""
	if approve {
		if v.Certificate, err = s.boundTo(v); err != nil {
			return v, err
		}
		detail = "certificate=" + envelope.Digest(sha256.Sum256(v.Certificate)).String()
	}
	v.State, v.Decided = want, s.now()
	return v, s.putInvitation(ctx, actor, v, map[bool]string{true: "node.approve", false: "node.refuse"}[approve], detail)
}

// boundTo is the certificate of the request's key that the directory binds to its node.
func (s *Service) boundTo(v Invitation) ([]byte, error) {
	csr, err := x509.ParseCertificateRequest(v.Request)
	if err != nil {
		return nil, fmt.Errorf("exchange: invitation %s: %w", v.ID, err)
	}
	dir := s.Directory()
	node, _ := dir.Node(v.Node)
	for _, c := range node.Certificates {
		cert, err := x509.ParseCertificate(c.Certificate)
		if err != nil || !slices.Equal(cert.RawSubjectPublicKeyInfo, csr.RawSubjectPublicKeyInfo) {
			continue
		}
		if of, ok := dir.NodeOfKey(cert, s.cfg.Now()); ok && of.ID == v.Node {
			return c.Certificate, nil
		}
	}
	return nil, fail(Precondition, "NOT_BOUND", "the directory here binds no certificate of that key to node %q: its authority signs that first", v.Node)
}
