package server_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"lienthong/client"
	"lienthong/exchange"
	"lienthong/internal/testnode"
	"lienthong/journal"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func clerkOf(agency string) exchange.Grant {
	return exchange.Grant{Role: exchange.RoleClerk, Agency: agency}
}

func inbox(c *client.Client, agency string) error {
	_, err := c.Deliveries.ListDeliveries(context.Background(), &lienthongv1.ListDeliveriesRequest{Agency: agency})
	return err
}

// A token is made by RPC, opens what it names and no more, is listed with its use, and
// ends when it is revoked. What its user loses, it loses too.
func TestToken(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward, ctx := n.Node("ward"), context.Background()
	admin := ward.User(t, "admin", exchange.Grant{Role: exchange.RoleAdmin})
	ward.User(t, "qlvb", clerkOf(testnode.Ward), exchange.Grant{Role: exchange.RoleSigner, Agency: testnode.Ward})
	made, err := admin.Identity.CreateToken(ctx, &lienthongv1.CreateTokenRequest{Token: &lienthongv1.Token{User: "qlvb", Label: "QLVB",
		Grants:  []*lienthongv1.RoleGrant{{Role: lienthongv1.Role_ROLE_CLERK, Agency: testnode.Code[testnode.Ward]}},
		Methods: []string{"DeliveryService/*", "DirectoryService/GetAgency"}, ExpiresAt: n.Now().Add(time.Hour).UnixMicro()}})
	if err != nil {
		t.Fatal(err)
	}
	c := ward.ConnectToken(t, made.GetSecret())
	if err := inbox(c, testnode.Ward); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"another agency": inbox(c, testnode.Province),
		"a method that it does not name": func() error {
			_, err := c.Documents.ListDocuments(ctx, &lienthongv1.ListDocumentsRequest{Agency: testnode.Ward})
			return err
		}(),
		"a method for all": func() error {
			_, err := c.Directory.ListAgencies(ctx, &lienthongv1.ListAgenciesRequest{})
			return err
		}(),
	} {
		if codeOf(err) != codes.PermissionDenied {
			t.Errorf("%s: %v, want PermissionDenied", name, err)
		}
	}
	list, err := admin.Identity.ListTokens(ctx, &lienthongv1.ListTokensRequest{})
	if err != nil || len(list.GetTokens()) != 1 || list.GetTokens()[0].GetLastUsed() == 0 {
		t.Errorf("list: %v, %v, want one token that was used", list, err)
	}

	// The role goes from the user, and comes back.
	grant := []*lienthongv1.RoleGrant{{Role: lienthongv1.Role_ROLE_CLERK, Agency: testnode.Ward}}
	if _, err := admin.Identity.GrantRoles(ctx, &lienthongv1.GrantRolesRequest{User: "qlvb", Remove: grant}); err != nil {
		t.Fatal(err)
	}
	if err := inbox(c, testnode.Ward); codeOf(err) != codes.PermissionDenied {
		t.Errorf("after the role was taken: %v, want PermissionDenied", err)
	}
	if _, err := admin.Identity.GrantRoles(ctx, &lienthongv1.GrantRolesRequest{User: "qlvb", Add: grant}); err != nil {
		t.Fatal(err)
	}
	if err := inbox(c, testnode.Ward); err != nil {
		t.Errorf("after it was given again: %v", err)
	}

	if _, err := admin.Identity.RevokeToken(ctx, &lienthongv1.RevokeTokenRequest{Token: made.GetToken().GetId(), Reason: "mất máy"}); err != nil {
		t.Fatal(err)
	}
	if err := inbox(c, testnode.Ward); reasonOf(err) != "REVOKED_TOKEN" {
		t.Errorf("after it was revoked: %v, want REVOKED_TOKEN", err)
	}
	journalHolds(t, ward, made.GetSecret(), "token.create", "token.revoke", "principal.put")
}

