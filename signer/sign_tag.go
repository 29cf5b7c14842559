package signer

import (
	"fmt"

	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

// A widget that shows on a page of a tagged file is content, and belongs into the
// structure tree: into an element Form that refers to it (ISO 32000-2, 14.8.4.7.2; ISO
// 14289-1, 7.18.4). That changes the root of the tree, which pyHanko does not take for
// part of a further signature. So it is done where the file claims PDF/UA, and else
// only before and with the first signature, of which nobody compares anything.

// tagging says whether new widgets become part of the structure tree.
func (p *plan) tagging() bool {
	if !p.visible() || p.field.dict != nil || p.claim.access > 1 {
		return false
	}
	return p.claim.access == 1 || p.claim.tagged && !p.signed()
}

// signed reports whether the file has signatures already; what cannot be told
// counts as one.
func (p *plan) signed() bool {
	list, err := p.view.Signatures()
	return err != nil || len(list) > 0
}

// A placedWidget is one that a revision adds to a page.
type placedWidget struct {
	ref  pdf.Ref
	dict *pdf.Dict
	page pdf.Ref
	text string // what it is, for those who cannot see it
}

// tag makes an element for each widget, and gives the widget the number that leads to
// it, and its words (ISO 14289-1, 7.18.1). What it has to change is read and checked
// first: where it cannot, nothing is changed, and only of a file that claims PDF/UA is
// that an error, which says what is wrong with its structure tree.
func (p *plan) tag(widgets ...placedWidget) error {
	if !p.tagging() {
		return nil
	}
	s, err := p.readStructure(int64(len(widgets)))
	if err != nil {
		if p.claim.access == 0 {
			return nil
		}
		return err
	}
	var elements, pairs pdf.Array
	for i, w := range widgets {
		key := pdf.Integer(s.key + int64(i))
		element := p.update.Add(w.element(s.ref))
		elements, pairs = append(elements, element), append(pairs, key, element)
		w.dict.Set("StructParent", key)
		w.dict.Set("Contents", pdf.TextString(w.text))
	}
	p.addElements(s, elements)
	p.addParents(s, pairs)
	s.root.Set("ParentTreeNextKey", pdf.Integer(s.key+int64(len(widgets))))
	p.update.Set(s.ref, s.root)
	p.tagged = true
	return nil
}

// element is the place of the widget in the structure, below the root.
func (w placedWidget) element(root pdf.Ref) *pdf.Dict {
	return pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("StructElem")},
		pdf.Entry{Key: "S", Value: pdf.Name("Form")},
		pdf.Entry{Key: "P", Value: root},
		pdf.Entry{Key: "Pg", Value: w.page},
		pdf.Entry{Key: "Lang", Value: pdf.TextString("vi")}, // of what is said in the widget
		pdf.Entry{Key: "K", Value: pdf.NewDict(
			pdf.Entry{Key: "Type", Value: pdf.Name("OBJR")},
			pdf.Entry{Key: "Obj", Value: w.ref},
			pdf.Entry{Key: "Pg", Value: w.page},
		)},
	)
}

// structure is what new elements change.
type structure struct {
	ref  pdf.Ref
	root *pdf.Dict // as it will be
	top  pdf.Array
	tree *pdf.Dict // the root of the parent tree as it is, nil for none
	kids pdf.Array // of it
	nums pdf.Array
	key  int64 // the first that is free
}

// readStructure reads what count new elements change.
func (p *plan) readStructure(count int64) (*structure, error) {
	s := &structure{ref: p.catalog.Ref("StructTreeRoot")}
	root, err := p.view.Dict(p.catalog.Get("StructTreeRoot"))
	if err != nil || root == nil || s.ref.IsZero() || len(root.Duplicates()) > 0 {
		return nil, fmt.Errorf("there is none that can be read")
	}
	s.root = root.Clone()
	if s.top, err = topElements(p.view, root.Get("K")); err != nil {
		return nil, err
	}
	tree, err := readParentTree(p.view, root.Get("ParentTree"))
	if err != nil {
		return nil, fmt.Errorf("in its parent tree, %w", err)
	}
	if s.tree, err = p.view.Dict(root.Get("ParentTree")); err != nil {
		return nil, err
	}
	if s.tree != nil {
		if s.kids, err = p.view.Array(s.tree.Get("Kids")); err != nil {
			return nil, err
		}
		if s.nums, err = p.view.Array(s.tree.Get("Nums")); err != nil {
			return nil, err
		}
	}
	next, _ := root.Int("ParentTreeNextKey")
	if s.key = max(next, tree.next()); s.key > maxStructParent-count {
		return nil, fmt.Errorf("its parent tree has too few numbers left under %d", maxStructParent)
	}
	return s, nil
}

