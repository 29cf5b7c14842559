package signer_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"lienthong/internal/testpki"
	"lienthong/signer"
)

// packet is metadata with properties in the namespaces of the identifications.
func packet(properties string) string {
	return `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:u="http://www.aiim.org/pdfua/ns/id/" ` + properties + `</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`
}

func TestClaimIn(t *testing.T) {
	t.Parallel()
	wide := []byte{0xFE, 0xFF}
	for _, u := range utf16.Encode([]rune(packet(`pdfaid:part="2" pdfaid:conformance="U">`))) {
		wide = binary.BigEndian.AppendUint16(wide, u)
	}
	for _, tt := range []struct{ name, xmp, want string }{
		{"elements", packet(`><pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>`), "PDF/A-1b"},
		{"attributes", packet(`pdfaid:part="3" pdfaid:conformance="A">`), "PDF/A-3a"},
		{"white space", packet("><pdfaid:part>\n 2 </pdfaid:part><pdfaid:conformance> b</pdfaid:conformance>"), "PDF/A-2b"},
		{"part 4 has no level", packet(`pdfaid:part="4" pdfaid:rev="2020">`), "PDF/A-4"},
		{"both, by any prefix", packet(`u:part="1"><pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>`), "PDF/A-2a and PDF/UA-1"},
		{"the first counts", packet(`pdfaid:part="1"><pdfaid:part>2</pdfaid:part>`), "PDF/A-1"},
		{"UTF-16", string(wide), "PDF/A-2u"},
		{"what follows is no XML", packet(`pdfaid:part="1" pdfaid:conformance="B">`) + "<<&", "PDF/A-1b"},
		{"another namespace", strings.ReplaceAll(packet(`pdfaid:part="1">`), "aiim.org", "example.org"), ""},
		{"in a comment", packet(`><!-- <pdfaid:part>1</pdfaid:part> -->`), ""},
		{"no number", packet(`><pdfaid:part>one</pdfaid:part>`), ""},
		{"an absurd number", packet(`><pdfaid:part>1000000000</pdfaid:part>`), ""},
		{"nothing", "", ""},
	} {
		if got := signer.ClaimIn([]byte(tt.xmp)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzClaimIn(f *testing.F) {
	f.Add([]byte(packet(`pdfaid:part="2" u:part="1"><pdfaid:conformance>B</pdfaid:conformance>`)))
	f.Add([]byte("\xFF\xFE<\x00"))
	f.Fuzz(func(_ *testing.T, xmp []byte) { signer.ClaimIn(xmp) })
}

// A file of PDF/UA-2 is signed where that is known to keep it what it is.
func TestSignRefusesUnknownAccess(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")).Key()
	in := []byte(strings.Replace(string(archived(t, "ua1.pdf")), "<pdfuaid:part>1<", "<pdfuaid:part>2<", 1))
	_, err := trySign(in, key, personal())
	if err == nil || !strings.Contains(err.Error(), "PDF/UA-2") {
		t.Errorf("visibly: %v", err)
	}
	if _, err := trySign(in, key, signer.SignOptions{}); err != nil {
		t.Errorf("invisibly: %v", err)
	}
	forced := personal()
	forced.Force = true
	if _, err := trySign(in, key, forced); err != nil {
		t.Errorf("forced: %v", err)
	}
	if _, _, err := tryPrepare(in, placedFields()); !errors.Is(err, signer.ErrConformity) || !strings.Contains(err.Error(), "PDF/UA-2") {
		t.Errorf("prepared: %v", err)
	}
}
