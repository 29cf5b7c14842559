package sheet

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

var numbers = Form{Names: map[string]string{"number": "number", "số": "number", "subject": "subject", "note": ""}, Want: "number, subject", Needed: []string{"number", "subject"}, MaxRows: 3}

func read(text string) (string, error) {
	var out strings.Builder
	var faults Faults
	err := numbers.Read(strings.NewReader(text), &faults, func(line int, names, values []string) {
		for i, name := range names {
			fmt.Fprintf(&out, "%d %s=%s|", line, name, values[i])
		}
	})
	return out.String(), err
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want, fault string }{
		{name: "comma", text: "number,subject\n1, Báo cáo \n", want: "2 number=1|2 subject=Báo cáo|"},
		{name: "as Excel writes it", text: "\ufeffSố;Note;Subject\r\n1;x;\"Về việc \"\"rà soát\"\"\r\nlần hai\"\r\n2;;Hai\r\n",
			want: "2 number=1|2 =x|2 subject=Về việc \"rà soát\"\nlần hai|4 number=2|4 =|4 subject=Hai|"},
		{name: "no rows", text: "number,subject\n"},
		{name: "nothing", text: "", fault: "no names of columns"},
		{name: "unknown column", text: "number,subject,colour\n1,a,b\n", fault: `column "colour" is not known: want number, subject`},
		{name: "a column twice", text: "number,số,subject\n", fault: `"number" stands twice`},
		{name: "one that is needed", text: "number\n1\n", fault: "the columns number and subject are needed"},
		{name: "short line, the others are read", text: "number,subject\n1\n2,b\n3\n", want: "3 number=2|3 subject=b|", fault: "line 2: line: has 1 fields, the first line 2\nline 4: line: has 1"},
		{name: "broken quote", text: "number,subject\n1,\"a\n", fault: "line 2: line: "},
		{name: "not UTF-8", text: "number,subject\n1,\xe1\xba\n", want: "2 number=1|2 subject=|", fault: "line 2: subject: is not UTF-8"},
		{name: "too many", text: "number,subject\n1,a\n2,a\n3,a\n4,a\n", want: "2 number=1|2 subject=a|3 number=2|3 subject=a|4 number=3|4 subject=a|", fault: "more than 3 lines"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := read(tt.text)
			if got != tt.want {
				t.Errorf("rows %q, want %q", got, tt.want)
			}
			if tt.fault == "" && err != nil || tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)) {
				t.Errorf("error %v, want %q", err, tt.fault)
			}
		})
	}
}

// A hundred faults are told, and the others counted.
func TestFaultsAreBounded(t *testing.T) {
	t.Parallel()
	form := numbers
	form.MaxRows = 1000
	var faults Faults
	err := form.Read(strings.NewReader("number,subject\n"+strings.Repeat("1\n", 150)), &faults, func(int, []string, []string) { t.Error("a row was given") })
	var f *Faults
	if !errors.As(err, &f) || len(f.List) != MaxFaults || f.More != 50 || !strings.HasSuffix(err.Error(), "and 50 more faults") {
		t.Errorf("%d faults, %v", len(faults.List), err)
	}
}
