package main

import (
	"encoding/csv"
	"os"
	"strings"
)

// writeCSV writes rows as Excel reads them: UTF-8 with a mark, lines that end as those of
// Windows, and nothing in a cell that a spreadsheet would take for a formula.
func (a *app) writeCSV(path string, rows [][]string) error {
	return writeOutput(path, "", func(f *os.File) error {
		if _, err := f.WriteString("\ufeff"); err != nil {
			return err
		}
		w := csv.NewWriter(f)
		w.UseCRLF = true
		for _, row := range rows {
			out := make([]string, len(row))
			for i, cell := range row {
				out[i] = plainCell(cell)
			}
			if err := w.Write(out); err != nil {
				return err
			}
		}
		w.Flush()
		return w.Error()
	})
}

// plainCell puts an apostrophe before what would be a formula: text that strangers wrote
// must not act on the reader's machine.
func plainCell(s string) string {
	s = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(s)
	if trimmed := strings.TrimLeft(s, " \t"); trimmed != "" && strings.ContainsRune("=+-@\t＝＋－＠", []rune(trimmed)[0]) {
		return "'" + s
	}
	return s
}
