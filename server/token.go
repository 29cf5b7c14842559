package server

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"lienthong/exchange"
	"lienthong/internal/wire"
)

// authorizationHeader carries a token: "Bearer SECRET".
const authorizationHeader = "authorization"

// bearer finds the token that a call carries. What is there and no token is refused, and
// not passed over: the caller meant to be somebody. Nothing of it is quoted, since it may
// be a secret with a slip of the pen.
func bearer(ctx context.Context) (secret string, given bool, err error) {
	md, _ := metadata.FromIncomingContext(ctx)
	values := md.Get(authorizationHeader)
	if len(values) == 0 {
		return "", false, nil
	}
	scheme, secret, ok := strings.Cut(values[0], " ")
	if len(values) > 1 || !ok || !strings.EqualFold(scheme, "bearer") || secret == "" {
		return "", true, unauthenticated(wire.ReasonBadAuthorization, `the call carries no token: want one header "authorization: Bearer SECRET"`)
	}
	if p, ok := peer.FromContext(ctx); !ok || p.AuthInfo == nil || p.AuthInfo.AuthType() != (credentials.TLSInfo{}).AuthType() {
		return "", true, unauthenticated(wire.ReasonBadAuthorization, "tokens are taken over TLS alone: this one has been seen by others, revoke it")
	}
	return secret, true, nil
}

// identifyToken is [Server.identify] for a caller who shows a token. A certificate that
// comes beside it is not looked at: a call has one identity.
func (s *Server) identifyToken(ctx context.Context, secret string) (caller, error) {
	principal, token, err := s.svc.Authenticate(ctx, secret)
	who := caller{}
	if principal.ID != "" {
		who = caller{principal: &principal, token: &token}
	}
	var refused *exchange.Error
	if errors.As(err, &refused) {
		return who, unauthenticated(refused.Reason, refused.Text)
	}
	return who, err
}

func unauthenticated(reason, text string) error {
	return wire.NewStatus(codes.Unauthenticated, reason, text).Err()
}
