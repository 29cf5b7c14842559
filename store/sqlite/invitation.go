package sqlite

import (
	"context"
	"fmt"
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	invitationColumns      = `id, hash, node, state, created, expires, decided, name, addresses, request, certificate, revision`
	selectInvitationByHash = `SELECT ` + invitationColumns + ` FROM invitation WHERE hash = ?`
	selectInvitationByID   = `SELECT ` + invitationColumns + ` FROM invitation WHERE id = ?`
	selectInvitations      = `SELECT ` + invitationColumns + ` FROM invitation WHERE id < ? ORDER BY id DESC LIMIT 0+?`
)

func (s *Store) invitations(ctx context.Context, query string, args ...any) (out []exchange.Invitation, err error) {
	err = s.all(ctx, query, args, func(row scanner) error {
		var v exchange.Invitation
		var addresses string
		err := row.Scan(fixed(v.ID[:]), fixed(v.Hash[:]), &v.Node, &v.State, &v.Created, &v.Expires, &v.Decided, &v.Name, &addresses, &v.Request, &v.Certificate, unsigned{&v.Revision})
		if addresses != "" {
			v.Addresses = strings.Split(addresses, "\n")
		}
		out = append(out, v)
		return err
	})
	return out, err
}

func (s *Store) invitation(ctx context.Context, what fmt.Stringer, query string, key []byte) (exchange.Invitation, error) {
	list, err := s.invitations(ctx, query, key)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("sqlite: invitation %s: %w", what, exchange.ErrNotFound)
	}
	if err != nil {
		return exchange.Invitation{}, err
	}
	return list[0], nil
}

// InvitationByHash implements [exchange.InvitationStore].
func (s *Store) InvitationByHash(ctx context.Context, hash envelope.Digest) (exchange.Invitation, error) {
	return s.invitation(ctx, hash, selectInvitationByHash, hash[:])
}

// InvitationByID implements [exchange.InvitationStore].
func (s *Store) InvitationByID(ctx context.Context, id envelope.ID) (exchange.Invitation, error) {
	return s.invitation(ctx, id, selectInvitationByID, id[:])
}

// Invitations implements [exchange.InvitationStore].
func (s *Store) Invitations(ctx context.Context, after envelope.ID, limit int) ([]exchange.Invitation, error) {
	return s.invitations(ctx, selectInvitations, before(after), limit)
}

func (a *act) putInvitations() error {
	for i := range a.Invitations {
		n, err := a.putInvitation(&a.Invitations[i])
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("sqlite: invitation %s: %w", a.Invitations[i].ID, exchange.ErrStale)
		}
	}
	return nil
}

func (a *act) putInvitation(v *exchange.Invitation) (int64, error) {
	addresses := strings.Join(v.Addresses, "\n")
	if v.Revision > 0 {
		return a.exec(`UPDATE invitation SET state = ?, decided = ?, name = ?, addresses = ?, request = ?, certificate = ?, revision = revision + 1 WHERE id = ? AND revision = ?`,
			int64(v.State), v.Decided, v.Name, addresses, some(v.Request), some(v.Certificate), v.ID[:], int64(v.Revision))
	}
	return a.exec(`INSERT INTO invitation (`+invitationColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING`,
		v.ID[:], v.Hash[:], v.Node, int64(v.State), v.Created, v.Expires, v.Decided, v.Name, addresses, some(v.Request), some(v.Certificate))
}
