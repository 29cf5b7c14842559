package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"lienthong/certs"
	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// headTrust names by whose word the heads of a node's journal are judged.
type headTrust struct {
	trust, stampTrust []string
	directory         string
}

func (f *headTrust) flags(c *cobra.Command) *cobra.Command {
	c.Flags().StringArrayVar(&f.trust, "trust", nil, "PEM or DER file or folder: who signs the directory of nodes; without it no signature is checked")
	c.Flags().StringVar(&f.directory, "directory", "", "signed directory file, instead of the one that the node gives")
	c.Flags().StringArrayVar(&f.stampTrust, "tsa-trust", nil, "PEM or DER file or folder: anchors of time-stamping authorities")
	return c
}

// A headJudge checks what is said of heads. Without a directory it only reads.
type headJudge struct {
	dir     *exchange.Directory // nil: nobody vouches for the keys
	anchors *certs.Trust        // of time-stamping authorities; nil: none
}

// headJudge reads the directory, which counts only if the authority that was named has signed it,
// whoever gives it.
func (a *app) headJudge(ctx context.Context, c *client.Client, f headTrust) (*headJudge, error) {
	j := &headJudge{}
	if len(f.stampTrust) > 0 {
		list, err := loadAll(f.stampTrust)
		if err != nil {
			return nil, err
		}
		j.anchors = certs.NewTrust()
		addTrust(j.anchors, list)
	}
	if len(f.trust) == 0 {
		if f.directory != "" {
			return nil, fail(exitUsage, errors.New("--directory is given without --trust"), "--trust names the certificate of the authority that has signed it")
		}
		return j, nil
	}
	authorities, err := loadAll(f.trust)
	if err != nil {
		return nil, err
	}
	var files []envelope.Sealed
	if f.directory != "" {
		files, err = readDirectoryFiles(f.directory)
	} else {
		files, err = c.ExportFiles(ctx, "")
	}
	if err != nil {
		return nil, err
	}
	if j.dir, err = exchange.OpenDirectory(files, authorities); err != nil {
		return nil, fail(exitUsage, err, "--trust must name the certificate that has signed the directory")
	}
	return j, nil
}

// head reads the head of a journal, and checks that its node has signed it.
func (j *headJudge) head(p *lienthongv1.Envelope) (envelope.Sealed, envelope.Checkpoint, error) {
	sealed, err := envelope.SealedFromProto(p)
	if err != nil {
		return sealed, envelope.Checkpoint{}, err
	}
	head, err := envelope.ParseCheckpoint(sealed)
	if err == nil && j.dir != nil {
		_, err = j.dir.VerifyHead(sealed)
	}
	return sealed, head, err
}

// cosignature reads what another node says of a head, and checks that it is the one that says
// so, and the parent.
func (j *headJudge) cosignature(sealed envelope.Sealed, head envelope.Checkpoint, p *lienthongv1.Envelope) (envelope.Cosignature, error) {
	cosealed, err := envelope.SealedFromProto(p)
	if err != nil {
		return envelope.Cosignature{}, err
	}
	if j.dir == nil {
		return envelope.ParseCosignature(cosealed)
	}
	co, err := j.dir.VerifyCosignature(sealed, cosealed)
	if node, _ := j.dir.Node(head.Node); err == nil && co.Node != node.Parent {
		err = fmt.Errorf("cosignature of %q: by the directory %q is the parent of %q", co.Node, node.Parent, head.Node)
	}
	return co, err
}

// printStamp shows when a head was time-stamped, and what of that was not checked.
func (a *app) printStamp(j *headJudge, token []byte, sealed envelope.Sealed, size uint64) error {
	at, unvouched, err := signer.VerifyStamp(token, envelope.Sum(sealed.Marshal()), j.anchors)
	if err != nil {
		return err
	}
	a.printf(a.t("time-stamped at %s, with %d entries\n", "có dấu thời gian lúc %s, với %d mục\n"), vnMicro(at.UnixMicro()), size)
	if unvouched != nil {
		a.printf(a.t("  not checked: the authority of this time-stamp (--tsa-trust): %v\n", "  chưa kiểm tra: cơ quan cấp dấu thời gian này (--tsa-trust): %v\n"), unvouched)
	}
	return nil
}

// printUnsigned says that no signature was checked, where that is so.
func (a *app) printUnsigned(j *headJudge) {
	if j.dir == nil {
		a.printf("%s\n", a.t("not checked: the signatures, since nobody vouches for the keys; name who signs the directory: --trust AUTHORITY.pem",
			"chưa kiểm tra: các chữ ký, vì chưa có ai bảo đảm cho khóa; hãy nêu cơ quan ký danh bạ: --trust CO-QUAN.pem"))
	}
}

// refuted shows what does not hold.
func (a *app) refuted(err error) error {
	a.printf("✗ %v\n", err)
	return quiet(exitNo)
}
