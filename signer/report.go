package signer

import (
	"encoding/json"
	"time"
)

// ReportSchema names the version of the JSON form of a [Report]; the schema
// itself is report.schema.json beside this file.
const ReportSchema = "lienthong/report/v1"

// A Report is what [Validate] found out about one file. Its JSON form is stable:
// fields are added, never renamed or reused. Times are UTC, to the second.
type Report struct {
	Schema string `json:"schema"`         // always [ReportSchema]
	File   string `json:"file,omitempty"` // the name that the caller knows the file by; Validate leaves it empty
	SHA256 string `json:"sha256"`         // of the whole file, lower-case hex

	Verdict Verdict `json:"verdict"`
	// Original: the file carries a passing personal and a passing agency signature
	// of the claimed agency, and is valid (Decree 30/2020/NĐ-CP, Art. 5).
	Original bool `json:"original"`
	// AcceptedByPolicy: the verdict is indeterminate only for want of revocation
	// data, and the policy named in Policy takes such files.
	AcceptedByPolicy bool `json:"accepted_by_policy,omitempty"`

	ValidatedAt time.Time `json:"validated_at"` // Options.At: the current time of EN 319 102-1
	Policy      PolicyRef `json:"policy"`

	Signatures []Signature `json:"signatures"`
	// Timestamps are the document time-stamps of the file and the signature
	// time-stamps of its signatures; TimeSource tells the two apart, and Field is
	// the field of the time-stamp or of the signature that carries it.
	Timestamps []Signature `json:"timestamps"`
	Findings   []Finding   `json:"findings"` // about the file as a whole
}

// PolicyRef names the policy that judged: two reports with the same digest were
// judged by the same rules.
type PolicyRef struct {
	ID     string `json:"id"`
	SHA256 string `json:"sha256"` // of the policy's canonical JSON, lower-case hex
}

// A Signature is what was found out about one signature or one time-stamp.
type Signature struct {
	Field         string        `json:"field"` // full name of the field, partial names joined by "."
	Indication    Indication    `json:"indication"`
	SubIndication SubIndication `json:"sub_indication,omitempty"` // empty when passed
	Level         Level         `json:"level,omitempty"`          // what the file holds for it, if the signature itself is sound

	Role    string        `json:"role,omitempty"`   // RolePersonal or RoleAgency, from the directory
	Agency  string        `json:"agency,omitempty"` // code of the agency that the directory binds the certificate to
	Binding BindingStatus `json:"binding"`

	Signer            Signer    `json:"signer"`
	NotBefore         time.Time `json:"not_before,omitzero"`
	NotAfter          time.Time `json:"not_after,omitzero"`
	CertificateSHA256 string    `json:"certificate_sha256,omitempty"` // lower-case hex

	Integrity  Integrity  `json:"integrity"`
	Revocation Revocation `json:"revocation"`
	Evidence   []Evidence `json:"evidence,omitempty"` // the answers that decided, leaf first

	ClaimedTime time.Time  `json:"claimed_time,omitzero"` // what the signer says; proves nothing
	BestTime    time.Time  `json:"best_time,omitzero"`    // earliest moment at which the signature is proved to have existed
	TimeSource  TimeSource `json:"time_source"`

	Coverage Coverage  `json:"coverage"`
	Changes  Changes   `json:"changes"`
	Findings []Finding `json:"findings"`
}

// Signer names the holder of a certificate as the certificate does.
type Signer struct {
	CommonName   string `json:"common_name"`
	Organization string `json:"organization"` // O, and below it OU, joined by ", ": the unit that manages the certificate
	Serial       string `json:"serial"`       // of the certificate, lower-case hex
	Issuer       string `json:"issuer"`       // common name of the issuing CA, its whole name where it has none
}

// Revocation is the status of the signing certificate at the time judged.
type Revocation struct {
	Status     string    `json:"status"`           // good, revoked, on_hold, unknown, stale or not_checked
	Source     string    `json:"source,omitempty"` // file, cache, network, dss or signature
	ThisUpdate time.Time `json:"this_update,omitzero"`
}

// Evidence is the answer that decided about one certificate of a path. It names
// the answer by its digest, so that it can be kept and shown again.
type Evidence struct {
	CertificateSHA256 string    `json:"certificate_sha256"` // that it is about, lower-case hex
	Status            string    `json:"status"`             // good, revoked, on_hold, unknown or stale
	Kind              string    `json:"kind"`               // crl or ocsp
	Source            string    `json:"source"`             // file, cache, network, dss or signature
	SHA256            string    `json:"sha256"`             // of its DER, lower-case hex
	ThisUpdate        time.Time `json:"this_update"`
}

// A Finding is one thing that was checked. Name and Clause are stable and fit
// for programs; Detail is for people, in English, and may change.
type Finding struct {
	Name   string `json:"name"`
	Result Result `json:"result"`
	Clause string `json:"clause"`           // the standard's clause that the check rests on
	Detail string `json:"detail,omitempty"` // what was found and what was wanted
	Object string `json:"object,omitempty"` // the PDF object that caused it: "12 0 R", or "trailer"
	// Code names the text that Detail is, and Params what it says of this file: they
	// are stable too, and [Finding.Text] makes the same text of them in another language.
	Code   string  `json:"code,omitempty"`
	Params []Param `json:"params,omitempty"`
}

