package signer

import (
	"bytes"

	"lienthong/signer/pdf"
)

// trailer compares what the trailers say about the document.
func (c *comparison) trailer() {
	old, now := c.old.Trailer(), c.new.Trailer()
	if old.Ref("Root") != now.Ref("Root") || old.Ref("Root").IsZero() {
		c.content(now.Ref("Root"), "/Root", "the trailer refers to another catalog, %v instead of %v", now.Ref("Root"), old.Ref("Root"))
	}
	if !bytes.Equal(pdf.Canonical(old.Get("Encrypt")), pdf.Canonical(now.Get("Encrypt"))) {
		c.content(now.Ref("Encrypt"), "/Encrypt", "the encryption changes")
	}
	for _, k := range bothKeys(old, now) {
		if !trailerKeys[k] && !c.same(old.Get(k), now.Get(k)) {
			c.content(now.Ref(k), "/"+string(k), "an entry that no trailer has is added or changes")
		}
	}
	info := now.Ref("Info")
	dl := c.deltas[info.Number]
	if dl == nil && c.same(old.Get("Info"), now.Get("Info")) {
		return
	}
	c.takeTree(c.old, old.Get("Info"), "document information", 0)
	c.takeTree(c.new, now.Get("Info"), "document information", 0)
	c.note(ruleMetadata, info, "the document information dictionary (title, author, dates) changes")
	c.record(ChangesLTV, info, "/Info", "document information changes")
	c.step.changes[len(c.step.changes)-1].field = metadataField
}

// trailerKeys are judged above, or say only where the bytes are.
var trailerKeys = map[pdf.Name]bool{
	"Root": true, "Encrypt": true, "Info": true, "ID": true, "Size": true, "Prev": true, "XRefStm": true,
	"Type": true, "W": true, "Index": true, "Length": true, "Filter": true, "DecodeParms": true, "DL": true,
}

// metadataField marks a change of metadata, which a certification with P 1
// forbids and which viewers do not show on a page.
const metadataField = "\x00metadata"

// catalog compares the catalogs key by key.
func (c *comparison) catalog() {
	oldRef, old, errOld := c.old.Catalog()
	newRef, now, errNew := c.new.Catalog()
	if errOld != nil || errNew != nil || old == nil || now == nil {
		c.content(newRef, "/Root", "the catalog cannot be read")
		return
	}
	if oldRef == newRef {
		c.take(newRef.Number, "catalog")
	}
	if dup := now.Duplicates(); len(dup) > 0 {
		c.content(newRef, "/Root", "keys %s stand in the catalog more than once", quoteNames(dup))
	}
	for _, k := range bothKeys(old, now) {
		a, b := old.Get(k), now.Get(k)
		switch k {
		case "AcroForm", "DSS":
			continue // compared inside, also where the reference is the same
		case "StructTreeRoot":
			continue // compared once it is known which widgets are new
		}
		if c.same(a, b) && c.deltas[refNumber(b)] == nil {
			continue
		}
		c.catalogKey(newRef, k, a, b)
	}
	c.acroForm(newRef, old.Get("AcroForm"), now.Get("AcroForm"))
	c.dss(newRef, old.Get("DSS"), now.Get("DSS"))
}

func refNumber(o pdf.Object) int {
	if r, ok := o.(pdf.Ref); ok {
		return r.Number
	}
	return -1
}

func (c *comparison) catalogKey(root pdf.Ref, k pdf.Name, a, b pdf.Object) {
	path := "/Root/" + string(k)
	switch k {
	case "Extensions":
		c.extensions(root, a, b)
	case "Metadata":
		c.metadata(root, a, b)
	case "Version":
		x, _ := a.(pdf.Name)
		y, ok := b.(pdf.Name)
		if !ok || len(y) != 3 || y < x || y < "1.0" || y > "2.0" {
			c.content(root, path, "the version is set from %q to %q", x, y)
		}
	case "Perms":
		c.content(root, path, "the permissions of the document change")
	case "Type":
		if b != pdf.Name("Catalog") {
			c.content(root, path, "the catalog is made something else")
		}
	default:
		c.content(root, path, "this entry of the catalog changes")
	}
}

// extensions: the versions of the standard's extensions that a revision uses.
// They are names and numbers, and mean nothing on a page.
func (c *comparison) extensions(root pdf.Ref, a, b pdf.Object) {
	now, err := c.new.Dict(b)
	if err != nil || now == nil {
		c.content(root, "/Root/Extensions", "the extensions are taken away")
		return
	}
	if old, err := c.old.Dict(a); err == nil && old != nil {
		for _, k := range old.Keys() {
			if !now.Has(k) {
				c.content(root, "/Root/Extensions/"+string(k), "an extension is taken away")
			}
		}
	}
	if !c.plain(b, 0) {
		c.content(root, "/Root/Extensions", "more than names and numbers stand in the extensions")
		return
	}
	c.takeTree(c.new, b, "extensions", root.Number)
	c.record(ChangesLTV, root, "/Root/Extensions", "extensions are declared")
}

// plain reports whether a value is made of dictionaries, arrays, names, numbers
// and strings only.
func (c *comparison) plain(o pdf.Object, depth int) bool {
	if c.budget--; c.budget < 0 || depth > 6 {
		return false
	}
	o, err := c.new.Resolve(o)
	if err != nil {
		return false
	}
	switch o := o.(type) {
	case *pdf.Stream:
		return false
	case pdf.Array:
		for _, e := range o {
			if !c.plain(e, depth+1) {
				return false
			}
		}
	case *pdf.Dict:
		for _, k := range o.Keys() {
			if !c.plain(o.Get(k), depth+1) {
				return false
			}
		}
	}
	return true
}

