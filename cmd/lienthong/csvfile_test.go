package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// What Excel opens: a mark, quotes, line ends, and no formula.
func TestCSV(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sổ.csv")
	rows := [][]string{registerInHead, {`=HYPERLINK("http://x","y")`, "+1", "-2", "@SUM(A1)", " =1", "\t=1", "＝1", `Về "việc", hai`, "dòng\nhai", "15"}}
	if err := (&app{}).writeCSV(path, rows); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, marked := bytes.CutPrefix(data, []byte("\xef\xbb\xbf"))
	if !marked || strings.Count(string(text), "\r\n") != 2 || strings.Count(string(text), "\n") != 2 {
		t.Errorf("file %q", data)
	}
	got, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	want := []string{`'=HYPERLINK("http://x","y")`, "'+1", "'-2", "'@SUM(A1)", "' =1", "'\t=1", "'＝1", `Về "việc", hai`, "dòng hai", "15"}
	if err != nil || len(got) != 2 || !reflect.DeepEqual(got[0], registerInHead) || !reflect.DeepEqual(got[1], want) {
		t.Errorf("read back %q, %v", got, err)
	}
}
