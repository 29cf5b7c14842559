package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/signer"
)

const wholePolicy = `# of one province
id: thai-nguyen
base: strict
purposes: [official]
algorithms:
  hashes:
    - {name: SHA-256, until: 2030-12-31}
    - name: SHA-512
  schemes: [{name: RSASSA-PSS}, {name: ECDSA, until: "2031-01-01T00:00:00Z"}]
  keys: [{kind: RSA, min_bits: 3072}, {kind: ECDSA, min_bits: 256}]
revocation: soft
fresh_after_signing: false
max_age_hours: 48
strict_encoding: false
key_usages: [content_commitment]
extended_key_usages: [1.3.6.1.5.5.7.3.36]
dynamic_content: indeterminate
repair: report
`

func TestReadPolicy(t *testing.T) {
	t.Parallel()
	p, err := readPolicy("p.yaml", []byte(wholePolicy))
	if err != nil {
		t.Fatal(err)
	}
	want := signer.StrictPolicy()
	want.ID, want.FreshAfterSigning, want.StrictEncoding = "thai-nguyen", false, false
	want.Purposes = []certs.Purpose{certs.OfficialSigning}
	want.Algorithms = certs.Algorithms{
		// A day counts to its end in Vietnam.
		Hashes:  []certs.HashRule{{Name: "SHA-256", Until: time.Date(2030, 12, 31, 16, 59, 59, 0, time.UTC)}, {Name: "SHA-512"}},
		Schemes: []certs.SchemeRule{{Scheme: certs.PSS}, {Scheme: certs.ECDSA, Until: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)}},
		Keys:    []certs.KeyRule{{Kind: "RSA", MinBits: 3072}, {Kind: "ECDSA", MinBits: 256}},
	}
	want.Revocation, want.MaxAgeHours, want.DynamicContent, want.Repair = signer.RevocationSoft, 48, signer.ContentIndeterminate, signer.RepairReport
	want.KeyUsages, want.ExtendedKeyUsages = []string{"content_commitment"}, []string{"1.3.6.1.5.5.7.3.36"}
	if !reflect.DeepEqual(p, want) || p.Reference() != want.Reference() {
		t.Errorf("found %+v\nwant %+v", p, want)
	}
}

// Each row is one mistake in a policy, and what is said about it.
func TestReadPolicyRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", "id: missing"},
		{"an unknown key", "id: x\nrevokation: soft\n", "p.yaml:2:1: unknown field"},
		{"an unknown key further in", "id: x\nalgorithms:\n  hashes:\n    - nam: SHA-256\n", "p.yaml:4:7: unknown field"},
		{"a key given twice", "id: x\nid: y\n", "p.yaml:2:1"},
		{"no YAML", "id: [", "p.yaml:1:"},
		{"the name of a built-in one", "id: strict\nrevocation: soft\n", "built-in"},
		{"an unknown base", "id: x\nbase: lax\n", `base: policy "lax"`},
		{"an unknown purpose", "id: x\npurposes: [all]\n", `purposes: "all"`},
		{"nobody vouches", "id: x\npurposes: []\n", "nobody can vouch"},
		{"an unknown rule", "id: x\nrevocation: never\n", `revocation "never"`},
		{"an unknown hash", "id: x\nalgorithms: {hashes: [{name: SHA256}]}\n", `hash "SHA256"`},
		{"no hash at all", "id: x\nalgorithms: {hashes: []}\n", "at least one hash"},
		{"an unknown scheme", "id: x\nalgorithms: {schemes: [{name: RSA}]}\n", `scheme "RSA"`},
		{"a key without size", "id: x\nalgorithms: {keys: [{kind: RSA}]}\n", "RSA from 1024"},
		{"a date that is none", "id: x\nalgorithms: {hashes: [{name: SHA-256, until: soon}]}\n", `date "soon"`},
		{"a negative age", "id: x\nmax_age_hours: -1\n", "max_age_hours -1"},
		{"an age in words", "id: x\nmax_age_hours: two\n", "p.yaml:2:"},
		{"an unknown usage", "id: x\nkey_usages: [sign]\n", `key_usages "sign"`},
		{"no identifier", "id: x\nextended_key_usages: [documentSigning]\n", "object identifier"},
		{"unknown words", "id: x\ndynamic_content: no\nrepair: try\n", `repair "try"`},
	} {
		_, err := readPolicy("p.yaml", []byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q in it", tt.name, err, tt.want)
		}
	}
}

func TestLoadPolicy(t *testing.T) {
	t.Parallel()
	for _, id := range append([]string{""}, signer.BuiltinPolicies...) {
		if p, err := loadPolicy(id); err != nil || id != "" && p.ID != id {
			t.Errorf("%q: %v", id, err)
		}
	}
	path := filepath.Join(t.TempDir(), "p.yaml")
	if _, err := loadPolicy(path); err == nil {
		t.Error("a file that is not there is read")
	}
	if err := os.WriteFile(path, []byte(wholePolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := loadPolicy(path); err != nil || p.ID != "thai-nguyen" {
		t.Errorf("policy %+v, error %v", p, err)
	}
}

// The schema names the keys that are read, and no others.
func TestPolicySchema(t *testing.T) {
	t.Parallel()
	type object struct {
		Properties map[string]json.RawMessage
	}
	var root object
	if err := json.Unmarshal(policySchema, &root); err != nil {
		t.Fatal(err)
	}
	var algorithms object
	if err := json.Unmarshal(root.Properties["algorithms"], &algorithms); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		of   reflect.Type
		have object
	}{{reflect.TypeFor[policyFile](), root}, {reflect.TypeFor[algorithmsFile](), algorithms}} {
		var keys, listed []string
		for i := range tt.of.NumField() {
			keys = append(keys, tt.of.Field(i).Tag.Get("yaml"))
		}
		for k := range tt.have.Properties {
			listed = append(listed, k)
		}
		slices.Sort(keys)
		slices.Sort(listed)
		if !slices.Equal(keys, listed) {
			t.Errorf("%s: keys %q, the schema has %q", tt.of, keys, listed)
		}
	}
}

func FuzzReadPolicy(f *testing.F) {
	f.Add([]byte(wholePolicy))
	f.Add([]byte("id: x\nalgorithms: {hashes: [{name: SHA-1, until: 2013-12-31}]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := readPolicy("p.yaml", data); err == nil && p.Check() != nil {
			t.Errorf("read, and does not hold: %v", p.Check())
		}
	})
}
