package signer_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/pdf"
)

func archived(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "pdfa", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// taggedByHand is what a further signature in a tagged file changes, before it is
// written, so that it can be wrong.
type taggedByHand struct {
	u             *pdf.Update
	ref           pdf.Ref   // of the structure tree's root
	root, tree    *pdf.Dict // the root, and its parent tree's
	top, nums     pdf.Array
	field, page   pdf.Ref
	element, objr *pdf.Dict
	elementRef    pdf.Ref
	key           int64
	after         []func() // once all is written
}

func structTree(t testing.TB, v *pdf.View) (ref pdf.Ref, root, tree *pdf.Dict, top, nums pdf.Array) {
	t.Helper()
	_, catalog, err := v.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	ref = catalog.Ref("StructTreeRoot")
	root, err = v.Dict(ref)
	if err != nil || root == nil {
		t.Fatalf("structure tree: %v", err)
	}
	tree, errTree := v.Dict(root.Get("ParentTree"))
	top, errTop := v.Array(root.Get("K"))
	nums, errNums := v.Array(tree.Get("Nums"))
	if errTree != nil || errTop != nil || errNums != nil {
		t.Fatalf("structure tree: %v, %v, %v", errTree, errTop, errNums)
	}
	return ref, root.Clone(), tree.Clone(), top, nums
}

// signTagged appends a signature whose widget becomes part of the structure tree, but
// for what edit does to it. The widget is new, or that of an empty field.
func signTagged(t testing.TB, in []byte, key keys.Key, empty string, edit func(*taggedByHand)) []byte {
	t.Helper()
	f, err := pdf.Open(bytes.NewReader(in), pdf.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	v := f.Latest()
	s := &taggedByHand{field: pdf.Ref{Number: v.MaxObject() + 2}} // as byHand numbers them
	s.ref, s.root, s.tree, s.top, s.nums = structTree(t, v)
	pages, err := v.Pages()
	if err != nil {
		t.Fatal(err)
	}
	h := byHand{key: key, field: "Hai", page: true}
	if empty != "" {
		h.field, h.there = empty, true
		s.field = fieldNamed(t, in, empty)
	}
	s.page = pages[0].Ref
	last, _ := s.nums[len(s.nums)-2].(pdf.Integer)
	s.key = int64(last) + 1
	s.objr = pdf.NewDict(entry("Type", pdf.Name("OBJR")), entry("Obj", s.field), entry("Pg", s.page))
	s.element = pdf.NewDict(entry("Type", pdf.Name("StructElem")), entry("S", pdf.Name("Form")), entry("P", s.ref), entry("Pg", s.page), entry("K", s.objr))
	s.root.Set("ParentTreeNextKey", pdf.Integer(s.key+1))
	h.widget = []pdf.Entry{entry("Rect", rect(60, 60, 160, 120)), entry("StructParent", pdf.Integer(s.key))}
	h.update = func(u *pdf.Update) {
		s.u, s.elementRef = u, u.Add(s.element)
		s.top = append(s.top[:len(s.top):len(s.top)], s.elementRef)
		s.nums = append(s.nums[:len(s.nums):len(s.nums)], pdf.Integer(s.key), s.elementRef)
		edit(s)
		s.root.Set("K", s.top)
		s.tree.Set("Nums", s.nums)
		u.Set(s.root.Ref("ParentTree"), s.tree)
		u.Set(s.ref, s.root)
		for _, fn := range s.after {
			fn()
		}
	}
	return h.sign(t, in)
}

// A further signature may put its widget into the structure tree, and change nothing
// else that says what the content is and how it is read.
func TestWhatFollowsInStructure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	once, _ := sign(t, archived(t, "ua1.pdf"), w.person.Key(), personal())
	f, err := pdf.Open(bytes.NewReader(once), pdf.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	_, _, _, top, nums := structTree(t, f.Latest())
	document, first := top[0].(pdf.Ref), top[1].(pdf.Ref)
	body, err := f.Latest().Dict(document)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := f.Latest().Array(body.Get("K"))
	if err != nil || len(parts) == 0 {
		t.Fatalf("the document has no parts: %v", err)
	}
	heading := parts[0].(pdf.Ref)
	earlier, err := f.Latest().Fields()
	if err != nil || len(earlier) != 1 || len(top) != 2 {
		t.Fatalf("fields %v, %v; top of the tree %v", earlier, err, top)
	}
	editObject := func(s *taggedByHand, ref pdf.Ref, entries ...pdf.Entry) {
		d, err := s.u.View().Dict(ref)
		if err != nil {
			t.Fatal(err)
		}
		s.u.Set(ref, merge(d.Clone(), entries))
	}
	words := pdf.TextString("Đồng ý chi 1 tỷ đồng")
	for _, tt := range []struct {
		name string
		edit func(*taggedByHand)
		why  string // empty where it is a signature and nothing else
	}{
		{"as signing does it", func(*taggedByHand) {}, ""},
		{"with a language", func(s *taggedByHand) { s.element.Set("Lang", pdf.TextString("vi")) }, ""},
		{"the widget in an array", func(s *taggedByHand) { s.element.Set("K", pdf.Array{s.objr}) }, ""},
		{"words to be read for the element", func(s *taggedByHand) { s.element.Set("ActualText", words) }, "it has the entry /ActualText"},
		{"a description", func(s *taggedByHand) { s.element.Set("Alt", words) }, "it has the entry /Alt"},
		{"a language that is none", func(s *taggedByHand) { s.element.Set("Lang", s.elementRef) }, "its /Lang is no text"},
		{"another type", func(s *taggedByHand) { s.element.Set("S", pdf.Name("P")) }, "of type /P"},
		{"another parent", func(s *taggedByHand) { s.element.Set("P", document) }, "another one as its parent"},
		{"another page", func(s *taggedByHand) { s.element.Set("Pg", s.ref) }, "another page"},
		{"marked content beside the widget", func(s *taggedByHand) { s.element.Set("K", pdf.Array{pdf.Integer(0), s.objr}) }, "more than a widget"},
		{"the widget of an earlier signature", func(s *taggedByHand) { s.objr.Set("Obj", earlier[0].Ref) }, "not for a widget that this revision adds"},
		{"the page for a widget", func(s *taggedByHand) { s.objr.Set("Obj", s.page) }, "not for a widget that this revision adds"},
		{"two elements", func(s *taggedByHand) { s.top = append(s.top, s.u.Add(s.element)) }, "two elements"},
		{"an element that was there", func(s *taggedByHand) { s.top = append(s.top, first) }, "it was there before"},
		{"an element that was there is made the widget's", func(s *taggedByHand) {
			s.top[len(s.top)-1], s.nums[len(s.nums)-1] = heading, heading
			s.after = append(s.after, func() { s.u.Set(heading, s.element) })
		}, "it was there before"},
		{"read first", func(s *taggedByHand) { s.top = pdf.Array{s.elementRef, document, first} }, "put in another order"},
		{"the document taken out", func(s *taggedByHand) { s.top = s.top[1:] }, "elements at its top"},
		{"an entry of the parent tree replaced", func(s *taggedByHand) { s.nums[1] = nums[3] }, "number 0 of its parent tree changes"},
		{"an entry of the parent tree taken away", func(s *taggedByHand) { s.nums = s.nums[2:] }, "grows by 0 numbers"},
		{"one number more", func(s *taggedByHand) { s.nums = append(s.nums, pdf.Integer(s.key+1), document) }, "grows by 2 numbers"},
		{"the number leads elsewhere", func(s *taggedByHand) { s.nums[len(s.nums)-1] = document }, "does not lead to the element"},
		{"a number that no widget has", func(s *taggedByHand) { s.nums[len(s.nums)-2] = pdf.Integer(s.key + 7) }, "does not lead to the element"},
		{"numbers in disorder", func(s *taggedByHand) { s.nums[len(s.nums)-2] = pdf.Integer(0) }, "not in order"},
		{"limits that hide a number", func(s *taggedByHand) {
			kid := s.u.Add(pdf.NewDict(entry("Limits", pdf.Array{pdf.Integer(1), pdf.Integer(s.key)}), entry("Nums", s.nums)))
			s.after = append(s.after, func() { s.u.Set(s.root.Ref("ParentTree"), pdf.NewDict(entry("Kids", pdf.Array{kid}))) })
		}, "the /Limits of a node"},
		{"the tree in leaves", func(s *taggedByHand) {
			kid := s.u.Add(pdf.NewDict(entry("Limits", pdf.Array{pdf.Integer(0), pdf.Integer(s.key)}), entry("Nums", s.nums)))
			s.after = append(s.after, func() { s.u.Set(s.root.Ref("ParentTree"), pdf.NewDict(entry("Kids", pdf.Array{kid}))) })
		}, ""},
		{"a next number that is in use", func(s *taggedByHand) { s.root.Set("ParentTreeNextKey", pdf.Integer(s.key)) }, "/ParentTreeNextKey"},
		{"no next number", func(s *taggedByHand) { s.root.Delete("ParentTreeNextKey") }, "/ParentTreeNextKey"},
		{"the map of roles", func(s *taggedByHand) { s.root.Set("RoleMap", pdf.NewDict(entry("Standard", pdf.Name("Artifact")))) }, "/RoleMap changes"},
		{"a class map", func(s *taggedByHand) { s.root.Set("ClassMap", pdf.NewDict()) }, "/ClassMap changes"},
		{"an element that was there gets words", func(s *taggedByHand) { editObject(s, document, entry("ActualText", words)) }, "/StructTreeRoot/K[0]"},
		{"an element that was there gets other content", func(s *taggedByHand) { editObject(s, document, entry("K", pdf.Array{})) }, "/StructTreeRoot/K[0]"},
		{"the element of an earlier signature gets words", func(s *taggedByHand) { editObject(s, first, entry("Alt", words)) }, "/StructTreeRoot/K[1]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := validate(t, signTagged(t, once, w.agency.Key(), "", tt.edit), w.options())
			s := r.Signatures[0]
			if tt.why == "" {
				if s.Indication != signer.TotalPassed || s.Changes != signer.ChangesSignature {
					t.Errorf("want a signature and nothing else:\n%s", summary(r))
				}
				return
			}
			if s.Indication != signer.TotalFailed || s.Changes != signer.ChangesContent || !strings.Contains(summary(r), tt.why) {
				t.Errorf("want content, %q:\n%s", tt.why, summary(r))
			}
		})
	}
}

// The structure says what a widget that was there stands for, or that it is none of the
// content: a later revision does not change that, not even one that signs in it.
func TestWidgetThatWasThereInStructure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number := func(field *pdf.Dict) { field.Set("StructParent", pdf.Integer(2)) } // the next one
	for _, tt := range []struct {
		name, signed, tagged string
		before               func(field *pdf.Dict)
	}{
		{"an empty field, as it is signed", "Dấu", "Dấu", nil},
		{"one that leads nowhere", "Dấu", "Dấu", number},
		{"one that did not show", "Dấu", "Dấu", func(field *pdf.Dict) { field.Delete("Rect") }},
		{"a text field", "", "Số", number},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := editCatalog(t, archived(t, "ua1.pdf"), func(u *pdf.Update, c *pdf.Dict) {
				pages, err := u.View().Pages()
				if err != nil {
					t.Fatal(err)
				}
				var fields pdf.Array
				for i, title := range []string{"Dấu", "Số"} {
					field := dict("Type", name("Annot"), "Subtype", name("Widget"), "FT", name([]string{"Sig", "Tx"}[i]), "T", pdf.TextString(title),
						"F", pdf.Integer(132), "Rect", rect(60, 60+100*i, 160, 120+100*i), "P", pages[0].Ref)
					if title == tt.tagged && tt.before != nil {
						tt.before(field)
					}
					fields = append(fields, u.Add(field))
				}
				page := pages[0].Dict.Clone()
				page.Set("Annots", fields)
				u.Set(pages[0].Ref, page)
				c.Set("AcroForm", u.Add(dict("Fields", fields)))
			})
			once, _ := sign(t, in, w.person.Key(), signer.SignOptions{})
			r := validate(t, signTagged(t, once, w.agency.Key(), tt.signed, func(s *taggedByHand) { s.objr.Set("Obj", fieldNamed(t, once, tt.tagged)) }), w.options())
			if s := r.Signatures[0]; s.Indication != signer.TotalFailed || s.Changes != signer.ChangesContent || !strings.Contains(summary(r), "not for a widget that this revision adds") {
				t.Errorf("want content:\n%s", summary(r))
			}
		})
	}
}

