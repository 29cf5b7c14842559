package main

import (
	"os"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/term"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// A table is printed in columns as wide as what they hold. On a terminal it fits the
// width: the widest columns are cut first, and say so with an ellipsis. What is piped
// elsewhere is whole.
type table struct {
	a     *app
	rows  [][]string       // the head first
	notes map[int][]string // what stands under a row, set in
	whole int              // so many of the first columns are names that commands take: where one is cut, it stands whole under its row
}

const (
	columnGap = 2
	columnMin = 6 // to which a column may be cut
)

func (a *app) table(head ...string) *table { return &table{a: a, rows: [][]string{head}} }

func (t *table) add(cells ...string) {
	for i := range cells {
		cells[i] = strings.Join(strings.Fields(cells[i]), " ")
	}
	t.rows = append(t.rows, cells)
}

// note puts lines under the last row; empty ones are none.
func (t *table) note(lines ...string) {
	if t.notes == nil {
		t.notes = map[int][]string{}
	}
	for _, line := range lines {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			t.notes[len(t.rows)-1] = append(t.notes[len(t.rows)-1], line)
		}
	}
}

// words puts words under the last row, on as many lines as they need.
func (t *table) words(words ...string) {
	room, line := t.a.terminalWidth()-noteIndent, ""
	for _, word := range words {
		if line != "" && room > 0 && displayWidth(line)+1+displayWidth(word) > room {
			t.note(line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	t.note(line)
}

// split puts a text under the last row, on as many lines as it needs.
func (t *table) split(text string) { t.words(strings.Fields(text)...) }

// end prints a table that has rows; one that is nil, or has none, is nothing.
func (t *table) end() {
	if t != nil && len(t.rows) > 1 {
		t.print()
	}
}

func (t *table) print() {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], displayWidth(cell))
		}
	}
	total := t.a.terminalWidth()
	fit(widths, total)
	for n, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			cell = cut(cell, widths[i])
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-displayWidth(cell)+columnGap))
		}
		t.a.printf("%s\n", strings.TrimRight(line.String(), " "))
		for i, cell := range row[:min(t.whole, len(row))] {
			if n > 0 && displayWidth(cell) > widths[i] {
				t.a.printf("%s%s\n", strings.Repeat(" ", noteIndent), cell)
			}
		}
		for _, note := range t.notes[n] {
			if total > noteIndent {
				note = cut(note, total-noteIndent)
			}
			t.a.printf("%s%s\n", strings.Repeat(" ", noteIndent), note)
		}
	}
}

// maxCell bounds a column on a terminal, so that fit has few steps.
const maxCell = 1000

// fit makes columns narrower, the widest first, until all fit into total; 0: no limit.
func fit(widths []int, total int) {
	if total <= 0 {
		return
	}
	sum := columnGap * (len(widths) - 1)
	for i := range widths {
		widths[i] = min(widths[i], maxCell)
		sum += widths[i]
	}
	for ; sum > total; sum-- {
		widest := 0
		for i, w := range widths {
			if w >= widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= columnMin {
			return
		}
		widths[widest]--
	}
}

// terminalWidth is the number of columns of the terminal that is written to; 0 if it is
// none, or --wide. COLUMNS counts where a person has set it.
func (a *app) terminalWidth() int {
	if a.wide {
		return 0
	}
	if v, ok := a.env("COLUMNS"); ok {
		if n, err := strconv.Atoi(v); err == nil && n > 0 {
			return n
		}
	}
	f, ok := a.out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	n, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return n
}

// runeWidth is how many columns a character takes: marks none, those of East Asia two.
func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case width.LookupRune(r).Kind() == width.EastAsianWide, width.LookupRune(r).Kind() == width.EastAsianFullwidth:
		return 2
	}
	return 1
}

func displayWidth(s string) (n int) {
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// cut shortens a text to a number of columns, with an ellipsis where something is gone;
// marks stay with their letters.
func cut(s string, columns int) string {
	if displayWidth(s) <= columns {
		return s
	}
	n := 0
	var out strings.Builder
	for _, r := range norm.NFC.String(s) {
		w := runeWidth(r)
		if n+w > columns-1 {
			break
		}
		n += w
		out.WriteRune(r)
	}
	return out.String() + "…"
}