// journalHolds looks for actions in a journal, and for what must not be there.
func journalHolds(t *testing.T, n *testnode.Node, secret string, actions ...string) {
	t.Helper()
	leaves, _, err := n.Service.Entries(context.Background(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, leaf := range leaves {
		e, err := journal.ParseLeaf(leaf.Data)
		if err != nil {
			t.Fatal(err)
		}
		found[e.Action] = true
		if bytes.Contains(leaf.Data, []byte(secret)) {
			t.Errorf("entry %s holds the secret", e.Action)
		}
	}
	for _, action := range actions {
		if !found[action] {
			t.Errorf("no entry %q in the journal", action)
		}
	}
}

// An act by a token is journalled with the token beside its user.
func TestTokenInJournal(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward, ctx := n.Node("ward"), context.Background()
	ward.User(t, "qlvb", clerkOf(testnode.Ward))
	token, secret := ward.Token(t, "qlvb", time.Hour, clerkOf(testnode.Ward))
	c := ward.ConnectToken(t, secret)
	if _, err := c.Upload(ctx, testnode.Ward, "a.txt", "text/plain", strings.NewReader("x"), 1, nil); err != nil {
		t.Fatal(err)
	}
	leaves, size, err := ward.Service.Entries(ctx, 0, 1000)
	if err != nil || size == 0 {
		t.Fatal(size, err)
	}
	// Not the last entry: nodes write of themselves, too.
	want := journal.Actor{Principal: "qlvb", Token: token.ID.String()}
	for _, leaf := range leaves {
		if entry, err := journal.ParseLeaf(leaf.Data); err == nil && entry.Actor == want {
			return
		}
	}
	t.Errorf("no entry of %d is by %+v", len(leaves), want)
}

// A token that was good is good no more, and its caller is told which of the two it is.
func TestExpiredToken(t *testing.T) {
	t.Parallel()
	ward := testnode.New(t).Node("ward")
	ward.User(t, "qlvb", clerkOf(testnode.Ward))
	if err := inbox(ward.ConnectToken(t, ward.ExpiredToken(t, "qlvb", clerkOf(testnode.Ward))), testnode.Ward); reasonOf(err) != "EXPIRED_TOKEN" {
		t.Errorf("expired: %v, want EXPIRED_TOKEN", err)
	}
}

// What a token may not be: more than its user, for ever, without a word what it is for,
// for a method that is none.
func TestTokenThatIsNotMade(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := n.Node("ward")
	admin := ward.User(t, "admin", exchange.Grant{Role: exchange.RoleAdmin})
	ward.User(t, "qlvb", clerkOf(testnode.Ward))
	good := func() *lienthongv1.Token {
		return &lienthongv1.Token{User: "qlvb", Label: "QLVB", Grants: []*lienthongv1.RoleGrant{{Role: lienthongv1.Role_ROLE_CLERK, Agency: testnode.Ward}},
			ExpiresAt: n.Now().Add(time.Hour).UnixMicro()}
	}
	for _, tt := range []struct {
		name, text string
		change     func(*lienthongv1.Token)
	}{
		{"nobody's", "there is no user", func(m *lienthongv1.Token) { m.User = "ai" }},
		{"no label", "name", func(m *lienthongv1.Token) { m.Label = "" }},
		{"no roles", "want the roles", func(m *lienthongv1.Token) { m.Grants = nil }},
		{"a role that the user has not", "no more than its user", func(m *lienthongv1.Token) { m.Grants[0].Role = lienthongv1.Role_ROLE_SIGNER }},
		{"administrator", "no more than its user", func(m *lienthongv1.Token) { m.Grants[0] = &lienthongv1.RoleGrant{Role: lienthongv1.Role_ROLE_ADMIN} }},
		{"of a peer", "is no role", func(m *lienthongv1.Token) { m.Grants[0].Role = lienthongv1.Role_ROLE_LIAISON }},
		{"another agency", "no more than its user", func(m *lienthongv1.Token) { m.Grants[0].Agency = testnode.Province }},
		{"expired", "want a time in the next", func(m *lienthongv1.Token) { m.ExpiresAt = n.Now().Add(-time.Second).UnixMicro() }},
		{"for ever", "want a time in the next", func(m *lienthongv1.Token) { m.ExpiresAt = n.Now().Add(10 * 366 * 24 * time.Hour).UnixMicro() }},
		{"no such method", "is no method", func(m *lienthongv1.Token) { m.Methods = []string{"DocumentService/Steal"} }},
		{"no such service", "is no method", func(m *lienthongv1.Token) { m.Methods = []string{"*"} }},
		{"a method that takes no token", "is no method", func(m *lienthongv1.Token) { m.Methods = []string{"IdentityService/CreateToken"} }},
	} {
		m := good()
		tt.change(m)
		_, err := admin.Identity.CreateToken(context.Background(), &lienthongv1.CreateTokenRequest{Token: m})
		if err == nil || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.text)
		}
	}
	if _, err := admin.Identity.CreateToken(context.Background(), &lienthongv1.CreateTokenRequest{Token: good()}); err != nil {
		t.Errorf("the one that is right: %v", err)
	}
}

