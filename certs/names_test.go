package certs_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net"
	"net/url"
	"testing"

	"lienthong/certs"
	"lienthong/internal/testpki"
)

var oidNames = asn1.ObjectIdentifier{2, 5, 29, 30}

func TestPathNames(t *testing.T) {
	t.Parallel()
	// The leaf is C=VN, L=Thái Nguyên, O=UBND phường Ba Hàng, CN=the same.
	vn := attribute{asn1.ObjectIdentifier{2, 5, 4, 6}, "VN"}
	place := attribute{asn1.ObjectIdentifier{2, 5, 4, 7}, "Thái Nguyên"}
	us := attribute{asn1.ObjectIdentifier{2, 5, 4, 6}, "US"}
	org := attribute{asn1.ObjectIdentifier{2, 5, 4, 10}, "UBND phường Ba Hàng"}
	loud := attribute{asn1.ObjectIdentifier{2, 5, 4, 10}, "UBND  PHƯỜNG Ba HÀNG "}
	hosts := func(names ...string) func(c *x509.Certificate) {
		return func(c *x509.Certificate) { c.DNSNames = names }
	}
	mail := func(c *x509.Certificate) { c.EmailAddresses = []string{"vanthu@bahang.gov.vn"} }
	plain := func(*x509.Certificate) {}
	row := func(name string, permitted, excluded []asn1.RawValue, leaf func(*x509.Certificate), detail string) pathCase {
		c := pathCase{name: name, make: constrained(t, extension(t, true, oidNames, subtrees{permitted, excluded}), leaf), detail: detail}
		if detail != "" {
			c.want = codes(certs.NameConstraints)
		}
		return c
	}
	list := func(v ...asn1.RawValue) []asn1.RawValue { return v }
	run(t, []pathCase{
		row("country permitted", list(directory(t, vn)), nil, plain, ""),
		row("another country permitted", list(directory(t, us)), nil, plain, "is not a permitted name"),
		row("one of two countries", list(directory(t, us), directory(t, vn)), nil, plain, ""),
		row("country excluded", nil, list(directory(t, vn)), plain, "is an excluded name"),
		row("another country excluded", nil, list(directory(t, us)), plain, ""),
		row("permitted, but excluded below", list(directory(t, vn)), list(directory(t, vn, place, org)), plain, "is an excluded name"),
		// A name does not escape in other letters.
		row("excluded in capitals and with more spaces", nil, list(directory(t, vn, place, loud)), plain, "is an excluded name"),
		row("longer than the name", list(directory(t, vn, org, org, org, org, org)), nil, plain, "is not a permitted name"),
		row("everything permitted", list(directory(t)), nil, plain, ""),
		row("host permitted", list(form(2, "gov.vn")), nil, hosts("bahang.gov.vn"), ""),
		row("host of another domain", list(form(2, "gov.vn")), nil, hosts("bahang.gov.vn", "example.com"), `"example.com" is not a permitted name`),
		row("domain that ends alike", list(form(2, "gov.vn")), nil, hosts("notgov.vn"), "is not a permitted name"),
		row("host excluded", nil, list(form(2, "bahang.gov.vn")), hosts("BAHANG.gov.vn"), "is an excluded name"),
		row("host excluded by a leading dot", nil, list(form(2, ".gov.vn")), hosts("gov.vn"), ""),
		row("hosts constrained, none named", list(form(2, "gov.vn")), nil, plain, ""),
		row("mailbox permitted", list(form(1, "vanthu@bahang.gov.vn")), nil, mail, ""),
		row("another mailbox permitted", list(form(1, "khac@bahang.gov.vn")), nil, mail, "is not a permitted name"),
		row("mail host permitted", list(form(1, "bahang.gov.vn")), nil, mail, ""),
		row("mail domain excluded", nil, list(form(1, ".gov.vn")), mail, "is an excluded name"),
		row("mail in the subject", nil, list(form(1, "gov.vn")), func(c *x509.Certificate) {
			c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: "a@gov.vn"}}
		}, "is an excluded name"),
		row("address permitted", list(form(7, "\x0a\x00\x00\x00\xff\x00\x00\x00")), nil, func(c *x509.Certificate) {
			c.IPAddresses = []net.IP{net.IPv4(10, 1, 2, 3)}
		}, ""),
		row("address outside", list(form(7, "\x0a\x00\x00\x00\xff\x00\x00\x00")), nil, func(c *x509.Certificate) {
			c.IPAddresses = []net.IP{net.IPv4(11, 1, 2, 3)}
		}, "11.1.2.3 is not a permitted name"),
		row("URI named, and constrained", list(form(6, ".gov.vn")), nil, func(c *x509.Certificate) {
			c.URIs = []*url.URL{{Scheme: "https", Host: "a.gov.vn"}}
		}, "cannot be compared"),
		row("URI constrained, none named", list(form(6, ".gov.vn")), nil, plain, ""),
		// RFC 5280 6.1.3 (b): a CA that changes its key bears its own name, which it
		// need not be permitted to give to others.
		{name: "CA that changed its key", make: func(p *testpki.PKI) *testpki.Leaf {
			template := p.CATemplate("CA", 1)
			template.ExtraExtensions = []pkix.Extension{extension(t, true, oidNames, subtrees{Permitted: list(directory(t, vn, place))})}
			old := p.NewAuthority(p.CA.Issuer, template)
			return agency(p, testpki.IssuedBy(p.NewAuthority(old, p.CATemplate("CA", 0))))
		}},
		// x509 reads minimum and maximum past; RFC 5280 forbids them.
		row("minimum set", list(withMinimum(directory(t, vn))), nil, plain, "minimum or maximum"),
	})
}

// constrained issues below a CA with the extension. CreateCertificate writes it;
// x509's parser refuses some malformed ones itself.
func constrained(t testing.TB, e pkix.Extension, change func(*x509.Certificate)) func(p *testpki.PKI) *testpki.Leaf {
	return func(p *testpki.PKI) *testpki.Leaf {
		template := p.CATemplate("CA có giới hạn tên", 0)
		template.ExtraExtensions = []pkix.Extension{e}
		return agency(p, testpki.IssuedBy(p.NewAuthority(p.CA.Issuer, template)), testpki.Template(change))
	}
}

type subtrees struct {
	Permitted []asn1.RawValue `asn1:"tag:0,optional,omitempty"`
	Excluded  []asn1.RawValue `asn1:"tag:1,optional,omitempty"`
}

type attribute struct {
	id    asn1.ObjectIdentifier
	value string
}

func form(tag int, value string) asn1.RawValue {
	base, _ := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, Bytes: []byte(value)})
	return asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: base}
}

func withMinimum(tree asn1.RawValue) asn1.RawValue {
	tree.Bytes = append(tree.Bytes[:len(tree.Bytes):len(tree.Bytes)], 0x80, 1, 1)
	return tree
}

func directory(t testing.TB, attributes ...attribute) asn1.RawValue {
	t.Helper()
	name := pkix.RDNSequence{}
	for _, a := range attributes {
		name = append(name, pkix.RelativeDistinguishedNameSET{{Type: a.id, Value: a.value}})
	}
	der, err := asn1.Marshal(name)
	if err != nil {
		t.Fatal(err)
	}
	base, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: der})
	if err != nil {
		t.Fatal(err)
	}
	return asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: base}
}
