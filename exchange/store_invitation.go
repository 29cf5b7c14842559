package exchange

import (
	"context"

	"lienthong/envelope"
)

// An InvitationStore is the part of a [Store] that knows which nodes may join by which
// one-time token, and who asked.
type InvitationStore interface {
	// InvitationByHash finds an invitation by the SHA-256 of its secret. ErrNotFound.
	InvitationByHash(ctx context.Context, hash envelope.Digest) (Invitation, error)
	// InvitationByID finds an invitation by its id. ErrNotFound.
	InvitationByID(ctx context.Context, id envelope.ID) (Invitation, error)
	// Invitations lists invitations, newest (highest id) first, after the cursor (zero: from
	// the newest).
	Invitations(ctx context.Context, after envelope.ID, limit int) ([]Invitation, error)
}

// InvitationState is how far a node has come on its way in.
type InvitationState int

// The states of an invitation, in order. Refused and approved are ends.
const (
	InvitationOpen      InvitationState = 1 // nobody has used the token
	InvitationRequested InvitationState = 2 // a node has sent its key and waits
	InvitationApproved  InvitationState = 3
	InvitationRefused   InvitationState = 4
)

// An Invitation lets one node ask, one time, to be taken into the directory.
type Invitation struct {
	ID          envelope.ID
	Hash        envelope.Digest // SHA-256 of the secret, as with [Token]
	Node        string          // id of the node that may ask
	State       InvitationState
	Created     int64 // microseconds
	Expires     int64
	Decided     int64    // 0: it is not
	Name        string   // as the node says; for people
	Addresses   []string // host:port, as the node says
	Request     []byte   // PKCS #10, DER
	Certificate []byte   // DER: self-signed with the request, and the one of the directory once approved
	Revision    uint64   // 0 inserts
}
