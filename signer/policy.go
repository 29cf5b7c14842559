package signer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"lienthong/certs"
)

// A Policy is the rules of judgement, as data: everything that decides a verdict
// and that an agency may want otherwise. Its canonical JSON is hashed into every
// report. Take one of the built-in ones and change a copy; the zero Policy is
// not useful.
type Policy struct {
	ID string `json:"id"`
	// Trust: certificates and revocation are judged. Without it the verdicts are
	// intact and altered, and weak algorithms are warnings.
	Trust bool `json:"trust"`
	// Purposes are the anchors that may vouch for a signer, in order of preference.
	Purposes   []certs.Purpose  `json:"purposes"`
	Algorithms certs.Algorithms `json:"algorithms"`
	// Revocation says what a missing or stale answer means.
	Revocation RevocationRule `json:"revocation"`
	// FreshAfterSigning: an answer counts only if it was issued at or after the
	// time judged; otherwise one whose interval covers that time is enough.
	FreshAfterSigning bool `json:"fresh_after_signing"`
	// SigningCertificate: signatures that do not name their certificate by its hash
	// fail under every sub-filter, and not only under ETSI.CAdES.detached.
	SigningCertificate bool `json:"signing_certificate"`
	// StrictEncoding: what is a warning about the encoding of a signature (mixed
	// or spaced hexadecimal, bytes after the SignedData) makes it fail.
	StrictEncoding bool `json:"strict_encoding"`
	// MaxAgeHours: a good answer counts only if it was issued no longer than this
	// before the time judged. Zero: as long as it says itself.
	MaxAgeHours int `json:"max_age_hours,omitempty"`
	// KeyUsages and ExtendedKeyUsages, where there are any: the signer's certificate
	// has at least one of them, besides what the standards want. The first are named
	// as in [KeyUsageNames], the second are object identifiers.
	KeyUsages         []string `json:"key_usages,omitempty"`
	ExtendedKeyUsages []string `json:"extended_key_usages,omitempty"`
	// SignaturePolicies are the object identifiers of rules of signers that this policy
	// is known to satisfy. A signature that names other rules is indeterminate.
	SignaturePolicies []string `json:"signature_policies,omitempty"`
	// DynamicContent says what content means that can change what is shown.
	DynamicContent ContentRule `json:"dynamic_content"`
	// Repair says what is done with a file whose cross-reference sections are damaged.
	Repair RepairRule `json:"repair"`
}

// RevocationRule says what it means that the status of a certificate cannot be had.
type RevocationRule string

const (
	RevocationHard RevocationRule = "hard" // indeterminate
	RevocationSoft RevocationRule = "soft" // indeterminate, and accepted by the policy
)

// ContentRule says what it means that a file has content which can change what it
// shows: scripts, actions, layers, forms that are programs.
type ContentRule string

const (
	ContentIgnore        ContentRule = "ignore"
	ContentWarn          ContentRule = "warn"          // listed by name
	ContentIndeterminate ContentRule = "indeterminate" // listed, and the file is not valid
)

// RepairRule says what is done with a damaged file.
type RepairRule string

const (
	RepairRefuse RepairRule = "refuse" // it cannot be read
	RepairReport RepairRule = "report" // it is read as far as it can be, and never valid
)

// DefaultPolicy follows Circular 15/2025/TT-BKHCN: certificates, their status and
// the algorithms are judged, and what cannot be determined is said to be so.
func DefaultPolicy() *Policy {
	return &Policy{
		ID:             "default",
		Trust:          true,
		Purposes:       []certs.Purpose{certs.OfficialSigning, certs.PublicSigning},
		Algorithms:     certs.DefaultAlgorithms(),
		Revocation:     RevocationHard,
		DynamicContent: ContentWarn,
		Repair:         RepairRefuse,
	}
}

// StrictPolicy is the default, and takes no answer older than the signature, no
// signature without its certificate's hash, and no loose encoding.
func StrictPolicy() *Policy {
	p := DefaultPolicy()
	p.ID, p.FreshAfterSigning, p.SigningCertificate, p.StrictEncoding = "strict", true, true, true
	return p
}

// ArchivePolicy is for old files: it also takes what was good when they were made,
// SHA-1 and RSA from 1024 bits until the end of 2013 (NIST SP 800-131A), and so
// only where a time-stamp proves that they are as old. A damaged file is looked at.
func ArchivePolicy() *Policy {
	p := DefaultPolicy()
	p.ID, p.Repair = "archive", RepairReport
	end := time.Date(2013, 12, 31, 23, 59, 59, 0, time.UTC)
	p.Algorithms.Hashes = append(p.Algorithms.Hashes, certs.HashRule{Name: "SHA-1", Until: end})
	p.Algorithms.Keys = append(p.Algorithms.Keys, certs.KeyRule{Kind: "RSA", MinBits: 1024, Until: end})
	return p
}

// IntegrityPolicy leaves trust and revocation out: a first look at a stranger's
// file. It never says valid; its verdicts are intact and altered.
func IntegrityPolicy() *Policy {
	p := DefaultPolicy()
	p.ID, p.Trust = "integrity", false
	return p
}

// BuiltinPolicies are the names of the built-in policies.
var BuiltinPolicies = []string{"default", "strict", "archive", "integrity"}

// BuiltinPolicy returns the built-in policy of that name; default if it is empty.
func BuiltinPolicy(id string) (*Policy, error) {
	switch id {
	case "default", "":
		return DefaultPolicy(), nil
	case "strict":
		return StrictPolicy(), nil
	case "archive":
		return ArchivePolicy(), nil
	case "integrity":
		return IntegrityPolicy(), nil
	}
	return nil, fmt.Errorf("policy %q: not built in; want default, strict, archive or integrity", id)
}

// Reference names the policy and the digest of its canonical JSON.
func (p *Policy) Reference() PolicyRef {
	data, err := json.Marshal(p)
	if err != nil { // the fields are plain data, so this cannot fail but for a mistake here
		return PolicyRef{ID: p.ID}
	}
	digest := sha256.Sum256(data)
	return PolicyRef{ID: p.ID, SHA256: hex.EncodeToString(digest[:])}
}
