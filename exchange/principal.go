package exchange

import "lienthong/envelope"

// A Role is what a principal may do, for the agencies that it is granted for.
type Role string

const (
	RoleClerk   Role = "clerk"   // văn thư: sends, takes in, reports statuses
	RoleSigner  Role = "signer"  // uses the keys that name the principal as holder
	RoleReader  Role = "reader"  // reads the documents of the agency
	RoleLiaison Role = "liaison" // a peer node
	RoleAuditor Role = "auditor" // reads the journal
	RoleAdmin   Role = "admin"   // runs the node
)

// A Principal is a program or person that this node knows by a key. Principals
// live in the node's own store, never in the directory.
type Principal struct {
	ID       string // such as "qlvbdh-ba-hang"
	Name     string
	Keys     []envelope.Digest // SHA-256 of SubjectPublicKeyInfo (DER) of client certificates
	Grants   []Grant
	Disabled bool
	Created  int64
	Revision uint64 // 0 before it is stored
}

// A PrincipalAt is a principal as an act saw it.
type PrincipalAt struct {
	ID       string
	Revision uint64
}

// A Grant gives a role for one agency. Auditor and admin are for the node: Agency is empty.
type Grant struct {
	Role   Role
	Agency string // agency id
}

// May reports whether the principal has a role for an agency (id), or for the
// node where agency is empty.
func (p *Principal) May(role Role, agency string) bool {
	if p.Disabled {
		return false
	}
	for _, g := range p.Grants {
		if g.Role == role && g.Agency == agency {
			return true
		}
	}
	return false
}
