package signer_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lienthong/signer"
)

var place = regexp.MustCompile(`\{([a-z-]+)(?::(time|word))?\}`)

// A row has a code of its own, a name for each verb, and says in Vietnamese all that it
// says in English; what a layer below says comes last, where a reader can stop.
func TestTextTables(t *testing.T) {
	t.Parallel()
	codes := make(map[string]string)
	for _, row := range signer.TextRows() {
		if other, ok := codes[row.Code]; ok {
			t.Errorf("%q and %q have one code, %q", other, row.English, row.Code)
		}
		codes[row.Code] = row.English
		if row.English != "" && len(row.Verbs) != len(row.Names) || len(row.Names) > signer.MaxParams {
			t.Errorf("%s: %d names for %d verbs, of at most %d", row.Code, len(row.Names), len(row.Verbs), signer.MaxParams)
		}
		var used []string
		for _, m := range place.FindAllStringSubmatch(row.Vietnamese, -1) {
			used = append(used, m[1])
		}
		slices.Sort(used)
		names := slices.Sorted(slices.Values(row.Names))
		if !slices.Equal(used, names) {
			t.Errorf("%s: the Vietnamese has %q, want each of %q once", row.Code, used, names)
		}
		if strings.ContainsAny(place.ReplaceAllString(row.Vietnamese, ""), "{}%") && !strings.Contains(row.English, "%%") {
			t.Errorf("%s: %q is not written as a text", row.Code, row.Vietnamese)
		}
		if _, after, ok := strings.Cut(row.Vietnamese, signer.Technical); ok && after != "{cause}" {
			t.Errorf("%s: %q stands behind what is technical", row.Code, after)
		}
	}
}

// English is what fmt makes of the format, to the byte, for any arguments.
func TestTextIsWhatFmtMakes(t *testing.T) {
	t.Parallel()
	for _, row := range signer.TextRows() {
		if row.English == "" || strings.Contains(row.English, "%x") {
			continue
		}
		args := make([]any, len(row.Names))
		for i, verb := range row.Verbs {
			switch verb[len(verb)-1] {
			case 'd':
				args[i] = 100 + i
			case 'f':
				args[i] = 1.5
			default:
				args[i] = fmt.Sprintf("tên \"%d\"\x07", i)
			}
		}
		f := signer.Said(row.English, args...)
		if want := fmt.Sprintf(row.English, args...); f.Detail != want || f.Code != row.Code {
			t.Errorf("%s: %q under code %q, want %q", row.Code, f.Detail, f.Code, want)
		}
		text := f.Text(signer.Vietnamese)
		if strings.HasPrefix(text, signer.Technical) || strings.Contains(text, "{") {
			t.Errorf("%s: %q in Vietnamese", row.Code, text)
		}
	}
}

// A report from elsewhere comes as JSON, and says the same in Vietnamese.
func TestTextAfterJSON(t *testing.T) {
	t.Parallel()
	f := signer.Said("%q was revoked at %s (reason %d), and nothing proves that the signature was there before", `Nguyễn "A" {who}`, "2026-11-20T10:00:00Z", 1)
	want := `chứng thư chữ ký số của "Nguyễn \"A\" {who}" bị thu hồi lúc 20/11/2026 17:00:00 +07:00 (mã lý do 1), và không có gì chứng minh chữ ký có từ trước đó`
	line, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var back signer.Finding
	if err := json.Unmarshal(line, &back); err != nil {
		t.Fatal(err)
	}
	for _, f := range []signer.Finding{f, back} {
		if got := f.Text(signer.Vietnamese); got != want {
			t.Errorf("found %s\nwant  %s", got, want)
		}
	}
}

// What a later program says, or one without codes, is there, and marked.
func TestTextUnknown(t *testing.T) {
	t.Parallel()
	for _, f := range []signer.Finding{
		{Detail: "the moon is full"},
		{Detail: "the moon is full", Code: "moon.full"},
		{Detail: "the moon is full", Code: "path.expired"},
		{Detail: "the moon is full", Code: "path.expired", Params: []signer.Param{{Name: "else", Value: "x"}}},
	} {
		if got, want := f.Text(signer.Vietnamese), signer.Technical+"the moon is full"; got != want {
			t.Errorf("%+v: %q, want %q", f, got, want)
		}
	}
}

// Texts within texts are bounded, however deep a report from elsewhere has them.
func TestTextNested(t *testing.T) {
	t.Parallel()
	p := signer.Param{Name: "rest", Value: "end"}
	for range 10_000 {
		p = signer.Param{Name: "rest", Value: "x", Code: "filled.list", Params: []signer.Param{{Name: "first", Value: "y"}, p}}
	}
	f := signer.Finding{Detail: "x", Code: p.Code, Params: p.Params}
	if got := f.Text(signer.Vietnamese); len(got) > 1000 {
		t.Errorf("%d bytes", len(got))
	}
}