func fieldNamed(t testing.TB, data []byte, full string) pdf.Ref {
	t.Helper()
	for _, f := range fields(t, data) {
		if f.FullName == full {
			return f.Ref
		}
	}
	t.Fatalf("no field %q", full)
	return pdf.Ref{}
}

// Without a signature nothing of the structure may change, nor may a tree be added.
func TestStructureWithoutSignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tagged, _ := sign(t, archived(t, "ua1.pdf"), w.person.Key(), personal())
	plain, _ := sign(t, archived(t, "2b.pdf"), w.person.Key(), personal())
	for name, data := range map[string][]byte{
		"an element": revise(tagged, func(u *pdf.Update) {
			ref, root, _, top, _ := structTree(t, u.View())
			element := u.Add(pdf.NewDict(entry("Type", pdf.Name("StructElem")), entry("S", pdf.Name("P")), entry("P", ref), entry("ActualText", pdf.TextString("Bãi bỏ"))))
			root.Set("K", append(top[:len(top):len(top)], element))
			u.Set(ref, root)
		}),
		"a tree": editCatalog(t, plain, func(u *pdf.Update, c *pdf.Dict) {
			c.Set("StructTreeRoot", u.Add(pdf.NewDict(entry("Type", pdf.Name("StructTreeRoot")))))
		}),
		"no tree": editCatalog(t, tagged, func(u *pdf.Update, c *pdf.Dict) { c.Delete("StructTreeRoot") }),
		"another tree": editCatalog(t, tagged, func(u *pdf.Update, c *pdf.Dict) {
			_, root, _, _, _ := structTree(t, u.View())
			c.Set("StructTreeRoot", u.Add(root))
		}),
	} {
		if r := validate(t, data, w.options()); r.Signatures[0].Changes != signer.ChangesContent || r.Verdict != signer.VerdictInvalid {
			t.Errorf("%s: want content:\n%s", name, summary(r))
		}
	}
}

