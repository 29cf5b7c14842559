package exchange

import (
	"context"
	"slices"

	"lienthong/envelope"
)

// A wish is what somebody wants this node to take: a letter that a peer offers, or that is
// sent here.
type wish struct {
	from   string // peer; empty: it is sent here
	agency string // whose it is
	bytes  int64  // of content and files
	kind   envelope.Kind
	to     []envelope.Recipient
	larger []larger // files that come by a transfer
	back   bool     // it was here before, and comes back after a restore: no quota is asked

	resumes bool // something of them has come before; set by admit
}

// admit sets space aside for what is wished, as far as there is any. Recipients for which
// there is none are in refused; where that are all, there is no promise. It reads nothing:
// the high mark of an account shuts it, and a [Node.look] opens it at the low one.
func (n *Node) admit(ctx context.Context, w wish) (*promise, map[string]*refusal, error) {
	if err := n.seen(ctx); err != nil {
		return nil, nil, err
	}
	s := &n.space
	s.mu.Lock()
	defer s.mu.Unlock()
	what, refused := holdings{}, map[string]*refusal{}
	keys := keysOf(w.larger)
	was := s.unfinished.take(keys)
	w.resumes = len(was) > 0
	for _, g := range n.ways(w) {
		u := usage{letters: int64(len(g.to)), bytes: w.bytes / int64(len(w.to)) * int64(len(g.to))}
		if why := n.admitTo(g.way, w, u); why != nil {
			for _, r := range g.to {
				refused[r] = why
			}
			continue
		}
		for _, a := range n.accountsOf(Holding{From: w.from, Peer: g.way.name, Agency: w.agency, Home: g.way.kind == spaceHome}) {
			what.add(a, u)
			s.pending.add(a, u) // the next way of this letter counts it
		}
	}
	if len(what) == 0 {
		s.unfinished.untake(keys, was)
		return nil, refused, nil
	}
	all := usage{letters: 1, bytes: w.bytes}
	what.add(anywhere, all)
	s.pending.add(anywhere, all)
	files, whose := usage{files: int64(len(w.larger))}, account{quotaFrom, w.from}
	what.add(whose, files)
	s.pending.add(whose, files)
	return &promise{node: n, what: what, larger: w.larger, whose: whose}, refused, nil
}

// A wayOut is the recipients of a letter that go one way.
type wayOut struct {
	way account
	to  []string
}

// ways groups recipients by their ways, in their order.
func (n *Node) ways(w wish) []wayOut {
	var out []wayOut
	for _, r := range w.to {
		a := n.way(w, r.Agency.ID)
		i := slices.IndexFunc(out, func(g wayOut) bool { return g.way == a })
		if i < 0 {
			i, out = len(out), append(out, wayOut{way: a})
		}
		out[i].to = append(out[i].to, r.Agency.ID)
	}
	return out
}

// way is the account of space of a recipient, with the next hop as its name.
func (n *Node) way(w wish, recipient string) account {
	hop := n.Directory().Route(n.cfg.ID, recipient)
	if hop.Here {
		return goingHome
	}
	return account{n.direction(w.from, hop.Peer).kind, hop.Peer}
}

// admitTo says why so much is not taken that goes one way. The caller has the lock.
func (n *Node) admitTo(way account, w wish, u usage) *refusal {
	place := account{kind: way.kind}
	if w.kind == envelope.KindRecall {
		place = goingHome // it makes room, where anything does
	}
	ask := []account{place}
	if !w.back {
		ask = append(ask, account{quotaAgency, w.agency})
		if w.from != "" {
			ask = append(ask, account{quotaFrom, w.from})
		}
		if way.kind != spaceHome && way.name != "" {
			ask = append(ask, account{quotaFor, way.name})
		}
	}
	for i, a := range ask {
		want := u
		if i == 0 {
			want.bytes = w.bytes // its files are here once, whole
		}
		if a.kind == quotaFrom {
			want.files = int64(len(w.larger))
		}
		if why := n.refuseAt(a, want, w.resumes && a.kind == quotaFrom); why != nil {
			return why
		}
	}
	return nil
}

