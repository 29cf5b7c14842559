package exchange

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
)

// A Token is a secret by which a principal is known instead of by a client certificate,
// for programs that cannot hold one. It gives no more than it names, and no more than
// its principal has at the time of the call: disabling the principal, or taking a role
// from it, holds for its tokens from the next call on.
//
// The store keeps SHA-256 of the secret, which is 256 random bits: there is no
// dictionary to try, so nothing slower or salted would add anything but load, and a
// copy of the store opens nothing.
type Token struct {
	ID        envelope.ID
	Hash      envelope.Digest
	Principal string // id
	Name      string // for people
	Grants    []Grant
	Methods   []string // "Service/Method" or "Service/*"; empty: all that the roles allow
	Created   int64
	Expires   int64
	Revoked   int64 // 0: it is not
	LastUsed  int64 // to the minute; 0: never
}

// tokenPrefix makes a secret recognisable to tools that look for secrets in the wrong places.
const tokenPrefix = "lienthong_"

const (
	tokenBytes = 32
	// maxTokenLife bounds how long a token may be good for.
	maxTokenLife = 366 * 24 * time.Hour
	// maxTokenMethods bounds the methods that a token names.
	maxTokenMethods = 64
	// tokenUseEvery is how often the use of a token is written down, in microseconds.
	tokenUseEvery = 60_000_000
)

// Reasons of what concerns tokens.
const (
	ReasonUnknownToken = "UNKNOWN_TOKEN"
	ReasonExpiredToken = "EXPIRED_TOKEN"
	ReasonRevokedToken = "REVOKED_TOKEN"
	ReasonDisabled     = "DISABLED"
)

// A TokenRequest asks for a token.
type TokenRequest struct {
	Principal string
	Name      string
	Grants    []Grant // by agency id
	Methods   []string
	Expires   int64
}

// CreateToken makes a token and gives its secret, this one time. The journal names
// the token by its id.
func (s *Service) CreateToken(ctx context.Context, actor journal.Actor, req TokenRequest) (token Token, secret string, err error) {
	err = s.decide(ctx, func() (err error) {
		token, secret, err = s.createToken(ctx, actor, req)
		return err
	})
	return token, secret, storeError(err)
}

func (s *Service) createToken(ctx context.Context, actor journal.Actor, req TokenRequest) (Token, string, error) {
	p, err := s.cfg.Store.PrincipalByID(ctx, req.Principal)
	if errors.Is(err, ErrNotFound) {
		return Token{}, "", fail(NotFound, "NOT_FOUND", "there is no user %.80q", req.Principal)
	}
	if err != nil {
		return Token{}, "", err
	}
	if bad := s.checkToken(p, req); len(bad) > 0 {
		return Token{}, "", &Error{Code: Invalid, Reason: "INVALID_TOKEN", Text: "the token was not made", Fields: bad}
	}
	id, err := s.newID()
	if err != nil {
		return Token{}, "", err
	}
	var random [tokenBytes]byte
	_, _ = rand.Read(random[:]) // never fails
	secret := tokenPrefix + base64.RawURLEncoding.EncodeToString(random[:])
	token := Token{ID: id, Hash: sha256.Sum256([]byte(secret)), Principal: p.ID, Name: req.Name, Grants: req.Grants, Methods: req.Methods,
		Created: s.now(), Expires: req.Expires}
	d := s.draft(actor)
	d.change.Unchanged = []PrincipalAt{{p.ID, p.Revision}}
	d.change.Tokens = []Token{token}
	d.entry("", "token.create", id.String(), fmt.Sprintf("principal=%s expires=%s methods=%d roles=%s", p.ID, timeText(req.Expires), len(req.Methods), grantsText(req.Grants)))
	if _, err := s.commit(ctx, d.change); err != nil {
		return Token{}, "", err
	}
	return token, secret, nil
}

func (s *Service) checkToken(p Principal, req TokenRequest) (bad []Field) {
	if p.Disabled {
		bad = append(bad, Field{"user", ReasonDisabled, fmt.Sprintf("%q is disabled", p.ID)})
	}
	if req.Name == "" || len(req.Name) > envelope.MaxID || !plainText(req.Name) {
		bad = append(bad, Field{"name", "REQUIRED", fmt.Sprintf("is %.50q, want 1 to %d bytes of text that say what it is for", req.Name, envelope.MaxID)})
	}
	if life := time.Duration(req.Expires-s.now()) * time.Microsecond; life <= 0 || life > maxTokenLife {
		bad = append(bad, Field{"expires_at", "OUT_OF_RANGE", fmt.Sprintf("is %s, want a time in the next %d days", timeText(req.Expires), maxTokenLife/(24*time.Hour))})
	}
	if len(req.Grants) == 0 {
		bad = append(bad, Field{"grants", "REQUIRED", "are none, want the roles that the token is to have"})
	}
	for i, g := range req.Grants {
		if !slices.Contains(p.Grants, g) {
			bad = append(bad, Field{fmt.Sprintf("grants[%d]", i), "NOT_HELD", fmt.Sprintf("user %q has no role %q for agency %.80q: a token has no more than its user", p.ID, g.Role, g.Agency)})
		}
	}
	if len(req.Methods) > maxTokenMethods {
		bad = append(bad, Field{"methods", "TOO_MANY", fmt.Sprintf("are %d, at most %d", len(req.Methods), maxTokenMethods)})
	}
	return bad
}

