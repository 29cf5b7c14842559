package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

func noEnv(string) (string, bool) { return "", false }

// A name that a sender chose never leads out of the folder, hides, or names a device.
func TestLocalName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, want string }{
		{"Báo cáo số 45.pdf", "Báo cáo số 45.pdf"},
		{"../../etc/passwd", "_.._etc_passwd"},
		{`..\..\windows\x.dll`, `_.._windows_x.dll`},
		{"/abs/olute.pdf", "_abs_olute.pdf"},
		{".bashrc", "bashrc"},
		{"CON.pdf", "file-1.pdf"},
		{"lpt1", "file-1.pdf"},
		{"a\x00b\nc.pdf", "a_b_c.pdf"},
		{"", "file-1.pdf"},
		{"...", "file-1.pdf"},
		{strings.Repeat("ễ", 100) + ".pdf", strings.Repeat("ễ", 65) + ".pdf"},
	} {
		if got := localName(tt.name, 0); got != tt.want {
			t.Errorf("localName(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzLocalName(f *testing.F) {
	for _, s := range []string{"a.pdf", "../x", `C:\x`, "\xff\xfe", strings.Repeat("ệ", 300), ". ."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := localName(s, 3)
		if got == "" || len(got) > 200 || !utf8.ValidString(got) || filepath.Base(got) != got || got[0] == '.' || strings.ContainsAny(got, "/\\:\x00\n") {
			t.Errorf("localName(%q) = %q", s, got)
		}
	})
}

// No configuration brings the program down, whatever it says.
func FuzzConfig(f *testing.F) {
	f.Add("node: ward\ntls: {certificate: a}\ndirectory: {authority: [b]}\n")
	f.Add("keys: [{id: a, agency: b, uri: 'pkcs12:c'}]\n")
	f.Add("limits: {file: 4GiB, message: 4MiB}\ntsa: {timeout: 3s}\n")
	f.Add("a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := loadConfig(path, noEnv)
		if err == nil && (c.Node == "" || c.Limits.File <= 0) {
			t.Errorf("%q was taken with node %q and limit %d", text, c.Node, c.Limits.File)
		}
	})
}

func TestConfigPathsAndDefaults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "c.yaml")
	text := "node: ward\ntls: {certificate: own.pem}\ndirectory: {authority: [/etc/zone.pem, zone.pem]}\nkeys: [{id: k, agency: H55, uri: 'pkcs12:k.p12'}]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"LIENTHONG_LISTEN": "127.0.0.1:1", "LIENTHONG_TRUST_CRLS": "a,b"}
	c, err := loadConfig(path, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Listen, c.TLS.Key, c.Store, c.Directory.Authority, c.Trust.CRLs, c.Keys[0].URI, c.Keys[0].Role, int64(c.Limits.Message), c.TSA.Timeout.String()}
	own := filepath.Join(dir, "own.pem")
	want := []any{"127.0.0.1:1", own, "sqlite:" + filepath.Join(dir, "data"), []string{"/etc/zone.pem", filepath.Join(dir, "zone.pem")},
		[]string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}, "pkcs12:" + filepath.Join(dir, "k.p12"), "agency", int64(4 << 20), "30s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestByteSize(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want int64 // -1: refused
	}{{"0", 0}, {"17", 17}, {"4KiB", 4096}, {"4 MiB", 4 << 20}, {"2GB", 2e9}, {"1TiB", 1 << 40}, {"5B", 5},
		{"", -1}, {"-1", -1}, {"1.5GiB", -1}, {"9999999TiB", -1}, {"GiB", -1}, {"1PiB", -1}} {
		var s byteSize
		err := s.parse(tt.text)
		if tt.want < 0 && err == nil || tt.want >= 0 && (err != nil || int64(s) != tt.want) {
			t.Errorf("%q: %d, %v, want %d", tt.text, s, err, tt.want)
		}
	}
}

