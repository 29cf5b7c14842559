package exchange

import (
	"context"

	"lienthong/envelope"
	"lienthong/signer"
)

// A SigningStore is the part of a [Store] that signing needs beside sessions: jobs
// that bring files to a later level, augmented files, the evidence behind a
// signature, suspended keys, and what was fetched from authorities.
type SigningStore interface {
	// ClaimLevelJobs leases jobs in state [LevelWaiting] that are due and not leased (or
	// whose lease has ended), by due time, until a time; it counts Attempts and Revision
	// up, and returns the rows as they are then. It takes no entries.
	ClaimLevelJobs(ctx context.Context, now, until int64, limit int) ([]LevelJob, error)
	// LevelJobs lists the jobs of an agency, newest (highest id) first, after the cursor
	// (zero: from the newest).
	LevelJobs(ctx context.Context, agency string, after envelope.ID, limit int) ([]LevelJob, error)
	// FileLevelJobs lists the jobs of one file of an agency, oldest first. None is no error.
	FileLevelJobs(ctx context.Context, agency string, base envelope.Digest) ([]LevelJob, error)
	// Augmentations lists what was made of a file of an agency, oldest first. None is no error.
	Augmentations(ctx context.Context, agency string, base envelope.Digest) ([]Augmentation, error)
	// RenewalsDue lists augmentations whose RenewAt is above 0 and not after now, by RenewAt.
	RenewalsDue(ctx context.Context, now int64, limit int) ([]Augmentation, error)
	// Evidence lists the evidence kept for a file of an agency, by Position. None is no error.
	Evidence(ctx context.Context, agency string, file envelope.Digest) ([]EvidenceRow, error)
	// KeyState finds the state of a key by its name. ErrNotFound: it was never suspended,
	// and no wrong secret was given.
	KeyState(ctx context.Context, key string) (KeyState, error)

	// Fetched finds what was fetched, by the SHA-256 of what was asked. ErrNotFound.
	Fetched(ctx context.Context, key envelope.Digest) (Fetched, error)
	// PutFetched keeps what was fetched, in place of what has its key, and forgets a few
	// rows that were due more than 30 days before row.At. It takes no entries.
	PutFetched(ctx context.Context, row Fetched) error
}

// A LevelState is how far a [LevelJob] has come.
type LevelState uint8

const (
	LevelWaiting LevelState = 1 // is tried until it succeeds, or its deadline comes
	LevelDone    LevelState = 2
	LevelGivenUp LevelState = 3
)

// String is how the API and the journal name a state.
func (s LevelState) String() string {
	return map[LevelState]string{LevelWaiting: "waiting", LevelDone: "done", LevelGivenUp: "given_up"}[s]
}

// A LevelJob asks to bring a file of an agency to a later level, however long the
// time-stamping authorities take. Jobs are never deleted: they are the record.
type LevelJob struct {
	ID        envelope.ID
	Agency    string // id
	Principal string // who asked; "system" for renewals
	Base      envelope.Digest
	Level     signer.Level
	State     LevelState
	Attempts  int // claims so far; read only but for the first, which is 0
	Created   int64
	DueAt     int64 // of the next attempt
	Deadline  int64 // given up after
	Ended     int64 // 0 while it waits
	Output    envelope.Digest
	Reason    string // of the last attempt that failed, such as TSA_FAILED
	Text      string // of that, for people
	Revision  uint64 // in a Change: that was read, 0 for a new one
}

// An Augmentation is a file that holds another, untouched, and evidence for its
// signatures after it. The agency possesses both.
type Augmentation struct {
	Agency  string          // id
	Base    envelope.Digest // the signed file; Digest itself where it was signed at that level
	Digest  envelope.Digest
	Level   signer.Level
	Until   int64 // when the path of its newest document time-stamp ends; 0: it has none
	RenewAt int64 // when to bring it to a newer time-stamp; 0: never
	Created int64
}

// An EvidenceRow is one certificate that was asked about before a key was used, and
// the answer. Certificate and answer are blobs, which the agency possesses.
type EvidenceRow struct {
	Agency      string          // id
	File        envelope.Digest // the signed file
	Base        envelope.Digest // of what it was made, which is erased with it; zero if not known
	Position    int             // in the path, the signer's certificate is 0
	Certificate envelope.Digest // of the DER
	Status      string          // certs.RevocationStatus; empty for an anchor
	Kind        string          // certs.KindCRL or KindOCSP; empty where there was no answer
	Answer      envelope.Digest // of the DER; zero where there was none
	Source      string          // certs.SourceFile and so on
	ThisUpdate  int64           // of the answer
	Checked     int64           // when it was asked
}

// A KeyState is what a node remembers of a key between its starts. Key is the id
// of a key of the node, or "certificate:" and the SHA-256 of one whose key is elsewhere.
type KeyState struct {
	Key         string
	Agency      string          // id
	Certificate envelope.Digest // of a suspended key of the node, which is suspended with it; zero: not known
	Suspended   int64           // since when; 0: it is not
	By          string          // principal that suspended it
	Reason      string
	Wrong       int    // wrong secrets in a row
	Turn        uint64 // goes up as people open the key and close it: odd while it may be open at some process
	Revision    uint64 // in a Change: that was read, 0 for a new one
}

// Fetched is a revocation list, OCSP answer or certificate as it came.
type Fetched struct {
	Key  envelope.Digest // of what was asked
	Data []byte
	At   int64 // when it came
	Due  int64 // when a newer one comes
}
