package main

import (
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"lienthong/signer"
)

// attributeFlags say what a signature means, and how old viewers can read it.
type attributeFlags struct {
	format, commitment                string
	policy, policyFile, policyAddress string
	embed                             bool
}

func (f *attributeFlags) add(fl *pflag.FlagSet) {
	fl.StringVar(&f.format, "format", "pades", "pades, or pkcs7 (adbe.pkcs7.detached with the time inside) for viewers that know no PAdES")
	fl.BoolVar(&f.embed, "embed-revocation", false, "put the status of the signer's certificates into the signature, by --trust and --crl; with --format pkcs7")
	fl.StringVar(&f.commitment, "commitment", "", "what the signature says: "+commitmentNames()+"; not together with --reason")
	fl.StringVar(&f.policy, "signature-policy", "", "object identifier of the rules under which is signed; not together with --reason")
	fl.StringVar(&f.policyFile, "signature-policy-file", "", "the text of these rules, of which the signature holds the digest")
	fl.StringVar(&f.policyAddress, "signature-policy-uri", "", "where these rules can be read")
}

func commitmentNames() string {
	var names []string
	for _, c := range signer.Commitments {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}

// apply checks the flags and puts them into the options.
func (f *attributeFlags) apply(opts *signer.SignOptions, all signFlags) error {
	switch f.format {
	case "pades", "":
	case "pkcs7":
		opts.Format = signer.FormatPKCS7
	default:
		return failf(exitUsage, "--format %q: want pades or pkcs7", f.format)
	}
	asked := opts.Format != signer.FormatPAdES || f.embed || f.commitment != "" || f.policy != ""
	switch {
	case asked && strings.HasPrefix(all.key, "node:"):
		return fail(exitUsage, errors.New("a node signs PAdES, without further attributes"), "leave out --format, --embed-revocation, --commitment and --signature-policy")
	case f.commitment != "" && !slices.Contains(signer.Commitments, signer.Commitment(f.commitment)):
		return failf(exitUsage, "--commitment %q: want one of %s", f.commitment, commitmentNames())
	case all.reason != "" && (f.commitment != "" || f.policy != ""):
		return fail(exitUsage, errors.New("--reason stands together with --commitment or --signature-policy"), "give one of them: PAdES allows no two")
	case (f.policy == "") != (f.policyFile == ""):
		return fail(exitUsage, errors.New("the rules of signing are named by half"), "give both: --signature-policy OID --signature-policy-file FILE")
	case f.embed && (opts.Format != signer.FormatPKCS7 || len(all.trust) == 0):
		return fail(exitUsage, errors.New("--embed-revocation: needs another format, and anchors"), "add --format pkcs7 --trust FILE|DIR, and lists with --crl or --crl-host")
	}
	opts.Commitment, opts.EmbedRevocation = signer.Commitment(f.commitment), f.embed
	if err := f.rules(opts); err != nil || !f.embed {
		return err
	}
	var err error
	opts.Trust, opts.Evidence, err = loadTrust(all.trust, all.crls, all.hosts)
	return err
}

func (f *attributeFlags) rules(opts *signer.SignOptions) error {
	if f.policy == "" {
		return nil
	}
	oid, err := signer.ParseOID(f.policy)
	if err != nil {
		return failf(exitUsage, "--signature-policy %q: want an object identifier, such as 1.3.6.1.4.1.99999.1", f.policy)
	}
	text, err := readLimited(f.policyFile, 64<<20)
	if err != nil {
		return fail(exitUsage, fmt.Errorf("--signature-policy-file: %w", err))
	}
	digest := sha256.Sum256(text)
	opts.Policy = &signer.SignaturePolicy{OID: oid, Hash: crypto.SHA256, Digest: digest[:], URI: f.policyAddress}
	return nil
}
