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
	for token := ""; limit > 0; {
		page, err := c.Identity.ListRefusals(ctx, &lienthongv1.ListRefusalsRequest{PageSize: int32(min(limit, 500)), PageToken: token})
		if err != nil {
			return err
		}
		for _, r := range page.GetRefusals() {
			if err := a.printRefusal(r); err != nil {
				return err
			}
		}
		limit -= len(page.GetRefusals())
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	return nil
}

func (a *app) printRefusal(r *lienthongv1.Refusal) error {
	if a.json {
		return a.printProto(r)
	}
	caller := r.GetCaller()
	if caller == "" {
		caller = a.t("(stranger)", "(người lạ)")
	}
	a.printf("%s  %-20s %-22s %6d  %s\n", vnMicro(r.GetMinute()), caller, r.GetReason(), r.GetCount(), r.GetMethod())
	return nil
}
