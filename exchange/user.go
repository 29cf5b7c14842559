package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lienthong/journal"
)

// ChangePrincipal changes a principal, or makes one where create allows it. Change sees
// the principal as it is, and one act at a time is decided. What would leave the node
// without an administrator is refused: only at the node itself could one be made again.
func (s *Service) ChangePrincipal(ctx context.Context, actor journal.Actor, id string, create bool, change func(*Principal)) (Principal, error) {
	s.identities.Lock()
	defer s.identities.Unlock()
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
	change(&p)
	p.ID = id
	if ran && !p.May(RoleAdmin, "") {
		if err := s.otherAdmin(ctx, id); err != nil {
			return p, err
		}
	}
	if p.Created == 0 {
		p.Created = s.now()
	}
	if err := s.PutPrincipal(ctx, actor, p); err != nil {
		if errors.Is(err, ErrConflict) {
			err = &Error{Code: Invalid, Reason: "KEY_IN_USE", Text: "a certificate of this user is another user's already", Cause: err}
		}
		return p, err
	}
	return p, nil
}

func (s *Service) otherAdmin(ctx context.Context, than string) error {
	list, err := s.cfg.Store.Principals(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(p Principal) bool { return p.ID != than && p.May(RoleAdmin, "") }) {
		return nil
	}
	return fail(Precondition, "LAST_ADMIN", "user %q is the only administrator who is left: name another one first", than)
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