// reshaped are tagged files with their trees as other programs write them.
func reshaped(t testing.TB) map[string][]byte {
	t.Helper()
	in := archived(t, "ua1.pdf")
	number := func(i int) pdf.Object { return pdf.Integer(i) }
	change := func(edit func(u *pdf.Update, root, tree *pdf.Dict, nums pdf.Array)) []byte {
		return revise(in, func(u *pdf.Update) {
			ref, root, tree, _, nums := structTree(t, u.View())
			edit(u, root, tree, nums)
			if at, ok := root.Get("ParentTree").(pdf.Ref); ok {
				u.Set(at, tree)
			}
			u.Set(ref, root)
		})
	}
	return map[string][]byte{
		"ua1-leaves.pdf": change(func(u *pdf.Update, root, tree *pdf.Dict, nums pdf.Array) {
			a := u.Add(pdf.NewDict(entry("Limits", pdf.Array{number(0), number(0)}), entry("Nums", nums[:2])))
			b := u.Add(pdf.NewDict(entry("Limits", pdf.Array{number(1), number(1)}), entry("Nums", u.Add(nums[2:]))))
			tree.Delete("Nums")
			tree.Set("Kids", u.Add(pdf.Array{a, b}))
			root.Delete("ParentTreeNextKey")
		}),
		"ua1-direct.pdf": change(func(_ *pdf.Update, root, tree *pdf.Dict, _ pdf.Array) {
			root.Set("ParentTree", tree.Clone())
			root.Set("ParentTreeNextKey", number(40))
		}),
		"ua1-array.pdf": change(func(u *pdf.Update, root, tree *pdf.Dict, nums pdf.Array) {
			top, _ := u.View().Array(root.Get("K"))
			root.Set("K", u.Add(top))
			tree.Set("Nums", u.Add(nums))
		}),
		"ua1-single.pdf": change(func(u *pdf.Update, root, _ *pdf.Dict, _ pdf.Array) {
			top, _ := u.View().Array(root.Get("K"))
			root.Set("K", top[0])
		}),
	}
}