const maxStructParent = 1<<31 - 2 // readers of 32 bits

// addElements puts elements behind those at the top of the tree.
func (p *plan) addElements(s *structure, elements pdf.Array) {
	top := append(s.top[:len(s.top):len(s.top)], elements...)
	if ref, ok := s.root.Get("K").(pdf.Ref); ok && p.isArray(ref) {
		p.update.Set(ref, top)
		return
	}
	s.root.Set("K", top)
}

func (p *plan) isArray(ref pdf.Ref) bool {
	o, err := p.view.Resolve(ref)
	_, ok := o.(pdf.Array)
	return err == nil && ok
}

// addParents puts the numbers of elements, each before its element, into the parent
// tree: into a leaf of their own where the tree has leaves, else into the only node.
func (p *plan) addParents(s *structure, pairs pdf.Array) {
	if s.tree == nil {
		s.root.Set("ParentTree", p.update.Add(pdf.NewDict(pdf.Entry{Key: "Nums", Value: pairs})))
		return
	}
	key, list := pdf.Name("Nums"), append(s.nums[:len(s.nums):len(s.nums)], pairs...)
	if len(s.kids) > 0 {
		leaf := p.update.Add(pdf.NewDict(
			pdf.Entry{Key: "Limits", Value: pdf.Array{pairs[0], pairs[len(pairs)-2]}},
			pdf.Entry{Key: "Nums", Value: pairs},
		))
		key, list = "Kids", append(s.kids[:len(s.kids):len(s.kids)], leaf)
	}
	if ref, ok := s.tree.Get(key).(pdf.Ref); ok && p.isArray(ref) {
		p.update.Set(ref, list)
		return
	}
	tree := s.tree.Clone()
	tree.Set(key, list)
	if key == "Nums" {
		tree.Delete("Kids") // which were none
	}
	if ref, ok := s.root.Get("ParentTree").(pdf.Ref); ok {
		p.update.Set(ref, tree)
	} else {
		s.root.Set("ParentTree", tree)
	}
}

// ordered reports whether a page gets /Tabs, by which the keyboard goes through its
// annotations in the order of the structure (ISO 14289-1, 7.18.3).
func (p *plan) ordered(page *pdf.Dict) bool {
	return isNull(page.Get("Tabs")) && (p.claim.access > 0 || p.tagged)
}

// orderFirstPage prepares the page on which time-stamps will have their fields, while
// there is no signature yet for whose reader a page must not change.
func (p *plan) orderFirstPage() {
	if p.claim.access == 0 || p.signed() {
		return
	}
	page, ok := p.firstPage()
	if !ok || page.Ref == p.field.page.Ref || !p.ordered(page.Dict) {
		return
	}
	dict := page.Dict.Clone()
	dict.Set("Tabs", pdf.Name("S"))
	p.update.Set(page.Ref, dict)
}

// blank gives a new widget an appearance also where nothing is to be seen (ISO
// 19005-1, 6.9).
func (p *plan) blank(widget *pdf.Dict) {
	if p.claim.archive == 1 && p.field.look.IsZero() {
		widget.Set("AP", pdf.NewDict(pdf.Entry{Key: "N", Value: appearance.Blank(p.update)}))
	}
}

// tagWarnings names what others will say of a file that was tagged.
func (p *plan) tagWarnings() []string {
	if p.tagged && p.signed() {
		return []string{"the file claims PDF/UA, so the new field became part of its structure tree: pyHanko takes that for a change after the earlier signatures, which prepared fields avoid"}
	}
	return nil
}
