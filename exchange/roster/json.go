package roster

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
)

// axisRow is an agency as getAgenciesList and getAgenciesListQD20 of the national axis
// give it, and as this program writes lists.
type axisRow struct {
	ID        flexible `json:"id"`
	PID       flexible `json:"pid"`
	Code      string   `json:"code"`
	Code102   string   `json:"code102"`
	OldCode   string   `json:"oldCode"`
	Name      string   `json:"name"`
	Mail      string   `json:"mail"`
	Parent    string   `json:"parent"`
	HomeNode  string   `json:"home_node"`
	Successor string   `json:"successor"`
	From      string   `json:"from"`
	Ended     string   `json:"ended"`
}

// flexible is a text, or a number that stands for one.
type flexible string

// UnmarshalJSON implements [json.Unmarshaler].
func (f *flexible) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, (*string)(f))
	}
	if string(data) != "null" {
		*f = flexible(data)
	}
	return nil
}

// ReadJSON reads a list in JSON: an array of agencies, or an object that has one in its
// field data, as the axis answers. Ids of the axis name parents; they are not kept.
func ReadJSON(r io.Reader) ([]Row, error) {
	lines := &lineReader{r: bufio.NewReader(r)}
	d := json.NewDecoder(lines)
	if err := toArray(d); err != nil {
		return nil, fmt.Errorf("line %d: %w", lines.at(d.InputOffset()), err)
	}
	var out []Row
	var faults Faults
	codes := map[flexible]string{} // by id of the axis
	parents := map[int]flexible{}
	for d.More() {
		if len(out) == MaxRows {
			return nil, fmt.Errorf("more than %d agencies", MaxRows)
		}
		var a axisRow
		err := d.Decode(&a)
		line := lines.at(d.InputOffset())
		var bad *json.UnmarshalTypeError
		if errors.As(err, &bad) {
			faults.Add(line, bad.Field, "is %s, want %s", bad.Value, bad.Type)
			continue
		}
		if err != nil {
			faults.Add(line, "line", "%v", err)
			return nil, &faults
		}
		row := Row{Line: line, Code: strings.TrimSpace(a.Code), OldCode: strings.TrimSpace(a.OldCode + a.Code102), Name: strings.TrimSpace(a.Name),
			Parent: a.Parent, HomeNode: a.HomeNode, Successor: a.Successor}
		if a.OldCode != "" && a.Code102 != "" {
			row.OldCode = strings.TrimSpace(a.Code102)
		}
		row.set("from", a.From, &faults)
		row.set("ended", a.Ended, &faults)
		if a.ID != "" {
			codes[a.ID] = row.Code
		}
		if row.Parent == "" && a.PID != "" && a.PID != "0" {
			parents[len(out)] = a.PID
		}
		out = append(out, row)
	}
	for i, pid := range parents {
		code, ok := codes[pid]
		if !ok {
			faults.Add(out[i].Line, "pid", "is %.40q, and no agency of the list has that id", pid)
		}
		out[i].Parent = code
	}
	sort.SliceStable(faults.List, func(i, j int) bool { return faults.List[i].Line < faults.List[j].Line })
	return out, faults.Or()
}

// toArray goes into the array of agencies.
func toArray(d *json.Decoder) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	if token == json.Delim('[') {
		return nil
	}
	if token != json.Delim('{') {
		return fmt.Errorf("begins with %v, want an array of agencies, or an object with one in data", token)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if name == "data" {
			if token, err = d.Token(); err == nil && token != json.Delim('[') {
				err = fmt.Errorf("data is %v, want an array of agencies", token)
			}
			return err
		}
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return err
		}
	}
	return errors.New("has no field data")
}

// lineReader remembers where lines begin, of what was read and not asked for yet.
type lineReader struct {
	r      io.Reader
	read   int64
	starts []int64 // offsets after line feeds
	line   int     // lines before starts[0]
}

// Read implements [io.Reader].
func (l *lineReader) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	for i, c := range b[:n] {
		if c == '\n' {
			l.starts = append(l.starts, l.read+int64(i)+1)
		}
	}
	l.read += int64(n)
	return n, err
}

// at is the line of an offset; later ones are asked for later.
func (l *lineReader) at(offset int64) int {
	n := sort.Search(len(l.starts), func(i int) bool { return l.starts[i] > offset })
	l.line += n
	l.starts = l.starts[n:]
	return l.line + 1
}
