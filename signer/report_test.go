package signer_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lienthong/certs"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
)

// schema is as much of JSON Schema as report.schema.json uses.
type schema struct {
	Ref        string             `json:"$ref"`
	Defs       map[string]*schema `json:"$defs"`
	Type       string             `json:"type"`
	Const      any                `json:"const"`
	Enum       []any              `json:"enum"`
	Pattern    string             `json:"pattern"`
	Required   []string           `json:"required"`
	Additional *bool              `json:"additionalProperties"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
}

func loadSchema(t testing.TB) *schema {
	t.Helper()
	data, err := os.ReadFile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	s := new(schema)
	if err := json.Unmarshal(data, s); err != nil {
		t.Fatal(err)
	}
	return s
}

// check returns why a value does not follow the schema.
func (s *schema) check(root *schema, path string, v any) []string {
	if s.Ref != "" {
		return root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")].check(root, path, v)
	}
	var bad []string
	fail := func(format string, args ...any) { bad = append(bad, path+": "+fmt.Sprintf(format, args...)) }
	if s.Const != nil && v != s.Const {
		fail("%v, want %v", v, s.Const)
	}
	if s.Enum != nil && !slices.Contains(s.Enum, v) {
		fail("%v is none of %v", v, s.Enum)
	}
	switch v := v.(type) {
	case map[string]any:
		if s.Type != "object" {
			fail("an object")
		}
		for _, k := range s.Required {
			if _, ok := v[k]; !ok {
				fail("no %q", k)
			}
		}
		for k, e := range v {
			p, ok := s.Properties[k]
			if !ok {
				fail("%q is not in the schema", k)
				continue
			}
			bad = append(bad, p.check(root, path+"/"+k, e)...)
		}
	case []any:
		if s.Type != "array" {
			fail("an array")
			break
		}
		for i, e := range v {
			bad = append(bad, s.Items.check(root, fmt.Sprintf("%s[%d]", path, i), e)...)
		}
	case string:
		if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(v) {
			fail("%q does not match %s", v, s.Pattern)
		}
		if s.Type != "" && s.Type != "string" {
			fail("a string")
		}
	case bool:
		if s.Type != "boolean" {
			fail("a boolean")
		}
	case nil:
		fail("null")
	}
	return bad
}

func checkSchema(t testing.TB, r *signer.Report) {
	t.Helper()
	data, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "\n") {
		t.Error("more than one line")
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	s := loadSchema(t)
	for _, why := range s.check(s, "", v) {
		t.Error(why)
	}
}

// Every report of the corpus follows the schema, whatever is wrong with the file.
func TestReportSchema(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, _ := sign(t, w.letter, w.person.Key(), signer.SignOptions{Level: signer.LevelBT, TSA: w.Stamper()})
	two, _ := sign(t, one, w.agency.Key(), signer.SignOptions{})
	checkSchema(t, validate(t, two, w.options()))
	checkSchema(t, validate(t, w.letter, w.options()))
	root := corpusRoot(t)
	for _, f := range corpusIndex(t, root) {
		if r := runCorpus(t, root, f, corpusOptions(t, root, strings.Contains(f.path, "/synth/"))); r.report != nil {
			checkSchema(t, r.report)
		}
	}
}

// The schema has the fields of the Go types, and no others: neither can change
// alone.
func TestSchemaHasEveryField(t *testing.T) {
	t.Parallel()
	s := loadSchema(t)
	for name, v := range map[string]any{"": signer.Report{}, "signature": signer.Signature{}, "finding": signer.Finding{}, "param": signer.Param{}} {
		def := s
		if name != "" {
			def = s.Defs[name]
		}
		var fields []string
		for typ, i := reflect.TypeOf(v), 0; i < typ.NumField(); i++ {
			tag, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			fields = append(fields, tag)
			if def.Properties[tag] == nil {
				t.Errorf("%T: field %q is not in the schema", v, tag)
			}
		}
		if len(fields) != len(def.Properties) {
			t.Errorf("%T has %d fields, the schema %d", v, len(fields), len(def.Properties))
		}
	}
}

// The text shows the seven items of Circular 15/2025, in both languages, at the
// clock of Vietnam.
func TestReportText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, _ := sign(t, w.letter, w.person.Key(), signer.SignOptions{Level: signer.LevelBT, TSA: w.Stamper(),
		Profile: appearance.Personal, Place: &signer.Placement{Page: 1, Rect: [4]float64{300, 60, 480, 120}}})
	two, _ := sign(t, one, w.agency.Key(), signer.SignOptions{})
	r := validate(t, two, w.options())
	r.File = "công\x1b[2Jvăn.pdf"
	for lang, want := range map[signer.Language][]string{
		signer.Vietnamese: {
			"HỢP LỆ", "có giá trị như bản gốc", "Tổ chức cấp chứng thư số", "CA thử nghiệm cấp chứng thư", "Người ký", "Nguyễn Văn Nghĩa",
			"Đơn vị quản lý chứng thư số", "UBND phường Ba Hàng, Lãnh đạo", "Thời điểm ký", "21/11/2026 17:00:00 +07:00 (theo dấu thời gian)",
			"người ký tự khai, không có bằng chứng", "Tính toàn vẹn", "toàn vẹn", "Chứng thư số tại thời điểm ký", "còn hiệu lực; không bị thu hồi",
			"Thời hạn chứng thư số", "từ ", " đến ", "(người có thẩm quyền)", "(chữ ký số của cơ quan)", "thêm chữ ký khác",
		},
		signer.English: {
			"VALID", "value of an original", "Issuing CA", "Signer", "Managing unit", "Time of signing", "(time-stamp)", "Integrity", "intact",
			"Certificate when signed", "within its period; not revoked", "Certificate valid", "from ", "a further signature",
		},
	} {
		var b strings.Builder
		if err := r.WriteText(&b, lang); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		for _, s := range want {
			if !strings.Contains(text, s) {
				t.Errorf("%s: no %q in\n%s", lang, s, text)
			}
		}
		if strings.Contains(text, "\x1b") {
			t.Errorf("%s: a control character reaches the terminal", lang)
		}
	}
}

// Every finding that the tables of this package name has a title in both
// languages, also those that come from other packages.
func TestFindingsHaveTitles(t *testing.T) {
	t.Parallel()
	root := corpusRoot(t)
	for _, f := range corpusIndex(t, root) {
		res := runCorpus(t, root, f, corpusOptions(t, root, strings.Contains(f.path, "/synth/")))
		if res.report == nil {
			continue
		}
		var b strings.Builder
		if err := res.report.WriteText(&b, signer.Vietnamese); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(b.String(), "\n") {
			if name, rest, ok := strings.Cut(strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "!✗ ")), " ["); ok && strings.HasPrefix(rest, name+"]") {
				t.Errorf("%s: finding %q has no title", f.path, name)
			}
		}
	}
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	for verdict, want := range map[signer.Verdict]int{"valid": 0, "intact": 0, "invalid": 1, "altered": 1, "indeterminate": 3, "unsigned": 4, "": 1} {
		if got := (&signer.Report{Verdict: verdict}).ExitCode(); got != want {
			t.Errorf("%q: exit %d, want %d", verdict, got, want)
		}
	}
}

// Policies differ, are named by the digest of what they say, and change what is
// judged.
func TestPolicies(t *testing.T) {
	t.Parallel()
	seen := make(map[string]string)
	for _, id := range []string{"default", "strict", "archive", "integrity"} {
		p, err := signer.BuiltinPolicy(id)
		if err != nil || p.ID != id {
			t.Fatalf("%s: %v", id, err)
		}
		ref := p.Reference()
		if other := seen[ref.SHA256]; other != "" || len(ref.SHA256) != 64 {
			t.Errorf("%s has the digest %q, as %q has", id, ref.SHA256, other)
		}
		seen[ref.SHA256] = id
		if again, _ := signer.BuiltinPolicy(id); again.Reference() != ref {
			t.Errorf("%s: the digest changes", id)
		}
	}
	if _, err := signer.BuiltinPolicy("lax"); err == nil || !strings.Contains(err.Error(), `"lax"`) {
		t.Errorf("unknown policy: %v", err)
	}
	w := newWorld(t)
	file, _ := sign(t, w.letter, w.person.Key(), signer.SignOptions{})
	opts := w.options()
	opts.Evidence = certs.NewEvidence()
	opts.Policy = signer.DefaultPolicy()
	opts.Policy.Revocation = signer.RevocationSoft
	if r := validate(t, file, opts); r.Verdict != signer.VerdictIndeterminate || !r.AcceptedByPolicy || r.ExitCode() != 3 {
		t.Errorf("soft: accepted %v, %s", r.AcceptedByPolicy, summary(r))
	}
	opts.Trust = nil
	if r := validate(t, file, opts); r.AcceptedByPolicy {
		t.Errorf("soft takes an unknown CA: %s", summary(r))
	}
}

// What did not pass is explained first, and a time that nobody proves does not make a
// certificate that has expired look good.
func TestReportTextGuides(t *testing.T) {
	t.Parallel()
	signed := testpki.Now.AddDate(-1, 0, 0)
	r := signer.Report{Verdict: signer.VerdictIndeterminate, ValidatedAt: testpki.Now, Signatures: []signer.Signature{{
		Field: "Ký", Indication: signer.Indeterminate, SubIndication: signer.OutOfBoundsNoPOE, Integrity: signer.IntegrityIntact,
		NotBefore: signed.AddDate(0, -1, 0), NotAfter: signed.AddDate(0, 1, 0), ClaimedTime: signed, TimeSource: signer.TimeClaimed,
		Findings: []signer.Finding{{Name: "expired", Result: signer.Failed, Detail: "was valid until then"}},
	}}}
	for lang, want := range map[signer.Language][]string{
		signer.Vietnamese: {"Ý nghĩa", "Việc cần làm", "còn hiệu lực theo thời điểm tự khai, nay đã hết hạn", "✗ chứng thư số hết hạn [expired]\n      chi tiết kỹ thuật: was valid until then\n"},
		signer.English:    {"Meaning", "What to do", "within its period by the stated time, expired since", "✗ certificate expired [expired]\n"},
	} {
		var b strings.Builder
		if err := r.WriteText(&b, lang); err != nil {
			t.Fatal(err)
		}
		for _, s := range want {
			if !strings.Contains(b.String(), s) {
				t.Errorf("%s: no %q in\n%s", lang, s, b.String())
			}
		}
	}
}