// A call that means to show a token and shows none is refused, also with a certificate
// that would open the door; and a client does not send one without TLS.
func TestAuthorizationHeader(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := n.Node("ward")
	c := ward.User(t, "reader", exchange.Grant{Role: exchange.RoleReader, Agency: testnode.Ward})
	_, secret := ward.Token(t, "reader", time.Hour, exchange.Grant{Role: exchange.RoleReader, Agency: testnode.Ward})
	for _, tt := range []struct {
		values []string
		reason string
	}{
		{nil, ""},
		{[]string{"Bearer " + secret}, ""},
		{[]string{"bearer " + secret}, ""},
		{[]string{"Basic " + secret}, "BAD_AUTHORIZATION"},
		{[]string{secret}, "BAD_AUTHORIZATION"},
		{[]string{""}, "BAD_AUTHORIZATION"},
		{[]string{"Bearer " + secret, "Bearer " + secret}, "BAD_AUTHORIZATION"},
		{[]string{"Bearer " + secret + "A"}, "UNKNOWN_TOKEN"},
		{[]string{"Bearer " + secret[:len(secret)-1]}, "UNKNOWN_TOKEN"},
		{[]string{"Bearer " + strings.ToUpper(secret)}, "UNKNOWN_TOKEN"},
	} {
		ctx := context.Background()
		for _, v := range tt.values {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", v)
		}
		_, err := c.Deliveries.ListDeliveries(ctx, &lienthongv1.ListDeliveriesRequest{Agency: testnode.Ward})
		if reasonOf(err) != tt.reason || err != nil && strings.Contains(err.Error(), secret[12:]) {
			t.Errorf("%d values: %v, want %q", len(tt.values), err, tt.reason)
		}
	}
	if _, err := client.Dial(client.Config{Address: ward.Address(), Token: secret}); err != nil {
		t.Errorf("a client with a token: %v", err)
	}
	if text := fmt.Sprintf("%v %+v %#v", client.Bearer(secret), client.Bearer(secret), client.Bearer(secret)); strings.Contains(text, secret[10:]) {
		t.Errorf("printing a token prints %q", text)
	}
	if _, err := grpc.NewClient("passthrough:///"+ward.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithPerRPCCredentials(client.Bearer(secret))); err == nil {
		t.Error("a token would go over a connection without TLS")
	}
}

