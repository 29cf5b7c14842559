package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"lienthong/certs"
	"lienthong/envelope"
	"lienthong/exchange/evidence"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) evidenceCommand() *cobra.Command {
	return group("evidence", "One file that proves who sent what, and when it arrived (bằng chứng)", a.evidenceExport(), a.evidenceVerify())
}

type evidenceFlags struct {
	out                      string
	noDocuments, noContent   bool
	trust, stampTrust, given []string
	at                       string
}

func (a *app) evidenceExport() *cobra.Command {
	var f evidenceFlags
	c := a.nodeFlags(&cobra.Command{
		Use:   "export DELIVERY|DOCUMENT -o FILE.asice",
		Short: "Pack all that proves the way of a letter into one signed file",
		Long: `Pack all that proves the way of a letter into one file (ASiC-E): the files of the letter,
what the sender's node signed, the signed statements of every node with their places in the
journals, validation reports, heads of the journal with cosignatures and time-stamps, and the
signed directory. Anyone checks it without a node: lienthong evidence verify.`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.exportEvidence(c.Context(), in[0], f) },
	})
	c.Flags().StringVarP(&f.out, "output", "o", "", "file to write")
	c.Flags().BoolVar(&f.noDocuments, "without-documents", false, "leave the files out: their digests stay")
	c.Flags().BoolVar(&f.noContent, "without-content", false, "leave out registration data and file names, too")
	return c
}

func (a *app) exportEvidence(ctx context.Context, name string, f evidenceFlags) error {
	if f.out == "" {
		return fail(exitUsage, errors.New("flag --output is required"), "lienthong evidence export -h")
	}
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	document, deliveries, err := find(ctx, c, profile, name)
	if err != nil {
		return err
	}
	full := document.GetName()
	if full == "" || len(deliveries) == 1 && deliveries[0].GetName() != "" {
		full = deliveries[0].GetName()
	}
	stream, err := c.Journal.ExportEvidence(ctx, &lienthongv1.ExportEvidenceRequest{Name: full, WithoutDocuments: f.noDocuments, WithoutContent: f.noContent})
	if err != nil {
		return err
	}
	err = writeOutput(f.out, "", func(out *os.File) error {
		for {
			piece, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if _, err := out.Write(piece.GetData()); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return err
	}
	a.printf(a.t("%s: check it with: lienthong evidence verify %s --trust AUTHORITY.pem\n", "%s: kiểm tra bằng: lienthong evidence verify %s --trust CO-QUAN.pem\n"), f.out, f.out)
	return nil
}

func (a *app) evidenceVerify() *cobra.Command {
	var f evidenceFlags
	c := &cobra.Command{
		Use:   "verify FILE.asice --trust AUTHORITY.pem",
		Short: "Check such a file, without a node and without a network",
		Long: `Check a file of evidence export, and say what it proves, and what it does not. --trust names
the certificate of the authority that signs the directory of nodes; get it from somewhere else
than from whoever gave you the file.
Exit status: 0 all of it holds, 1 something does not, 2 it cannot be read, 3 nobody vouches for
the keys.`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.verifyEvidence(in[0], f) },
	}
	c.Flags().StringArrayVar(&f.trust, "trust", nil, "PEM or DER file or folder: who signs the directory")
	c.Flags().StringArrayVar(&f.stampTrust, "tsa-trust", nil, "PEM or DER file or folder: anchors of time-stamping authorities")
	c.Flags().StringArrayVar(&f.given, "document", nil, "file that is to be one of the letter: compared by digest")
	c.Flags().StringVar(&f.at, "at-time", "", "judge for this time (RFC 3339) instead of now")
	return c
}

func (a *app) verifyEvidence(name string, f evidenceFlags) error {
	in, err := a.evidenceInput(f)
	if err != nil {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return fail(exitUsage, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fail(exitUsage, err)
	}
	report, err := evidence.Verify(file, info.Size(), in)
	if err != nil {
		return fail(exitUsage, fmt.Errorf("%s: %w", name, err))
	}
	if a.json {
		err = a.printJSON(report)
	} else {
		err = report.WriteText(a.out, a.lang)
	}
	if err != nil {
		return err
	}
	switch report.Verdict {
	case evidence.Proven:
		return nil
	case evidence.Refuted:
		return quiet(exitNo)
	}
	return quiet(exitUndecided)
}

func (a *app) evidenceInput(f evidenceFlags) (evidence.Input, error) {
	in := evidence.Input{At: a.now()}
	var err error
	if f.at != "" {
		if in.At, err = time.Parse(time.RFC3339, f.at); err != nil {
			return in, fail(exitUsage, fmt.Errorf("--at-time %q: want a time such as 2027-01-31T00:00:00Z", f.at))
		}
	}
	if in.Authorities, err = loadAll(f.trust); err != nil {
		return in, err
	}
	if len(f.stampTrust) > 0 {
		in.Trust = certs.NewTrust()
		list, err := loadAll(f.stampTrust)
		if err != nil {
			return in, err
		}
		addTrust(in.Trust, list)
	}
	for _, name := range f.given {
		digest, err := digestOfFile(name)
		if err != nil {
			return in, err
		}
		in.Documents = append(in.Documents, digest)
	}
	return in, nil
}

func digestOfFile(name string) (envelope.Digest, error) {
	f, err := os.Open(name)
	if err != nil {
		return envelope.Digest{}, fail(exitUsage, err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return envelope.Digest{}, fail(exitUsage, err)
	}
	return envelope.Digest(h.Sum(nil)), nil
}
