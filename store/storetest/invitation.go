package storetest

import "lienthong/exchange"

func (w *world) invitation(node string) exchange.Invitation {
	return exchange.Invitation{ID: w.id(), Hash: w.digest(), Node: node, State: exchange.InvitationOpen, Created: w.now, Expires: w.now + 60*minute}
}

func testInvitations(w *world) {
	one, list := ok[exchange.Invitation](w), ok[[]exchange.Invitation](w)
	a := w.invitation("xã-mới")
	fails[exchange.Invitation](w, exchange.ErrNotFound)(w.s.InvitationByHash(w.ctx, a.Hash))
	fails[exchange.Invitation](w, exchange.ErrNotFound)(w.s.InvitationByID(w.ctx, a.ID))
	w.commit(exchange.Change{Invitations: []exchange.Invitation{a}})
	twin := w.invitation("khác")
	twin.Hash = a.Hash
	w.refuse(exchange.Change{Invitations: []exchange.Invitation{twin}}, exchange.ErrStale)

	// Of two nodes that use the token at the same time one is the first.
	a = one(w.s.InvitationByHash(w.ctx, a.Hash))
	if a.Revision != 1 || a.Node != "xã-mới" || len(a.Request) != 0 {
		w.Fatalf("stored %+v", a)
	}
	asked := a
	asked.State, asked.Name, asked.Addresses = exchange.InvitationRequested, "UBND xã", []string{"xa.example:7443", "10.0.0.1:7443"}
	asked.Request, asked.Certificate = []byte{1, 2}, []byte{3}
	w.commit(exchange.Change{Invitations: []exchange.Invitation{asked}})
	w.refuse(exchange.Change{Invitations: []exchange.Invitation{asked}}, exchange.ErrStale)
	asked.Revision = 2
	same(w, "asked", asked, one(w.s.InvitationByID(w.ctx, a.ID)))

	// What it was made for does not change.
	done := asked
	done.State, done.Decided, done.Node, done.Expires = exchange.InvitationApproved, w.now+minute, "giả", 0
	w.commit(exchange.Change{Invitations: []exchange.Invitation{done}})
	asked.State, asked.Decided, asked.Revision = done.State, done.Decided, 3
	b := w.invitation("phường")
	w.commit(exchange.Change{Invitations: []exchange.Invitation{b}})
	b = one(w.s.InvitationByID(w.ctx, b.ID))
	w.reopen()
	same(w, "newest first", []exchange.Invitation{b, asked}, list(w.s.Invitations(w.ctx, exchange.Invitation{}.ID, 10)))
	same(w, "a page", []exchange.Invitation{b}, list(w.s.Invitations(w.ctx, exchange.Invitation{}.ID, 1)))
	same(w, "the next", []exchange.Invitation{asked}, list(w.s.Invitations(w.ctx, b.ID, 10)))
}
