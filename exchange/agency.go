package exchange

import (
	"crypto/x509"
	"time"

	"lienthong/envelope"
	"lienthong/signer"
)

// A Directory is one state of who is who, indexed. It does not change: an import
// makes a new one.
type Directory struct{ envelope.Directory }

// Agency finds an agency by id, or by a code that is or was its own.
func (d *Directory) Agency(idOrCode string) (envelope.Agency, bool) { return envelope.Agency{}, false }

// Node finds a node by id.
func (d *Directory) Node(id string) (envelope.Node, bool) { return envelope.Node{}, false }

// NodeOfKey finds the node to which a certificate is bound at a time.
func (d *Directory) NodeOfKey(cert *x509.Certificate, at time.Time) (envelope.Node, bool) {
	return envelope.Node{}, false
}

// CodeAt is the code of an agency at a time; the newest one where none is valid then.
func CodeAt(a envelope.Agency, at time.Time) string { return "" }

// Claim is what validation needs to know whether signers are bound to an agency.
func (d *Directory) Claim(agency string) *signer.Claim { return nil }
