package main

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestTable(t *testing.T) {
	t.Parallel()
	for columns, want := range map[string]string{
		"":   "số      trích yếu\n01      Về việc rà soát thủ tục hành chính\n02      " + norm.NFD.String("Kế hoạch") + "\n第三号  x\n",
		"30": "số      trích yếu\n01      Về việc rà soát thủ t…\n02      " + norm.NFD.String("Kế hoạch") + "\n第三号  x\n",
		"5":  "số      trích…\n01      Về vi…\n02      Kế ho…\n第三号  x\n",
	} {
		var out bytes.Buffer
		a := &app{out: &out, env: func(name string) (string, bool) { return columns, name == "COLUMNS" && columns != "" }}
		table := a.table("số", "trích yếu")
		table.add("01", "Về việc rà soát\tthủ tục\nhành chính")
		table.add("02", norm.NFD.String("Kế hoạch"))
		table.add("第三号", "x")
		table.print()
		if out.String() != want {
			t.Errorf("%s columns:\n%s\nwant:\n%s", columns, out.String(), want)
		}
		for _, line := range strings.Split(out.String(), "\n") {
			if columns == "30" && displayWidth(line) > 30 {
				t.Errorf("%q is wider than 30", line)
			}
		}
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	widths := []int{10, 40, 40, 3}
	fit(widths, 60)
	if sum := widths[0] + widths[1] + widths[2] + widths[3] + 3*columnGap; sum != 60 || widths[0] != 10 || widths[3] != 3 || widths[1] < 20 || widths[2] < 20 {
		t.Errorf("fitted to %v", widths)
	}
}
