package signer

import (
	"bytes"

	"lienthong/signer/pdf"
)

// maxAmbiguous bounds the revisions that are looked at for keys given twice.
const maxAmbiguous = 64

// ambiguous fails the signatures over a revision whose trailer, catalog, form or page
// tree gives a key two values: readers differ on which one counts, so that what the
// signer saw is not what others see. Later revisions that do so change the document.
func (c *check) ambiguous() {
	known := make(map[int][]twofold)
	for _, it := range c.items {
		n := it.revision
		if n < 1 || n > len(c.revisions) {
			continue
		}
		list, ok := known[n]
		if !ok && len(known) < maxAmbiguous {
			list = twofolds(c.file.View(n))
			known[n] = list
		}
		for _, t := range list {
			if t.same {
				it.out.Findings = append(it.out.Findings, finding(ruleDuplicate, Warning, t.object, "the %s of revision %d has %q more than once, with the same value", t.where, n, t.key))
				continue
			}
			it.out.Findings = append(it.out.Findings, finding(ruleDuplicate, Failed, t.object, "the %s of revision %d has %q more than once; readers differ on which one counts", t.where, n, t.key))
			it.out.conclude(TotalFailed, FormatFailure)
		}
	}
}

// A twofold is a key that stands twice in a dictionary.
type twofold struct {
	where  saying
	object string
	key    pdf.Name
	same   bool // with equal values
}

func twofolds(v *pdf.View) []twofold {
	list := twice(nil, v.Trailer(), said("trailer"), "trailer")
	ref, catalog, err := v.Catalog()
	if err != nil || catalog == nil {
		return list
	}
	list = twice(list, catalog, said("catalog"), ref.String())
	for _, part := range []struct {
		key   pdf.Name
		where saying
	}{{"AcroForm", said("form")}, {"Pages", said("page tree")}} {
		object := ref
		if at, ok := catalog.Get(part.key).(pdf.Ref); ok {
			object = at
		}
		if d, err := v.Dict(catalog.Get(part.key)); err == nil {
			list = twice(list, d, part.where, object.String())
		}
	}
	return list
}

func twice(list []twofold, d *pdf.Dict, where saying, object string) []twofold {
	for _, key := range d.Duplicates() {
		t := twofold{where: where, object: object, key: key, same: true}
		for i := range d.Len() {
			if k, value := d.At(i); k == key && !bytes.Equal(pdf.Canonical(value), pdf.Canonical(d.Get(key))) {
				t.same = false
			}
		}
		list = append(list, t)
	}
	return list
}
