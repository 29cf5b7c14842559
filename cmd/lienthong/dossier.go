package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lienthong/client"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) dossierCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "dossier list|show",
		Short: "Follow one-stop dossiers between agencies (hồ sơ một cửa liên thông)",
		Long: `Follow one-stop dossiers between agencies. Sending a letter with --dossier and --due
hands a dossier over. The result is a letter back with the same --dossier, without
--due, and with --replies-to naming the letter that handed it over.`,
	}
	c.AddCommand(a.dossierListCommand(), a.dossierShowCommand())
	return c
}

func (a *app) dossierListCommand() *cobra.Command {
	var m lienthongv1.ListDossiersRequest
	var direction, file string
	var limit int
	c := a.nodeFlags(&cobra.Command{
		Use:   "list",
		Short: "List dossiers that were handed over, newest first, and who is late",
		Example: `  lienthong dossier list --late
  lienthong dossier list --direction out --csv ho-so.csv`,
		Args: args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			var known bool
			if m.Direction, known = directions[strings.ToLower(direction)]; !known {
				return failf(exitUsage, "--direction %q: want out (đi) or in (đến)", direction)
			}
			return a.dossiers(c.Context(), &m, limit, file)
		},
	})
	f := c.Flags()
	f.BoolVar(&m.Late, "late", false, "late alone (quá hạn)")
	f.StringVar(&direction, "direction", "", "out: handed over by the agency; in: handed to it; both if empty")
	f.StringVar(&file, "csv", "", "write a CSV file for Excel")
	f.IntVarP(&limit, "limit", "n", 50, "at most so many; all of them with --csv")
	return c
}

func (a *app) dossierShowCommand() *cobra.Command {
	return a.nodeFlags(&cobra.Command{
		Use:   "show CODE",
		Short: "Show where a dossier is, each hand-over with its letters",
		Args:  args(1, 1),
		RunE:  func(c *cobra.Command, in []string) error { return a.showDossier(c.Context(), in[0]) },
	})
}

// eachDossier calls f with what is asked for, page by page, until limit; 0: with all.
func eachDossier(ctx context.Context, c *client.Client, m *lienthongv1.ListDossiersRequest, limit int, f func(*lienthongv1.Dossier) error) error {
	const most = 500
	for seen := 0; ; {
		m.PageSize = most
		if limit > 0 {
			m.PageSize = int32(min(limit-seen, most))
		}
		page, err := c.Dossiers.ListDossiers(ctx, m)
		if err != nil {
			return err
		}
		for _, d := range page.GetDossiers() {
			if err := f(d); err != nil {
				return err
			}
		}
		seen += len(page.GetDossiers())
		if m.PageToken = page.GetNextPageToken(); m.PageToken == "" || limit > 0 && seen >= limit {
			return nil
		}
	}
}

func (a *app) dossiers(ctx context.Context, m *lienthongv1.ListDossiersRequest, limit int, file string) error {
	if file != "" {
		limit = 0
	}
	return a.withAgency(ctx, func(c *client.Client, agency string) error {
		m.Agency = agency
		t := a.table(a.t("dossier", "mã hồ sơ"), "", a.t("agency", "cơ quan"), a.t("handed over", "ngày chuyển"), a.t("due", "hạn trả"), a.t("state", "tình trạng"),
			a.t("returned", "ngày trả"), a.t("on time", "đúng hạn"), a.t("number", "số, ký hiệu"), a.t("subject", "trích yếu"))
		err := eachDossier(ctx, c, m, limit, func(d *lienthongv1.Dossier) error {
			if a.json {
				return a.printProto(d)
			}
			t.add(d.GetDossierCode(), a.directionText(d.GetDirection()), d.GetCounterpartName(), vnDay(d.GetTime()), vnDay(d.GetDue()-1), a.stageText(d.GetStage()),
				vnDay(d.GetReturned()), a.lateText(d), documentNumber(d.GetMetadata()), d.GetMetadata().GetSubject())
			return nil
		})
		switch {
		case err != nil || a.json:
			return err
		case file != "":
			if err := a.writeCSV(file, t.rows); err != nil {
				return err
			}
			a.printf(a.t("%d lines in %s\n", "%d dòng trong %s\n"), len(t.rows)-1, file)
		case len(t.rows) == 1:
			a.printf("%s\n", a.t("no dossiers", "không có hồ sơ"))
		default:
			t.print()
		}
		return nil
	})
}

func (a *app) showDossier(ctx context.Context, code string) error {
	return a.withAgency(ctx, func(c *client.Client, agency string) error {
		found := false
		err := eachDossier(ctx, c, &lienthongv1.ListDossiersRequest{Agency: agency, DossierCode: code}, 0, func(d *lienthongv1.Dossier) error {
			found = true
			if a.json {
				return a.printProto(d)
			}
			a.printf("%s  %s → %s\n", vnMicro(d.GetTime()), a.directionText(d.GetDirection()), d.GetCounterpartName())
			a.printf("  %s  %s\n", documentNumber(d.GetMetadata()), d.GetMetadata().GetSubject())
			a.printf("  %s\n", d.GetDelivery())
			a.printf("  %s %s · %s · %s\n", a.t("due", "hạn trả"), vnDay(d.GetDue()-1), a.stageText(d.GetStage()), a.lateText(d))
			if d.GetResult() != "" {
				a.printf("  %s %s  %s\n", a.t("result", "kết quả"), vnMicro(d.GetReturned()), d.GetResult())
			}
			return nil
		})
		if err == nil && !found {
			return fail(exitUsage, fmt.Errorf("no dossier %q was handed over", code), "lienthong dossier list", "lienthong search --dossier "+code)
		}
		return err
	})
}

var stageWords = map[lienthongv1.DossierStage][2]string{
	lienthongv1.DossierStage_DOSSIER_STAGE_HANDED_OVER: {"handed over", "đã chuyển"},
	lienthongv1.DossierStage_DOSSIER_STAGE_ACCEPTED:    {"accepted", "đã tiếp nhận"},
	lienthongv1.DossierStage_DOSSIER_STAGE_RETURNED:    {"result returned", "đã trả kết quả"},
	lienthongv1.DossierStage_DOSSIER_STAGE_REFUSED:     {"refused", "từ chối tiếp nhận"},
	lienthongv1.DossierStage_DOSSIER_STAGE_WITHDRAWN:   {"withdrawn", "đã thu hồi"},
	lienthongv1.DossierStage_DOSSIER_STAGE_FAILED:      {"not delivered", "không gửi được"},
}

func (a *app) stageText(s lienthongv1.DossierStage) string {
	w := stageWords[s]
	return a.t(w[0], w[1])
}

// lateText says whether a dossier is on time: so far, while there is no result.
func (a *app) lateText(d *lienthongv1.Dossier) string {
	text := a.t("in time", "trong hạn")
	switch s := d.GetStage(); {
	case d.GetLate():
		text = fmt.Sprintf(a.t("late by %d working days", "quá hạn %d ngày làm việc"), d.GetLateDays())
	case s == lienthongv1.DossierStage_DOSSIER_STAGE_RETURNED:
		text = a.t("on time", "đúng hạn")
	case s == lienthongv1.DossierStage_DOSSIER_STAGE_REFUSED || s == lienthongv1.DossierStage_DOSSIER_STAGE_WITHDRAWN:
		return "–"
	}
	if d.GetCalendarUnknown() {
		text += a.t(" (holidays unknown)", " (chưa có lịch nghỉ)")
	}
	return text
}
