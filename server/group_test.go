package server_test

import (
	"context"
	"errors"
	"testing"

	"lienthong/exchange"
	"lienthong/internal/testnode"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// The groups of an agency are for its clerks and readers, also where recipients are resolved.
func TestGroupsOfAnother(t *testing.T) {
	t.Parallel()
	ctx, n := context.Background(), testnode.New(t)
	province := n.Node("province")
	own := province.User(t, "own", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Province})
	reader := province.User(t, "reader", exchange.Grant{Role: exchange.RoleReader, Agency: testnode.Province})
	other := province.User(t, "other", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Department})
	if _, err := own.Groups.PutGroup(ctx, &lienthongv1.PutGroupRequest{Agency: testnode.Province, Group: "Các huyện", Members: []string{testnode.District, testnode.Ward}}); err != nil {
		t.Fatal(err)
	}
	m := &lienthongv1.ResolveRecipientsRequest{GroupsOf: testnode.Province, Codes: []string{"group:các huyện", testnode.Ward}}
	answer, err := reader.Documents.ResolveRecipients(ctx, m)
	if err != nil || len(answer.GetRecipients()) != 3 || answer.GetRecipients()[0].GetGroup() != "Các huyện" || answer.GetRecipients()[0].GetAgency() != testnode.District {
		t.Errorf("a reader is told %v, %v", answer.GetRecipients(), err)
	}
	_, err = other.Documents.ResolveRecipients(ctx, m)
	var refused *exchange.Error
	if !errors.As(err, &refused) || refused.Code != exchange.Denied {
		t.Errorf("a clerk of another agency: %v, want that it is denied", err)
	}
	m.GroupsOf = ""
	if _, err = own.Documents.ResolveRecipients(ctx, m); err == nil {
		t.Error("a group of nobody was resolved")
	}
}
