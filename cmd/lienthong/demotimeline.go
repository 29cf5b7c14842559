package main

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

// A timelineEvent is one verified statement, and for whom the letter was.
type timelineEvent struct {
	event *lienthongv1.HistoryEvent
	to    string
}

// A timelineRow is what one node said at one moment, for one or more recipients.
type timelineRow struct {
	at   int64
	node string
	text string // in both languages
	to   []string
}

// sameMoment is how far apart statements of one act are at most, in microseconds.
const sameMoment = 20_000

// timelineRows puts statements into the order of their times, and those that a
// node made in one act for several recipients into one row.
func timelineRows(events []timelineEvent, text func(*lienthongv1.HistoryEvent) string) []timelineRow {
	sort.SliceStable(events, func(i, j int) bool { return events[i].event.GetTime() < events[j].event.GetTime() })
	var rows []timelineRow
next:
	for _, e := range events {
		words := text(e.event)
		// Never into a row before one about the same recipient: 03 must not come to stand before 01.
		for i := len(rows) - 1; i >= 0 && !slices.Contains(rows[i].to, e.to); i-- {
			r := &rows[i]
			if r.node == e.event.GetNode() && r.text == words && e.event.GetTime()-r.at < sameMoment {
				r.to = append(r.to, e.to)
				continue next
			}
		}
		rows = append(rows, timelineRow{e.event.GetTime(), e.event.GetNode(), words, []string{e.to}})
	}
	return rows
}

// printTimeline draws a column for each node, from the ward up, and a mark where the
// letter is when something is said about it.
func (d *demo) printTimeline(events []timelineEvent) {
	const column = 18
	bilingual := *d.app
	rows := timelineRows(events, func(e *lienthongv1.HistoryEvent) string {
		bilingual.lang = "vi"
		vi := bilingual.eventText(e)
		bilingual.lang = "en"
		return vi + " · " + bilingual.eventText(e)
	})
	d.printf("\n  %s\n\n  %12s  ", d.t("The letter's way, as its receipts tell it (clocks of the nodes, UTC+7):",
		"Đường đi của văn bản theo các biên nhận (giờ của từng nút, UTC+7):"), "")
	for i := len(demoNodes) - 1; i >= 0; i-- {
		d.printf("%s", pad(demoNodes[i].name, column))
	}
	d.printf("\n")
	for _, r := range rows {
		d.printf("  %s  ", time.UnixMicro(r.at).In(hanoi).Format("15:04:05.000"))
		for i := len(demoNodes) - 1; i >= 0; i-- {
			mark := "·"
			if demoNodes[i].id == r.node {
				mark = "●"
			}
			d.printf("%s", pad(mark, column))
		}
		to := ""
		if len(r.to) < len(demoAgencies)-1 {
			to = "  → " + strings.Join(shortNames(r.to), ", ")
		}
		d.printf("%s%s\n", r.text, to)
	}
	d.printf("\n")
}

// shortNames leaves out what all names of People's Committees begin with.
func shortNames(names []string) []string {
	var out []string
	for _, name := range names {
		out = append(out, strings.TrimPrefix(name, "Ủy ban nhân dân "))
	}
	return out
}

// pad fills a text with blanks to a width in characters.
func pad(s string, width int) string {
	return s + fmt.Sprintf("%*s", max(1, width-len([]rune(s))), "")
}
