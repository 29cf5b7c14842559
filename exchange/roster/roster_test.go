package roster

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lienthong/envelope"
	"lienthong/internal/sheet"
)

func TestCheckCode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code string
		ok   bool
	}{
		{"H55", true}, {"H55.13.05", true}, {"G09.01", true}, {"H55.242", true}, {"H37.DN.001", true}, {"H37.SO.001", true},
		{"000.00.00.G22", true}, {"000.00.14.H20", true}, {"28.22.H17", true}, {"00.22.W00", true}, {"H55.W00", true},
		{"", false}, {"h55.13", false}, {"H55..13", false}, {"H55.", false}, {"vxp.saas.03", false}, {"H5", false}, {"H55 .1", false},
		{"H55." + strings.Repeat("1234567890.", 2) + "123456789", true}, {"H55." + strings.Repeat("1234567890.", 2) + "1234567890", false},
	} {
		if err := CheckCode(tt.code); (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.code, err)
		}
	}
	if got := len("H55." + strings.Repeat("1234567890.", 2) + "123456789"); got != MaxCode {
		t.Fatalf("the longest code here has %d characters", got)
	}
}

func zone() *envelope.Directory {
	return &envelope.Directory{Zone: "z", Epoch: 1, Nodes: []envelope.Node{{ID: "province"}, {ID: "ward"}},
		Agencies: []envelope.Agency{
			{ID: "a1", Name: "UBND tỉnh", HomeNode: "province", Codes: []envelope.AgencyCode{{Code: "000.00.00.H55", NotBefore: 1}, {Code: "H55", NotBefore: 2}}},
			{ID: "a2", Name: "UBND xã cũ", Parent: "a1", HomeNode: "ward", Codes: []envelope.AgencyCode{{Code: "H55.13", NotBefore: 1}}},
		}}
}

const now = 1_000_000

func TestMergeCSV(t *testing.T) {
	t.Parallel()
	rows, err := ReadCSV(strings.NewReader("\ufeffMã định danh;Mã cũ;Tên cơ quan;parent;home_node;successor;ended\n" +
		"H55;000.00.00.H55;UBND tỉnh;;;;\n" +
		"H55.13;;UBND xã cũ;H55;;H55.14;2099-07-01\n" +
		"H55.14;000.14.00.H55;\"UBND xã, mới\";H55;ward;;\n"))
	if err != nil {
		t.Fatal(err)
	}
	d := zone()
	sum, err := Merge(d, rows, Options{Now: now, Home: "province"})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Summary{Added: 1, Ended: 1, Unchanged: 1}); sum != want {
		t.Errorf("%+v, want %+v", sum, want)
	}
	got := d.Agencies[2]
	if got.ID != "H55.14" || got.Parent != "a1" || got.HomeNode != "ward" || got.Name != "UBND xã, mới" || len(got.Codes) != 2 || got.Codes[1].Code != "H55.14" {
		t.Errorf("new agency %+v", got)
	}
	if old := d.Agencies[1]; old.Successor != "H55.14" || old.Ended == 0 {
		t.Errorf("closed agency %+v", old)
	}
	// The same list again brings nothing.
	if sum, err = Merge(d, rows, Options{Now: now + 1}); err != nil || sum != (Summary{Unchanged: 3}) {
		t.Errorf("again: %+v, %v", sum, err)
	}
}

// A code that changes ends, and stays the agency's; one that moves home keeps the old one.
func TestMergeChanges(t *testing.T) {
	t.Parallel()
	d := zone()
	rows := []Row{{Line: 2, ID: "a2", Code: "H55.99", Name: "UBND xã", HomeNode: "province"}}
	sum, err := Merge(d, rows, Options{Now: now})
	if err != nil || sum.Changed != 1 || sum.Unchanged != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	a := d.Agencies[1]
	if want := []envelope.AgencyCode{{Code: "H55.13", NotBefore: 1, NotAfter: now}, {Code: "H55.99", NotBefore: now}}; !slices.Equal(a.Codes, want) {
		t.Errorf("codes %+v, want %+v", a.Codes, want)
	}
	if a.HomeNode != "province" || len(a.FormerHomes) != 1 || a.FormerHomes[0].Node != "ward" {
		t.Errorf("home %q, before %+v", a.HomeNode, a.FormerHomes)
	}
	// A complete list ends what it leaves out.
	sum, err = Merge(d, rows, Options{Now: now + 5, Complete: true})
	if err != nil || sum.Ended != 1 || d.Agencies[0].Ended != now+5 {
		t.Errorf("%+v, %v: the first agency ended at %d", sum, err, d.Agencies[0].Ended)
	}
}

