package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"lienthong/client"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) numberCommand() *cobra.Command {
	return group("number", "Take numbers of documents from the node (cấp số văn bản)",
		a.numberReserveCommand(), a.numberVoidCommand(), a.numberListCommand(), a.numberStartCommand())
}

// numberFlags name a series.
type numberFlags struct {
	series, staff string
	year          int32
	in            bool
}

func (f *numberFlags) add(c *cobra.Command, year bool) {
	c.Flags().StringVar(&f.series, "series", "", "abbreviation of a type that has numbers of its own, such as QĐ")
	c.Flags().BoolVar(&f.in, "in", false, "of the register of what comes (số đến)")
	c.Flags().StringVar(&f.staff, "staff", "", "id of the person for whom this is done")
	if year {
		c.Flags().Int32Var(&f.year, "year", 0, "year of the series (default: this year)")
	}
}

func (f *numberFlags) direction() lienthongv1.Direction {
	if f.in {
		return lienthongv1.Direction_DIRECTION_IN
	}
	return lienthongv1.Direction_DIRECTION_OUT
}

func (a *app) numberYear(f *numberFlags) int32 {
	if f.year == 0 {
		return int32(a.now().In(hanoi).Year())
	}
	return f.year
}

// withAgency connects for an agency.
func (a *app) withAgency(ctx context.Context, act func(c *client.Client, agency string) error) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	agency, err := profile.agency()
	if err != nil {
		return err
	}
	return act(c, agency)
}

func (a *app) numberReserveCommand() *cobra.Command {
	var f numberFlags
	m := &lienthongv1.ReserveNumberRequest{}
	c := a.nodeFlags(&cobra.Command{
		Use:   "reserve",
		Short: "Take the next number of a series: nobody else gets it",
		Args:  args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withAgency(c.Context(), func(n *client.Client, agency string) error {
				m.Agency, m.Direction, m.Series, m.Staff = agency, f.direction(), f.series, staffOf(f.staff)
				answer, err := n.Registers.ReserveNumber(c.Context(), m)
				if err != nil {
					return err
				}
				if a.json {
					return a.printProto(answer.GetNumber())
				}
				a.printf("%s\n", numberText(answer.GetNumber().GetNumber()))
				return nil
			})
		},
	})
	f.add(c, false)
	c.Flags().StringVar(&m.Date, "date", "", "date of issue, yyyy-mm-dd, of whose year (default: today)")
	c.Flags().BoolVar(&m.Paper, "paper", false, "for a document on paper")
	c.Flags().StringVar(&m.Note, "note", "", "what it is for")
	c.Flags().StringVar(&m.RequestId, "request-id", "", "the same id gets the same number")
	return c
}

func (a *app) numberVoidCommand() *cobra.Command {
	var f numberFlags
	var reason string
	c := a.nodeFlags(&cobra.Command{
		Use:   "void NUMBER --reason TEXT",
		Short: "Say that no document has a number that was taken, and why",
		Args:  args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			number, err := strconv.ParseUint(in[0], 10, 63)
			if err != nil {
				return failf(exitUsage, "number %q: want digits", in[0])
			}
			return a.withAgency(c.Context(), func(n *client.Client, agency string) error {
				answer, err := n.Registers.VoidNumber(c.Context(), &lienthongv1.VoidNumberRequest{Agency: agency, Direction: f.direction(), Year: a.numberYear(&f),
					Series: f.series, Number: number, Reason: reason, Staff: staffOf(f.staff)})
				if err != nil {
					return err
				}
				if a.json {
					return a.printProto(answer.GetNumber())
				}
				a.printf("%s: %s\n", numberText(number), a.numberStateText(answer.GetNumber().GetState()))
				return nil
			})
		},
	})
	f.add(c, true)
	c.Flags().StringVar(&reason, "reason", "", "why no document has it")
	return c
}

func (a *app) numberListCommand() *cobra.Command {
	var f numberFlags
	c := a.nodeFlags(&cobra.Command{
		Use:   "list",
		Short: "List the numbers of a series that were taken, and what became of each",
		Args:  args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withAgency(c.Context(), func(n *client.Client, agency string) error { return a.listNumbers(c.Context(), n, agency, &f) })
		},
	})
	f.add(c, true)
	return c
}

func (a *app) listNumbers(ctx context.Context, c *client.Client, agency string, f *numberFlags) error {
	m := &lienthongv1.ListNumbersRequest{Agency: agency, Direction: f.direction(), Year: a.numberYear(f), Series: f.series, PageSize: 500}
	t := a.table(a.t("number", "số"), a.t("state", "tình trạng"), a.t("taken", "lấy số lúc"), a.t("by", "người lấy"), a.t("for", "nội dung"), a.t("document", "văn bản"))
	for {
		page, err := c.Registers.ListNumbers(ctx, m)
		if err != nil {
			return err
		}
		for _, n := range page.GetNumbers() {
			if a.json {
				if err := a.printProto(n); err != nil {
					return err
				}
				continue
			}
			state := a.numberStateText(n.GetState())
			if n.GetPaper() {
				state += a.t(", paper", ", bản giấy")
			}
			t.add(numberText(n.GetNumber()), state, vnMicro(n.GetReserved()), n.GetBy(), n.GetNote(), first(n.GetDocument(), n.GetReason()))
		}
		if m.PageToken = page.GetNextPageToken(); m.PageToken != "" {
			continue
		}
		if a.json {
			return nil
		}
		t.print()
		for _, s := range page.GetSeries() {
			a.printf(a.t("series %s of %d: last number %d\n", "loại %s năm %d: số mới nhất %d\n"), first(s.GetSeries(), "–"), s.GetYear(), s.GetLast())
		}
		return nil
	}
}

func (a *app) numberStartCommand() *cobra.Command {
	var f numberFlags
	var last uint64
	c := a.nodeFlags(&cobra.Command{
		Use:   "start --last N",
		Short: "Take numbers from this node from now on, after one that was given elsewhere",
		Long: `Say that the agency takes its numbers of a year from this node, after the last
one that was given elsewhere (on paper). From then on letters that bear a number
of that year are refused unless it was taken here (number reserve).

After a restore each series stands still until this says the last number that was
given; so does, with --in, the register of what comes (số đến).`,
		Args: args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withAgency(c.Context(), func(n *client.Client, agency string) error {
				answer, err := n.Registers.StartSeries(c.Context(), &lienthongv1.StartSeriesRequest{Agency: agency, Direction: f.direction(), Year: a.numberYear(&f),
					Series: f.series, Last: last, Staff: staffOf(f.staff)})
				if err != nil {
					return err
				}
				if a.json {
					return a.printProto(answer.GetSeries())
				}
				a.printf(a.t("the next number of %d is %s\n", "số tiếp theo của năm %d: %s\n"), answer.GetSeries().GetYear(), numberText(answer.GetSeries().GetLast()+1))
				return nil
			})
		},
	})
	f.add(c, true)
	c.Flags().Uint64Var(&last, "last", 0, "the last number that was given elsewhere")
	return c
}

// numberText has the zero before numbers below ten.
func numberText(n uint64) string { return fmt.Sprintf("%02d", n) }

func (a *app) numberStateText(s lienthongv1.NumberState) string {
	switch s {
	case lienthongv1.NumberState_NUMBER_STATE_RESERVED:
		return a.t("reserved", "đã giữ")
	case lienthongv1.NumberState_NUMBER_STATE_USED:
		return a.t("used", "đã dùng")
	case lienthongv1.NumberState_NUMBER_STATE_VOID:
		return a.t("void", "đã hủy")
	}
	return s.String()
}