// An output that fails leaves what was there, and nothing beside it.
func TestWriteOutputIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "out.pdf")
	write := func(text string, fault error) error {
		return writeOutput(path, "", func(f *os.File) error {
			if _, err := f.WriteString(text); err != nil {
				return err
			}
			return fault
		})
	}
	fault := errors.New("the pen broke")
	if err := write("half", fault); !errors.Is(err, fault) {
		t.Errorf("write: %v, want the fault", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after a fault: %v, want no file", err)
	}
	if err := write("whole", nil); err != nil {
		t.Fatal(err)
	}
	if err := write("half", fault); !errors.Is(err, fault) {
		t.Errorf("write: %v, want the fault", err)
	}
	data, err := os.ReadFile(path)
	if err != nil || string(data) != "whole" {
		t.Errorf("after a fault: %q, %v, want what was there", data, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, want the output alone", entries)
	}
}

func TestParsePlace(t *testing.T) {
	t.Parallel()
	p, err := parsePlace("--at", "-1, 320,120.5,180,80")
	if err != nil || p.Page != -1 || p.Rect != [4]float64{320, 120.5, 500, 200.5} {
		t.Errorf("place %v, %v", p, err)
	}
	for _, s := range []string{"", "1", "1,2,3,4", "x,1,2,3,4", "1,2,3,4,y", "1,2,3,4,5,6"} {
		if _, err := parsePlace("--at", s); err == nil {
			t.Errorf("place %q was taken", s)
		}
	}
}

// What a node said in one act for several recipients is one row; a later act with
// the same words is another.
func TestTimelineRows(t *testing.T) {
	t.Parallel()
	event := func(at int64, node, to string) timelineEvent {
		return timelineEvent{&lienthongv1.HistoryEvent{Time: at, Node: node, Detail: "x"}, to}
	}
	rows := timelineRows([]timelineEvent{event(5_000, "p", "b"), event(0, "w", "a"), event(1_000, "p", "a"), event(90_000, "p", "c")},
		func(e *lienthongv1.HistoryEvent) string { return e.GetDetail() })
	want := []timelineRow{{0, "w", "x", []string{"a"}}, {1_000, "p", "x", []string{"a", "b"}}, {90_000, "p", "x", []string{"c"}}}
	if diff := cmp.Diff(want, rows, cmp.AllowUnexported(timelineRow{})); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// The language is what was asked for, else that of the locale.
func TestLanguage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{{nil, "en"}, {map[string]string{"LANG": "vi_VN.UTF-8"}, "vi"}, {map[string]string{"LANG": "vi", "LC_ALL": "C"}, "en"}, {map[string]string{"LC_MESSAGES": "vi"}, "vi"}} {
		a := &app{env: func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }}
		if got := a.languageOf(""); got != tt.want {
			t.Errorf("%v: language %q, want %q", tt.env, got, tt.want)
		}
		if got := a.languageOf("vi"); got != "vi" {
			t.Errorf("asked for vi, got %q", got)
		}
	}
}

// What was said about a recipient is drawn in its order, also where an earlier row
// has the same words about another at nearly the same moment.
func TestTimelineKeepsOrder(t *testing.T) {
	t.Parallel()
	event := func(at int64, status uint32, to string) timelineEvent {
		return timelineEvent{&lienthongv1.HistoryEvent{Time: at, Node: "province", Status: status}, to}
	}
	rows := timelineRows([]timelineEvent{event(0, 1, "a"), event(10_000, 3, "a"), event(25_000, 1, "b"), event(28_000, 3, "b")},
		func(e *lienthongv1.HistoryEvent) string { return fmt.Sprint(e.GetStatus()) })
	var drawn []string
	for _, r := range rows {
		drawn = append(drawn, r.text+strings.Join(r.to, ""))
	}
	if got, want := strings.Join(drawn, " "), "1a 3a 1b 3b"; got != want {
		t.Errorf("drawn as %s, want %s", got, want)
	}
}
