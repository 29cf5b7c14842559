package signer_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"testing"

	"lienthong/signer"
)

// What is written around the value inside the hole.
func TestAttackHole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := byHand{key: w.person.Key(), field: "Ký"}.sign(t, w.letter)
	gap := hole(t, file)
	put := func(at int64, text string) []byte {
		out := bytes.Clone(file)
		copy(out[at:], text)
		return out
	}
	value, err := hex.DecodeString(string(file[gap.Start+1 : gap.End-1]))
	if err != nil {
		t.Fatal(err)
	}
	used := gap.Start + 1 + 2*int64(len(bytes.TrimRight(value, "\x00")))
	for _, tt := range []struct {
		name, finding string
		file          []byte
		verdict       signer.Verdict
		strict        signer.Verdict
	}{
		{"mixed case", "contents-encoding", put(gap.Start+1, "30"+mixed(string(file[gap.Start+3:gap.Start+200]))), "valid", "invalid"},
		{"spaces", "contents-encoding", put(gap.End-20, "0 0 "), "valid", "invalid"},
		{"a line end", "contents-encoding", put(used, "\n"), "valid", "invalid"},
		{"padding", "contents-padding", put(gap.End-9, "1f"), "valid", "invalid"},
		{"a key in the hole", "byte-range", put(gap.End-60, "00>/Name(evil)/X<00"), "invalid", "invalid"},
		{"a comment in the hole", "signature-dictionary", put(gap.End-60, "%00"), "invalid", "invalid"},
	} {
		for policy, want := range map[*signer.Policy]signer.Verdict{signer.DefaultPolicy(): tt.verdict, signer.StrictPolicy(): tt.strict} {
			opts := w.options()
			opts.Policy = policy
			opts.Evidence.Strict = false
			r, err := signer.Validate(context.Background(), bytes.NewReader(tt.file), opts)
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			checkVietnamese(t, r)
			if policy.ID == "strict" && want == signer.VerdictInvalid && r.Verdict != want || policy.ID == "default" && r.Verdict != want || len(warningsNamed(r, tt.finding)) == 0 {
				t.Errorf("%s under %s: want %s with %q: %s", tt.name, policy.ID, want, tt.finding, summary(r))
			}
		}
	}
}

func warningsNamed(r *signer.Report, name string) []signer.Finding {
	var out []signer.Finding
	for _, f := range find(r, name) {
		if f.Result != signer.Passed {
			out = append(out, f)
		}
	}
	return out
}

// mixed changes the case of some hexadecimal letters.
func mixed(s string) string {
	b := []byte(s)
	for i := range b {
		if i%3 == 0 {
			b[i] = bytes.ToUpper(b[i : i+1])[0]
		}
	}
	return string(b)
}
