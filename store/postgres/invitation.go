package postgres

import (
	"context"
	"fmt"
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	invitationColumns      = `id, hash, node, state, created, expires, decided, name, addresses, request, certificate, revision`
	selectInvitationByHash = `SELECT ` + invitationColumns + ` FROM invitation WHERE hash = $1`
	selectInvitationByID   = `SELECT ` + invitationColumns + ` FROM invitation WHERE id = $1`
	selectInvitations      = `SELECT ` + invitationColumns + ` FROM invitation WHERE id < $1 ORDER BY id DESC LIMIT $2`

	updateInvitation = `UPDATE invitation SET state = $1, decided = $2, name = $3, addresses = $4, request = $5, certificate = $6, revision = revision + 1
		WHERE id = $7 AND revision = $8`
	insertInvitation = `INSERT INTO invitation (` + invitationColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1) ON CONFLICT DO NOTHING`
)

func (s *Store) invitations(ctx context.Context, query string, args ...any) ([]exchange.Invitation, error) {
	return list(ctx, s, query, args, func(row scanner, v *exchange.Invitation) error {
		var addresses string
		var state int64
		err := row.Scan(fixed(v.ID[:]), fixed(v.Hash[:]), &v.Node, &state, &v.Created, &v.Expires, &v.Decided, &v.Name, &addresses, &v.Request, &v.Certificate, unsigned{&v.Revision})
		v.State = exchange.InvitationState(state)
		if addresses != "" {
			v.Addresses = strings.Split(addresses, "\n")
		}
		return err
	})
}

func (s *Store) invitation(ctx context.Context, what fmt.Stringer, query string, key []byte) (exchange.Invitation, error) {
	found, err := s.invitations(ctx, query, key)
	if err == nil && len(found) == 0 {
		err = notFound(what)
	}
	if err != nil {
		return exchange.Invitation{}, err
	}
	return found[0], nil
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

func (a *act) putInvitations() {
	for i := range a.Invitations {
		v := &a.Invitations[i]
		stale := func() error { return fmt.Errorf("postgres: invitation %s: %w", v.ID, exchange.ErrStale) }
		addresses := strings.Join(v.Addresses, "\n")
		if v.Revision > 0 {
			a.must(stale, updateInvitation, int64(v.State), v.Decided, v.Name, addresses, solid(v.Request), solid(v.Certificate), v.ID[:], int64(v.Revision))
			continue
		}
		a.must(stale, insertInvitation, v.ID[:], v.Hash[:], v.Node, int64(v.State), v.Created, v.Expires, v.Decided, v.Name, addresses, solid(v.Request), solid(v.Certificate))
	}
}

// solid is b as a column that is not null takes it.
func solid(b []byte) []byte { return append([]byte{}, b...) }
