package signer

import (
	"errors"
	"fmt"
	"strings"

	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

// ErrConformity stands for a signature or a field by which a file would cease to conform to
// the standard that it names in its metadata: PDF/A (ISO 19005) or PDF/UA (ISO 14289).
var ErrConformity = errors.New("the file would no longer conform")

// A claim is what a file says of itself that a signature has to keep.
type claim struct {
	archive int    // part of PDF/A, 0 for none
	access  int    // part of PDF/UA, 0 for none
	level   string // of PDF/A: "A", "B", "U"; empty from part 4 on
	intent  string // the colours of PDF/A's output intent: "RGB", "GRAY", "CMYK"; empty for none
	tagged  bool   // it has a structure tree and says that it stands for the content
}

// readClaim reads what the newest revision claims. Metadata that cannot be read
// claims nothing, as for others who read it.
func readClaim(v *pdf.View, catalog *pdf.Dict) claim {
	var c claim
	if !isNull(catalog.Get("Metadata")) {
		c.readMetadata(v, catalog.Get("Metadata"))
	}
	if c.archive > 0 {
		c.intent = intent(v, catalog.Get("OutputIntents"))
	}
	if mark, err := v.Dict(catalog.Get("MarkInfo")); err == nil && mark != nil {
		c.tagged = mark.Get("Marked") == pdf.Object(pdf.Bool(true)) && !catalog.Ref("StructTreeRoot").IsZero()
	}
	return c
}

// maxMetadata bounds the XMP that is read: that of office programs has 1 to 10 KiB.
const maxMetadata = 1 << 20

func (c *claim) readMetadata(v *pdf.View, o pdf.Object) {
	o, err := v.Resolve(o)
	s, ok := o.(*pdf.Stream)
	if err != nil || !ok {
		return
	}
	raw, err := s.Raw(v)
	if err != nil || raw.Size() > maxMetadata {
		return
	}
	if data, err := s.Decode(v); err == nil && len(data) <= maxMetadata {
		c.readXMP(data)
	}
}

// intent is the kind of colours of the output intent that PDF/A looks at: that of
// the device in the header of its profile (ICC.1, 7.2.6).
func intent(v *pdf.View, o pdf.Object) string {
	list, err := v.Array(o)
	if err != nil {
		return ""
	}
	for i, e := range list {
		d, err := v.Dict(e)
		if i == 16 || err != nil || d == nil || d.Name("S") != "GTS_PDFA1" {
			continue
		}
		profile, err := v.Resolve(d.Get("DestOutputProfile"))
		s, ok := profile.(*pdf.Stream)
		if err != nil || !ok {
			continue
		}
		if data, err := s.Decode(v); err == nil && len(data) >= 20 {
			switch space := string(data[16:20]); space {
			case "RGB ":
				return "RGB"
			case "GRAY", "CMYK":
				return space
			}
		}
	}
	return ""
}

// String names the standards, as PDF/A-2b and PDF/UA-1.
func (c claim) String() string {
	text := ""
	if c.archive > 0 {
		text = fmt.Sprintf("PDF/A-%d%s", c.archive, strings.ToLower(c.level))
	}
	if c.access > 0 {
		if text != "" {
			text += " and "
		}
		text += fmt.Sprintf("PDF/UA-%d", c.access)
	}
	return text
}

// restrictions are what an appearance has to do without (ISO 19005-1, 6.2.3.3, 6.3.5
// and 6.4; ISO 19005-2, 6.2.4.3 and 6.2.10). Transparency needs a colour space to
// blend in, which is that of the output intent.
func (c claim) restrictions() appearance.Restrictions {
	return appearance.Restrictions{
		Opaque:     c.archive == 1 || c.archive > 1 && c.intent == "",
		Calibrated: c.archive > 0 && c.intent != "RGB",
		Listed:     c.archive == 1,
	}
}

// refuse is the error about what the file's claim does not survive, nil with Force.
func (p *plan) refuse(format string, args ...any) error {
	if p.opts.Force {
		return nil
	}
	return fmt.Errorf("sign: %w", p.claim.broken(format, args...))
}

// broken is the error about what a claim does not survive.
func (c claim) broken(format string, args ...any) error {
	return fmt.Errorf("%w to %s, which its metadata claims: %s", ErrConformity, c, fmt.Sprintf(format, args...))
}

// checkClaim refuses what no signature here is known to keep.
func (p *plan) checkClaim() error {
	if p.claim.access > 1 && p.visible() && p.field.dict == nil {
		return p.refuse("a visible signature in a new field has no place in the structure of such a file: sign an empty field that the file has, or invisibly")
	}
	return nil
}
