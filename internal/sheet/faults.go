package sheet

import (
	"fmt"
	"strings"
)

// MaxFaults is how many faults are told; the others are counted.
const MaxFaults = 100

// A Fault is one thing that is wrong with a table.
type Fault struct {
	Line  int
	Field string
	Text  string
}

// Faults are all that is wrong with a table.
type Faults struct {
	List []Fault // at most 100
	More int     // how many there are beyond
}

// Add tells one more.
func (f *Faults) Add(line int, field, format string, args ...any) {
	if len(f.List) == MaxFaults {
		f.More++
		return
	}
	f.List = append(f.List, Fault{line, field, fmt.Sprintf(format, args...)})
}

// Error lists the faults, one a line.
func (f *Faults) Error() string {
	var b strings.Builder
	for i, fault := range f.List {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "line %d: %s: %s", fault.Line, fault.Field, fault.Text)
	}
	if f.More > 0 {
		fmt.Fprintf(&b, "\nand %d more faults", f.More)
	}
	return b.String()
}

// Or is f if it holds a fault.
func (f *Faults) Or() error {
	if len(f.List) == 0 {
		return nil
	}
	return f
}
