package signer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"lienthong/signer/pdf"
)

// maxEmbedded bounds the bytes of embedded files whose digests are taken.
const maxEmbedded = 64 << 20

// file names a file inside the file: its name, type, size and digest, so that it
// can be told whether it is the one that somebody speaks of (ISO 32000-2, 7.11.4).
func (d *dynamic) file(name string, o pdf.Object) {
	spec := d.dict(o)
	if spec == nil {
		return
	}
	for _, k := range []pdf.Name{"F", "UF"} {
		if v, err := d.v.Resolve(spec.Get(k)); err == nil {
			if s, ok := v.(pdf.String); ok {
				name = pdf.DecodeText(s)
			}
		}
	}
	held := d.dict(spec.Get("EF"))
	if held == nil {
		d.found(o, d.root, "a reference to the file %q outside the file", name)
		return
	}
	told := make(map[pdf.Object]bool)
	for i := 0; i < held.Len() && i < 8; i++ {
		_, at := held.At(i)
		ref, ok := at.(pdf.Ref) // streams are
		if !ok || told[ref] {
			continue
		}
		told[ref] = true
		if d.files++; d.files <= maxListed {
			d.c.note(ruleEmbedded, Warning, refText(ref), "%q, %s", name, d.describe(ref))
		}
	}
}

func (d *dynamic) describe(ref pdf.Ref) saying {
	d.left--
	o, err := d.v.Object(ref)
	s, ok := o.(*pdf.Stream)
	if err != nil || !ok {
		return said("which cannot be read")
	}
	kind := said("type not given")
	if t := s.Dict.Name("Subtype"); t != "" {
		kind = said("type %s", t)
	}
	if d.data <= 0 {
		return said("%s, too large to take its digest", kind)
	}
	data, err := s.Decode(d.v)
	d.data -= int64(len(data))
	switch {
	case errors.Is(err, pdf.ErrLimit):
		return said("%s, too large to take its digest", kind)
	case err != nil:
		return said("%s, its data cannot be read: %v", kind, err)
	}
	digest := sha256.Sum256(data)
	return said("%s, %d bytes, SHA-256 %s", kind, len(data), hex.EncodeToString(digest[:]))
}
