package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"lienthong/signer"
	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// levelFlags are what the higher levels, and kinds of signature on request, need.
type levelFlags struct {
	hosts   []string
	hash    string
	pss     bool
	certify int
	force   bool
	later   string
	dynamic bool
}

func (f *levelFlags) add(fl *pflag.FlagSet) {
	fl.StringArrayVar(&f.hosts, "crl-host", nil, "host (or host:port) from which lists, status answers and issuers may be fetched for B-LT, repeatable (default: none)")
	fl.StringVar(&f.hash, "hash", "", "sha256, sha384 or sha512 (default: by the key)")
	fl.BoolVar(&f.pss, "pss", false, "sign with RSASSA-PSS; the key must be RSA")
	fl.IntVar(&f.certify, "certify", 0, "certify the file: afterwards nothing (1), forms and signatures (2), annotations too (3) may be added")
	fl.StringVar(&f.later, "later-level", "", "with --key node:ID: level that the node brings the file to in the background: B-T, B-LT or B-LTA")
	fl.BoolVar(&f.dynamic, "allow-dynamic", false, "sign although what the file shows can change without it (scripts, actions, layers, forms); a node says so in its journal")
	fl.BoolVar(&f.force, "force", false, "add evidence also where --certify 1 closes the file, which Adobe's viewers call changed; sign also a PDF/UA file that ceases to conform by it")
}

// apply checks the flags and puts them into the options.
func (f *levelFlags) apply(a *app, opts *signer.SignOptions, all signFlags) error {
	var ok bool
	if opts.Hash, ok = hashes[strings.ToLower(f.hash)]; !ok {
		return failf(exitUsage, "--hash %q: want sha256, sha384 or sha512", f.hash)
	}
	opts.PSS, opts.Certify, opts.Force = f.pss, f.certify, f.force
	atNode := strings.HasPrefix(all.key, "node:")
	switch {
	case atNode && (f.hash != "" || f.pss || f.certify != 0):
		return fail(exitUsage, errors.New("a node signs with its own choice of algorithm"), "leave out --hash, --pss and --certify")
	case f.later != "" && (!knownLevel(signer.Level(f.later)) || f.later == string(signer.LevelBB)):
		return failf(exitUsage, "--later-level %q: want B-T, B-LT or B-LTA", f.later)
	case f.later != "" && !atNode:
		return fail(exitUsage, errors.New("--later-level: a node does that in the background, and no node takes part"), "later, by hand: lienthong augment")
	}
	if atNode || !longTerm(opts.Level) {
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

// checkDynamic refuses a file whose content can change by itself, unless the user
// allows it: what is signed is what is seen. It names what it found.
func (a *app) checkDynamic(ctx context.Context, path string, in signer.Source, allowed bool) error {
	if allowed {
		return nil
	}
	found, err := signer.DynamicContent(ctx, in, pdf.Limits{})
	if err != nil || len(found) == 0 {
		return nil // what cannot be read is refused with a better word by the signing itself
	}
	return fail(exitNo, fmt.Errorf("%s: what it shows can change without the file: %s", path, signer.DynamicText(found)),
		"sign a copy without that, or, if it is what you want to sign, with --allow-dynamic")
}
