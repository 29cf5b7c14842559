// Package evidence packs all that proves the way of a letter into one file (ASiC-E,
// EN 319 162-1), and judges such a file without any node: what is in it is either
// signed, or named by digest in something that is.
//
// It has no clock, and opens no network: the time judged and who is trusted are
// arguments. Whether the PDF signatures in a document hold is package signer's question.
package evidence

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"strings"
)

// Names in the container. Data members are named in the manifest, which the signature
// covers; a time-stamp has a manifest of its own over both.
const (
	mimetypeName      = "mimetype"
	mimetype          = "application/vnd.etsi.asic-e+zip"
	manifestName      = "META-INF/ASiCManifest.xml"
	signatureName     = "META-INF/signature.p7s"
	stampManifestName = "META-INF/ASiCManifest-timestamp.xml"
	stampName         = "META-INF/timestamp.tst"

	routeName   = "envelope/route.bin"
	contentName = "envelope/content.bin"
	readmeName  = "README.txt"

	documents  = "documents/"
	statements = "statements/"
	seenProofs = "seen/"
	heads      = "heads/"
	reports    = "reports/"
	directory  = "directory/"
)

const (
	mediaSignature = "application/x-pkcs7-signature"
	mediaStamp     = "application/vnd.etsi.timestamp-token"
	mediaXML       = "text/xml"
	mediaBinary    = "application/octet-stream"
)

// A reference is one member of a container as its manifest names it.
type reference struct {
	name   string
	media  string
	digest [sha256.Size]byte
}

// manifest writes an ASiCManifest (EN 319 162-1, 4.4.2, A.4).
func manifest(signature, media string, list []reference) []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	b.WriteString(`<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">` + "\n")
	fmt.Fprintf(&b, "  <asic:SigReference URI=\"%s\" MimeType=\"%s\"/>\n", signature, media)
	for _, r := range list {
		fmt.Fprintf(&b, "  <asic:DataObjectReference URI=\"%s\" MimeType=\"%s\">\n", r.name, escaped(r.media))
		b.WriteString("    <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>\n")
		fmt.Fprintf(&b, "    <ds:DigestValue>%s</ds:DigestValue>\n  </asic:DataObjectReference>\n", base64.StdEncoding.EncodeToString(r.digest[:]))
	}
	b.WriteString("</asic:ASiCManifest>\n")
	return []byte(b.String())
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes all
	return b.String()
}

// manifestXML is what is read of a manifest.
type manifestXML struct {
	XMLName   xml.Name `xml:"http://uri.etsi.org/02918/v1.2.1# ASiCManifest"`
	Signature struct {
		URI   string `xml:"URI,attr"`
		Media string `xml:"MimeType,attr"`
	} `xml:"http://uri.etsi.org/02918/v1.2.1# SigReference"`
	Data []struct {
		URI    string `xml:"URI,attr"`
		Media  string `xml:"MimeType,attr"`
		Digest string `xml:"http://www.w3.org/2000/09/xmldsig# DigestValue"`
	} `xml:"http://uri.etsi.org/02918/v1.2.1# DataObjectReference"`
}

// readManifest reads a manifest, and wants it as manifest writes it: what two readers
// could understand in two ways is refused.
func readManifest(data []byte, signature, media string) ([]reference, error) {
	var m manifestXML
	if err := xml.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("evidence: manifest: %w", err)
	}
	list := make([]reference, 0, len(m.Data))
	for _, d := range m.Data {
		digest, err := base64.StdEncoding.DecodeString(d.Digest)
		if err != nil || len(digest) != sha256.Size {
			return nil, fmt.Errorf("evidence: manifest: digest of %q is no SHA-256", d.URI)
		}
		list = append(list, reference{d.URI, d.Media, [sha256.Size]byte(digest)})
	}
	if string(manifest(signature, media, list)) != string(data) {
		return nil, fmt.Errorf("evidence: manifest is not as this program writes it")
	}
	return list, nil
}
