package roster

import (
	"bytes"
	"encoding/csv"
	"testing"
)

// FuzzReadCSV holds for lists that people and other systems write: faults name a line of the
// list, and what is taken, written plainly, is read the same.
func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{"code,name\nH01,UBND\n", "\xef\xbb\xbfMã định danh;Tên cơ quan;Cơ quan cấp trên\nH01.2;\"Sở \"\"Y tế\"\"\";H01\n",
		"code,name,from,ended,old_code,home_node,successor\r\nG22,Bộ,2025-07-01,2026-01-01,000.00.00.G22,n,H02\r\n", "code\nH01\n", "code,name\nH01,\"x\n",
		"code,name\n,\n", "code,code,name\na,b,c\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := ReadCSV(bytes.NewReader(data))
		if err != nil {
			return
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		_ = w.Write([]string{"code", "old_code", "name", "parent", "home_node", "successor"}) // a buffer takes everything
		for i := range rows {
			r := &rows[i]
			if r.Line < 1 || r.Line > bytes.Count(data, []byte("\n"))+bytes.Count(data, []byte("\r"))+1 {
				t.Fatalf("line %d of a list of %d bytes", r.Line, len(data))
			}
			_ = w.Write([]string{r.Code, r.OldCode, r.Name, r.Parent, r.HomeNode, r.Successor})
		}
		w.Flush()
		again, err := ReadCSV(&b)
		if err != nil || len(again) != len(rows) {
			t.Fatalf("%d rows, written and read again %d: %v", len(rows), len(again), err)
		}
		for i := range rows {
			if rows[i].Code != again[i].Code || rows[i].Name != again[i].Name || rows[i].Parent != again[i].Parent {
				t.Fatalf("row %d: %+v, read again %+v", i, rows[i], again[i])
			}
		}
	})
}

// FuzzReadJSON holds for lists as the axis answers them: no more rows than objects, each with
// a line of the list.
func FuzzReadJSON(f *testing.F) {
	for _, s := range []string{`[{"code":"H01","name":"UBND"}]`, `{"status":"OK","data":[{"id":1,"pid":"0","code":"H01","name":"Tỉnh","oldCode":"000.00.00.H01"},{"id":"2","pid":1,"code":"H01.1","name":"Sở"}]}`,
		`{"data":[{"id":1,"code":"A","pid":1},{"code":5}]}`, `[`, `{"data":{}}`, "[\n\n{\"code\":\"H\",\"from\":\"2025-07-01\",\"ended\":\"x\"}]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := ReadJSON(bytes.NewReader(data))
		if err != nil {
			return
		}
		if len(rows) > bytes.Count(data, []byte("{"))+bytes.Count(data, []byte("null")) {
			t.Fatalf("%d rows of %q", len(rows), data)
		}
		for i := range rows {
			if rows[i].Line < 1 || rows[i].Line > bytes.Count(data, []byte("\n"))+1 {
				t.Fatalf("line %d of %q", rows[i].Line, data)
			}
		}
	})
}
