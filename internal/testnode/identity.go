package testnode

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

// Token makes an API token of a user, and gives its secret too.
func (n *Node) Token(t testing.TB, user string, life time.Duration, grants ...exchange.Grant) (exchange.Token, string) {
	t.Helper()
	token, secret, err := n.Service.CreateToken(context.Background(), journal.System, exchange.TokenRequest{Principal: user, Name: "thử nghiệm",
		Grants: grants, Expires: n.network.Now().Add(life).UnixMicro()})
	if err != nil {
		t.Fatal(err)
	}
	return token, secret
}

// ExpiredToken is one that was good until a second ago: its row is put as a clock that
// went on would have left it.
func (n *Node) ExpiredToken(t testing.TB, user string, grants ...exchange.Grant) (secret string) {
	t.Helper()
	id, err := envelope.NewID(n.network.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret = "lienthong_" + rand.Text() + rand.Text()[:17]
	now := n.network.Now()
	token := exchange.Token{ID: id, Hash: sha256.Sum256([]byte(secret)), Principal: user, Name: "cũ", Grants: grants,
		Created: now.Add(-time.Hour).UnixMicro(), Expires: now.Add(-time.Second).UnixMicro()}
	if _, err := n.rows.Commit(context.Background(), exchange.Change{Tokens: []exchange.Token{token},
		Entries: []journal.Entry{{Time: now.UnixMicro(), Actor: journal.System, Action: "token.create", Object: id.String(), Outcome: journal.OutcomeOK}}}); err != nil {
		t.Fatal(err)
	}
	return secret
}

// Revoke ends a token.
func (n *Node) Revoke(t testing.TB, token exchange.Token) {
	t.Helper()
	if _, err := n.Service.RevokeToken(context.Background(), journal.System, token.ID, ""); err != nil {
		t.Fatal(err)
	}
}

// Disable lets a user in no more.
func (n *Node) Disable(t testing.TB, user string) {
	t.Helper()
	if _, err := n.Service.ChangePrincipal(context.Background(), journal.System, user, false, func(p *exchange.Principal) error { p.Disabled = true; return nil }); err != nil {
		t.Fatal(err)
	}
}
