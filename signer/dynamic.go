package signer

import "lienthong/signer/pdf"

// What a signed file can show or do depends on more than its bytes where it holds
// scripts, actions, layers, forms that are laid out anew, or data from outside. All
// of that was signed, so no signature fails for it; but a person should know, and
// so the report names each, with its object. Links within the document and to
// the web that a person has to click are not named.

// maxDynamic and maxListed bound the objects that are looked at, and what is named.
const (
	maxDynamic = 60_000
	maxListed  = 16
)

// dynamic is the search through one file.
type dynamic struct {
	c      *check
	v      *pdf.View
	root   pdf.Ref // the catalog
	left   int     // objects that may still be read
	seen   map[pdf.Ref]bool
	listed int
	files  int
	data   int64 // bytes of embedded files that may still be read
}

// dynamicContent names what in the newest revision can change what is shown, and
// the files inside the file.
func (c *check) dynamicContent() {
	if len(c.items) > 0 {
		c.listDynamic()
	}
}

func (c *check) listDynamic() {
	d := &dynamic{c: c, v: c.file.Latest(), left: maxDynamic, seen: make(map[pdf.Ref]bool), data: maxEmbedded}
	ref, catalog, err := d.v.Catalog()
	if err != nil || catalog == nil {
		return
	}
	d.root = ref
	d.catalog(ref, catalog)
	d.pageTree(catalog.Get("Pages"))
	d.outline(catalog)
	if d.left <= 0 {
		c.note(ruleDynamic, Warning, "", "not all of the file was looked at: it has more than %d pages, annotations and pictures", maxDynamic)
	}
	if d.listed > maxListed {
		c.note(ruleDynamic, Warning, "", "and %d more", d.listed-maxListed)
	}
	if d.files > maxListed {
		c.note(ruleEmbedded, Warning, "", "and %d more", d.files-maxListed)
	}
}

func (d *dynamic) found(at pdf.Object, near pdf.Ref, format string, args ...any) {
	if d.listed++; d.listed > maxListed {
		return
	}
	if ref, ok := at.(pdf.Ref); ok {
		near = ref
	}
	d.c.note(ruleDynamic, Warning, refText(near), format, args...)
}

// dict reads a dictionary, each indirect one once.
func (d *dynamic) dict(o pdf.Object) *pdf.Dict {
	if ref, ok := o.(pdf.Ref); ok {
		if d.seen[ref] || d.left <= 0 {
			return nil
		}
		d.seen[ref] = true
	}
	d.left--
	out, err := d.v.Dict(o)
	if err != nil {
		return nil
	}
	return out
}

func (d *dynamic) array(o pdf.Object) pdf.Array {
	list, err := d.v.Array(o)
	if err != nil {
		return nil
	}
	return list[:min(len(list), maxDynamic)]
}

func (d *dynamic) catalog(ref pdf.Ref, catalog *pdf.Dict) {
	if list, err := d.v.Array(catalog.Get("OpenAction")); err == nil && list == nil {
		d.action(catalog.Get("OpenAction"), ref, said("when the file is opened"), true)
	}
	d.triggers(catalog.Get("AA"), ref, said("of the document"))
	if layers := d.dict(catalog.Get("OCProperties")); layers != nil {
		if n := len(d.array(layers.Get("OCGs"))); n > 0 {
			d.found(catalog.Get("OCProperties"), ref, "%d layers (optional content) that can be shown or hidden", n)
		}
	}
	if catalog.Has("Collection") {
		d.found(catalog.Get("Collection"), ref, "a portfolio: what is shown first may be a file inside the file")
	}
	if form := d.dict(catalog.Get("AcroForm")); form != nil && form.Has("XFA") {
		kind := said("an XFA form")
		if catalog.Get("NeedsRendering") == pdf.Bool(true) {
			kind = said("a dynamic XFA form, which is laid out anew when it is opened")
		}
		d.found(form.Get("XFA"), ref, "%s", kind)
	}
	if names := d.dict(catalog.Get("Names")); names != nil {
		d.names(names.Get("JavaScript"), 0, func(name string, o pdf.Object) { d.action(o, ref, said("named %q", name), true) })
		d.names(names.Get("EmbeddedFiles"), 0, func(name string, o pdf.Object) { d.file(name, o) })
	}
	for _, o := range d.array(catalog.Get("AF")) {
		d.file("", o)
	}
}

// names walks a name tree (ISO 32000-2, 7.9.6).
func (d *dynamic) names(o pdf.Object, depth int, fn func(name string, o pdf.Object)) {
	node := d.dict(o)
	if node == nil || depth > 32 {
		return
	}
	list := d.array(node.Get("Names"))
	for i := 0; i+1 < len(list) && d.left > 0; i += 2 {
		d.left--
		name, _ := list[i].(pdf.String)
		fn(pdf.DecodeText(name), list[i+1])
	}
	for _, kid := range d.array(node.Get("Kids")) {
		d.names(kid, depth+1, fn)
	}
}

// harmless actions go to another place of the same document, or to a page of the
// web once a person clicks.
var harmless = map[pdf.Name]bool{"GoTo": true, "Named": true, "Thread": true, "URI": true, "": true}

