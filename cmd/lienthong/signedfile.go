package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"lienthong/client"
	"lienthong/envelope"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) fileCommand() *cobra.Command {
	return group("file", "Signed files at a node: later levels, evidence (tệp đã ký tại nút)",
		a.fileShowCommand(), a.fileAugmentCommand(), a.fileJobsCommand(), a.fileEvidenceCommand())
}

func (a *app) fileShowCommand() *cobra.Command {
	return a.nodeFlags(&cobra.Command{
		Use:   "show SHA256|FILE",
		Short: "Show what the node knows of the signing of a file",
		Args:  args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			return a.signedFile(c.Context(), in[0], func(_ *client.Client, _ string, f *lienthongv1.GetSignedFileResponse) error {
				return a.printSignedFile(f)
			})
		},
	})
}

// signedFile asks the node about a file, named by its digest or lying here.
func (a *app) signedFile(ctx context.Context, name string, do func(*client.Client, string, *lienthongv1.GetSignedFileResponse) error) error {
	digest, err := digestOf(name)
	if err != nil {
		return err
	}
	return a.atNode(ctx, func(c *client.Client, agency string) error {
		answer, err := c.Signing.GetSignedFile(ctx, &lienthongv1.GetSignedFileRequest{Agency: agency, Sha256: digest[:]})
		if err != nil {
			return err
		}
		return do(c, agency, answer)
	})
}

// digestOf reads a digest, or hashes a file.
func digestOf(name string) (envelope.Digest, error) {
	if digest, err := envelope.ParseDigest(name); err == nil {
		return digest, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return envelope.Digest{}, fail(exitUsage, err, "want a SHA-256 in hex, or a file")
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return envelope.Digest{}, fail(exitUsage, err)
	}
	return envelope.Digest(h.Sum(nil)), nil
}

func (a *app) printSignedFile(f *lienthongv1.GetSignedFileResponse) error {
	if a.json {
		return a.printProto(f)
	}
	a.printf("%x  %s\n", f.GetFile().GetSha256(), f.GetFile().GetName())
	for _, g := range f.GetAugmented() {
		a.printf("  %-5s %x", levelName(g.GetLevel()), g.GetSha256())
		if g.GetUntil() > 0 {
			a.printf(a.t("  time-stamp until %s", "  dấu thời gian đến %s"), vnMicro(g.GetUntil()))
		}
		if g.GetRenewAt() > 0 {
			a.printf(a.t(", renewed %s", ", gia hạn %s"), vnMicro(g.GetRenewAt()))
		}
		a.printf("\n")
	}
	for _, j := range f.GetJobs() {
		a.printf("  ")
		a.printJob(j)
	}
	for _, e := range f.GetEvidence() {
		a.printf("  %s %d: %s", a.t("certificate", "chứng thư số"), e.GetPosition(), cmp.Or(e.GetStatus(), a.t("anchor", "gốc tin cậy")))
		if e.GetKind() != "" {
			a.printf(a.t(" by %s of %s (%s), asked %s", " theo %s ngày %s (%s), hỏi lúc %s"), e.GetKind(), vnMicro(e.GetThisUpdate()), e.GetSource(), vnMicro(e.GetCheckedAt()))
		}
		a.printf("\n")
	}
	return nil
}

func (a *app) printJob(j *lienthongv1.LevelJob) { a.printf("%s\n", a.jobText(j)) }

// jobText says how far bringing a file to a later level is.
func (a *app) jobText(j *lienthongv1.LevelJob) string {
	switch j.GetState() {
	case lienthongv1.LevelJobState_LEVEL_JOB_STATE_DONE:
		return fmt.Sprintf(a.t("%s done %s, attempt %d: %x", "%s xong lúc %s, lần thứ %d: %x"), levelName(j.GetLevel()), vnMicro(j.GetEndedAt()), j.GetAttempts(), j.GetOutput())
	case lienthongv1.LevelJobState_LEVEL_JOB_STATE_GIVEN_UP:
		return fmt.Sprintf(a.t("%s given up %s, attempt %d: %s: %s", "%s đã thôi lúc %s, lần thứ %d: %s: %s"), levelName(j.GetLevel()), vnMicro(j.GetEndedAt()),
			j.GetAttempts(), j.GetReason(), j.GetDetail())
	}
	text := fmt.Sprintf(a.t("%s waits, next attempt %s", "%s đang chờ, lần tới %s"), levelName(j.GetLevel()), vnMicro(j.GetDueAt()))
	if j.GetReason() != "" {
		text += ": " + j.GetReason() + ": " + j.GetDetail()
	}
	return text
}

