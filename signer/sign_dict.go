package signer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"lienthong/signer/pdf"
)

// signature returns the signature dictionary (EN 319 142-1, 6.3): no /Cert,
// which is for other kinds of signature, and the time in /M alone.
func (p *plan) signature(hole int) *pdf.Dict {
	d := pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("Sig")},
		pdf.Entry{Key: "Filter", Value: pdf.Name("Adobe.PPKLite")},
		pdf.Entry{Key: "SubFilter", Value: p.opts.Format.subFilter()},
		pdf.Entry{Key: "ByteRange", Value: pdf.ByteRangeHole{}},
		pdf.Entry{Key: "Contents", Value: pdf.ContentsHole(hole)},
		pdf.Entry{Key: "M", Value: pdf.Date(p.opts.At.In(vietnam))},
	)
	if len(p.reference) > 0 {
		d.Set("Reference", p.reference)
	}
	for _, text := range []struct {
		key   pdf.Name
		value string
	}{
		{"Name", p.opts.Name}, {"Location", p.opts.Location}, {"Reason", p.opts.Reason}, {"ContactInfo", p.opts.Contact},
	} {
		if text.value != "" {
			d.Set(text.key, textString(text.value))
		}
	}
	return d
}

// textString is UTF-16 where s has line ends or tabs: PDFDocEncoding has them,
// but some readers take a string with them for bytes.
func textString(s string) pdf.String {
	if !strings.ContainsFunc(s, unicode.IsControl) {
		return pdf.TextString(s)
	}
	b := []byte{0xFE, 0xFF}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return pdf.String{Value: b}
}

// writeExtensions says in the catalog which extensions of PDF the signature
// uses: ETSI's below PDF 2.0 (EN 319 142-1, 5.6), and ISO/TS 32002 for signatures
// on elliptic curves. The key is nil where no signature is made by one.
func (p *plan) writeExtensions(key crypto.PublicKey) error {
	old, err := p.view.Dict(p.catalog.Get("Extensions"))
	if err != nil {
		return fmt.Errorf("sign: read the extensions: %w", err)
	}
	extensions, changed := pdf.NewDict(), false
	if old != nil {
		extensions = old.Clone()
	}
	if p.opts.Format == FormatPAdES && p.version() < 2.0 {
		esic, err := p.view.Dict(extensions.Get("ESIC"))
		if err != nil {
			return fmt.Errorf("sign: read the extensions: %w", err)
		}
		if level(esic) < 2 {
			extensions.Set("ESIC", extension("1.7", 2))
			changed = true
		}
	}
	if onCurve(key) {
		list, err := p.isoExtensions(extensions.Get("ISO_"))
		if err != nil {
			return err
		}
		if list != nil {
			extensions.Set("ISO_", list)
			changed = true
		}
	}
	if !changed {
		return nil
	}
	if ref, ok := p.catalog.Get("Extensions").(pdf.Ref); ok && old != nil {
		p.update.Set(ref, extensions)
		return nil
	}
	p.editCatalog(func(c *pdf.Dict) { c.Set("Extensions", extensions) })
	return nil
}

func onCurve(key crypto.PublicKey) bool {
	switch key.(type) {
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}

// iso32002 is the level by which ISO/TS 32002 marks files with ECDSA signatures.
const iso32002 = 32002

// isoExtensions returns the value of /ISO_ with ISO/TS 32002 in it, or nil if it
// is there. Several extensions of one prefix make an array (ISO 32000-2, 7.12.2).
func (p *plan) isoExtensions(old pdf.Object) (pdf.Object, error) {
	resolved, err := p.view.Resolve(old)
	if err != nil {
		return nil, fmt.Errorf("sign: read the extensions: %w", err)
	}
	added := extension("2.0", iso32002)
	added.Set("ExtensionRevision", pdf.TextString(":2022"))
	var list pdf.Array
	switch o := resolved.(type) {
	case *pdf.Dict:
		list = pdf.Array{old}
	case pdf.Array:
		list = o
	default:
		return added, nil
	}
	for _, item := range list {
		d, err := p.view.Dict(item)
		if err != nil {
			return nil, fmt.Errorf("sign: read the extensions: %w", err)
		}
		if level(d) == iso32002 {
			return nil, nil
		}
	}
	return append(list[:len(list):len(list)], added), nil
}

func extension(base pdf.Name, level int) *pdf.Dict {
	return pdf.NewDict(
		pdf.Entry{Key: "BaseVersion", Value: base},
		pdf.Entry{Key: "ExtensionLevel", Value: pdf.Integer(level)},
	)
}

func level(extension *pdf.Dict) int64 {
	if extension == nil {
		return 0
	}
	n, _ := extension.Int("ExtensionLevel")
	return n
}

// version is that of the file: the header's, or a higher one of the catalog.
func (p *plan) version() float64 {
	header, _ := p.file.Header()
	highest, _ := strconv.ParseFloat(strings.TrimSpace(header), 64)
	if v, err := strconv.ParseFloat(string(p.catalog.Name("Version")), 64); err == nil {
		highest = max(highest, v)
	}
	return highest
}

// revisionID is the second element of the file's identifier: new for each
// revision, and made of what it depends on, so that equal input gives equal
// output.
func revisionID(f *pdf.File, at time.Time, by []byte) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %d ", f.Size(), len(f.Revisions()), at.UnixNano())
	h.Write(by)
	return h.Sum(nil)[:16]
}
