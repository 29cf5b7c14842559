package main

import (
	"crypto"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"lienthong/signer"
	"lienthong/signer/tsp"
)

// levelFlags are what the higher levels, and kinds of signature on request, need.
type levelFlags struct {
	hosts   []string
	hash    string
	pss     bool
	certify int
	force   bool
}

func (f *levelFlags) add(fl *pflag.FlagSet) {
	fl.StringArrayVar(&f.hosts, "crl-host", nil, "host (or host:port) from which lists, status answers and issuers may be fetched for B-LT, repeatable (default: none)")
	fl.StringVar(&f.hash, "hash", "", "sha256, sha384 or sha512 (default: by the key)")
	fl.BoolVar(&f.pss, "pss", false, "sign with RSASSA-PSS; the key must be RSA")
	fl.IntVar(&f.certify, "certify", 0, "certify the file: afterwards nothing (1), forms and signatures (2), annotations too (3) may be added")
	fl.BoolVar(&f.force, "force", false, "add evidence also where --certify 1 closes the file, which Adobe's viewers call changed; sign also a PDF/UA file that ceases to conform by it")
}

// apply checks the flags and puts them into the options.
func (f *levelFlags) apply(a *app, opts *signer.SignOptions, all signFlags) error {
	var ok bool
	if opts.Hash, ok = hashes[strings.ToLower(f.hash)]; !ok {
		return failf(exitUsage, "--hash %q: want sha256, sha384 or sha512", f.hash)
	}
	opts.PSS, opts.Certify, opts.Force = f.pss, f.certify, f.force
	if strings.HasPrefix(all.key, "node:") && (f.hash != "" || f.pss || f.certify != 0 || longTerm(opts.Level)) {
		return fail(exitUsage, errors.New("a node signs B-B or B-T, with its own choice of algorithm"), "leave out --hash, --pss, --certify, and --level above B-T")
	}
	if !longTerm(opts.Level) {
		return nil
	}
	if len(all.trust) == 0 {
		return fail(exitUsage, fmt.Errorf("--level %s: no anchors to judge the evidence by", opts.Level), "name them: --trust FILE|DIR, and lists with --crl or --crl-host")
	}
	var err error
	opts.Trust, opts.Evidence, err = loadTrust(all.trust, all.crls, f.hosts)
	return err
}

var hashes = map[string]crypto.Hash{"": 0, "sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512}

func longTerm(l signer.Level) bool { return l == signer.LevelBLT || l == signer.LevelBLTA }

func knownLevel(l signer.Level) bool {
	return l == signer.LevelBB || l == signer.LevelBT || longTerm(l)
}

// authorities asks the time-stamping authorities of a list, in order, until one
// answers well.
func (a *app) authorities(urls string, timeout time.Duration) signer.TSAs {
	var list signer.TSAs
	for url := range strings.SplitSeq(urls, ",") {
		if url = strings.TrimSpace(url); url != "" {
			list = append(list, &tsp.Client{URL: url, Timeout: timeout, Now: a.now})
		}
	}
	return list
}

// warn prints what the user should know about a result that was made.
func (a *app) warn(path string, warnings []string) {
	for _, w := range warnings {
		fmt.Fprintf(a.err, "lienthong: %s: %s: %s\n", a.t("warning", "cảnh báo"), path, w)
	}
}
