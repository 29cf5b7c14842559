package roster

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// columns are the names of a CSV list, with those that other systems use.
var columns = map[string]string{
	"id": "id", "code": "code", "code102": "old_code", "old_code": "old_code", "oldcode": "old_code", "name": "name",
	"parent": "parent", "pid": "parent", "home_node": "home_node", "home": "home_node", "successor": "successor",
	"from": "from", "not_before": "from", "ended": "ended", "mail": "", "email": "",
	"mã định danh": "code", "mã": "code", "mã cũ": "old_code", "tên": "name", "tên cơ quan": "name", "cơ quan cấp trên": "parent",
	"nút": "home_node", "cơ quan kế thừa": "successor", "hiệu lực từ": "from", "kết thúc": "ended",
}

// ReadCSV reads a list in CSV (RFC 4180, UTF-8, comma or semicolon), whose first line
// names the columns, of which code and name are needed.
func ReadCSV(r io.Reader) ([]Row, error) {
	in := bufio.NewReader(r)
	if bom, _ := in.Peek(3); string(bom) == "\xef\xbb\xbf" {
		_, _ = in.Discard(3) // it was there
	}
	reader := csv.NewReader(in)
	reader.ReuseRecord, reader.FieldsPerRecord = true, -1
	first, _ := in.Peek(4096)
	line, _, _ := strings.Cut(string(first), "\n")
	if strings.Count(line, ";") > strings.Count(line, ",") {
		reader.Comma = ';'
	}
	names, err := header(reader)
	if err != nil {
		return nil, err
	}
	var out []Row
	var faults Faults
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return out, faults.or()
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			faults.add(bad.Line, "line", "%v", bad.Err)
			return nil, &faults // what follows a broken quote means nothing
		}
		if err != nil {
			return nil, err
		}
		if len(out) == MaxRows {
			return nil, fmt.Errorf("more than %d agencies", MaxRows)
		}
		at, _ := reader.FieldPos(0)
		out = append(out, csvRow(at, names, record, &faults))
	}
}

func header(reader *csv.Reader) ([]string, error) {
	record, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: no names of columns: %w", err)
	}
	var names []string
	have := map[string]bool{}
	for _, field := range record {
		name, ok := columns[strings.ToLower(strings.TrimSpace(field))]
		if !ok {
			return nil, fmt.Errorf("line 1: column %.40q is not known: want id, code, old_code, name, parent, home_node, successor, from, ended", field)
		}
		if name != "" && have[name] {
			return nil, fmt.Errorf("line 1: column %q stands twice", name)
		}
		have[name] = true
		names = append(names, name)
	}
	if !have["code"] || !have["name"] {
		return nil, errors.New("line 1: the columns code and name are needed")
	}
	return names, nil
}

func csvRow(line int, names, record []string, faults *Faults) Row {
	row := Row{Line: line}
	if len(record) != len(names) {
		faults.add(line, "line", "has %d fields, the first line %d", len(record), len(names))
		return row
	}
	for i, value := range record {
		value = strings.Clone(strings.TrimSpace(value))
		if !utf8.ValidString(value) {
			faults.add(line, names[i], "is not UTF-8")
			continue
		}
		row.set(names[i], value, faults)
	}
	return row
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
			faults.add(r.Line, name, "%v", err)
		}
		if name == "from" {
			r.From = at
		} else {
			r.Ended = at
		}
	}
}
