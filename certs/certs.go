// Package certs decides whether a certificate may be believed: anchors for each
// purpose, paths to them, and evidence about revocation.
//
// It reads certificates with [crypto/x509] and uses its parser only. Which
// issuer fits which certificate, and whether each link holds, is decided here,
// because x509.Verify judges TLS servers: it wants names of hosts, knows no dated
// algorithm policy, and fails vaguely where a report has to name one reason.
//
// The package holds no private keys (see package certs/keys) and knows nothing
// about PDF or CMS. It reads no clock: each question brings the time to judge at.
package certs
