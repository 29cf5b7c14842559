package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lienthong/client"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

var periods = map[string]lienthongv1.Period{"day": lienthongv1.Period_PERIOD_DAY, "month": lienthongv1.Period_PERIOD_MONTH,
	"quarter": lienthongv1.Period_PERIOD_QUARTER, "year": lienthongv1.Period_PERIOD_YEAR}

func (a *app) statsCommand() *cobra.Command {
	var from, to, period, file string
	c := a.nodeFlags(&cobra.Command{
		Use:   "stats",
		Short: "Count what came and what was sent, on time and late (thống kê)",
		Long: `Count what the agency has received and sent, period by period: how many, on time
and late, how many were answered by the day that was asked for, mean times, and
the same for dossiers (hồ sơ tiếp nhận, đúng hạn, quá hạn, tỷ lệ).`,
		Example: `  lienthong stats --from 2026-01-01 --to 2026-12-31 --period quarter --csv bao-cao.csv`,
		Args:    args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			p, known := periods[strings.ToLower(period)]
			if !known {
				return failf(exitUsage, "--period %q: want day, month, quarter or year", period)
			}
			today := a.now().In(hanoi)
			m := &lienthongv1.GetStatisticsRequest{From: first(from, today.Format("2006-01-02")[:8]+"01"), To: first(to, today.Format(time.DateOnly)), Period: p}
			return a.stats(c.Context(), m, file)
		},
	})
	f := c.Flags()
	f.StringVar(&from, "from", "", "first day, yyyy-mm-dd (default: the first of this month)")
	f.StringVar(&to, "to", "", "last day, yyyy-mm-dd (default: today)")
	f.StringVar(&period, "period", "month", "day, month, quarter or year")
	f.StringVar(&file, "csv", "", "write a CSV file for Excel")
	return c
}

func (a *app) stats(ctx context.Context, m *lienthongv1.GetStatisticsRequest, file string) error {
	return a.withAgency(ctx, func(c *client.Client, agency string) error {
		m.Agency = agency
		answer, err := c.Statistics.GetStatistics(ctx, m)
		if err != nil {
			return err
		}
		t := a.table(a.statsHead()...)
		for _, line := range answer.GetLines() {
			if a.json {
				if err := a.printProto(line); err != nil {
					return err
				}
				continue
			}
			t.add(a.statsCells(line)...)
		}
		switch {
		case a.json:
			return nil
		case file == "":
			t.print()
			return nil
		}
		if err := a.writeCSV(file, t.rows); err != nil {
			return err
		}
		a.printf(a.t("%d lines in %s\n", "%d dòng trong %s\n"), len(t.rows)-1, file)
		return nil
	})
}

func (a *app) statsHead() []string {
	return []string{a.t("from", "từ ngày"), a.t("to", "đến ngày"),
		a.t("received", "văn bản đến"), a.t("acknowledged in time", "xác nhận đúng hạn"), a.t("late", "xác nhận quá hạn"), a.t("mean time", "xác nhận TB"),
		a.t("refused", "từ chối"), a.t("done", "hoàn thành"), a.t("mean time", "xử lý TB"),
		a.t("with a day", "có hạn trả lời"), a.t("in time", "đúng hạn"), a.t("late", "quá hạn"), a.t("rate", "tỷ lệ đúng hạn"),
		a.t("dossiers", "hồ sơ tiếp nhận"), a.t("in time", "hồ sơ đúng hạn"), a.t("late", "hồ sơ quá hạn"), a.t("rate", "tỷ lệ hồ sơ"),
		a.t("sent", "văn bản đi"), a.t("in time", "gửi đúng hạn"), a.t("late", "gửi quá hạn"), a.t("delivered", "lượt đã giao")}
}

func (a *app) statsCells(l *lienthongv1.StatisticsLine) []string {
	r, d, s := l.GetReceived(), l.GetDossiers(), l.GetSent()
	delivered, all := uint64(0), uint64(0)
	for _, o := range l.GetOutcomes() {
		all += o.GetDeliveries()
		if o.GetState() == lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED {
			delivered += o.GetDeliveries()
		}
	}
	return []string{l.GetFrom(), l.GetTo(),
		fmt.Sprint(r.GetDocuments()), fmt.Sprint(r.GetOnTime()), fmt.Sprint(r.GetLate()), meanText(r.GetMeanAcknowledgeTime()),
		fmt.Sprint(ofStatus(r, 2)), fmt.Sprint(ofStatus(r, 6)), meanText(r.GetMeanFinishTime()),
		fmt.Sprint(r.GetDue()), fmt.Sprint(r.GetDueOnTime()), fmt.Sprint(r.GetDueLate()), rate(r.GetDueOnTime(), r.GetDueLate()),
		fmt.Sprint(d.GetDocuments()), fmt.Sprint(d.GetDueOnTime()), fmt.Sprint(d.GetDueLate()), rate(d.GetDueOnTime(), d.GetDueLate()),
		fmt.Sprint(s.GetDocuments()), fmt.Sprint(s.GetOnTime()), fmt.Sprint(s.GetLate()), fmt.Sprintf("%d/%d", delivered, all)}
}

func ofStatus(f *lienthongv1.Figures, status uint32) uint64 {
	for _, s := range f.GetByStatus() {
		if s.GetStatus() == status {
			return s.GetDocuments()
		}
	}
	return 0
}

// rate is the share that was on time, of what is decided.
func rate(good, bad uint64) string {
	if good+bad == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(good)/float64(good+bad))
}

// meanText is a mean time for people; none for 0.
func meanText(micro int64) string {
	if micro == 0 {
		return "–"
	}
	d := time.Duration(micro) * time.Microsecond
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.1f d", d.Hours()/24)
	case d >= time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	case d >= time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}
