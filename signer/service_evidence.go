package signer

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"lienthong/certs"
)

// An Asked is a certificate of the signer's path, and what was known of it before
// the key was used (Circular 15/2025/TT-BKHCN: certificate, list and result are kept).
type Asked struct {
	Certificate *x509.Certificate
	Revocation  certs.Revocation // zero for an anchor, which nobody is asked about
	At          time.Time
}

// FindingKept is the name of findings about what a node asked before it used a key for
// the file, and keeps (Circular 15/2025/TT-BKHCN).
const FindingKept = "signing-evidence"

// A KeptStatus is what is kept of one certificate that was asked about before a key was
// used. Times are RFC 3339, UTC.
type KeptStatus struct {
	Certificate string // digest of its DER
	Status      string // as certs has it
	Checked     string
	Kind        string // of the answer; empty where there was none
	Answer      string // digest of the answer
	ThisUpdate  string
}

// Finding says what is kept, in a report of the file that was signed. What is not good
// is a warning.
func (k KeptStatus) Finding() Finding {
	r, result := rule{name: FindingKept, clause: "TT 15/2025/TT-BKHCN"}, Warning
	if k.Status == string(certs.Good) {
		result = Passed
	}
	if k.Kind == "" {
		return finding(r, result, "", "certificate %s was %s at %s", k.Certificate, k.Status, k.Checked)
	}
	return finding(r, result, "", "certificate %s was %s at %s, by the %s %s of %s", k.Certificate, k.Status, k.Checked, k.Kind, k.Answer, k.ThisUpdate)
}

// checkRevocation asks about each certificate of a path but the anchor. It returns the
// digests of the answers for the journal.
func (s *Service) checkRevocation(ctx context.Context, c *cleared, path certs.Path, at time.Time) (string, error) {
	var used []string
	for i, cert := range path.Chain {
		asked := Asked{Certificate: cert, At: at}
		if i+1 < len(path.Chain) {
			asked.Revocation = s.Evidence.Resolve(ctx, cert, path.Chain[i+1], at, at)
			if err := s.judgeStatus(c, asked); err != nil {
				return "", err
			}
		}
		if asked.Revocation.Status == certs.Good {
			used = append(used, hex.EncodeToString(asked.Revocation.Digest[:]))
		}
		c.asked = append(c.asked, asked)
	}
	if len(used) == 0 {
		return "none", nil
	}
	return strings.Join(used, ","), nil
}

// judgeStatus refuses what is revoked, and for an agency key what is not known.
func (s *Service) judgeStatus(c *cleared, asked Asked) error {
	r, name := asked.Revocation, asked.Certificate.Subject.CommonName
	switch {
	case r.Status == certs.Good:
		return nil
	case r.Status == certs.Revoked, r.Status == certs.OnHold:
		return refusal(RefusedRevoked, "the certificate of %q is %s since %s", name, r.Status, r.RevokedAt.UTC().Format(time.RFC3339))
	case c.key.Role == RoleAgency && !s.AllowUnknownRevocation:
		return refusal(RefusedRevocation, "whether the certificate of %q is revoked cannot be told (%s: %s), and an agency key is not used without", name, r.Status, r.Detail)
	}
	c.warnings = append(c.warnings, fmt.Sprintf("whether the certificate of %q is revoked could not be told: %s", name, r.Detail))
	return nil
}

// quoteShort quotes what came from outside for a journal entry, which has room for little.
func quoteShort(s string) string {
	const most = 400
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
