package cms_test

import (
	"bytes"
	"crypto/elliptic"
	"crypto/rand"
	"slices"
	"testing"

	"lienthong/signer/cms"
)

// swap replaces the only occurrence of old in der by as many bytes.
func swap(t *testing.T, der, old, new []byte) []byte {
	t.Helper()
	if n := bytes.Count(der, old); n != 1 || len(old) != len(new) {
		t.Fatalf("%x is there %d times, want once", old, n)
	}
	return bytes.Replace(der, old, new, 1)
}

// Each row breaks one rule; what is reported must name that rule, whatever else
// breaks with it.
func TestVerifyFinds(t *testing.T) {
	t.Parallel()
	p := newParty(t, "A", ecKey(elliptic.P256()))
	twin := newParty(t, "A", p.key) // another certificate of the same key
	sign := func(opts cms.SignOptions) []byte {
		der, err := cms.Sign(rand.Reader, p.key, p.cert, nil, digestOf("x"), opts)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	plain := sign(cms.SignOptions{})
	parsed, err := cms.Parse(plain)
	if err != nil {
		t.Fatal(err)
	}
	value := parsed.Signer().Signature
	flipped := bytes.Clone(value)
	flipped[len(flipped)-1] ^= 1
	sha256, sha384 := []byte{0x65, 3, 4, 2, 1}, []byte{0x65, 3, 4, 2, 2}

	for _, tt := range []struct {
		name   string
		der    []byte
		digest []byte
		want   cms.Code // empty if sound
	}{
		{name: "sound", der: plain, digest: digestOf("x")},
		{name: "other content", der: plain, digest: digestOf("y"), want: cms.MessageDigest},
		{name: "signature value", der: swap(t, plain, value, flipped), digest: digestOf("x"), want: cms.SignatureValue},
		{name: "content carried", der: sign(cms.SignOptions{Content: []byte("x")}), digest: digestOf("x"), want: cms.ContentPresent},
		{name: "message digest attribute", der: swap(t, plain, digestOf("x"), digestOf("y")), digest: digestOf("y"), want: cms.SignatureValue},
		{name: "digest algorithms disagree", der: replaceNth(plain, sha256, sha384, 1), digest: digestOf("x"), want: cms.AlgorithmMismatch},
		{name: "protected algorithms disagree", der: replaceNth(plain, sha256, sha384, 3), digest: digestOf("x"), want: cms.AlgorithmMismatch},
		{name: "unknown digest", der: replaceNth(plain, sha256, []byte{0x65, 3, 4, 2, 99}, 2), digest: digestOf("x"), want: cms.AlgorithmUnknown},
		{name: "certificate of the same key", der: exchange(t, plain, p, twin), digest: digestOf("x"), want: cms.SigningCertificate},
		{name: "no certificate", der: swap(t, plain, p.cert.Raw, bytes.Replace(p.cert.Raw, []byte("VN"), []byte("LA"), 2)), digest: digestOf("x"), want: cms.NoCertificate},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sd, err := cms.Parse(tt.der)
			if err != nil {
				t.Fatal(err)
			}
			problems := sd.Verify(tt.digest)
			if tt.want == "" && len(problems) == 0 {
				return
			}
			if !slices.ContainsFunc(problems, func(p cms.Problem) bool { return p.Code == tt.want }) {
				t.Errorf("found %v, want %q", problems, tt.want)
			}
		})
	}
}

// replaceNth replaces the nth occurrence, from 1.
func replaceNth(der, old, new []byte, nth int) []byte {
	out, from := bytes.Clone(der), 0
	for i := 1; ; i++ {
		at := bytes.Index(out[from:], old)
		if at < 0 {
			return out
		}
		if from += at; i == nth {
			copy(out[from:], new)
			return out
		}
		from += len(old)
	}
}

// exchange puts the twin's certificate and its serial number in the signer's
// place, which no signed byte of a plain CMS would notice.
func exchange(t *testing.T, der []byte, p, twin party) []byte {
	t.Helper()
	if len(p.cert.Raw) != len(twin.cert.Raw) || len(p.cert.SerialNumber.Bytes()) != len(twin.cert.SerialNumber.Bytes()) {
		// ECDSA signatures and random serials differ in length at times.
		return exchange(t, der, p, newParty(t, "A", p.key))
	}
	der = swap(t, der, p.cert.Raw, twin.cert.Raw)
	// Of the two left, the first is the SignerInfo's, the second is signed.
	return bytes.Replace(der, p.cert.SerialNumber.Bytes(), twin.cert.SerialNumber.Bytes(), 1)
}

func FuzzParse(f *testing.F) {
	p := newParty(f, "A", ecKey(elliptic.P256()))
	der, err := cms.Sign(rand.Reader, p.key, p.cert, nil, digestOf("x"), cms.SignOptions{SigningTime: at})
	if err != nil {
		f.Fatal(err)
	}
	stamped, err := cms.AddUnsignedTimestamp(der, []byte{0x30, 0})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Add(stamped)
	f.Fuzz(func(t *testing.T, der []byte) {
		sd, err := cms.Parse(der)
		if err != nil {
			return
		}
		if len(sd.Raw)+len(sd.Rest) != len(der) {
			t.Errorf("%d + %d bytes of %d", len(sd.Raw), len(sd.Rest), len(der))
		}
		sd.Verify(digestOf("x"))
		sd.VerifyContent()
		for _, si := range sd.Signers {
			si.SigningTime()
			si.Revocation()
			sd.Certificate(si)
		}
		grown, err := cms.AddUnsignedTimestamp(der, []byte{0x30, 0})
		if err != nil {
			return
		}
		again, err := cms.Parse(grown)
		if err != nil {
			t.Fatalf("a time-stamp makes it unreadable: %v", err)
		}
		if got, want := len(again.Signer().TimeStamps()), len(sd.Signer().TimeStamps())+1; got != want {
			t.Errorf("%d time-stamps, want %d", got, want)
		}
	})
}