// refuseAt says why so much is not taken into an account. What goes on with an unfinished
// file is taken where there is room for it, though the account be shut: it is what empties
// it. The caller has the lock.
func (n *Node) refuseAt(a account, u usage, resumes bool) *refusal {
	s := &n.space
	files := n.overFiles(a, u)
	if (!s.shut[a] || resumes) && !files && !n.over(a, u) {
		return nil
	}
	s.refused[a]++
	if s.unfinished.sums[a].files > 0 {
		s.unfinished.pressed[a] = true
	}
	if files {
		return n.tooMany(a, u)
	}
	if n.small(a, u) {
		n.shut(a)
	}
	return n.why(a, u)
}

// shut closes an account at its high mark. The caller has the lock.
func (n *Node) shut(a account) {
	if n.space.shut[a] {
		return
	}
	n.space.shut[a] = true
	held := n.space.held(a)
	n.cfg.Log.Warn("space: full, no more are taken", "account", a.String(), "letters", held.letters, "bytes", held.bytes, "free", n.space.left())
}

// settleAccounts opens, after a look, what is below its low mark, and shuts what is at its
// high one. Between the two everything stays as it is. The caller has the lock.
func (n *Node) settleAccounts() {
	s := &n.space
	for a := range s.shut {
		if n.low(a) {
			delete(s.shut, a)
			n.cfg.Log.Info("space: letters are taken again", "account", a.String(), "refused", s.refused[a])
		}
	}
	for _, a := range []account{goingUp, goingDown, goingHome} {
		if n.over(a, usage{letters: 1}) {
			n.shut(a)
		}
	}
	for a := range s.stored {
		if !a.isSpace() && n.over(a, usage{letters: 1}) {
			n.shut(a)
		}
	}
}

// admitSent is admit for a letter that was sealed here: all its recipients, or none.
func (n *Node) admitSent(ctx context.Context, letter *Letter, kind envelope.Kind, to []envelope.Recipient) (*promise, error) {
	p, refused, err := n.admit(ctx, wish{agency: letter.Agency, bytes: letter.bytes(), kind: kind, to: to})
	if err != nil {
		return nil, err
	}
	for _, r := range to {
		if why := refused[r.Agency.ID]; why != nil {
			p.end(false)
			return nil, why.error()
		}
	}
	return p, nil
}

// roomToSend refuses what will be refused, before a byte of it is stored.
func (s *Service) roomToSend(ctx context.Context, from envelope.Agency, req *SendRequest, to []envelope.Recipient) error {
	if len(to) == 0 {
		return s.roomFor(ctx, 0)
	}
	inside := &Letter{Agency: from.ID}
	for _, f := range req.Files {
		inside.Files = append(inside.Files, LetterFile{Size: uint64(len(f.Data))})
	}
	p, err := s.admitSent(ctx, inside, envelope.KindDocument, to)
	p.end(false)
	return storeError(err)
}

// bytes are those of a letter's content and files.
func (l *Letter) bytes() int64 {
	n := int64(len(l.Content))
	for _, f := range l.Files {
		n += int64(f.Size)
	}
	return n
}

// error is what a caller is told of a refusal for space.
func (r *refusal) error() *Error {
	return &Error{Code: Exhausted, Reason: r.reason, Text: "nothing was taken, for any recipient: " + r.text, RetryAfter: r.retry}
}

// roomFor refuses bytes that a client wants to put here if they would use the last reserve.
func (n *Node) roomFor(ctx context.Context, size uint64) error {
	if err := n.seen(ctx); err != nil {
		return storeError(err)
	}
	n.space.mu.Lock()
	defer n.space.mu.Unlock()
	if u := (usage{letters: 1, bytes: int64(min(size, 1<<60))}); n.over(goingHome, u) {
		return n.why(goingHome, u).error()
	}
	return nil
}
