package main

import (
	"context"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) userRefusedCommand() *cobra.Command {
	var limit int
	c := a.nodeAddressFlags(&cobra.Command{
		Use:   "refused",
		Short: "List calls that were refused: when, whose, which, why, how many",
		Args:  args(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.userRefused(c.Context(), limit) },
	})
	c.Flags().IntVarP(&limit, "limit", "n", 100, "at most so many")
	return c
}

func (a *app) userRefused(ctx context.Context, limit int) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	t := a.refusedTable()
	for token := ""; limit > 0; {
		page, err := c.Identity.ListRefusals(ctx, &lienthongv1.ListRefusalsRequest{PageSize: int32(min(limit, 500)), PageToken: token})
		if err != nil {
			return err
		}
		for _, r := range page.GetRefusals() {
			if t != nil {
				t.addRefusal(r)
				continue
			}
			if err := a.printRefusal(r); err != nil {
				return err
			}
		}
		limit -= len(page.GetRefusals())
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	t.end()
	return nil
}

func (a *app) printRefusal(r *lienthongv1.Refusal) error {
	if a.json {
		return a.printProto(r)
	}
	a.printf("%s  %-20s %-22s %6d  %s\n", vnMicro(r.GetMinute()), a.callerText(r), r.GetReason(), r.GetCount(), r.GetMethod())
	return nil
}

func (a *app) callerText(r *lienthongv1.Refusal) string {
	return first(r.GetCaller(), a.t("(stranger)", "(người lạ)"))
}
