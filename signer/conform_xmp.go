package signer

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
)

// The namespaces of what a file says in its metadata to conform to (ISO 19005-1,
// 6.7.11; ISO 14289-1, 5).
const (
	archiveSpace = "http://www.aiim.org/pdfa/ns/id/"
	accessSpace  = "http://www.aiim.org/pdfua/ns/id/"
)

// readXMP finds the parts and the level, as elements or as attributes. It is
// lenient: whatever stands before a mistake in the XML counts.
func (c *claim) readXMP(data []byte) {
	data = utf8Of(data)
	if !bytes.Contains(data, []byte(archiveSpace)) && !bytes.Contains(data, []byte(accessSpace)) {
		return
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	d.Strict = false
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	var at xml.Name
	for range maxMarkup {
		token, err := d.Token()
		if err != nil {
			return
		}
		switch t := token.(type) {
		case xml.StartElement:
			at = t.Name
			for _, a := range t.Attr {
				c.set(a.Name, a.Value)
			}
		case xml.CharData:
			c.set(at, string(t))
		case xml.EndElement:
			at = xml.Name{}
		}
	}
}

// maxMarkup bounds the work on metadata.
const maxMarkup = 100_000

func (c *claim) set(name xml.Name, value string) {
	value = strings.TrimSpace(value)
	n, err := strconv.Atoi(value)
	part := name.Local == "part" && err == nil && n > 0 && n < 100
	switch {
	case part && name.Space == archiveSpace && c.archive == 0:
		c.archive = n
	case part && name.Space == accessSpace && c.access == 0:
		c.access = n
	case name.Local == "conformance" && name.Space == archiveSpace && len(value) == 1:
		c.level = value
	}
}

// utf8Of turns UTF-16, by its byte order mark, into UTF-8.
func utf8Of(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		order = binary.BigEndian
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		order = binary.LittleEndian
	default:
		return data
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}
