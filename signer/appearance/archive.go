package appearance

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"

	"lienthong/signer/pdf"
)

// Restrictions are what a file of an archival standard (ISO 19005, PDF/A) does not
// admit in a drawing.
type Restrictions struct {
	// Opaque: no transparency. What of an image is at least half opaque is painted
	// whole, and the rest not at all: a white ground instead would hide what lies below.
	Opaque bool
	// Calibrated: no colours that depend on the device.
	Calibrated bool
	// Listed: a font that is cut down lists the letters that it has.
	Listed bool
}

// ErrTransparent stands for an image of which nothing would show without
// transparency.
var ErrTransparent = errors.New("the image is less than half opaque everywhere, and this file admits no transparency: give one with opaque strokes")

// stencil makes the soft mask of an image a mask of one bit (ISO 32000-1, 8.9.6.3),
// in which 1 stands for what is not painted.
func stencil(view *pdf.View, mask pdf.Object) (*pdf.Stream, error) {
	o, err := view.Resolve(mask)
	if err != nil {
		return nil, err
	}
	soft, ok := o.(*pdf.Stream)
	if !ok {
		return nil, errors.New("the mask of the image is no stream")
	}
	alpha, err := soft.Decode(view)
	if err != nil {
		return nil, err
	}
	w, _ := soft.Dict.Int("Width")
	h, _ := soft.Dict.Int("Height")
	if w < 1 || h < 1 || int64(len(alpha)) != w*h {
		return nil, fmt.Errorf("the mask of the image has %d bytes, want %d by %d", len(alpha), w, h)
	}
	row := int(w+7) / 8
	bits := bytes.Repeat([]byte{0xFF}, row*int(h))
	painted := false
	for i, a := range alpha {
		if a >= 128 {
			x, y := i%int(w), i/int(w)
			bits[y*row+x/8] &^= 0x80 >> (x % 8)
			painted = true
		}
	}
	if !painted {
		return nil, ErrTransparent
	}
	return flate(pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("XObject")},
		pdf.Entry{Key: "Subtype", Value: pdf.Name("Image")},
		pdf.Entry{Key: "ImageMask", Value: pdf.Bool(true)},
		pdf.Entry{Key: "Width", Value: pdf.Integer(w)},
		pdf.Entry{Key: "Height", Value: pdf.Integer(h)},
		pdf.Entry{Key: "BitsPerComponent", Value: pdf.Integer(1)},
	), bits), nil
}

// cidSet lists the codes that a font has (ISO 32000-1, table 124): those of the
// letters, and 0 for what it has not.
func cidSet(letters []rune) *pdf.Stream {
	set := []byte{0x80}
	for _, r := range letters { // which are in order
		for int(r)/8 >= len(set) {
			set = append(set, 0)
		}
		set[r/8] |= 0x80 >> (r % 8)
	}
	return flate(pdf.NewDict(), set)
}

func flate(d *pdf.Dict, data []byte) *pdf.Stream {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(data) //nolint:errcheck // into memory
	w.Close()
	d.Set("Filter", pdf.Name("FlateDecode"))
	return pdf.NewStream(d, b.Bytes())
}

// calibrated are the colour spaces that stand for those of devices in a form: that
// of sRGB (IEC 61966-2-1), with its gamma simplified, and the grays in it (ISO
// 32000-1, 8.6.5.6).
func calibrated() *pdf.Dict {
	white := numbers(0.9505, 1, 1.089)
	return pdf.NewDict(
		pdf.Entry{Key: "DefaultGray", Value: pdf.Array{pdf.Name("CalGray"), pdf.NewDict(
			pdf.Entry{Key: "WhitePoint", Value: white},
			pdf.Entry{Key: "Gamma", Value: pdf.Real{Value: 2.2}},
		)}},
		pdf.Entry{Key: "DefaultRGB", Value: pdf.Array{pdf.Name("CalRGB"), pdf.NewDict(
			pdf.Entry{Key: "WhitePoint", Value: white},
			pdf.Entry{Key: "Gamma", Value: numbers(2.2, 2.2, 2.2)},
			pdf.Entry{Key: "Matrix", Value: numbers(0.4124, 0.2126, 0.0193, 0.3576, 0.7152, 0.1192, 0.1805, 0.0722, 0.9505)},
		)}},
	)
}

// Blank adds a form that shows nothing to u: the appearance that PDF/A-1 asks of
// every field (ISO 19005-1, 6.9), also of one that is not to be seen.
func Blank(u *pdf.Update) pdf.Ref {
	return u.Add(pdf.NewStream(pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("XObject")},
		pdf.Entry{Key: "Subtype", Value: pdf.Name("Form")},
		pdf.Entry{Key: "BBox", Value: numbers(0, 0, 0, 0)},
		pdf.Entry{Key: "Resources", Value: pdf.NewDict()},
	), nil))
}