// Every fault is told, with its line, and no more than is of use.
func TestFaults(t *testing.T) {
	t.Parallel()
	rows, err := ReadCSV(strings.NewReader("code,name,parent,home_node\nh55.1,A,,\nH55.2,,,\nH55.13,B,H99,nowhere\nH55.13,C,,\nH55.3,D\n"))
	var f *Faults
	if !errors.As(err, &f) || len(f.List) != 1 || f.List[0].Line != 6 {
		t.Fatalf("%d rows, %v; want a fault of line 6", len(rows), err)
	}
	rows, err = ReadCSV(strings.NewReader("code,name,parent,home_node\nh55.1,A,,\nH55.2,,,\nH55.13,B,H99,nowhere\nH55.13,C,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Merge(zone(), rows, Options{Now: now})
	if !errors.As(err, &f) {
		t.Fatal(err)
	}
	var got []string
	for _, x := range f.List {
		got = append(got, fmt.Sprintf("%d %s", x.Line, x.Field))
	}
	slices.Sort(got)
	if want := []string{"2 code", "3 name", "4 home_node", "4 parent", "5 code"}; !slices.Equal(got, want) {
		t.Errorf("faults %q, want %q", got, want)
	}
	var many strings.Builder
	many.WriteString("code,name\n")
	for range 1000 {
		many.WriteString("x,y\n")
	}
	if rows, err = ReadCSV(strings.NewReader(many.String())); err != nil {
		t.Fatal(err)
	}
	if _, err = Merge(zone(), rows, Options{Now: now}); !errors.As(err, &f) || len(f.List) != sheet.MaxFaults || f.More != 900 {
		t.Errorf("%d faults and %d more", len(f.List), f.More)
	}
	for _, bad := range []string{"", "code\n", "code,name,colour\n", "code,name,code\n", "code,name\n\"x,y\n"} {
		if _, err := ReadCSV(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// What the axis gives is read, by either call; parents are named by its own ids.
func TestAxisJSON(t *testing.T) {
	t.Parallel()
	rows, err := ReadJSON(strings.NewReader(`{"status": {"code": 0, "list": [1, {"a": 2}]}, "data": [
 {"id": 17, "pid": null, "code": "H55", "name": "UBND tỉnh", "mail": "a@b.vn", "oldCode": "000.00.00.H55"},
 {"id": "18", "pid": 17, "code": "H55.14", "name": "UBND xã",
  "code102": "000.00.14.H55"},
 {"id": 19, "pid": 99, "code": "H55.15", "name": "UBND xã lạ"}]}`))
	var f *Faults
	if !errors.As(err, &f) || len(f.List) != 1 || f.List[0].Line != 5 || f.List[0].Field != "pid" {
		t.Fatalf("%v, want a fault of line 5", err)
	}
	if len(rows) != 3 || rows[1].Parent != "H55" || rows[1].OldCode != "000.00.14.H55" || rows[1].Line != 4 || rows[0].OldCode != "000.00.00.H55" {
		t.Errorf("%+v", rows)
	}
	rows, err = ReadJSON(strings.NewReader(`[{"code": "H55.1", "name": "x", "home_node": "ward"}]`))
	if err != nil || len(rows) != 1 || rows[0].HomeNode != "ward" {
		t.Errorf("%+v, %v", rows, err)
	}
	for _, bad := range []string{"", "7", `{"data": 7}`, `{}`, `[{"code": 7}]`, `[{`} {
		if _, err := ReadJSON(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