// metadata: the XMP stream of the document, which no page shows.
func (c *comparison) metadata(root pdf.Ref, a, b pdf.Object) {
	o, err := c.new.Resolve(b)
	s, ok := o.(*pdf.Stream)
	if err != nil || !ok || s.Dict.Name("Type") != "Metadata" {
		c.content(root, "/Root/Metadata", "the metadata is taken away or made something else")
		return
	}
	c.takeTree(c.old, a, "metadata", root.Number)
	c.takeTree(c.new, b, "metadata", root.Number)
	c.note(ruleMetadata, pdf.Ref{Number: max(refNumber(b), 0)}, "the XMP metadata of the document changes")
	c.record(ChangesLTV, root, "/Root/Metadata", "metadata changes")
	c.step.changes[len(c.step.changes)-1].field = metadataField
}

// dss compares the document security stores: what is there stays, and what comes
// is certificates, lists and responses.
func (c *comparison) dss(root pdf.Ref, a, b pdf.Object) {
	if isNull(a) && isNull(b) {
		return
	}
	number := refNumber(b)
	if c.deltas[number] == nil && c.same(a, b) && !c.touches(b, 0) {
		return
	}
	o, err := c.new.Resolve(b)
	now, ok := o.(*pdf.Dict)
	if err != nil || !ok {
		c.content(root, "/Root/DSS", "the evidence for validation is taken away")
		return
	}
	x, _ := c.old.Resolve(a)
	old, _ := x.(*pdf.Dict)
	if old == nil {
		old = pdf.NewDict()
	}
	for _, k := range bothKeys(old, now) {
		switch k {
		case "Type":
			if t := now.Get(k); !isNull(t) && t != pdf.Name("DSS") {
				c.content(root, "/Root/DSS/Type", "the security store is made something else")
			}
			continue
		case "Certs", "OCSPs", "CRLs", "VRI":
		default:
			if !c.same(old.Get(k), now.Get(k)) {
				c.content(root, "/Root/DSS/"+string(k), "an entry that no security store has")
			}
			continue
		}
		if why := c.grows(old.Get(k), now.Get(k), 0); !why.none() {
			c.content(root, "/Root/DSS/"+string(k), "%s", why)
			return
		}
	}
	c.takeTree(c.new, b, "evidence", root.Number)
	c.record(ChangesLTV, pdf.Ref{Number: max(number, root.Number)}, "/Root/DSS", "evidence for validation is added")
}

// touches reports whether a value of the new view leads to a changed object
// within a few levels.
func (c *comparison) touches(o pdf.Object, depth int) bool {
	if c.budget--; c.budget < 0 || depth > 5 {
		return true
	}
	if c.deltas[refNumber(o)] != nil {
		return true
	}
	o, err := c.new.Resolve(o)
	if err != nil {
		return true
	}
	switch o := o.(type) {
	case pdf.Array:
		for _, e := range o {
			if c.touches(e, depth+1) {
				return true
			}
		}
	case *pdf.Dict:
		for _, k := range o.Keys() {
			if c.touches(o.Get(k), depth+1) {
				return true
			}
		}
	}
	return false
}

// grows says why a value of a security store is not the old one with additions.
func (c *comparison) grows(a, b pdf.Object, depth int) saying {
	if c.budget--; c.budget < 0 || depth > 6 {
		return said("nested too deep")
	}
	x, errX := c.old.Resolve(a)
	y, errY := c.new.Resolve(b)
	if errX != nil || errY != nil {
		return said("cannot be read")
	}
	switch y := y.(type) {
	case pdf.Array:
		old, _ := x.(pdf.Array)
		return c.keeps(old, y, depth)
	case *pdf.Dict:
		old, _ := x.(*pdf.Dict)
		if old == nil {
			old = pdf.NewDict()
		}
		for _, k := range bothKeys(old, y) {
			if !y.Has(k) {
				return said("entry /%s is taken away", k)
			}
			if why := c.grows(old.Get(k), y.Get(k), depth+1); !why.none() {
				return why
			}
		}
	case *pdf.Stream:
		if t := y.Dict.Name("Type"); t != "" && t != "EmbeddedFile" {
			return said("a stream of type %s", t)
		}
		if !isNull(x) && !c.equal(x, y, 0) {
			return said("a certificate or list is changed")
		}
	case pdf.Null:
		if !isNull(x) {
			return said("something is taken away")
		}
	}
	return saying{}
}

// keeps: every element of the old array is in the new one, by reference or, since
// some tools write the store anew, by its bytes.
func (c *comparison) keeps(old, now pdf.Array, depth int) saying {
	in := make(map[pdf.Ref]bool)
	for _, e := range now {
		if r, ok := e.(pdf.Ref); ok {
			in[r] = true
		}
		if why := c.grows(c.before(e), e, depth+1); !why.none() {
			return why
		}
	}
	for _, e := range old {
		if r, ok := e.(pdf.Ref); ok && in[r] {
			continue
		}
		if !c.holds(now, e) {
			return said("a certificate or list is taken away")
		}
	}
	return saying{}
}

// before is what a reference stood for in the old view.
func (c *comparison) before(e pdf.Object) pdf.Object {
	if r, ok := e.(pdf.Ref); ok {
		return c.d.read(c.old, r)
	}
	return pdf.Null{}
}

func (c *comparison) holds(now pdf.Array, e pdf.Object) bool {
	x, err := c.old.Resolve(e)
	if err != nil || isNull(x) {
		return true // what could not be read is not missed
	}
	for _, f := range now {
		if y, err := c.new.Resolve(f); err == nil && c.equal(x, y, 0) {
			return true
		}
	}
	return false
}