// action names an action and those that come after it (12.6). One that runs by
// itself is named also where it only goes to the web.
func (d *dynamic) action(o pdf.Object, near pdf.Ref, when saying, itself bool) {
	todo := []pdf.Object{o}
	for n := 0; len(todo) > 0 && n < 100; n++ {
		o, todo = todo[0], todo[1:]
		a := d.dict(o)
		if a == nil {
			continue
		}
		kind := a.Name("S")
		switch {
		case kind == "JavaScript" || a.Has("JS"):
			d.found(o, near, "JavaScript %s", when)
		case !harmless[kind] || itself && kind == "URI":
			d.found(o, near, "an action of type %q %s", kind, when)
		}
		next, err := d.v.Resolve(a.Get("Next"))
		if list, ok := next.(pdf.Array); ok && err == nil {
			todo = append(todo, list[:min(len(list), 100)]...)
		} else if a.Has("Next") {
			todo = append(todo, a.Get("Next"))
		}
	}
}

// triggers names the actions of an /AA, which run by themselves.
func (d *dynamic) triggers(o pdf.Object, near pdf.Ref, of saying) {
	aa := d.dict(o)
	for i := 0; i < aa.Len() && i < 64; i++ {
		k, a := aa.At(i)
		d.action(a, near, said("at the event %s %s", k, of), true)
	}
}

// pageTree walks the pages without keeping them.
func (d *dynamic) pageTree(root pdf.Object) {
	todo := []pdf.Object{root}
	for page := 0; len(todo) > 0 && d.left > 0; {
		o := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		node := d.dict(o)
		if node == nil {
			continue
		}
		d.resources(node.Get("Resources"))
		if kids := d.array(node.Get("Kids")); node.Name("Type") != "Page" && kids != nil {
			for i := len(kids) - 1; i >= 0; i-- {
				todo = append(todo, kids[i])
			}
			continue
		}
		page++
		ref, _ := o.(pdf.Ref)
		d.page(ref, node, page)
	}
}

func (d *dynamic) page(ref pdf.Ref, page *pdf.Dict, number int) {
	d.triggers(page.Get("AA"), ref, said("of page %d", number))
	for _, o := range d.array(page.Get("AF")) {
		d.file("", o)
	}
	contents := d.array(page.Get("Contents"))
	if contents == nil {
		contents = pdf.Array{page.Get("Contents")}
	}
	for _, o := range contents {
		d.external(o, ref)
	}
	for _, o := range d.array(page.Get("Annots")) {
		if a := d.dict(o); a != nil {
			d.annotation(o, ref, a, number)
		}
	}
}

// moving are the annotations that show something other than what is on the page.
var moving = map[pdf.Name]saying{
	"Screen": said("a film"), "Movie": said("a film"), "RichMedia": said("a film or a game"), "3D": said("a model in three dimensions"), "Sound": said("sound"),
}

func (d *dynamic) annotation(o pdf.Object, page pdf.Ref, a *pdf.Dict, number int) {
	where := said("on page %d", number)
	if name, ok := a.Get("T").(pdf.String); ok && a.Name("Subtype") == "Widget" {
		where = said("of field %q", pdf.DecodeText(name))
	}
	near := page
	if ref, ok := o.(pdf.Ref); ok {
		near = ref
	}
	if kind := moving[a.Name("Subtype")]; !kind.none() {
		d.found(o, page, "%s on page %d", kind, number)
	}
	d.action(a.Get("A"), near, where, false)
	d.triggers(a.Get("AA"), near, where)
	if a.Name("Subtype") == "FileAttachment" {
		d.file("", a.Get("FS"))
	}
	for depth, up := 0, a; depth < 32 && up != nil && a.Name("Subtype") == "Widget"; depth++ {
		parent := up.Get("Parent")
		if up = d.dict(parent); up != nil {
			d.action(up.Get("A"), near, where, false)
			d.triggers(up.Get("AA"), near, where)
		}
	}
}

// external names a stream whose data is in another file (7.3.8.2), or a form that
// stands for a page of another file (8.10.4).
func (d *dynamic) external(o pdf.Object, near pdf.Ref) *pdf.Dict {
	s := d.dict(o)
	if s == nil {
		return nil
	}
	if s.Has("F") {
		d.found(o, near, "a stream whose data is outside the file")
	}
	if s.Has("Ref") {
		d.found(o, near, "a form that stands for a page of another file")
	}
	return s
}

// resources looks at pictures and forms, and the forms within them.
func (d *dynamic) resources(o pdf.Object) {
	todo := []pdf.Object{o}
	for len(todo) > 0 && d.left > 0 {
		r := d.dict(todo[len(todo)-1])
		todo = todo[:len(todo)-1]
		x := d.dict(r.Get("XObject"))
		for i := 0; i < x.Len(); i++ {
			_, o := x.At(i)
			if s := d.external(o, pdf.Ref{}); s != nil && s.Has("Resources") {
				todo = append(todo, s.Get("Resources"))
			}
		}
	}
}

// outline looks at the bookmarks.
func (d *dynamic) outline(catalog *pdf.Dict) {
	todo := []pdf.Object{catalog.Get("Outlines")}
	for len(todo) > 0 && d.left > 0 {
		o := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		ref, ok := o.(pdf.Ref)
		item := d.dict(o)
		if !ok || item == nil {
			continue
		}
		d.action(item.Get("A"), ref, said("of a bookmark"), false)
		todo = append(todo, item.Get("Next"), item.Get("First"))
	}
}
