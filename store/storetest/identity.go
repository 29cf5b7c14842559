package storetest

import (
	"lienthong/exchange"
)

func (w *world) token(principal string) exchange.Token {
	return exchange.Token{ID: w.id(), Hash: w.digest(), Principal: principal, Name: "phần mềm văn bản",
		Grants:  []exchange.Grant{{Role: exchange.RoleClerk, Agency: "agency-1"}, {Role: exchange.RoleAdmin}},
		Methods: []string{"DocumentService/SendDocument", "FileService/*"}, Created: w.now, Expires: w.now + 60*minute}
}

func testTokens(w *world) {
	one, list := ok[exchange.Token](w), ok[[]exchange.Token](w)
	a := w.token("qlvb")
	w.refuse(exchange.Change{Tokens: []exchange.Token{a}}, exchange.ErrConflict) // of nobody
	w.commit(exchange.Change{Principals: []exchange.Principal{{ID: "qlvb", Name: "x", Created: w.now}}})
	fails[exchange.Token](w, exchange.ErrNotFound)(w.s.TokenByHash(w.ctx, a.Hash))
	fails[exchange.Token](w, exchange.ErrNotFound)(w.s.TokenByID(w.ctx, a.ID))
	same(w, "none", nil, list(w.s.Tokens(w.ctx, exchange.Token{}.ID, 10)))
	w.commit(exchange.Change{Tokens: []exchange.Token{a}})
	same(w, "by hash", a, one(w.s.TokenByHash(w.ctx, a.Hash)))
	same(w, "by id", a, one(w.s.TokenByID(w.ctx, a.ID)))

	b := w.token("qlvb")
	b.Hash = a.Hash
	w.refuse(exchange.Change{Tokens: []exchange.Token{b}}, exchange.ErrConflict)
	b = w.token("qlvb")
	b.Methods, b.Grants = nil, nil
	w.commit(exchange.Change{Tokens: []exchange.Token{b}})
	same(w, "newest first", []exchange.Token{b, a}, list(w.s.Tokens(w.ctx, exchange.Token{}.ID, 10)))
	same(w, "after the newest", []exchange.Token{a}, list(w.s.Tokens(w.ctx, b.ID, 10)))
	same(w, "one of them", []exchange.Token{b}, list(w.s.Tokens(w.ctx, exchange.Token{}.ID, 1)))

	// Its last use only goes up.
	for _, at := range []int64{w.now + minute, w.now} {
		if err := w.s.TokenUsed(w.ctx, a.ID, at); err != nil {
			w.Fatal(err)
		}
	}
	if err := w.s.TokenUsed(w.ctx, w.id(), w.now); err != nil {
		w.Errorf("use of a token that is not here: %v", err)
	}
	a.LastUsed = w.now + minute

	// It is revoked once, and nothing else of it changes.
	revoked := a
	revoked.Revoked, revoked.Name, revoked.Expires, revoked.LastUsed = w.now+2*minute, "khác", w.now+600*minute, 0
	w.commit(exchange.Change{Tokens: []exchange.Token{revoked}})
	a.Revoked = revoked.Revoked
	again := revoked
	again.Revoked += minute
	w.commit(exchange.Change{Tokens: []exchange.Token{again}})
	w.reopen()
	same(w, "revoked", a, one(w.s.TokenByHash(w.ctx, a.Hash)))
	same(w, "the other is not", b, one(w.s.TokenByID(w.ctx, b.ID)))
}

func testPrincipalByID(w *world) {
	a := exchange.Principal{ID: "qlvb", Name: "Phường", Grants: []exchange.Grant{{Role: exchange.RoleClerk, Agency: "agency-1"}}, Created: w.now}
	fails[exchange.Principal](w, exchange.ErrNotFound)(w.s.PrincipalByID(w.ctx, a.ID))
	w.commit(exchange.Change{Principals: []exchange.Principal{a}})
	a.Revision = 1
	same(w, "without a key", a, ok[exchange.Principal](w)(w.s.PrincipalByID(w.ctx, a.ID)))
}

func testRefusals(w *world) {
	list := ok[[]exchange.Refusal](w)
	count := func(keep int, rows ...exchange.Refusal) {
		w.Helper()
		if err := w.s.CountRefusals(w.ctx, rows, keep); err != nil {
			w.Fatal(err)
		}
	}
	row := func(minutes int64, principal, reason string, n int64) exchange.Refusal {
		return exchange.Refusal{Minute: start + minutes*minute, Principal: principal, Method: "/lienthong.v1.FileService/GetFile", Reason: reason, Count: n}
	}
	a, b, c, d := row(1, "", "NO_CERTIFICATE", 7), row(1, "qlvb", "FORBIDDEN", 1), row(1, "qlvb", "OTHER", 2), row(2, "", "NO_CERTIFICATE", 3)
	count(100, a, b)
	count(100, c, d, a)
	a.Count = 14
	same(w, "newest first", []exchange.Refusal{d, c, b, a}, list(w.s.Refusals(w.ctx, exchange.Refusal{}, 10)))
	same(w, "a page", []exchange.Refusal{d, c}, list(w.s.Refusals(w.ctx, exchange.Refusal{}, 2)))
	same(w, "the next", []exchange.Refusal{b, a}, list(w.s.Refusals(w.ctx, c, 2)))
	e := row(3, "", "NO_CERTIFICATE", 1)
	count(3, e)
	w.reopen()
	same(w, "the oldest go", []exchange.Refusal{e, d, c}, list(w.s.Refusals(w.ctx, exchange.Refusal{}, 10)))
	w.verify() // nothing of this took entries
}
