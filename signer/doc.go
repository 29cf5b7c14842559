// Package signer signs one PDF, and judges the signatures that one carries.
//
// [Sign] appends a revision with a PAdES signature and leaves every earlier byte
// as it was. [Validate] reads a file that anyone may have made and answers with
// a [Report]: for each signature an indication of ETSI EN 319 102-1, and for
// each thing that was looked at a [Finding] with a stable name. A bad signature
// is a finding; only a file that cannot be read at all is an error.
//
// Validation never trusts what the file says about itself. A byte range is
// compared with the span that /Contents really has and with the end of the
// revision that wrote it; what later revisions add is compared object by object
// with the signed one, by allow-list, so that whatever is not understood counts
// as a change of content. The order of the checks stands in check.go, the
// comparison in diff.go, the rules of judgement, as data, in policy.go.
//
// The package opens no network connection and reads no clock: time-stamps come
// through [lienthong/signer/tsp], trust and revocation through [lienthong/certs],
// and the time is an argument. Structure is in [lienthong/signer/pdf], which
// knows no cryptography, and SignedData in [lienthong/signer/cms], which knows
// no PDF.
package signer
