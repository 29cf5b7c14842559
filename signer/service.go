package signer

import (
	"context"
	"crypto/x509"
	"io"
	"time"

	"lienthong/certs"
	"lienthong/certs/keys"
	"lienthong/journal"
	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// A Journal is where [Service] writes what it is about to do and what came of it.
// It returns when the entries are durable; its error refuses the act.
type Journal interface {
	Record(ctx context.Context, entries ...journal.Entry) error
}

// A KeyEntry is a key that a node can use, and who may use it.
type KeyEntry struct {
	ID         string // stable, such as "ubnd-ba-hang/seal"
	Key        keys.Key
	Agency     string // agency id
	AgencyCode string
	Role       string   // RolePersonal or RoleAgency
	Holder     string   // the person, or the agency's name
	Principals []string // ids of principals that may use it: exactly one for a personal key
	Unattended bool     // opened with a PIN from a file, not by a person
}

// A Service signs for principals of a node: the one door to its keys.
type Service struct {
	Keys     []KeyEntry
	Journal  Journal
	Trust    *certs.Trust
	Evidence *certs.Evidence
	Now      func() time.Time
	TSA      tsp.Stamper // for B-T; nil where there is none
	// Bind asks the directory for what a certificate is bound to at a time.
	Bind func(certificate *x509.Certificate, at time.Time) (Binding, bool)
	// SealUnsigned, if it is there, names agencies (id) whose policy lets the agency sign
	// although no valid personal signature of the agency is there (Decree 30/2020, Art. 32
	// and 33, want one). Its use is journalled.
	SealUnsigned func(agency string) bool
	// AllowUnknownRevocation lets keys be used for which no fresh revocation data can be had.
	AllowUnknownRevocation bool
}

// A Request asks the service for one signature.
type Request struct {
	Agency  string   // agency id for which is signed
	Key     string   // KeyEntry.ID
	Input   [32]byte // SHA-256 of the file, for the journal
	Options SignOptions
}

// KeysOf lists the keys that a principal may use for an agency.
func (s *Service) KeysOf(principal, agency string) []KeyEntry { return nil }

// Sign signs, and checks what it wrote, before it returns. What out has got is
// worth nothing unless the error is nil.
func (s *Service) Sign(ctx context.Context, actor journal.Actor, in pdf.Source, req Request, out io.ReadWriteSeeker) (*Signed, error) {
	return nil, nil
}
