package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"lienthong/envelope"
	"lienthong/exchange/notation"
	"lienthong/journal"
)

const (
	groupPrefix    = "group:" // where a recipient is named: all members of a group
	maxGroupName   = 100      // characters
	ReasonNoGroup  = "UNKNOWN_GROUP"
	ResolvedNoName = "unknown_group"
)

// groupName writes a name as it is kept.
func groupName(s string) string { return strings.Join(strings.Fields(notation.Clean(s)), " ") }

// groupKey is a name as it is looked for: upper and lower case are the same group.
func groupKey(s string) string { return strings.ToLower(groupName(s)) }

// asGroup is the name of a group where a recipient is named.
func asGroup(recipient string) (name string, is bool) {
	return strings.CutPrefix(recipient, groupPrefix)
}

// A GroupView is one with its members as they are reached now.
type GroupView struct {
	Group
	Members []Resolution
}

func (n *Node) groupView(g *Group) *GroupView {
	out := &GroupView{Group: *g}
	for _, id := range g.Members {
		out.Members = append(out.Members, n.resolveMember(g, id))
	}
	return out
}

// resolveMember tells about a member by its code, or by its id where it has gone.
func (n *Node) resolveMember(g *Group, id string) Resolution {
	out := n.resolve(id, nil)
	out.Group = g.Name
	if out.Agency.ID != "" {
		out.Code = CodeAt(out.Agency, n.cfg.Now())
	}
	return out
}

// Groups lists the groups of an agency (id or code) by name, after the key of one, or the
// one of a name.
func (s *Service) Groups(ctx context.Context, agency, name, after string, limit int) ([]GroupView, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, err
	}
	var list []Group
	if name != "" {
		g, err := s.groupOf(ctx, a.ID, name)
		if err != nil {
			return nil, err
		}
		list = append(list, g)
	} else if list, err = s.cfg.Store.Groups(ctx, a.ID, after, page(limit)); err != nil {
		return nil, err
	}
	out := make([]GroupView, len(list))
	for i := range list {
		out[i] = *s.groupView(&list[i])
	}
	return out, nil
}

// groupOf finds a group; an error names what is not there.
func (n *Node) groupOf(ctx context.Context, agency, name string) (Group, error) {
	g, err := n.cfg.Store.Group(ctx, agency, groupKey(name))
	if errors.Is(err, ErrNotFound) {
		return g, fail(NotFound, ReasonNoGroup, "there is no group %.100q of this agency", groupName(name))
	}
	return g, err
}

