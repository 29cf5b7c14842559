package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"lienthong/certs"
	"lienthong/signer"
)

type validateFlags struct {
	trust, crls, crlHosts []string
	policy, at            string
	agency, directory     string
	authority             []string
	offline, schema       bool
	as                    string
	why                   bool
}

func (a *app) validateCommand() *cobra.Command {
	var f validateFlags
	c := &cobra.Command{
		Use:   "validate --trust FILE|DIR FILE.pdf…",
		Short: "Judge the signatures of PDF files (kiểm tra chữ ký số)",
		Long: `Judge every signature and time-stamp of PDF files, and what was added after
each (ETSI EN 319 102-1). --agency with --directory also asks whether the
signatures are those of that agency. With --as a node judges, by its own anchors,
lists and directory; --agency is then enough for the claim.

Exit status over several files: the first of 2 (unreadable), 1 (invalid),
3 (cannot be decided), 4 (not signed), 0 (valid) that occurs.`,
		Example: `  lienthong validate --trust root.pem --crl crl/ letter.pdf
  lienthong --lang vi validate --why --trust root.pem --crl crl/ letter.pdf
  lienthong validate --policy integrity stranger.pdf
  lienthong validate --trust root.pem --policy our-policy.yaml letter.pdf`,
		Args: func(c *cobra.Command, files []string) error {
			if f.schema {
				return nil
			}
			return args(1, -1)(c, files)
		},
		RunE: func(c *cobra.Command, files []string) error {
			if f.schema {
				a.printf("%s", policySchema)
				return nil
			}
			return a.validate(c.Context(), files, f)
		},
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.trust, "trust", nil, "anchors: PEM or DER file, or a folder of them, repeatable")
	fl.StringArrayVar(&f.crls, "crl", nil, "revocation lists: file or folder, repeatable")
	fl.StringArrayVar(&f.crlHosts, "crl-host", nil, "host (or host:port) from which lists may be fetched, repeatable (default: none)")
	fl.BoolVar(&f.offline, "offline", false, "use no network, whatever --crl-host says")
	fl.StringVar(&f.policy, "policy", "default", "default, strict, archive or integrity, or a YAML file with a policy")
	fl.BoolVar(&f.schema, "policy-schema", false, "print the JSON Schema of a policy file, and no more")
	fl.StringVar(&f.at, "at-time", "", "judge as of this time, RFC 3339 (default: now)")
	fl.StringVar(&f.agency, "agency", "", "code of the agency from which the files claim to come")
	fl.StringVar(&f.directory, "directory", "", "signed directory file that knows its certificates")
	fl.StringVar(&f.as, "as", "", "have a node judge: YAML file with node, certificate, key, ca and agency")
	fl.BoolVar(&f.why, "why", false, "walk through the decision step by step: what was asked, found, what it means, what to do")
	fl.StringArrayVar(&f.authority, "authority", nil, "certificate that signs the directory, repeatable")
	return c
}

func (a *app) validate(ctx context.Context, files []string, f validateFlags) error {
	judge, err := a.judge(ctx, f)
	if err != nil {
		return err
	}
	seen := make(map[int]bool)
	for _, name := range files {
		code, err := judge(name)
		if err != nil {
			a.complain(err)
			code = exitUsage
		}
		seen[code] = true
	}
	for _, code := range []int{exitUsage, exitNo, exitUndecided, exitUnsigned} {
		if seen[code] {
			return quiet(code)
		}
	}
	return nil
}

// judge is how one file is judged: here, or by a node.
func (a *app) judge(ctx context.Context, f validateFlags) (func(name string) (int, error), error) {
	if f.as != "" {
		return a.judgeAtNode(ctx, f)
	}
	opts, err := a.validateOptions(f)
	return func(name string) (int, error) { return a.validateOne(ctx, name, opts, f.why) }, err
}

func (a *app) validateOne(ctx context.Context, name string, opts signer.Options, why bool) (int, error) {
	in, err := openDocument(name)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	report, err := signer.Validate(ctx, in, opts)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	report.File = filepath.Base(name)
	return a.printReport(report, why)
}

// printReport prints a report, or why it says what it says, and gives its exit
// status.
func (a *app) printReport(report *signer.Report, why bool) (int, error) {
	if a.json {
		line, err := report.JSON()
		if err != nil {
			return 0, err
		}
		a.printf("%s\n", line)
		return report.ExitCode(), nil
	}
	if why {
		return report.ExitCode(), report.WriteWhy(a.out, signer.Language(a.lang))
	}
	return report.ExitCode(), report.WriteText(a.out, signer.Language(a.lang))
}

func (a *app) validateOptions(f validateFlags) (signer.Options, error) {
	policy, err := loadPolicy(f.policy)
	if err != nil {
		return signer.Options{}, err
	}
	opts := signer.Options{Policy: policy, At: a.now()}
	if f.at != "" {
		if opts.At, err = time.Parse(time.RFC3339, f.at); err != nil {
			return opts, failf(exitUsage, "--at-time %q: want RFC 3339, such as 2026-11-21T10:00:00+07:00", f.at)
		}
	}
	hosts := f.crlHosts
	if f.offline {
		hosts = nil
	}
	if opts.Trust, opts.Evidence, err = loadTrust(f.trust, f.crls, hosts); err != nil {
		return opts, err
	}
	if len(f.trust) == 0 && policy.Trust {
		fmt.Fprintf(a.err, "lienthong: %s\n", a.t("hint: no anchors given, so no signer can be vouched for: --trust FILE|DIR, or --policy integrity",
			"gợi ý: chưa có chứng thư gốc nên không thể xác định người ký: --trust TỆP|THƯMỤC, hoặc --policy integrity"))
	}
	if f.agency == "" && f.directory == "" {
		return opts, nil
	}
	opts.Claim, err = a.claim(f)
	return opts, err
}

// loadTrust makes anchors for every purpose of what --trust names, and evidence of
// what --crl names.
func loadTrust(anchors, crls, hosts []string) (*certs.Trust, *certs.Evidence, error) {
	trust, evidence := certs.NewTrust(), certs.NewEvidence()
	for _, path := range anchors {
		list, err := certs.LoadCertificates(path)
		if err != nil {
			return nil, nil, fail(exitUsage, err)
		}
		addTrust(trust, list)
	}
	for _, path := range crls {
		list, err := certs.LoadCRLs(path)
		if err != nil {
			return nil, nil, fail(exitUsage, err)
		}
		evidence.AddCRLs(certs.SourceFile, list...)
	}
	if len(hosts) > 0 {
		evidence.Fetcher = &certs.Fetcher{Hosts: hosts}
	}
	return trust, evidence, nil
}

// addTrust takes self-issued certificates of a file as anchors, and the rest as
// steps on the way. Where a file holds no self-issued one, all are anchors: the
// user said to trust them.
func addTrust(trust *certs.Trust, list []*x509.Certificate) {
	roots := 0
	for _, c := range list {
		if string(c.RawIssuer) == string(c.RawSubject) {
			trust.AddAll(c)
			roots++
		}
	}
	for _, c := range list {
		if roots == 0 {
			trust.AddAll(c)
		} else {
			trust.AddIntermediates(c)
		}
	}
}
