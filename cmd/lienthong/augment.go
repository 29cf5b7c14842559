package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lienthong/signer"
)

// augmentFlags say how far a signed file is brought, and with what.
type augmentFlags struct {
	level, tsa, output     string
	tsaTimeout             time.Duration
	trust, crls, hosts     []string
	vri, force, incomplete bool
}

func (a *app) augmentCommand() *cobra.Command {
	var f augmentFlags
	c := &cobra.Command{
		Use:   "augment --level LEVEL --tsa URL[,URL] --trust FILE|DIR IN.pdf -o OUT.pdf",
		Short: "Make the signatures of a PDF file last (gia hạn chữ ký số)",
		Long: `Bring the signatures of a PDF file to a higher level of PAdES, by appending:

  B-T    one time-stamp for all signatures that have none
  B-LT   the certificates and revocation data to validate them without a network
  B-LTA  a time-stamp over all that; of a file that has one already, the evidence
         for it and a new one: do this before its authority's certificate expires

Nothing that is in the file changes. Evidence is judged before it is embedded; if
some cannot be had nothing is written.`,
		Example: `  lienthong augment --level B-LTA --tsa http://tsa.example.vn --trust root.pem --crl crl/ signed.pdf -o kept.pdf
  lienthong augment --tsa http://tsa1.example.vn,http://tsa2.example.vn --trust root.pem \
    --crl-host crl.example.vn --crl-host ocsp.example.vn kept.pdf -o renewed.pdf`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.augment(c.Context(), in[0], f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.level, "level", string(signer.LevelBLTA), "B-T, B-LT or B-LTA")
	fl.StringVar(&f.tsa, "tsa", "", "URL of the time-stamping authority (RFC 3161); several, with commas: the first that answers well")
	fl.DurationVar(&f.tsaTimeout, "tsa-timeout", 30*time.Second, "how long to wait for each time-stamp")
	fl.StringVarP(&f.output, "output", "o", "", "file to write")
	fl.StringArrayVar(&f.trust, "trust", nil, "anchors to judge the evidence by: file or folder, repeatable")
	fl.StringArrayVar(&f.crls, "crl", nil, "revocation lists: file or folder, repeatable")
	fl.StringArrayVar(&f.hosts, "crl-host", nil, "host (or host:port) from which lists, status answers and issuers may be fetched, repeatable (default: none)")
	fl.BoolVar(&f.vri, "vri", false, "say which evidence belongs to which signature, for old viewers")
	fl.BoolVar(&f.force, "force", false, "append also to a file that is certified against all changes, which Adobe's viewers call changed")
	fl.BoolVar(&f.incomplete, "incomplete", false, "embed what evidence can be had, and warn of the rest")
	return c
}

func (a *app) augment(ctx context.Context, path string, f augmentFlags) error {
	opts, err := a.augmentOptions(f)
	if err != nil {
		return err
	}
	in, err := openDocument(path)
	if err != nil {
		return err
	}
	defer in.Close()
	var done *signer.Augmented
	err = writeOutput(f.output, path, func(out *os.File) error {
		done, err = signer.Augment(ctx, in, opts, out)
		return a.augmentError(path, err, f)
	})
	if err != nil {
		return err
	}
	a.warn(path, done.Warnings)
	return a.printAugmented(f.output, done)
}

func (a *app) augmentOptions(f augmentFlags) (signer.AugmentOptions, error) {
	opts := signer.AugmentOptions{Level: signer.Level(f.level), At: a.now(), VRI: f.vri, Force: f.force, Incomplete: f.incomplete}
	switch {
	case f.output == "":
		return opts, fail(exitUsage, errors.New("no output"), "name the file to write: -o OUT.pdf")
	case !knownLevel(opts.Level) || opts.Level == signer.LevelBB:
		return opts, failf(exitUsage, "--level %q: want B-T, B-LT or B-LTA", f.level)
	case longTerm(opts.Level) && len(f.trust) == 0:
		return opts, fail(exitUsage, fmt.Errorf("--level %s: no anchors to judge the evidence by", f.level), "name them: --trust FILE|DIR")
	case f.tsa == "" && opts.Level != signer.LevelBLT:
		return opts, fail(exitUsage, fmt.Errorf("--level %s: no time-stamping authority", f.level), "name one: --tsa URL")
	}
	trust, evidence, err := loadTrust(f.trust, f.crls, f.hosts)
	if err != nil {
		return opts, err
	}
	opts.Evidence = evidence
	if len(f.trust) > 0 {
		opts.Trust = trust
	}
	if list := a.authorities(f.tsa, f.tsaTimeout); len(list) > 0 {
		opts.TSA = list
	}
	return opts, nil
}

// augmentError says which file it was about, and what to do.
func (a *app) augmentError(path string, err error, f augmentFlags) error {
	if err == nil {
		return nil
	}
	wrapped := fmt.Errorf("%s: %w", path, err)
	switch {
	case errors.Is(err, signer.ErrUnsigned):
		return fail(exitUnsigned, wrapped, "sign it first: lienthong sign --level "+f.level)
	case errors.Is(err, signer.ErrBroken):
		return fail(exitNo, wrapped, "see what is wrong: lienthong validate --policy integrity "+path)
	case errors.Is(err, signer.ErrCertified):
		return fail(exitNo, wrapped, "append all the same: --force")
	case errors.Is(err, signer.ErrEvidence):
		return fail(exitUndecided, wrapped, "give newer lists with --crl, name the hosts to ask with --crl-host, or embed what there is: --incomplete")
	case strings.Contains(err.Error(), "tsp:"):
		return fail(exitUndecided, wrapped, "wait longer with --tsa-timeout, or name another authority: --tsa URL,URL")
	}
	return wrapped
}

func (a *app) printAugmented(path string, done *signer.Augmented) error {
	if a.json {
		line := map[string]any{"file": path, "sha256": fmt.Sprintf("%x", done.Digest), "size": done.Size, "level": done.Level,
			"revisions": done.Revisions, "timestamps": len(done.TimeStamps), "warnings": done.Warnings}
		if !done.Until.IsZero() {
			line["until"] = done.Until.UTC().Format(time.RFC3339)
		}
		return a.printJSON(line)
	}
	if done.Revisions == 0 {
		a.printf(a.t("%s: had level %s already; it is a copy\n", "%s: đã ở mức %s; tệp ra là bản sao\n"), path, done.Level)
		return nil
	}
	a.printf(a.t("%s: level %s, %d revisions appended\n", "%s: mức %s, đã thêm %d phần bổ sung\n"), path, done.Level, done.Revisions)
	for _, token := range done.TimeStamps {
		a.printf(a.t("  time-stamp %s by %s\n", "  dấu thời gian %s của %s\n"), vnTime(token.Time), token.Certificate().Subject.CommonName)
	}
	if !done.Until.IsZero() {
		a.printf(a.t("  renew before %s\n", "  gia hạn trước %s\n"), vnTime(done.Until))
	}
	return nil
}
