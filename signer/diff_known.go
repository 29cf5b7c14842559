package signer

import "lienthong/signer/pdf"

// knownDictionaries are the signature dictionaries by where they stand. Each holds
// thousands of digits, and the comparison meets them again and again.
func knownDictionaries(file *pdf.File, items []*item) map[pdf.Location]pdf.Object {
	known := make(map[pdf.Location]pdf.Object)
	for _, it := range items {
		if it.sig.Dict == nil || it.sig.Direct || it.revision < 1 || it.revision > len(file.Revisions()) {
			continue
		}
		if at, ok := file.View(it.revision).Location(it.sig.Ref); ok {
			known[at] = it.sig.Dict
		}
	}
	return known
}

// read is an object of a view, as [read] reads it.
func (d *differ) read(v *pdf.View, ref pdf.Ref) pdf.Object {
	if o, ok := d.knownAt(v, ref); ok {
		return o
	}
	return read(v, ref)
}

// knownAt is a dictionary that is known, of a view.
func (d *differ) knownAt(v *pdf.View, ref pdf.Ref) (pdf.Object, bool) {
	if at, ok := v.Location(ref); ok {
		o := d.known[at]
		return o, o != nil
	}
	return nil, false
}
