package main

import (
	"context"
	"encoding/hex"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) journalCommand() *cobra.Command {
	var from uint64
	var limit int
	list := a.nodeFlags(&cobra.Command{
		Use:   "list",
		Short: "List entries: who did what, to which object, with what outcome",
		Args:  args(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.journalList(c.Context(), from, limit) },
	})
	list.Flags().Uint64Var(&from, "from", 0, "first index")
	list.Flags().IntVarP(&limit, "limit", "n", 100, "at most so many")
	verify := a.nodeFlags(&cobra.Command{
		Use:   "verify",
		Short: "Hash the whole journal again, and compare",
		Args:  args(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.journalVerify(c.Context()) },
	})
	return group("journal", "The node's append-only journal (nhật ký)", list, verify, a.checkpointCommand(), a.proveCommand())
}

func (a *app) journalList(ctx context.Context, from uint64, limit int) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	t := a.journalTable()
	for limit > 0 {
		page, err := c.Journal.ListEntries(ctx, &lienthongv1.ListEntriesRequest{From: from, PageSize: int32(min(limit, 500))})
		if err != nil {
			return err
		}
		for _, e := range page.GetEntries() {
			from = e.GetIndex() + 1
			if t != nil {
				t.addEntry(e)
				continue
			}
			if err := a.printEntry(e); err != nil {
				return err
			}
		}
		limit -= len(page.GetEntries())
		if len(page.GetEntries()) == 0 || from >= page.GetTreeSize() {
			break
		}
	}
	t.end()
	return nil
}

func (a *app) printEntry(e *lienthongv1.JournalEntry) error {
	if a.json {
		a.printf("%s\n", e.GetLeaf()) // the bytes that are hashed are a line of JSON
		return nil
	}
	a.printf("%6d  %s  %-20s %-22s %-8s %s\n", e.GetIndex(), vnMicro(e.GetTime()), e.GetActor(), e.GetAction(), e.GetOutcome(), e.GetObject())
	return nil
}

func (a *app) journalVerify(ctx context.Context) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	answer, err := c.Journal.VerifyJournal(ctx, &lienthongv1.VerifyJournalRequest{})
	if err != nil {
		return err
	}
	if a.json {
		if err := a.printProto(answer); err != nil {
			return err
		}
	} else {
		a.printf(a.t("%d entries, root %s\n", "%d mục, gốc %s\n"), answer.GetTreeSize(), hex.EncodeToString(answer.GetRootHash()))
		a.printWitnessed(answer)
		for _, p := range answer.GetProblems() {
			a.printf("  ✗ %s\n", p)
		}
	}
	if !answer.GetOk() {
		return quiet(exitNo)
	}
	if !a.json {
		a.printf("%s\n", a.t("nothing was altered, nothing left out", "không có mục nào bị sửa hay bị bỏ"))
	}
	return nil
}
