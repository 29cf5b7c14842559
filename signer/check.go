package signer

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"lienthong/certs"
	"lienthong/signer/pdf"
)

// Options say how [Validate] judges. At is required; the rest has a meaning when
// it is zero: the default policy, no anchors, no evidence, no claim.
type Options struct {
	Policy   *Policy
	At       time.Time // the current time of EN 319 102-1: nothing later is used
	Trust    *certs.Trust
	Evidence *certs.Evidence
	Claim    *Claim
	Limits   pdf.Limits // of reading the file; the default if zero
}

// A Claim is what the sender of a file says about it: which agency issued it.
type Claim struct {
	Agency string // code of the agency
	// Bind asks the directory for what a certificate is bound to at a time; false
	// where it knows nothing of it then.
	Bind func(certificate *x509.Certificate, at time.Time) (Binding, bool)
}

// A Binding is what a directory says about a certificate.
type Binding struct {
	Agency string // code
	Role   string // RolePersonal or RoleAgency
	Holder string // who holds it
}

// Validate judges every signature and time-stamp of a file, and what was added
// after each. Its errors are those of a file that cannot be read; everything
// else is in the report.
//
// The order is: structure (which bytes does each signature really cover), what
// later revisions changed, digests in one pass over the file, the signature
// values, time-stamps from the newest to the oldest, then certificates at the
// time that is proved, and the agency. A signature that fails early is still
// described as far as it can be read, but nothing later makes it pass.
func Validate(ctx context.Context, src pdf.Source, opts Options) (*Report, error) {
	if opts.At.IsZero() {
		return nil, errors.New("validate: no time to judge at")
	}
	if opts.Policy == nil {
		opts.Policy = DefaultPolicy()
	}
	if opts.Trust == nil {
		opts.Trust = certs.NewTrust()
	}
	if opts.Evidence == nil {
		opts.Evidence = certs.NewEvidence()
	}
	file, err := pdf.Open(src, opts.Limits)
	if err != nil && opts.Policy.Repair == RepairReport {
		if repaired, failed := pdf.OpenRepaired(src, opts.Limits); failed == nil {
			file, err = repaired, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	c := &check{ctx: ctx, file: file, opts: opts, policy: opts.Policy, revisions: file.Revisions()}
	c.report = &Report{
		Schema: ReportSchema, ValidatedAt: opts.At.UTC().Truncate(time.Second), Policy: opts.Policy.Reference(),
		Signatures: []Signature{}, Timestamps: []Signature{}, Findings: []Finding{},
	}
	if err := c.run(); err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	return c.report, nil
}

// check is one run of Validate.
type check struct {
	ctx       context.Context
	file      *pdf.File
	opts      Options
	policy    *Policy
	report    *Report
	revisions []pdf.Revision
	items     []*item             // signatures and document time-stamps, oldest revision first
	every     []pdf.SignatureDict // of all revisions, once read
	direct    map[dictionaryAt]*pdf.SignatureDict
	unscanned error // why they could not be
	evidence  *certs.Evidence
	extra     []*x509.Certificate // that the file brings along: candidates for paths
	brought   []*brought          // revocation answers that it brings along
	seen      map[[32]byte]bool   // what of both was taken, by digest
	lists     int                 // of the answers
	answers   int                 // of the answers, by OCSP
	proofs    []*era              // by passing time-stamps, newest first
	unread    bool                // the newest form cannot be read
	looked    int                 // fields that were read in older revisions
	orphaned  int                 // signature dictionaries without a field
	overlays  []laid              // signatures over text of a signing block
	added     []addition          // text that revisions put on pages
	filledIn  []filling           // and into fields
}

func (c *check) run() error {
	if _, err := c.file.Unlock(nil); err != nil {
		return fmt.Errorf("%w: only a file that opens without a password is judged; decrypting a signed one would break its signatures", err)
	}
	if err := c.collect(); err != nil {
		return err
	}
	c.fileStructure()
	for _, it := range c.items {
		c.structure(it)
	}
	c.oneARevision()
	c.ambiguous()
	hashed := c.startDigests()
	c.laterChanges()
	said := c.aside(c.dynamicContent)
	if err := c.digests(hashed); err != nil {
		return err
	}
	if err := c.ctx.Err(); err != nil {
		return err
	}
	for _, it := range c.items {
		c.parseValue(it)
	}
	c.broughtAlong()
	c.pathsInside()
	c.judgeTimes()
	for _, it := range c.items {
		if !it.timestamp {
			c.judgeSignature(it)
		}
	}
	c.report.Findings = append(c.report.Findings, said...)
	c.settlePlaces()
	c.registrations()
	c.quoteFilled()
	c.finish()
	return c.ctx.Err()
}

// aside returns what a check says of the file, to be said later: reports keep their
// order, whatever is looked at first.
func (c *check) aside(check func()) []Finding {
	before := c.report.Findings
	c.report.Findings = nil
	check()
	said := c.report.Findings
	c.report.Findings = before
	return said
}

// note adds a finding about the whole file.
func (c *check) note(r rule, result Result, object, format string, args ...any) {
	c.report.Findings = append(c.report.Findings, finding(r, result, object, format, args...))
}

func finding(r rule, result Result, object, format string, args ...any) Finding {
	check := r.name
	if result == Passed {
		check = passedCheck
	}
	detail, code, params := compose(check, format, args)
	return Finding{Name: r.name, Result: result, Clause: r.clause, Detail: shorten(detail), Object: object, Code: code, Params: params}
}

// shorten keeps a detail printable: names in it come from the file.
func shorten(s string) string {
	const most = 600
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}

// certificateFacts fills what the report says about a certificate.
func certificateFacts(s *Signature, cert *x509.Certificate) {
	if cert == nil {
		return
	}
	s.Signer = Signer{
		CommonName:   cert.Subject.CommonName,
		Organization: unitOf(cert),
		Serial:       fmt.Sprintf("%x", cert.SerialNumber),
		Issuer:       cert.Issuer.CommonName,
	}
	if s.Signer.Issuer == "" {
		s.Signer.Issuer = cert.Issuer.String()
	}
	s.NotBefore, s.NotAfter = cert.NotBefore.UTC(), cert.NotAfter.UTC()
	digest := sha256Of(cert.Raw)
	s.CertificateSHA256 = hex.EncodeToString(digest[:])
}

func unitOf(cert *x509.Certificate) string {
	unit := ""
	for _, list := range [][]string{cert.Subject.Organization, cert.Subject.OrganizationalUnit} {
		for _, name := range list {
			if unit != "" {
				unit += ", "
			}
			unit += name
		}
	}
	return unit
}
