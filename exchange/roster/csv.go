package roster

import (
	"io"

	"lienthong/internal/sheet"
)

// columns are the names of a CSV list, with those that other systems use.
var columns = map[string]string{
	"id": "id", "code": "code", "code102": "old_code", "old_code": "old_code", "oldcode": "old_code", "name": "name",
	"parent": "parent", "pid": "parent", "home_node": "home_node", "home": "home_node", "successor": "successor",
	"from": "from", "not_before": "from", "ended": "ended", "mail": "", "email": "",
	"mã định danh": "code", "mã": "code", "mã cũ": "old_code", "tên": "name", "tên cơ quan": "name", "cơ quan cấp trên": "parent",
	"nút": "home_node", "cơ quan kế thừa": "successor", "hiệu lực từ": "from", "kết thúc": "ended",
}

var form = sheet.Form{Names: columns, Want: "id, code, old_code, name, parent, home_node, successor, from, ended", Needed: []string{"code", "name"}, MaxRows: MaxRows}

// ReadCSV reads a list in CSV (RFC 4180, UTF-8, comma or semicolon), whose first line
// names the columns, of which code and name are needed.
func ReadCSV(r io.Reader) ([]Row, error) {
	var out []Row
	var faults Faults
	err := form.Read(r, &faults, func(line int, names, values []string) {
		row := Row{Line: line}
		for i, name := range names {
			row.set(name, values[i], &faults)
		}
		out = append(out, row)
	})
	return out, err
}

func (r *Row) set(name, value string, faults *Faults) {
	switch name {
	case "id":
		r.ID = value
	case "code":
		r.Code = value
	case "old_code":
		r.OldCode = value
	case "name":
		r.Name = value
	case "parent":
		r.Parent = value
	case "home_node":
		r.HomeNode = value
	case "successor":
		r.Successor = value
	case "from", "ended":
		at, err := parseDate(value)
		if err != nil {
			faults.Add(r.Line, name, "%v", err)
		}
		if name == "from" {
			r.From = at
		} else {
			r.Ended = at
		}
	}
}
