package exchange

import (
	"context"

	"lienthong/envelope"
	"lienthong/journal"
	"lienthong/signer"
)

// A SignRequest asks to sign a file of an agency.
type SignRequest struct {
	Agency    string // id or code
	File      envelope.Digest
	Key       string             // id of a key, see [Service.SigningKeys]
	Options   signer.SignOptions // At and TSA are set by the node
	Level     signer.Level
	Staff     envelope.Staff
	RequestID string
}

// A SignResult is the new file, which the agency possesses.
type SignResult struct {
	File     File
	Field    string
	Level    signer.Level
	Warnings []string
}

// SignFile signs a file of the agency with a key of the node. The result is a new
// file, in the agency's possession, that was verified before it was kept.
func (s *Service) SignFile(ctx context.Context, actor journal.Actor, req SignRequest) (*SignResult, error) {
	return nil, notYet()
}

// SigningKeys lists the keys that a principal may use for an agency (id or code).
func (s *Service) SigningKeys(ctx context.Context, principal, agency string) ([]signer.KeyEntry, error) {
	return nil, notYet()
}