// PutGroup makes a group of an agency's, or gives one other members (ids or codes); one
// that is named twice is one. Everything that is wrong is named at once.
func (s *Service) PutGroup(ctx context.Context, actor journal.Actor, agency, name string, members []string) (*GroupView, error) {
	a, err := s.agencyHere(agency)
	if err != nil {
		return nil, err
	}
	ids, bad := s.groupMembers(members)
	name = groupName(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > maxGroupName || !plainText(name) {
		bad = append(bad, Field{"group", "REQUIRED", fmt.Sprintf("is %.100q, want 1 to %d characters of text", name, maxGroupName)})
	}
	if len(bad) > 0 {
		return nil, &Error{Code: Invalid, Reason: "INVALID_GROUP", Text: "the group was not put", Fields: bad}
	}
	var out Group
	err = s.decide(ctx, func() error {
		have, err := s.cfg.Store.Group(ctx, a.ID, groupKey(name))
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		out = Group{Agency: a.ID, Key: groupKey(name), Name: name, Members: ids, By: by(actor), Changed: s.now(), Revision: have.Revision}
		return s.commitGroup(ctx, actor, "group.put", out)
	})
	if err != nil {
		return nil, storeError(err)
	}
	return s.groupView(&out), nil
}

// RemoveGroup ends a group. Letters that were sent to it are as they are.
func (s *Service) RemoveGroup(ctx context.Context, actor journal.Actor, agency, name string) error {
	a, err := s.agencyOf(agency)
	if err != nil {
		return err
	}
	return storeError(s.decide(ctx, func() error {
		g, err := s.groupOf(ctx, a.ID, name)
		if err != nil {
			return err
		}
		g.Members = nil
		return s.commitGroup(ctx, actor, "group.remove", g)
	}))
}

func (s *Service) commitGroup(ctx context.Context, actor journal.Actor, action string, g Group) error {
	d := s.draft(actor)
	d.entry(g.Agency, action, envelope.Sum([]byte(g.Key)).String(), fmt.Sprintf("members=%d %s", len(g.Members), envelope.Sum([]byte(strings.Join(g.Members, "\n")))))
	d.change.Groups = []Group{g}
	_, err := s.commit(ctx, d.change)
	return err
}

// by is who did something, as rows say it: the staff member, or the principal.
func by(actor journal.Actor) string { return first(actor.Staff, actor.Principal) }

// groupMembers are the ids of those that are named, each once.
func (n *Node) groupMembers(asked []string) (ids []string, bad []Field) {
	if len(asked) == 0 || len(asked) > envelope.MaxRecipients {
		return nil, []Field{{"members", "REQUIRED", fmt.Sprintf("has %d, want 1 to %d", len(asked), envelope.MaxRecipients)}}
	}
	seen, near := make(map[string]bool, len(asked)), maxNear
	for i, code := range asked {
		r := n.resolve(code, &near)
		if r.Result == ResolvedUnknown || r.Result == ResolvedEnded { // no route is for now
			bad = append(bad, Field{fmt.Sprintf("members[%d]", i), r.reason(), r.text()})
		} else if !seen[r.Agency.ID] {
			seen[r.Agency.ID] = true
			ids = append(ids, r.Agency.ID)
		}
	}
	return ids, bad
}

// A named recipient is one of a request, or a member of a group that one names.
type namedRecipient struct {
	OutgoingRecipient
	at    int    // in the request
	group string // empty: by itself
}

// ungrouped takes the groups among recipients apart: an agency that is named by itself too is
// left to that, and of two groups the first has it, as TO if one of them says so.
func (n *Node) ungrouped(ctx context.Context, from string, asked []OutgoingRecipient) (out []namedRecipient, bad []Field, err error) {
	have := map[string]int{} // by id: where it is in out
	for i, r := range asked {
		if _, is := asGroup(r.Agency); is {
			continue
		}
		if a, ok := n.Directory().Agency(r.Agency); ok {
			have[a.ID] = -1
		}
		out = append(out, namedRecipient{r, i, ""})
	}
	for i, r := range asked {
		name, is := asGroup(r.Agency)
		if !is {
			continue
		}
		g, err := n.groupOf(ctx, from, name)
		var unknown *Error
		switch {
		case errors.As(err, &unknown):
			bad = append(bad, Field{fmt.Sprintf("recipients[%d].agency", i), ReasonNoGroup, unknown.Text})
			continue
		case err != nil:
			return nil, nil, err
		}
		for _, id := range g.Members {
			k, twice := have[id]
			switch {
			case !twice:
				have[id] = len(out)
				out = append(out, namedRecipient{OutgoingRecipient{Agency: id, Role: r.Role}, i, g.Name})
			case k >= 0 && r.Role != envelope.RecipientCopy:
				out[k].Role = r.Role
			}
		}
	}
	return out, bad, nil
}

// ResolveRecipients tells for each id or code whether and how it is reached, and for each
// group:NAME the same of its members; groupsOf (id or code) is whose groups are meant.
func (s *Service) ResolveRecipients(ctx context.Context, groupsOf string, asked []string) ([]Resolution, error) {
	if !slices.ContainsFunc(asked, func(code string) bool { return strings.HasPrefix(code, groupPrefix) }) {
		return s.Resolve(ctx, asked)
	}
	a, err := s.agencyOf(groupsOf)
	if err != nil {
		return nil, err
	}
	var out []Resolution
	for _, code := range asked {
		var list []Resolution
		if name, is := asGroup(code); is {
			list, err = s.resolveGroup(ctx, a.ID, name)
		} else {
			list, err = s.Resolve(ctx, []string{code})
		}
		if err != nil {
			return nil, err
		}
		if out = append(out, list...); len(out) > maxResolve {
			return nil, tooMany(len(out))
		}
	}
	return out, nil
}

// resolveGroup tells about each member of a group.
func (n *Node) resolveGroup(ctx context.Context, agency, name string) ([]Resolution, error) {
	g, err := n.groupOf(ctx, agency, name)
	var unknown *Error
	if errors.As(err, &unknown) {
		return []Resolution{{Code: groupPrefix + groupName(name), Group: groupName(name), Result: ResolvedNoName}}, nil
	}
	if err != nil {
		return nil, err
	}
	return n.groupView(&g).Members, nil
}
