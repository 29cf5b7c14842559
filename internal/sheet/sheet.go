// Package sheet reads tables as offices keep them: CSV (RFC 4180) in UTF-8, with or without a
// byte order mark, whose columns are parted by commas or semicolons and named by the first
// line. All that is wrong is told at once, each thing with its line.
//
// It does not know what a column means, and it reads no other format.
package sheet

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A Form says which columns a table may have.
type Form struct {
	Names   map[string]string // how each may be called, in lower case, and its one name; "": it is passed over
	Want    string            // the columns, for who used another name
	Needed  []string          // those that must be there
	MaxRows int
}

// Read gives each row with its line, the names of its columns and what stands in them, without
// space around it, which is good until row returns. Rows that are not as long as the first
// line are faults, and not given. The error is [*Faults] where lines are wrong, row's own
// among them; any other says that the table cannot be read at all.
func (f Form) Read(r io.Reader, faults *Faults, row func(line int, names, values []string)) error {
	reader := open(r)
	names, err := f.header(reader)
	if err != nil {
		return err
	}
	values := make([]string, len(names))
	for n := 0; ; n++ {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return faults.Or()
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			faults.Add(bad.Line, "line", "%v", bad.Err)
			return faults // what follows a broken quote means nothing
		}
		if err != nil {
			return err
		}
		if n == f.MaxRows {
			return fmt.Errorf("more than %d lines", f.MaxRows)
		}
		line, _ := reader.FieldPos(0)
		if len(record) != len(names) {
			faults.Add(line, "line", "has %d fields, the first line %d", len(record), len(names))
			continue
		}
		for i, value := range record {
			values[i] = strings.Clone(strings.TrimSpace(value))
			if !utf8.ValidString(value) {
				faults.Add(line, names[i], "is not UTF-8")
				values[i] = ""
			}
		}
		row(line, names, values)
	}
}

// open finds out what parts the columns.
func open(r io.Reader) *csv.Reader {
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
	return reader
}

func (f Form) header(reader *csv.Reader) ([]string, error) {
	record, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: no names of columns: %w", err)
	}
	var names []string
	have := map[string]bool{}
	for _, field := range record {
		name, ok := f.Names[strings.ToLower(strings.TrimSpace(field))]
		if !ok {
			return nil, fmt.Errorf("line 1: column %.40q is not known: want %s", field, f.Want)
		}
		if name != "" && have[name] {
			return nil, fmt.Errorf("line 1: column %q stands twice", name)
		}
		have[name] = true
		names = append(names, name)
	}
	for _, name := range f.Needed {
		if !have[name] {
			return nil, fmt.Errorf("line 1: the columns %s are needed", strings.Join(f.Needed, " and "))
		}
	}
	return names, nil
}
