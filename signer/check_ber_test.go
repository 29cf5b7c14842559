package signer

import (
	"bytes"
	"encoding/hex"
	"testing"

	"lienthong/signer/cms"
)

// Indefinite lengths become definite ones, and what is DER stays as it is.
func TestDefinite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, out, rest string }{
		{"DER stays", "3003020101", "3003020101", ""},
		{"what follows is not touched", "30030201010000", "3003020101", "0000"},
		{"indefinite", "30800201010000", "3003020101", ""},
		{"indefinite within indefinite, and padding", "3080308002010100000000" + "0000", "30053003020101", "0000"},
		{"an octet string in parts", "3080248004010104010200000000", "300404020102", ""},
		{"a length longer than it need be", "308103020101", "3003020101", ""},
		{"definite around indefinite", "300731800201010000", "30053103020101", ""},
	} {
		in, _ := hex.DecodeString(tt.in)
		der, rest, ok := definite(in)
		if !ok || hex.EncodeToString(der) != tt.out || hex.EncodeToString(rest) != tt.rest {
			t.Errorf("%s: %x and %x, %v, want %s and %s", tt.name, der, rest, ok, tt.out, tt.rest)
		}
	}
	for _, bad := range []string{"", "30", "3080", "30800201", "3080020101", "30850000000001", "0480000000", "1f0100", "248030000000"} {
		in, _ := hex.DecodeString(bad)
		if der, _, ok := definite(in); ok {
			t.Errorf("%s: %x, want none", bad, der)
		}
	}
	if _, _, ok := definite(bytes.Repeat([]byte{0x30, 0x80}, 1<<16)); ok {
		t.Error("nesting without end is read")
	}
}

// FuzzDefinite: no input makes it fail, what it makes is DER by its lengths, and a
// second pass changes nothing.
func FuzzDefinite(f *testing.F) {
	for _, s := range []string{"3080248004010104010200000000", "3080308002010100000000", "308103020101"} {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		der, _, ok := definite(in)
		if !ok {
			return
		}
		again, rest, ok := definite(der)
		if !ok || len(rest) != 0 || !bytes.Equal(again, der) {
			t.Errorf("%x becomes %x, and then %x with %x behind it", in, der, again, rest)
		}
		_, _ = cms.Parse(der)
	})
}