// A tree that cannot take an element is left alone, and the file refused if it claims
// PDF/UA.
func TestTagRefuses(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")).Key()
	disorder := func(in []byte) []byte {
		return revise(in, func(u *pdf.Update) {
			_, root, tree, _, nums := structTree(t, u.View())
			tree.Set("Nums", append(nums, nums[:2]...))
			u.Set(root.Ref("ParentTree"), tree)
		})
	}
	claims, silent := disorder(archived(t, "ua1.pdf")), disorder(archived(t, "3b.pdf"))
	if _, err := trySign(claims, key, personal()); err == nil || !strings.Contains(err.Error(), "PDF/UA-1") || !strings.Contains(err.Error(), "not in order") {
		t.Errorf("PDF/UA: %v", err)
	}
	forced := personal()
	forced.Force = true
	if _, err := trySign(claims, key, forced); err != nil {
		t.Errorf("PDF/UA, forced: %v", err)
	}
	if _, err := trySign(claims, key, signer.SignOptions{}); err != nil {
		t.Errorf("PDF/UA, invisible: %v", err)
	}
	if _, err := trySign(silent, key, personal()); err != nil {
		t.Errorf("without PDF/UA: %v", err)
	}
	if _, _, err := tryPrepare(claims, placedFields()); !errors.Is(err, signer.ErrConformity) || !strings.Contains(err.Error(), "not in order") {
		t.Errorf("PDF/UA, prepared: %v", err)
	}
	if _, _, err := tryPrepare(silent, placedFields()); err != nil {
		t.Errorf("without PDF/UA, prepared: %v", err)
	}
}
