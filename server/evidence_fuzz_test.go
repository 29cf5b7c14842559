package server_test

import (
	"archive/zip"
	"bytes"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"lienthong/exchange"
	"lienthong/exchange/evidence"
	"lienthong/internal/testnode"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// FuzzEvidence puts other bytes in the place of one member of a good container, with the sums
// of the archive made anew, or of all of it (member 255): whatever they are, the file does not
// prove anything any more, and its report can be written.
func FuzzEvidence(f *testing.F) {
	n := testnode.New(f)
	ward := n.Node("ward").User(f, "clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
	file, err := export(f, ward, &lienthongv1.ExportEvidenceRequest{Name: arrived(f, n, ward)})
	if err != nil {
		f.Fatal(err)
	}
	in := evidence.Input{Authorities: []*x509.Certificate{n.Authority.Certificate}, At: n.Now()}
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(255), file)
	var names []string
	rewrite(f, z, func(name string, data []byte) []byte {
		f.Add(uint8(len(names)), bytes.Clone(data))
		names = append(names, name)
		return data
	})
	f.Fuzz(func(t *testing.T, member uint8, data []byte) {
		spoilt, same := data, bytes.Equal(data, file)
		if int(member) < len(names) {
			spoilt = rewrite(t, z, func(name string, old []byte) []byte {
				if name != names[member] {
					return old
				}
				same = bytes.Equal(old, data) || strings.HasSuffix(name, ".p7s") // CMS has fields that no signature covers
				return data
			})
		}
		report, err := evidence.Verify(bytes.NewReader(spoilt), int64(len(spoilt)), in)
		if err != nil {
			if !errors.Is(err, evidence.ErrNoContainer) {
				t.Errorf("%v, want it to be of ErrNoContainer", err)
			}
			return
		}
		if int(member) < len(names) && !same && report.Verdict == evidence.Proven {
			t.Errorf("member %q was changed, and all is proven", names[member])
		}
		if err := report.WriteText(&bytes.Buffer{}, "vi"); err != nil {
			t.Error(err)
		}
	})
}