// Result is the outcome of one check.
type Result string

const (
	Passed  Result = "passed"
	Warning Result = "warning" // the signature may still pass; a person should know
	Failed  Result = "failed"
)

// Verdict is the answer about a file.
type Verdict string

const (
	VerdictValid         Verdict = "valid"
	VerdictInvalid       Verdict = "invalid"
	VerdictIndeterminate Verdict = "indeterminate"
	VerdictUnsigned      Verdict = "unsigned"
	VerdictIntact        Verdict = "intact"  // only under a policy that leaves trust out
	VerdictAltered       Verdict = "altered" // only under a policy that leaves trust out
)

// Indication is the main status of ETSI EN 319 102-1, 5.1.3.
type Indication string

const (
	TotalPassed   Indication = "TOTAL_PASSED"
	TotalFailed   Indication = "TOTAL_FAILED"
	Indeterminate Indication = "INDETERMINATE"
)

// SubIndication says why a signature did not pass: ETSI EN 319 102-1, 5.1.3, tables 5 and 6.
type SubIndication string

const (
	FormatFailure                 SubIndication = "FORMAT_FAILURE"
	HashFailure                   SubIndication = "HASH_FAILURE"
	SigCryptoFailure              SubIndication = "SIG_CRYPTO_FAILURE"
	Revoked                       SubIndication = "REVOKED"
	Expired                       SubIndication = "EXPIRED"
	NotYetValid                   SubIndication = "NOT_YET_VALID"
	SigConstraintsFailure         SubIndication = "SIG_CONSTRAINTS_FAILURE"
	ChainConstraintsFailure       SubIndication = "CHAIN_CONSTRAINTS_FAILURE"
	CertificateChainGeneral       SubIndication = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
	CryptoConstraintsFailure      SubIndication = "CRYPTO_CONSTRAINTS_FAILURE"
	CryptoConstraintsFailureNoPOE SubIndication = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
	SignaturePolicyNotAvailable   SubIndication = "SIGNATURE_POLICY_NOT_AVAILABLE"
	NoSigningCertificateFound     SubIndication = "NO_SIGNING_CERTIFICATE_FOUND"
	NoCertificateChainFound       SubIndication = "NO_CERTIFICATE_CHAIN_FOUND"
	RevokedNoPOE                  SubIndication = "REVOKED_NO_POE"
	RevokedCANoPOE                SubIndication = "REVOKED_CA_NO_POE"
	OutOfBoundsNoPOE              SubIndication = "OUT_OF_BOUNDS_NO_POE"
	OutOfBoundsNotRevoked         SubIndication = "OUT_OF_BOUNDS_NOT_REVOKED"
	TimestampOrderFailure         SubIndication = "TIMESTAMP_ORDER_FAILURE"
	TryLater                      SubIndication = "TRY_LATER"
	Generic                       SubIndication = "GENERIC" // a kind of signature that is not supported
)

// BindingStatus says whether the directory binds the certificate to the claimed agency.
type BindingStatus string

const (
	BindingNotChecked BindingStatus = "not_checked" // no claim was given
	BindingBound      BindingStatus = "bound"
	BindingNotBound   BindingStatus = "not_bound"
)

// The roles that a directory gives to certificates.
const (
	RolePersonal = "personal"
	RoleAgency   = "agency"
)

// Integrity says whether the signed bytes are those that were signed.
type Integrity string

const (
	IntegrityIntact  Integrity = "intact"
	IntegrityAltered Integrity = "altered"
	IntegrityUnknown Integrity = "unknown" // the signature is too damaged, or of a kind unknown here
)

// TimeSource says where BestTime comes from.
type TimeSource string

const (
	TimeClaimed            TimeSource = "claimed" // no proof: judged at Report.ValidatedAt
	TimeSignatureTimestamp TimeSource = "signature_timestamp"
	TimeDocumentTimestamp  TimeSource = "document_timestamp"
)

// Coverage says how much of the file as it is now a signature covers.
type Coverage string

const (
	CoverageWhole    Coverage = "whole"    // all of the file but its own /Contents
	CoverageRevision Coverage = "revision" // all of its revision; later ones follow
	CoverageBroken   Coverage = "broken"   // the byte range is not what it must be
)

// Changes is the class of what was added after a signature: the worst of all
// later revisions.
type Changes string

const (
	ChangesNone       Changes = "none"
	ChangesLTV        Changes = "ltv"
	ChangesSignature  Changes = "signature"
	ChangesForm       Changes = "form"
	ChangesAnnotation Changes = "annotation"
	ChangesContent    Changes = "content"
)

// ExitCode is the exit status of a command that was asked about this file: 0 the
// answer is yes, 1 no, 3 cannot decide, 4 not signed. (2, unreadable input, is
// for the case in which there is no Report.)
func (r *Report) ExitCode() int {
	switch r.Verdict {
	case VerdictValid, VerdictIntact:
		return 0
	case VerdictUnsigned:
		return 4
	case VerdictIndeterminate:
		return 3
	}
	return 1
}

// JSON returns the report as one line of JSON, without a line end.
func (r *Report) JSON() ([]byte, error) { return json.Marshal(r) }
