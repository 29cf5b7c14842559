package certs

import (
	"crypto/x509"
	"encoding/asn1"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Extended key usages, RFC 5280 4.2.1.12 where no other is named.
const (
	usageAny             = "2.5.29.37.0"
	usageEmail           = "1.3.6.1.5.5.7.3.4"
	usageTimeStamping    = "1.3.6.1.5.5.7.3.8"
	usageOCSPSigning     = "1.3.6.1.5.5.7.3.9"
	usageDocumentSigning = "1.3.6.1.5.5.7.3.36"      // RFC 9336
	usageMicrosoftDocs   = "1.3.6.1.4.1.311.10.3.12" // szOID_KP_DOCUMENT_SIGNING
	usageAdobeDocs       = "1.2.840.113583.1.1.5"    // Adobe Authentic Documents
)

// usages lists what may stand for a purpose. Signers of documents have carried
// e-mail protection for twenty years; RFC 9336 gave them a usage of their own.
var usages = map[Purpose][]string{
	OfficialSigning: {usageDocumentSigning, usageEmail, usageMicrosoftDocs, usageAdobeDocs},
	PublicSigning:   {usageDocumentSigning, usageEmail, usageMicrosoftDocs, usageAdobeDocs},
	TimeStamping:    {usageTimeStamping},
	OCSPSigning:     {usageOCSPSigning},
}

// checkLeafUsage judges key usage and extended key usage for a purpose. An
// absent extension forbids nothing (RFC 5280 4.2.1.3, 4.2.1.12), except where
// the purpose's own standard wants it.
func checkLeafUsage(c *x509.Certificate, purpose Purpose, add adder) {
	if purpose == CRLSigning {
		if has(c, oidKeyUsage) && c.KeyUsage&x509.KeyUsageCRLSign == 0 {
			add(c, Usage, "RFC 5280 4.2.1.3", "signs revocation lists here, but its key usage lacks cRLSign")
		}
		return
	}
	signs := x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if has(c, oidKeyUsage) && c.KeyUsage&signs == 0 {
		add(c, Usage, "RFC 5280 4.2.1.3", "is used for %s, but its key usage has neither digitalSignature nor contentCommitment", purpose)
	}
	switch found := extKeyUsages(c); {
	case purpose == TimeStamping:
		if len(found) != 1 || found[0] != usageTimeStamping || !critical(c, oidExtKeyUsage) {
			add(c, Usage, "RFC 3161 2.3", "has the extended key usages %s, want timeStamping alone, and critical", list(found))
		}
	case purpose == OCSPSigning:
		if !allows(found, purpose, false) {
			add(c, Usage, "RFC 6960 4.2.2.2", "has the extended key usages %s, want OCSPSigning", list(found))
		}
	case has(c, oidExtKeyUsage) && !allows(found, purpose, true):
		add(c, Usage, "RFC 5280 4.2.1.12", "is for %s only, not for %s", list(found), purpose)
	}
}

// allows reports whether one of the usages stands for the purpose.
func allows(found []string, purpose Purpose, anyCounts bool) bool {
	if purpose == CRLSigning {
		return true // no extended usage exists for it
	}
	for _, id := range found {
		if anyCounts && id == usageAny {
			return true
		}
		for _, want := range usages[purpose] {
			if id == want {
				return true
			}
		}
	}
	return false
}

// extKeyUsages reads the extension itself, in order and with what x509 has no
// name for. An unreadable one allows nothing; x509 refuses such a certificate.
func extKeyUsages(c *x509.Certificate) []string {
	var found []string
	for _, e := range c.Extensions {
		if !e.Id.Equal(oidExtKeyUsage) {
			continue
		}
		value, inner := cryptobyte.String(e.Value), cryptobyte.String(nil)
		if !value.ReadASN1(&inner, cryptobyte_asn1.SEQUENCE) {
			return nil
		}
		for !inner.Empty() {
			var id asn1.ObjectIdentifier
			if !inner.ReadASN1ObjectIdentifier(&id) {
				return nil
			}
			found = append(found, id.String())
		}
	}
	return found
}

func critical(c *x509.Certificate, id asn1.ObjectIdentifier) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			return e.Critical
		}
	}
	return false
}

func list(usages []string) string {
	switch {
	case len(usages) == 0:
		return "(none)"
	case len(usages) > 8:
		return strings.Join(usages[:8], ", ") + ", …"
	}
	return strings.Join(usages, ", ")
}
