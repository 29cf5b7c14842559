package exchange_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A letter to groups goes to each agency once, as it was named; a group that is not there
// and a member that ended are named, and then nobody gets it.
func TestGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"xa": "tinh", "tinh": ""}, agencySpec{"x", "xa"}, agencySpec{"a", "tinh"}, agencySpec{"b", "tinh"}, agencySpec{"c", "tinh"})
	xa, ctx := w.node("xa"), context.Background()
	put := func(name string, members ...string) *exchange.GroupView {
		t.Helper()
		g, err := xa.service.PutGroup(ctx, clerk, "x", name, members)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	put("Các  sở", "c", "a", "c")
	if g := put("các Sở", "b", "a", "b"); len(g.Members) != 2 || g.Name != "các Sở" || g.Members[0].Agency.ID != "b" {
		t.Errorf("put again: %+v", g)
	}
	put("Để biết", "c", "b")
	send := func(to ...exchange.OutgoingRecipient) (string, error) {
		req := letter(t, "x", "a")
		req.Recipients = to
		doc, err := xa.service.Send(ctx, clerk, req)
		if err != nil {
			return "", err
		}
		var out []string
		for _, r := range doc.Route.Recipients {
			out = append(out, fmt.Sprintf("%s %d", r.Agency.ID, r.Role))
		}
		return strings.Join(out, ", "), nil
	}
	as := func(agency string, role envelope.RecipientRole) exchange.OutgoingRecipient {
		return exchange.OutgoingRecipient{Agency: agency, Role: role}
	}
	for _, tt := range []struct {
		want string
		to   []exchange.OutgoingRecipient
	}{
		{"b 1, a 1", []exchange.OutgoingRecipient{as("group:các sở", 0)}},
		{"a 2, b 1, c 2", []exchange.OutgoingRecipient{as("a", envelope.RecipientCopy), as("group:CÁC SỞ", envelope.RecipientTo), as("group:để biết", envelope.RecipientCopy)}},
		{"c 2, b 1, a 1", []exchange.OutgoingRecipient{as("group:để biết", envelope.RecipientCopy), as("group:các sở", envelope.RecipientTo)}},
	} {
		if got, err := send(tt.to...); err != nil || got != tt.want {
			t.Errorf("to %v: %q, %v; want %q", tt.to, got, err, tt.want)
		}
	}
	_, err := send(as("group:các sở", 0), as("group:Các xã", 0), as("nowhere", 0))
	got := wantError(t, err, exchange.Invalid, "INVALID_DOCUMENT").Fields
	if want := "recipients[1].agency UNKNOWN_GROUP, recipients[2].agency UNKNOWN_RECIPIENT"; reasons(got) != want || !strings.Contains(got[0].Text, `"Các xã"`) {
		t.Errorf("bad recipients: %v, want %q", got, want)
	}
	list, err := xa.service.Groups(ctx, "x", "", "", 10)
	if err != nil || len(list) != 2 || list[0].Name != "các Sở" || list[1].Name != "Để biết" {
		t.Errorf("groups: %+v, %v", list, err)
	}
	_, err = w.node("tinh").service.Groups(ctx, "x", "", "", 10)
	wantError(t, err, exchange.Precondition, "NOT_AT_HOME")
	_, err = w.node("tinh").service.Groups(ctx, "a", "các sở", "", 10) // of another agency
	wantError(t, err, exchange.NotFound, "UNKNOWN_GROUP")
	_, err = xa.service.PutGroup(ctx, clerk, "x", " ", []string{"a", "nowhere"})
	if got := reasons(wantError(t, err, exchange.Invalid, "INVALID_GROUP").Fields); got != "members[1] UNKNOWN_RECIPIENT, group REQUIRED" {
		t.Errorf("a bad group: %q", got)
	}

	resolved, err := xa.service.ResolveRecipients(ctx, "x", []string{"a", "group:các sở", "group:không"})
	var text []string
	for _, r := range resolved {
		text = append(text, r.Group+" "+r.Code+" "+r.Result)
	}
	if want := "[ a ok các Sở H55.b ok các Sở H55.a ok không group:không unknown_group]"; err != nil || fmt.Sprint(text) != want {
		t.Errorf("resolved %v, %v; want %s", text, err, want)
	}
	if err := xa.service.RemoveGroup(ctx, clerk, "x", "CÁC sở"); err != nil {
		t.Error(err)
	}
	wantError(t, xa.service.RemoveGroup(ctx, clerk, "x", "các sở"), exchange.NotFound, "UNKNOWN_GROUP")
}
