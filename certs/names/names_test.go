package names

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"

	"golang.org/x/crypto/cryptobyte"
)

// TestWithin holds one name against one base; paths as a whole are tested in
// package certs.
func TestWithin(t *testing.T) {
	t.Parallel()
	directory := func(n pkix.Name) []byte {
		der, err := asn1.Marshal(n.ToRDNSequence())
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	hanoi := directory(pkix.Name{Country: []string{"VN"}, Organization: []string{"UBND  Hà Nội"}})
	for _, tt := range []struct {
		name       string
		form       int
		value, in  []byte
		want, fail bool
	}{
		{name: "host itself", form: formDNS, value: []byte("Gov.vn"), in: []byte("gov.VN"), want: true},
		{name: "host below", form: formDNS, value: []byte("a.gov.vn"), in: []byte("gov.vn"), want: true},
		{name: "host that only ends alike", form: formDNS, value: []byte("agov.vn"), in: []byte("gov.vn")},
		{name: "host itself, only those below wanted", form: formDNS, value: []byte("gov.vn"), in: []byte(".gov.vn")},
		{name: "mailbox", form: formEmail, value: []byte("a@GOV.vn"), in: []byte("a@gov.vn"), want: true},
		{name: "mailbox in other letters", form: formEmail, value: []byte("A@gov.vn"), in: []byte("a@gov.vn")},
		{name: "mailbox on a host", form: formEmail, value: []byte("a@gov.vn"), in: []byte("gov.vn"), want: true},
		{name: "mailbox below a domain", form: formEmail, value: []byte("a@x.gov.vn"), in: []byte(".gov.vn"), want: true},
		{name: "no mailbox", form: formEmail, value: []byte("gov.vn"), in: []byte("gov.vn")},
		{name: "address", form: formIP, value: []byte{10, 1, 2, 3}, in: []byte{10, 1, 0, 0, 255, 255, 0, 0}, want: true},
		{name: "address outside", form: formIP, value: []byte{10, 2, 2, 3}, in: []byte{10, 1, 0, 0, 255, 255, 0, 0}},
		{name: "address of the other family", form: formIP, value: make([]byte, 16), in: make([]byte, 8)},
		{name: "mask of odd length", form: formIP, value: []byte{10, 1, 2, 3}, in: []byte{10, 1, 0}, fail: true},
		{name: "directory, folded", form: formDirectory, value: hanoi, in: directory(pkix.Name{Country: []string{"vn"}, Organization: []string{"ubnd hà nội"}}), want: true},
		{name: "directory above", form: formDirectory, value: hanoi, in: directory(pkix.Name{Country: []string{"VN"}}), want: true},
		{name: "directory below", form: formDirectory, value: directory(pkix.Name{Country: []string{"VN"}}), in: hanoi},
		{name: "directory malformed", form: formDirectory, value: []byte{1}, in: hanoi, fail: true},
		{name: "a URI", form: formURI, value: []byte("http://a"), in: []byte("a"), fail: true},
	} {
		got, err := within(Name{tt.form, tt.value}, Name{tt.form, tt.in})
		if got != tt.want || (err != nil) != tt.fail {
			t.Errorf("%s: %v, error %v, want %v", tt.name, got, err, tt.want)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte{0x30, 0x0a, 0xa0, 8, 0x30, 6, 0x82, 4, 'a', '.', 'v', 'n'}, []byte{0x30, 4, 0x82, 2, 'v', 'n'})
	f.Fuzz(func(t *testing.T, constraints, alternatives []byte) {
		ca := &x509.Certificate{RawSubject: []byte{0x30, 0}, Extensions: []pkix.Extension{{Id: oidNameConstraints, Value: constraints}}}
		leaf := &x509.Certificate{RawSubject: []byte{0x30, 0}, Extensions: []pkix.Extension{{Id: oidSubjectAltName, Value: alternatives}}}
		Check([]*x509.Certificate{leaf, ca}, func(_, _ *x509.Certificate, err error) {
			if err == nil {
				t.Fatal("reported without a reason")
			}
		})
		s := cryptobyte.String(alternatives)
		if n, err := Read(&s); err == nil {
			_ = n.String()
		}
	})
}
