package server

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// identityService changes who may call this node.
type identityService struct {
	lienthongv1.UnimplementedIdentityServiceServer
	*Server
}

// ListUsers goes through the users by id. The page token is the last id.
func (i *identityService) ListUsers(ctx context.Context, m *lienthongv1.ListUsersRequest) (*lienthongv1.ListUsersResponse, error) {
	list, err := i.svc.Principals(ctx)
	if err != nil {
		return nil, err
	}
	after := strings.TrimPrefix(m.GetPageToken(), "u:")
	from, found := slices.BinarySearchFunc(list, after, func(p exchange.Principal, id string) int { return strings.Compare(p.ID, id) })
	if found {
		from++
	}
	to := min(from+pageSize(m.GetPageSize()), len(list))
	out := &lienthongv1.ListUsersResponse{}
	for _, p := range list[from:to] {
		out.Users = append(out.Users, userToProto(p))
	}
	if to < len(list) {
		out.NextPageToken = "u:" + list[to-1].ID
	}
	return out, nil
}

func (i *identityService) UpdateUser(ctx context.Context, m *lienthongv1.UpdateUserRequest) (*lienthongv1.UpdateUserResponse, error) {
	want := m.GetUser()
	grants, err := i.grants("user.grants", want.GetGrants())
	if err != nil {
		return nil, err
	}
	var keys []envelope.Digest
	for n, b := range want.GetKeys() {
		key, err := wire.DigestField(fmt.Sprintf("user.keys[%d]", n), b)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	set := map[lienthongv1.UserField]func(*exchange.Principal){
		lienthongv1.UserField_USER_FIELD_NAME:     func(p *exchange.Principal) { p.Name = want.GetName() },
		lienthongv1.UserField_USER_FIELD_KEYS:     func(p *exchange.Principal) { p.Keys = keys },
		lienthongv1.UserField_USER_FIELD_GRANTS:   func(p *exchange.Principal) { p.Grants = grants },
		lienthongv1.UserField_USER_FIELD_DISABLED: func(p *exchange.Principal) { p.Disabled = want.GetDisabled() },
	}
	for n, f := range m.GetFields() {
		if set[f] == nil {
			return nil, wire.BadField(fmt.Sprintf("fields[%d]", n), fmt.Errorf("%v is no field of a user", f))
		}
	}
	p, err := i.svc.ChangePrincipal(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), want.GetId(), m.GetAllowMissing(), func(p *exchange.Principal) error {
		for _, f := range m.GetFields() {
			set[f](p)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &lienthongv1.UpdateUserResponse{User: userToProto(p)}, nil
}

func (i *identityService) GrantRoles(ctx context.Context, m *lienthongv1.GrantRolesRequest) (*lienthongv1.GrantRolesResponse, error) {
	add, err := i.grants("add", m.GetAdd())
	if err != nil {
		return nil, err
	}
	remove, err := i.grants("remove", m.GetRemove())
	if err != nil {
		return nil, err
	}
	p, err := i.svc.ChangePrincipal(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), m.GetUser(), false,
		func(p *exchange.Principal) error { p.Grant(add, remove); return nil })
	if err != nil {
		return nil, err
	}
	return &lienthongv1.GrantRolesResponse{User: userToProto(p)}, nil
}

func (i *identityService) CreateToken(ctx context.Context, m *lienthongv1.CreateTokenRequest) (*lienthongv1.CreateTokenResponse, error) {
	want := m.GetToken()
	grants, err := i.grants("token.grants", want.GetGrants())
	if err != nil {
		return nil, err
	}
	for n, method := range want.GetMethods() {
		if !i.knowsMethod(method) {
			return nil, wire.BadField(fmt.Sprintf("token.methods[%d]", n), fmt.Errorf("%.80q is no method: want such as DocumentService/SendDocument, or DocumentService/*", method))
		}
	}
	token, secret, err := i.svc.CreateToken(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), exchange.TokenRequest{
		Principal: want.GetUser(), Name: want.GetLabel(), Grants: grants, Methods: want.GetMethods(), Expires: want.GetExpiresAt()})
	if err != nil {
		return nil, err
	}
	return &lienthongv1.CreateTokenResponse{Token: tokenToProto(token), Secret: secret}, nil
}

// knowsMethod reports whether a method that a token names is one that it could call.
func (s *Server) knowsMethod(name string) bool {
	service, method, ok := strings.Cut(name, "/")
	if !ok {
		return false
	}
	for full, r := range s.rules {
		own, last, _ := strings.Cut(strings.TrimPrefix(full, "/lienthong.v1."), "/")
		if own == service && (method == "*" || method == last && !r.certificate) {
			return true
		}
	}
	return false
}

func (i *identityService) ListTokens(ctx context.Context, m *lienthongv1.ListTokensRequest) (*lienthongv1.ListTokensResponse, error) {
	after, err := wire.PageCursor(m.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := pageSize(m.GetPageSize())
	list, err := i.svc.Tokens(ctx, after, size)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListTokensResponse{}
	for _, t := range list {
		out.Tokens = append(out.Tokens, tokenToProto(t))
	}
	if len(list) == size {
		out.NextPageToken = wire.PageToken(list[size-1].ID)
	}
	return out, nil
}

func (i *identityService) RevokeToken(ctx context.Context, m *lienthongv1.RevokeTokenRequest) (*lienthongv1.RevokeTokenResponse, error) {
	id, err := envelope.ParseID(m.GetToken())
	if err != nil {
		return nil, wire.BadField("token", err)
	}
	token, err := i.svc.RevokeToken(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), id, m.GetReason())
	if err != nil {
		return nil, err
	}
	return &lienthongv1.RevokeTokenResponse{Token: tokenToProto(token)}, nil
}

// grants reads roles with the agencies that they are for.
func (s *Server) grants(path string, list []*lienthongv1.RoleGrant) ([]exchange.Grant, error) {
	var out []exchange.Grant
	for n, m := range list {
		g, err := s.svc.Directory().GrantFor(roleNames[m.GetRole()], m.GetAgency())
		if err != nil {
			return nil, wire.BadField(fmt.Sprintf("%s[%d]", path, n), err)
		}
		out = append(out, g)
	}
	return out, nil
}

func grantsToProto(list []exchange.Grant) []*lienthongv1.RoleGrant {
	var out []*lienthongv1.RoleGrant
	for _, g := range list {
		m := &lienthongv1.RoleGrant{Agency: g.Agency}
		for number, role := range roleNames {
			if role == g.Role {
				m.Role = number
			}
		}
		out = append(out, m)
	}
	return out
}

func userToProto(p exchange.Principal) *lienthongv1.User {
	out := &lienthongv1.User{Id: p.ID, Name: p.Name, Grants: grantsToProto(p.Grants), Disabled: p.Disabled, Created: p.Created}
	for _, k := range p.Keys {
		out.Keys = append(out.Keys, k[:])
	}
	return out
}

func tokenToProto(t exchange.Token) *lienthongv1.Token {
	return &lienthongv1.Token{Id: t.ID.String(), User: t.Principal, Label: t.Name, Grants: grantsToProto(t.Grants), Methods: t.Methods,
		Created: t.Created, ExpiresAt: t.Expires, RevokedAt: t.Revoked, LastUsed: t.LastUsed}
}

func (i *identityService) ListRefusals(ctx context.Context, m *lienthongv1.ListRefusalsRequest) (*lienthongv1.ListRefusalsResponse, error) {
	after, err := refusalCursor(m.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := pageSize(m.GetPageSize())
	list, err := i.svc.Refusals(ctx, after, size)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListRefusalsResponse{}
	for _, r := range list {
		out.Refusals = append(out.Refusals, &lienthongv1.Refusal{Minute: r.Minute, Caller: r.Principal, Method: r.Method, Reason: r.Reason, Count: r.Count})
	}
	if len(list) == size {
		out.NextPageToken = refusalToken(list[size-1])
	}
	return out, nil
}

// refusalToken is the place of a row, by all of its key.
func refusalToken(r exchange.Refusal) string {
	r.Count = 0
	text, _ := json.Marshal(r) // strings and numbers are always JSON
	return base64.RawURLEncoding.EncodeToString(text)
}

func refusalCursor(token string) (r exchange.Refusal, err error) {
	if token == "" {
		return r, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return r, wire.BadField("page_token", fmt.Errorf("want a token of the answer before: %w", err))
	}
	return r, nil
}