// Users are added, changed and disabled while the node runs, and the last administrator
// cannot shut the door behind everybody.
func TestUsersOfTheRunningNode(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward, ctx := n.Node("ward"), context.Background()
	admin := ward.User(t, "admin", exchange.Grant{Role: exchange.RoleAdmin})
	update := func(user *lienthongv1.User, missing bool, fields ...lienthongv1.UserField) (*lienthongv1.User, error) {
		answer, err := admin.Identity.UpdateUser(ctx, &lienthongv1.UpdateUserRequest{User: user, Fields: fields, AllowMissing: missing})
		return answer.GetUser(), err
	}
	const name, grants, disabled, keys = lienthongv1.UserField_USER_FIELD_NAME, lienthongv1.UserField_USER_FIELD_GRANTS, lienthongv1.UserField_USER_FIELD_DISABLED, lienthongv1.UserField_USER_FIELD_KEYS
	role := func(r lienthongv1.Role, agency string) []*lienthongv1.RoleGrant {
		return []*lienthongv1.RoleGrant{{Role: r, Agency: agency}}
	}
	if _, err := update(&lienthongv1.User{Id: "moi", Name: "Mới"}, false, name); codeOf(err) != codes.NotFound && reasonOf(err) != "NOT_FOUND" {
		t.Errorf("a user who is missing: %v", err)
	}
	if _, err := update(&lienthongv1.User{Id: "moi", Name: "Mới", Grants: role(lienthongv1.Role_ROLE_CLERK, testnode.Code[testnode.Ward])}, true, name, grants); err != nil {
		t.Fatal(err)
	}
	// What is not named stays.
	got, err := update(&lienthongv1.User{Id: "moi", Name: "Khác", Disabled: true}, false, name)
	if err != nil || got.GetDisabled() || len(got.GetGrants()) != 1 || got.GetGrants()[0].GetAgency() != testnode.Ward || got.GetName() != "Khác" {
		t.Errorf("after its name was changed: %v, %v", got, err)
	}
	list, err := admin.Identity.ListUsers(ctx, &lienthongv1.ListUsersRequest{PageSize: 1})
	if err != nil || len(list.GetUsers()) != 1 || list.GetUsers()[0].GetId() != "admin" {
		t.Fatalf("first page: %v, %v", list, err)
	}
	next, err := admin.Identity.ListUsers(ctx, &lienthongv1.ListUsersRequest{PageSize: 9, PageToken: list.GetNextPageToken()})
	if err != nil || len(next.GetUsers()) != 1 || next.GetUsers()[0].GetId() != "moi" || next.GetNextPageToken() != "" {
		t.Errorf("second page: %v, %v", next, err)
	}
	stolen := list.GetUsers()[0].GetKeys()
	for _, tt := range []struct {
		what, text string
		err        error
	}{
		{"an agency that is unknown", "is not in the directory", second(update(&lienthongv1.User{Id: "moi", Grants: role(lienthongv1.Role_ROLE_CLERK, "H00")}, false, grants))},
		{"admin of an agency", "is no role", second(update(&lienthongv1.User{Id: "moi", Grants: role(lienthongv1.Role_ROLE_ADMIN, testnode.Ward)}, false, grants))},
		{"another's certificate", "another user's", second(update(&lienthongv1.User{Id: "moi", Keys: stolen}, false, keys))},
		{"the node itself", "is the node itself", second(update(&lienthongv1.User{Id: "system"}, true, name))},
		{"the last administrator disabled", "only administrator", second(update(&lienthongv1.User{Id: "admin", Disabled: true}, false, disabled))},
		{"the last administrator without the role", "only administrator", second(update(&lienthongv1.User{Id: "admin"}, false, grants))},
	} {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.text) {
			t.Errorf("%s: %v, want %q", tt.what, tt.err, tt.text)
		}
	}
	if _, err := update(&lienthongv1.User{Id: "moi", Grants: role(lienthongv1.Role_ROLE_ADMIN, "")}, false, grants); err != nil {
		t.Fatal(err)
	}
	if _, err := update(&lienthongv1.User{Id: "admin", Disabled: true}, false, disabled); err != nil {
		t.Errorf("with another administrator: %v", err)
	}
	if _, err := update(&lienthongv1.User{Id: "moi"}, false, name); reasonOf(err) != "DISABLED" {
		t.Errorf("by one who is disabled: %v, want DISABLED", err)
	}
}

func second[T any](_ T, err error) error { return err }
