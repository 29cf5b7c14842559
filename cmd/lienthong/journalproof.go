package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/journal"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) checkpointCommand() *cobra.Command {
	var f headTrust
	return f.flags(a.nodeFlags(&cobra.Command{
		Use:   "checkpoint",
		Short: "Show the signed head of the journal, and who else has seen it",
		Long: `Show the head of the journal as the node signs it now, and the newest one that its parent
has cosigned or an authority has time-stamped, and check that the one leads to the other.
With --trust their signatures are checked too, by the directory that this authority has signed;
without it the command says that they were not.`,
		Args: args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.journalCheckpoint(c.Context(), f) },
	}))
}

func (a *app) proveCommand() *cobra.Command {
	var f headTrust
	return f.flags(a.nodeFlags(&cobra.Command{
		Use:   "prove INDEX",
		Short: "Prove that an entry is in the journal, under a signed head",
		Long: `Prove that an entry is in the journal, under a head that the node signs. With --trust that
signature is checked, by the directory that this authority has signed; without it the command
says that it was not.`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.journalProve(c.Context(), in[0], f) },
	}))
}

func (a *app) printWitnessed(v *lienthongv1.VerifyJournalResponse) {
	if v.GetCosignedSize() > 0 {
		a.printf(a.t("  the parent has cosigned %d of them\n", "  nút cấp trên đã ký xác nhận %d mục\n"), v.GetCosignedSize())
	}
	if v.GetStamped() > 0 {
		a.printf(a.t("  last time-stamped at %s\n", "  dấu thời gian gần nhất: %s\n"), vnMicro(v.GetStamped()))
	}
	for _, what := range v.GetUnchecked() {
		a.printf(a.t("  not checked: %s\n", "  chưa kiểm tra: %s\n"), what)
	}
}

func (a *app) journalCheckpoint(ctx context.Context, f headTrust) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	j, err := a.headJudge(ctx, c, f)
	if err != nil {
		return err
	}
	answer, err := c.Journal.GetCheckpoint(ctx, &lienthongv1.GetCheckpointRequest{})
	if err != nil {
		return err
	}
	_, now, err := j.head(answer.GetCheckpoint())
	if err != nil {
		return a.refuted(err)
	}
	if a.json {
		return a.printProto(answer)
	}
	a.printf(a.t("%s: %d entries, root %s, signed at %s\n", "%s: %d mục, gốc %s, ký lúc %s\n"), now.Node, now.TreeSize, now.RootHash, vnMicro(now.Time))
	if answer.GetWitnessed() == nil {
		a.printf("%s\n", a.t("nobody else has seen a head of it yet", "chưa có nút nào khác xác nhận"))
	} else if err := a.printWitness(ctx, c, j, answer.GetWitnessed(), now); err != nil {
		return err
	}
	a.printUnsigned(j)
	return nil
}

// printWitness shows who has seen a head, and checks that it is the beginning of the one of now.
func (a *app) printWitness(ctx context.Context, c *client.Client, j *headJudge, w *lienthongv1.WitnessedHead, now envelope.Checkpoint) error {
	sealed, seen, err := j.head(w.GetCheckpoint())
	if err == nil && seen.Node != now.Node {
		err = fmt.Errorf("the head that was seen is of %q, the one of now is of %q", seen.Node, now.Node)
	}
	if err != nil {
		return a.refuted(err)
	}
	if w.GetCosignature() != nil {
		co, err := j.cosignature(sealed, seen, w.GetCosignature())
		if err != nil {
			return a.refuted(err)
		}
		a.printf(a.t("%s has cosigned %d entries at %s\n", "%s đã ký xác nhận %d mục lúc %s\n"), co.Node, seen.TreeSize, vnMicro(co.Time))
	}
	if len(w.GetTimeStamp()) > 0 {
		if err := a.printStamp(j, w.GetTimeStamp(), sealed, seen.TreeSize); err != nil {
			return a.refuted(err)
		}
	}
	proof, err := c.Journal.ProveConsistency(ctx, &lienthongv1.ProveConsistencyRequest{OldSize: seen.TreeSize, Size: now.TreeSize})
	if err != nil {
		return err
	}
	hashes, err := hashesOf(proof.GetProof())
	if err != nil {
		return err
	}
	if err := journal.VerifyConsistency(hashes, now.TreeSize, journal.Hash(now.RootHash), seen.TreeSize, journal.Hash(seen.RootHash)); err != nil {
		return a.refuted(err)
	}
	a.printf("%s\n", a.t("what they have seen is the beginning of the journal as it is", "phần đã xác nhận đúng là phần đầu của nhật ký hiện tại"))
	return nil
}

func hashesOf(list [][]byte) ([]journal.Hash, error) {
	out := make([]journal.Hash, len(list))
	for i, b := range list {
		if len(b) != len(out[i]) {
			return nil, fmt.Errorf("hash %d of a proof has %d bytes, want %d", i, len(b), len(out[i]))
		}
		out[i] = journal.Hash(b)
	}
	return out, nil
}

func (a *app) journalProve(ctx context.Context, index string, f headTrust) error {
	n, err := strconv.ParseUint(index, 10, 64)
	if err != nil {
		return fail(exitUsage, fmt.Errorf("%q is no index of an entry: want a number from 0", index), "lienthong journal list")
	}
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	j, err := a.headJudge(ctx, c, f)
	if err != nil {
		return err
	}
	answer, err := c.Journal.ProveInclusion(ctx, &lienthongv1.ProveInclusionRequest{Index: n})
	if err != nil {
		return err
	}
	proof := answer.GetProof()
	_, head, err := j.head(proof.GetCheckpoint())
	if err != nil {
		return a.refuted(err)
	}
	path, err := hashesOf(proof.GetPath())
	if err != nil {
		return err
	}
	if proof.GetIndex() != n {
		return errors.New("the node has proved another entry than was asked for")
	}
	if err := journal.VerifyInclusion(path, head.TreeSize, journal.Hash(head.RootHash), n, proof.GetLeaf()); err != nil {
		return a.refuted(err)
	}
	if a.json {
		return a.printProto(answer)
	}
	a.printf("%s\n", proof.GetLeaf())
	for _, h := range proof.GetPath() {
		a.printf("  %s\n", hex.EncodeToString(h))
	}
	a.printf(a.t("entry %d is in the journal of %s, of %d entries with root %s, signed at %s\n", "mục %d có trong nhật ký của %s, gồm %d mục, gốc %s, ký lúc %s\n"),
		n, head.Node, head.TreeSize, head.RootHash, vnMicro(head.Time))
	a.printUnsigned(j)
	return nil
}
