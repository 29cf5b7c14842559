package signer_test

import (
	"testing"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

// preparedAccess is a PDF/UA file with two empty signature fields in its structure.
func preparedAccess(t testing.TB) []byte {
	t.Helper()
	return revise(archived(t, "ua1.pdf"), func(u *pdf.Update) {
		pages, err := u.View().Pages()
		if err != nil {
			t.Fatal(err)
		}
		last := pages[len(pages)-1]
		ref, root, tree, top, nums := structTree(t, u.View())
		next, _ := root.Int("ParentTreeNextKey")
		var fields pdf.Array
		for i, name := range []string{"Ký", "Dấu"} {
			key := pdf.Integer(next + int64(i))
			field := u.Add(pdf.NewDict(entry("Type", pdf.Name("Annot")), entry("Subtype", pdf.Name("Widget")), entry("FT", pdf.Name("Sig")),
				entry("T", pdf.TextString(name)), entry("TU", pdf.TextString("Chỗ ký: "+name)), entry("F", pdf.Integer(132)), entry("P", last.Ref),
				entry("Rect", rect(60+250*i, 60, 260+250*i, 160)), entry("StructParent", key)))
			element := u.Add(pdf.NewDict(entry("Type", pdf.Name("StructElem")), entry("S", pdf.Name("Form")), entry("P", ref), entry("Pg", last.Ref),
				entry("K", pdf.NewDict(entry("Type", pdf.Name("OBJR")), entry("Obj", field), entry("Pg", last.Ref)))))
			fields, top, nums = append(fields, field), append(top, element), append(nums, key, element)
		}
		root.Set("K", top)
		root.Set("ParentTreeNextKey", pdf.Integer(next+2))
		tree.Set("Nums", nums)
		u.Set(root.Ref("ParentTree"), tree)
		u.Set(ref, root)
		for i, page := range []pdf.Page{pages[0], last} {
			d := page.Dict.Clone()
			d.Set("Tabs", pdf.Name("S"))
			if i == 1 {
				d.Set("Annots", fields)
			}
			u.Set(page.Ref, d)
		}
		at, catalog, err := u.View().Catalog()
		if err != nil {
			t.Fatal(err)
		}
		catalog = catalog.Clone()
		catalog.Set("AcroForm", u.Add(pdf.NewDict(entry("Fields", fields))))
		u.Set(at, catalog)
	})
}

// signPrepared signs both fields: nothing of the structure has to change, so that
// pyHanko too finds both signatures whole.
func (n *nothingNew) signPrepared(t *testing.T, pki *testpki.PKI) {
	t.Helper()
	in := preparedAccess(t)
	once, _ := sign(t, in, pki.Issue(testpki.Person("Đỗ Nghĩa Sĩ", "UBND phường Ba Hàng")).Key(),
		signer.SignOptions{Profile: appearance.Personal, Image: hand, Field: "Ký"})
	o := longTerm(pki, signer.LevelBLTA)
	o.Profile, o.Image, o.Field = appearance.Agency, seal, "Dấu"
	twice, signed := sign(t, once, pki.Issue(testpki.Agency("UBND phường Ba Hàng")).Key(), o)
	if len(signed.Warnings) > 0 {
		t.Errorf("prepared: warnings %q", signed.Warnings)
	}
	n.put(t, "ua1-prepared.pdf", in, []string{"ua1"})
	n.put(t, "ua1-prepared.pdf+once.pdf", once, []string{"ua1"})
	n.put(t, "ua1-prepared.pdf+twice.pdf", twice, []string{"ua1"})
	acceptsAll(t, pki, "prepared", twice)
}

// acceptsAll: pyHanko finds each signature whole, whatever follows it.
func acceptsAll(t *testing.T, pki *testpki.PKI, name string, data []byte) {
	t.Helper()
	for i, v := range judge(t, pki, save(t, "signed.pdf", data)) {
		if !v.Bottom {
			t.Errorf("%s: pyHanko on signature %d: %+v", name, i+1, v)
		}
	}
}