func (a *app) fileAugmentCommand() *cobra.Command {
	var level string
	var queue bool
	c := a.nodeFlags(&cobra.Command{
		Use:   "augment SHA256|FILE --level B-T|B-LT|B-LTA",
		Short: "Have the node bring a signed file to a later level",
		Args:  args(1, 1),
		RunE:  func(c *cobra.Command, in []string) error { return a.fileAugment(c.Context(), in[0], level, queue) },
	})
	c.Flags().StringVar(&level, "level", "B-LTA", "B-T, B-LT or B-LTA")
	c.Flags().BoolVar(&queue, "queue", false, "in the background: the authority may take minutes")
	return c
}

func (a *app) fileAugment(ctx context.Context, name, level string, queue bool) error {
	if laterNumber(level) <= lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_B {
		return failf(exitUsage, "--level %q: want B-T, B-LT or B-LTA", level)
	}
	digest, err := digestOf(name)
	if err != nil {
		return err
	}
	return a.atNode(ctx, func(c *client.Client, agency string) error {
		done, err := c.Signing.AugmentFile(ctx, &lienthongv1.AugmentFileRequest{Agency: agency, Sha256: digest[:], Level: laterNumber(level), Queue: queue})
		if err != nil {
			return err
		}
		a.warn(name, done.GetWarnings())
		switch {
		case a.json:
			return a.printProto(done)
		case done.GetJob() != nil:
			a.printJob(done.GetJob())
		default:
			a.printf("%s %x\n", level, done.GetFile().GetSha256())
		}
		return nil
	})
}

func (a *app) fileJobsCommand() *cobra.Command {
	var limit int
	c := a.nodeFlags(&cobra.Command{
		Use:   "jobs",
		Short: "List files that are, or were, to be brought to a later level, newest first",
		Args:  args(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.fileJobs(c.Context(), limit) },
	})
	c.Flags().IntVar(&limit, "limit", 50, "how many at most")
	return c
}

func (a *app) fileJobs(ctx context.Context, limit int) error {
	return a.atNode(ctx, func(c *client.Client, agency string) error {
		shown, t := 0, a.jobTable()
		defer t.end()
		for token := ""; shown < limit; {
			page, err := c.Signing.ListLevelJobs(ctx, &lienthongv1.ListLevelJobsRequest{Agency: agency, PageToken: token, PageSize: int32(min(limit-shown, 500))})
			if err != nil {
				return err
			}
			for _, j := range page.GetJobs() {
				if a.json {
					if err := a.printProto(j); err != nil {
						return err
					}
					continue
				}
				if t != nil {
					t.addJob(j)
					continue
				}
				a.printf("%s  %x  ", vnMicro(j.GetCreatedAt()), j.GetBase())
				a.printJob(j)
			}
			shown += len(page.GetJobs())
			if token = page.GetNextPageToken(); token == "" {
				break
			}
		}
		if shown == 0 && !a.json {
			a.printf("%s\n", a.t("there are no such jobs", "không có việc nào"))
		}
		return nil
	})
}

func (a *app) fileEvidenceCommand() *cobra.Command {
	var folder string
	c := a.nodeFlags(&cobra.Command{
		Use:   "evidence SHA256|FILE -o FOLDER",
		Short: "Get the certificates and status answers that were asked before a file was signed",
		Args:  args(1, 1),
		RunE:  func(c *cobra.Command, in []string) error { return a.fileEvidence(c.Context(), in[0], folder) },
	})
	c.Flags().StringVarP(&folder, "output", "o", ".", "folder to write into")
	return c
}

func (a *app) fileEvidence(ctx context.Context, name, folder string) error {
	return a.signedFile(ctx, name, func(c *client.Client, agency string, f *lienthongv1.GetSignedFileResponse) error {
		if len(f.GetEvidence()) == 0 {
			return fail(exitNo, fmt.Errorf("%s: the node keeps no evidence for it", name), "evidence is kept of files that were signed there")
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fail(exitUsage, err)
		}
		for _, e := range f.GetEvidence() {
			for _, sum := range [][]byte{e.GetCertificateSha256(), e.GetAnswerSha256()} {
				if len(sum) == 0 {
					continue
				}
				if err := a.evidenceFile(ctx, c, agency, sum, folder); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// evidenceFile gets one file, by the name that the node gave it.
func (a *app) evidenceFile(ctx context.Context, c *client.Client, agency string, sum []byte, folder string) error {
	digest, err := envelope.DigestFromBytes(sum)
	if err != nil {
		return err
	}
	answer, err := c.Files.GetFile(ctx, &lienthongv1.GetFileRequest{Agency: agency, Sha256: sum})
	if err != nil {
		return err
	}
	path := filepath.Join(folder, hex.EncodeToString(sum[:4])+"-"+localName(answer.GetFile().GetName(), 0))
	err = writeOutput(path, "", func(out *os.File) error {
		_, err := c.Download(ctx, agency, digest, out, nil)
		return err
	})
	if err == nil && !a.json {
		a.printf("%s\n", path)
	}
	return err
}
