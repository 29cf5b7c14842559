package storetest

import "lienthong/exchange"

// testGroups puts, lists and removes groups of two agencies.
func testGroups(w *world) {
	one, list := ok[exchange.Group](w), ok[[]exchange.Group](w)
	group := func(agency, key string, members ...string) exchange.Group {
		return exchange.Group{Agency: agency, Key: key, Name: "Các " + key, Members: members, By: "staff-7", Changed: w.now}
	}
	put := func(g exchange.Group) exchange.Group {
		w.commit(exchange.Change{Groups: []exchange.Group{g}})
		g.Revision++
		return g
	}
	fails[exchange.Group](w, exchange.ErrNotFound)(w.s.Group(w.ctx, "agency-1", "sở"))
	a, b := put(group("agency-1", "sở", "agency-3", "agency-2")), put(group("agency-1", "xã", "agency-4"))
	other := put(group("agency-2", "sở", "agency-1"))
	w.refuse(exchange.Change{Groups: []exchange.Group{group("agency-1", "sở", "agency-5")}}, exchange.ErrStale)
	w.reopen()
	same(w, "a group", a, one(w.s.Group(w.ctx, "agency-1", "sở")))
	same(w, "all", []exchange.Group{a, b}, list(w.s.Groups(w.ctx, "agency-1", "", 10)))
	same(w, "a page", []exchange.Group{a}, list(w.s.Groups(w.ctx, "agency-1", "", 1)))
	same(w, "the next", []exchange.Group{b}, list(w.s.Groups(w.ctx, "agency-1", "sở", 1)))
	same(w, "of another", []exchange.Group{other}, list(w.s.Groups(w.ctx, "agency-2", "", 10)))

	// Of two who change it at once one is the first.
	changed := a
	changed.Name, changed.Members, changed.By, changed.Changed = "SỞ", []string{"agency-9"}, "staff-8", w.now+1
	changed = put(changed)
	w.refuse(exchange.Change{Groups: []exchange.Group{a}}, exchange.ErrStale)
	same(w, "changed", changed, one(w.s.Group(w.ctx, "agency-1", "sở")))
	gone := a
	gone.Members = nil
	w.refuse(exchange.Change{Groups: []exchange.Group{gone}}, exchange.ErrStale)
	gone.Revision = changed.Revision
	w.commit(exchange.Change{Groups: []exchange.Group{gone}})
	fails[exchange.Group](w, exchange.ErrNotFound)(w.s.Group(w.ctx, "agency-1", "sở"))
	same(w, "the other stays", other, one(w.s.Group(w.ctx, "agency-2", "sở")))
	put(group("agency-1", "sở", "agency-2")) // again
}
