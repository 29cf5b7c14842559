package server_test

import (
	"context"
	"errors"
	"testing"

	"lienthong/exchange"
	"lienthong/internal/testnode"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// A clerk asks about documents of the own agency alone: another one in the inner message is
// refused, whose letters and groups it would tell of.
func TestCheckDocumentOfAnother(t *testing.T) {
	t.Parallel()
	ctx, n := context.Background(), testnode.New(t)
	province := n.Node("province")
	clerk := province.User(t, "clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Province})
	for _, tt := range []struct {
		outer, inner string
		code         exchange.Code
	}{
		{testnode.Province, testnode.Province, exchange.Invalid}, // it says nothing but whose it is
		{testnode.Province, testnode.Department, exchange.Invalid},
		{testnode.Department, testnode.Department, exchange.Denied},
		{"", testnode.Province, exchange.Invalid},
	} {
		_, err := clerk.Documents.CheckDocument(ctx, &lienthongv1.CheckDocumentRequest{Agency: tt.outer, Request: &lienthongv1.SendDocumentRequest{Agency: tt.inner}})
		var refused *exchange.Error
		if !errors.As(err, &refused) || refused.Code != tt.code {
			t.Errorf("agency %q, %q in the request: %v, want code %d", tt.outer, tt.inner, err, tt.code)
		}
		if own := tt.outer == tt.inner && refused != nil && refused.Reason == "INVALID_DOCUMENT"; tt.outer == testnode.Province && own != (tt.inner == testnode.Province) {
			t.Errorf("agency %q, %q in the request: %v", tt.outer, tt.inner, err)
		}
	}
}