// RevokeToken ends a token, from the next call on. Repeats change nothing.
func (s *Service) RevokeToken(ctx context.Context, actor journal.Actor, id envelope.ID, reason string) (Token, error) {
	token, err := s.cfg.Store.TokenByID(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return token, fail(NotFound, "NOT_FOUND", "there is no token %s", id)
	}
	if err != nil || token.Revoked != 0 {
		return token, err
	}
	if len(reason) > envelope.MaxID || !plainText(reason) {
		return token, &Error{Code: Invalid, Reason: "INVALID_REASON", Text: "the token was not revoked",
			Fields: []Field{{"reason", "TOO_LONG", fmt.Sprintf("has %d bytes, at most %d of plain text", len(reason), envelope.MaxID)}}}
	}
	token.Revoked = s.now()
	d := s.draft(actor)
	d.change.Tokens = []Token{token}
	d.entry("", "token.revoke", id.String(), "principal="+token.Principal)
	if reason != "" { // a person's words are for the log; the journal holds none
		s.cfg.Log.Info("token revoked", "token", id.String(), "by", actor.Principal, "reason", reason)
	}
	_, err = s.commit(ctx, d.change)
	return token, storeError(err)
}

// Tokens lists tokens, newest first.
func (s *Service) Tokens(ctx context.Context, after envelope.ID, limit int) ([]Token, error) {
	return s.cfg.Store.Tokens(ctx, after, page(limit))
}

// Authenticate finds whose secret this is. The principal that it gives has the token's
// roles alone, as far as it has them itself. Where the secret is right and yet opens
// nothing (expired, revoked, its user disabled) both are given beside the error, for
// whoever writes down who was refused.
func (s *Service) Authenticate(ctx context.Context, secret string) (Principal, Token, error) {
	unknown := fail(Denied, ReasonUnknownToken, "the token is not known here")
	if !strings.HasPrefix(secret, tokenPrefix) || len(secret) != len(tokenPrefix)+base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return Principal{}, Token{}, unknown
	}
	// The index is searched for a hash: what its time may tell is of the hash, from which
	// no secret can be made.
	hash := envelope.Digest(sha256.Sum256([]byte(secret)))
	token, err := s.cfg.Store.TokenByHash(ctx, hash)
	switch {
	case errors.Is(err, ErrNotFound):
		return Principal{}, Token{}, unknown
	case err != nil:
		return Principal{}, Token{}, err
	case subtle.ConstantTimeCompare(token.Hash[:], hash[:]) != 1:
		return Principal{}, Token{}, unknown
	}
	p, err := s.cfg.Store.PrincipalByID(ctx, token.Principal)
	if err != nil {
		return Principal{}, Token{}, fmt.Errorf("exchange: user %q of token %s: %w", token.Principal, token.ID, err)
	}
	now := s.now()
	switch {
	case token.Revoked != 0:
		return p, token, fail(Denied, ReasonRevokedToken, "token %s was revoked at %s", token.ID, timeText(token.Revoked))
	case now >= token.Expires:
		return p, token, fail(Denied, ReasonExpiredToken, "token %s expired at %s", token.ID, timeText(token.Expires))
	case p.Disabled:
		return p, token, fail(Denied, ReasonDisabled, "user %q is disabled", p.ID)
	}
	if now-token.LastUsed >= tokenUseEvery {
		if err := s.cfg.Store.TokenUsed(ctx, token.ID, now); err != nil { // no reason to refuse the call
			s.cfg.Log.Warn("use of a token was not noted", "token", token.ID.String(), "error", err)
		}
	}
	held := p.Grants
	p.Grants = nil
	for _, g := range token.Grants {
		if slices.Contains(held, g) {
			p.Grants = append(p.Grants, g)
		}
	}
	return p, token, nil
}

// Permits reports whether the token's list of methods has one, given as
// "/package.Service/Method".
func (t *Token) Permits(method string) bool {
	if len(t.Methods) == 0 {
		return true
	}
	service, name, _ := strings.Cut(method[strings.LastIndexByte(method, '.')+1:], "/")
	return slices.Contains(t.Methods, service+"/"+name) || slices.Contains(t.Methods, service+"/*")
}
