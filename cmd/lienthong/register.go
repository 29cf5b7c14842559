package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

// The columns of the registers are those of Decree 30/2020, Appendix IV.
var (
	registerOutHead = []string{"Số, ký hiệu văn bản", "Ngày tháng văn bản", "Tên loại và trích yếu nội dung văn bản", "Người ký", "Nơi nhận văn bản",
		"Đơn vị, người nhận bản lưu", "Số lượng bản", "Ngày chuyển", "Ký nhận", "Ghi chú"}
	registerInHead = []string{"Ngày đến", "Số đến", "Tác giả", "Số, ký hiệu văn bản", "Ngày tháng văn bản", "Tên loại và trích yếu nội dung văn bản",
		"Đơn vị hoặc người nhận", "Ngày chuyển", "Ký nhận", "Ghi chú"}
)

func (a *app) registerCommand() *cobra.Command {
	var from, to, file string
	c := a.nodeFlags(&cobra.Command{
		Use:   "register out|in",
		Short: "Print the register of what was sent or has come (sổ đăng ký văn bản đi, đến)",
		Long: `Print the register of what the agency has sent (out, đi) or has accepted (in,
đến), in its order, with the columns of Decree 30/2020, Appendix IV. What comes
gets its number (số đến) when it is accepted (status 03). The last column
(Ghi chú) says what was recalled, and by which number what was replaced.`,
		Example: `  lienthong register in --from 2026-11-01 --to 2026-11-30 --csv so-den.csv`,
		Args:    args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			direction := directions[strings.ToLower(in[0])]
			if direction == 0 {
				return failf(exitUsage, "register %q: want out (đi) or in (đến)", in[0])
			}
			return a.register(c.Context(), &lienthongv1.ListRegisterRequest{Direction: direction, From: from, To: to, PageSize: 500}, file)
		},
	})
	f := c.Flags()
	f.StringVar(&from, "from", "", "entered on or after this day, yyyy-mm-dd")
	f.StringVar(&to, "to", "", "entered on or before this day, yyyy-mm-dd")
	f.StringVar(&file, "csv", "", "write a CSV file for Excel")
	return c
}

func (a *app) register(ctx context.Context, m *lienthongv1.ListRegisterRequest, file string) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if m.Agency, err = profile.agency(); err != nil {
		return err
	}
	head, cells := registerInHead, a.registerInCells
	if m.GetDirection() == lienthongv1.Direction_DIRECTION_OUT {
		head, cells = registerOutHead, a.registerOutCells
	}
	t := a.table(head...)
	for {
		page, err := c.Registers.ListRegister(ctx, m)
		if err != nil {
			return err
		}
		for _, line := range page.GetLines() {
			if a.json {
				if err := a.printProto(line); err != nil {
					return err
				}
				continue
			}
			t.add(cells(line)...)
		}
		if m.PageToken = page.GetNextPageToken(); m.PageToken == "" {
			break
		}
	}
	switch {
	case a.json:
		return nil
	case file != "":
		if err := a.writeCSV(file, t.rows); err != nil {
			return err
		}
		a.printf(a.t("%d lines in %s\n", "%d dòng trong %s\n"), len(t.rows)-1, file)
	default:
		t.print()
	}
	return nil
}

func (a *app) registerOutCells(l *lienthongv1.RegisterLine) []string {
	m := l.GetDocument().GetMetadata()
	return []string{documentNumber(m), vnDate(m.GetIssuedDate()), titleOf(m), strings.TrimSpace(m.GetSigner().GetCompetence() + " " + m.GetSigner().GetFullName()),
		strings.Join(l.GetRecipientNames(), "; "), filed(m), fmt.Sprint(l.GetDocument().GetRecipients()), vnDay(l.GetEntered()),
		fmt.Sprintf("đã nhận %d/%d", l.GetDelivered(), l.GetDocument().GetRecipients()), fateNote(l)}
}

func (a *app) registerInCells(l *lienthongv1.RegisterLine) []string {
	m, note := l.GetDocument().GetMetadata(), ""
	if s := l.GetDocument().GetStatus(); s > 3 {
		note = statusWords[s][1]
	}
	if fate := fateNote(l); note != "" && fate != "" {
		note += "; " + fate
	} else {
		note += fate
	}
	to := strings.TrimSpace(l.GetAssignedTo().GetDepartment() + " " + l.GetAssignedTo().GetName())
	if to == "" {
		to = l.GetAssignment()
	}
	return []string{vnDay(l.GetDocument().GetTime()), fmt.Sprint(l.GetNumber()), l.GetOriginName(), documentNumber(m), vnDate(m.GetIssuedDate()), titleOf(m),
		to, vnDay(l.GetAssigned()), l.GetAssignedTo().GetId(), note}
}

// fateNote says that a document was recalled or replaced; where that is so of some of its
// copies alone, of how many.
func fateNote(l *lienthongv1.RegisterLine) string {
	all, notes := l.GetDocument().GetRecipients(), []string(nil)
	if l.GetDocument().GetDirection() == lienthongv1.Direction_DIRECTION_IN {
		all = 1
	}
	add := func(copies int32, note string) {
		switch {
		case copies >= all && copies > 0:
			notes = append(notes, note)
		case copies > 0:
			notes = append(notes, fmt.Sprintf("%s (%d/%d)", note, copies, all))
		}
	}
	by := "đã thay thế"
	if l.GetReplacedBy() != "" {
		by += " bởi số " + l.GetReplacedBy()
	}
	add(l.GetRecalled(), "đã thu hồi")
	add(l.GetReplaced(), by)
	return strings.Join(notes, "; ")
}

// titleOf is type and subject as a register has them.
func titleOf(m *lienthongv1.DocumentMetadata) string {
	return strings.TrimSpace(first(m.GetTypeName(), m.GetTypeCode()) + " " + m.GetSubject())
}

// filed is who keeps the copy, of the places as printed: "Lưu: VT, VP".
func filed(m *lienthongv1.DocumentMetadata) string {
	for _, place := range m.GetToPlaces() {
		if rest, is := strings.CutPrefix(strings.TrimSpace(place), "Lưu"); is {
			return strings.Trim(rest, " :;.")
		}
	}
	return ""
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// vnDay is the day of a time as registers write it; empty for none.
func vnDay(micro int64) string {
	if micro == 0 {
		return ""
	}
	return time.UnixMicro(micro).In(hanoi).Format("02/01/2006")
}

// vnDate writes yyyy-mm-dd as registers do.
func vnDate(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Format("02/01/2006")
}
