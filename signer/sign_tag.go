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
// only for the first signature, of which nobody compares anything.

// tagging says whether the new widget becomes part of the structure tree.
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

// tag makes the element, and gives the widget the number that leads to it. What it
// has to change is read and checked first: where it cannot, nothing is changed, and
// only a file that claims PDF/UA is refused.
func (p *plan) tag(widget *pdf.Dict) error {
	if !p.tagging() {
		return nil
	}
	s, err := p.readStructure()
	if err != nil {
		if p.claim.access == 0 {
			return nil
		}
		return p.refuse("its structure tree cannot take the element of a visible signature (%v): sign an empty field that the file has, or invisibly", err)
	}
	page := p.field.page.Ref
	element := p.update.Add(pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("StructElem")},
		pdf.Entry{Key: "S", Value: pdf.Name("Form")},
		pdf.Entry{Key: "P", Value: s.ref},
		pdf.Entry{Key: "Pg", Value: page},
		pdf.Entry{Key: "Lang", Value: pdf.TextString("vi")}, // of what is said in the widget
		pdf.Entry{Key: "K", Value: pdf.NewDict(
			pdf.Entry{Key: "Type", Value: pdf.Name("OBJR")},
			pdf.Entry{Key: "Obj", Value: p.field.ref},
			pdf.Entry{Key: "Pg", Value: page},
		)},
	))
	widget.Set("StructParent", pdf.Integer(s.key))
	p.addElement(s, element)
	p.addParent(s, element)
	s.root.Set("ParentTreeNextKey", pdf.Integer(s.key+1))
	p.update.Set(s.ref, s.root)
	p.tagged = true
	return nil
}

// structure is what a new element changes.
type structure struct {
	ref  pdf.Ref
	root *pdf.Dict // as it will be
	top  pdf.Array
	tree *pdf.Dict // the root of the parent tree as it is, nil for none
	kids pdf.Array // of it
	nums pdf.Array
	key  int64
}

func (p *plan) readStructure() (*structure, error) {
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
	if s.key = max(next, tree.next()); s.key > maxStructParent {
		return nil, fmt.Errorf("its parent tree has no number left under %d", maxStructParent)
	}
	return s, nil
}

const maxStructParent = 1<<31 - 2 // readers of 32 bits

// addElement puts an element behind those at the top of the tree.
func (p *plan) addElement(s *structure, element pdf.Ref) {
	top := append(s.top[:len(s.top):len(s.top)], element)
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

// addParent puts the element's number into the parent tree: into a leaf of its own
// where the tree has leaves, else into the only node.
func (p *plan) addParent(s *structure, element pdf.Ref) {
	pair := pdf.Array{pdf.Integer(s.key), element}
	if s.tree == nil {
		s.root.Set("ParentTree", p.update.Add(pdf.NewDict(pdf.Entry{Key: "Nums", Value: pair})))
		return
	}
	key, list := pdf.Name("Nums"), append(s.nums[:len(s.nums):len(s.nums)], pair...)
	if len(s.kids) > 0 {
		leaf := p.update.Add(pdf.NewDict(
			pdf.Entry{Key: "Limits", Value: pdf.Array{pdf.Integer(s.key), pdf.Integer(s.key)}},
			pdf.Entry{Key: "Nums", Value: pair},
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

// describe gives a new widget what its standards ask for beyond what all have: words
// for those who cannot see it (ISO 14289-1, 7.18.1), and an appearance also where
// nothing is to be seen (ISO 19005-1, 6.9).
func (p *plan) describe(widget *pdf.Dict) {
	if p.tagged {
		widget.Set("Contents", pdf.TextString(p.field.text))
	}
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
