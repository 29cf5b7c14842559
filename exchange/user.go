package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lienthong/envelope"
	"lienthong/journal"
)

// ChangePrincipal changes a principal, or makes one where create allows it. Change sees the
// principal as it is; it is called again where another change, by whatever process of this
// node, was faster, and an error of it ends the act. What would leave the node without an
// administrator is refused: only at the node itself could one be made again.
func (s *Service) ChangePrincipal(ctx context.Context, actor journal.Actor, id string, create bool, change func(*Principal) error) (Principal, error) {
	var out Principal
	err := s.decide(ctx, func() (err error) {
		out, err = s.changePrincipal(ctx, actor, id, create, change)
		return err
	})
	return out, storeError(err)
}

func (s *Service) changePrincipal(ctx context.Context, actor journal.Actor, id string, create bool, change func(*Principal) error) (Principal, error) {
	p, err := s.cfg.Store.PrincipalByID(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound) && create:
		p = Principal{ID: id}
	case errors.Is(err, ErrNotFound):
		return p, fail(NotFound, "NOT_FOUND", "there is no user %.80q", id)
	case err != nil:
		return p, err
	}
	ran := p.May(RoleAdmin, "")
	if err := change(&p); err != nil {
		return p, err
	}
	p.ID = id
	d := s.draft(actor)
	if ran && !p.May(RoleAdmin, "") {
		// The other one may be losing the role at this moment, at another process: then one
		// of the two acts is stale.
		other, err := s.otherAdmin(ctx, id)
		if err != nil {
			return p, err
		}
		d.change.Unchanged = []PrincipalAt{{other.ID, other.Revision}}
	}
	if p.Created == 0 {
		p.Created = s.now()
	}
	if err := s.checkPrincipal(p); err != nil {
		return p, err
	}
	d.change.Principals = []Principal{p}
	d.entry("", "principal.put", p.ID, fmt.Sprintf("keys=%d disabled=%t roles=%s", len(p.Keys), p.Disabled, grantsText(p.Grants)))
	if _, err = s.commit(ctx, d.change); errors.Is(err, ErrConflict) {
		err = &Error{Code: Invalid, Reason: "KEY_IN_USE", Text: "a certificate of this user is another user's already", Cause: err}
	}
	p.Revision++
	return p, err
}

func (s *Service) otherAdmin(ctx context.Context, than string) (Principal, error) {
	list, err := s.cfg.Store.Principals(ctx)
	if err != nil {
		return Principal{}, err
	}
	if at := slices.IndexFunc(list, func(p Principal) bool { return p.ID != than && p.May(RoleAdmin, "") }); at >= 0 {
		return list[at], nil
	}
	return Principal{}, fail(Precondition, "LAST_ADMIN", "user %q is the only administrator who is left: name another one first", than)
}

// checkPrincipal says all that is wrong with what a principal is to be.
func (s *Service) checkPrincipal(p Principal) error {
	var bad []Field
	if p.ID == "" || len(p.ID) > envelope.MaxID || !plainText(p.ID) {
		bad = append(bad, Field{"id", "REQUIRED", fmt.Sprintf("is %.50q, want 1 to %d bytes of text", p.ID, envelope.MaxID)})
	}
	if p.ID == journal.System.Principal {
		bad = append(bad, Field{"id", "RESERVED", fmt.Sprintf("%q is the node itself", p.ID)})
	}
	for i, g := range p.Grants {
		ofNode := g.Role == RoleAuditor || g.Role == RoleAdmin
		if _, ok := s.Directory().agencies[g.Agency]; ofNode != (g.Agency == "") || !ofNode && !ok {
			bad = append(bad, Field{fmt.Sprintf("grants[%d].agency", i), "UNKNOWN_AGENCY", fmt.Sprintf("role %q for agency %.80q: want an agency id of the directory, or none for auditor and admin", g.Role, g.Agency)})
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Reason: "INVALID_PRINCIPAL", Text: "the principal was not kept", Fields: bad}
}

// Grant adds and takes roles; those that are there already, or are not, stay so.
func (p *Principal) Grant(add, remove []Grant) {
	p.Grants = slices.DeleteFunc(p.Grants, func(g Grant) bool { return slices.Contains(remove, g) })
	for _, g := range add {
		if !slices.Contains(p.Grants, g) {
			p.Grants = append(p.Grants, g)
		}
	}
}

// grantsText is what the journal says of roles: the first fifty, and how many more.
func grantsText(list []Grant) string {
	const shown = 50
	var out []string
	for _, g := range list[:min(shown, len(list))] {
		text := string(g.Role)
		if g.Agency != "" {
			text += ":" + g.Agency
		}
		out = append(out, text)
	}
	text := strings.Join(out, ",")
	if len(list) > shown || len(text) > 3000 {
		text = fmt.Sprintf("%.3000s(%d)", text, len(list))
	}
	return text
}

// GrantFor reads a role with an agency (id or code), as "clerk:H55" and "admin" do:
// auditor and admin are for the node, the others for an agency of the directory.
func (d *Directory) GrantFor(role Role, agency string) (Grant, error) {
	switch role {
	case RoleAuditor, RoleAdmin:
		if agency == "" {
			return Grant{Role: role}, nil
		}
	case RoleClerk, RoleSigner, RoleReader:
		if agency == "" {
			break
		}
		a, ok := d.Agency(agency)
		if !ok {
			return Grant{}, fmt.Errorf("agency %q is not in the directory", agency)
		}
		return Grant{Role: role, Agency: a.ID}, nil
	}
	return Grant{}, fmt.Errorf("%s:%s is no role: want clerk:AGENCY, signer:AGENCY, reader:AGENCY, auditor or admin", role, agency)
}
