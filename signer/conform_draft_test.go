package signer_test

import (
	"testing"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/pdf"
)

// placedFields are places for fields that no text is near to.
func placedFields() signer.DraftOptions {
	return signer.DraftOptions{
		Number: &signer.Placement{Page: 1, Rect: [4]float64{60, 600, 160, 616}},
		Date:   &signer.Placement{Page: 1, Rect: [4]float64{330, 600, 510, 616}},
		Seal:   &signer.Placement{Page: -1, Rect: [4]float64{60, 60, 260, 140}},
	}
}

// signDrafted goes the law's order: fields are prepared, a person signs beside them,
// and the agency fills in number and date and seals, at the highest level. Of the
// structure nothing changes after the first signature, so that pyHanko too finds both
// signatures whole.
func (n *nothingNew) signDrafted(t *testing.T, pki *testpki.PKI, name string, in []byte, of []string) {
	t.Helper()
	prepared, _ := prepareDraft(t, in, placedFields())
	signed, _ := sign(t, prepared, pki.Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), testpki.P256()).Key(), personal())
	o := stamped(pki)
	o.Place, o.Number, o.Date = nil, "45/BC-UBND", issued
	sealed, made := sign(t, signed, pki.Issue(testpki.Agency("UBND phường Ba Hàng"), testpki.P256()).Key(), o)
	if made.Field != signer.FieldSeal || len(made.Warnings) > 0 {
		t.Errorf("%s: sealed in %q, warnings %q", name, made.Field, made.Warnings)
	}
	n.put(t, name+"+prepared.pdf", prepared, of)
	n.put(t, name+"+sealed.pdf", sealed, of)
	keep(t, "sealed-"+name, sealed)
	r := judgedAt(t, pki, sealed)
	for _, s := range r.Signatures {
		if s.Indication != signer.TotalPassed {
			t.Errorf("%s: %s is %s: %s", name, s.Field, s.Indication, summary(r))
		}
	}
	if r.Signatures[0].Changes != signer.ChangesForm {
		t.Errorf("%s: what follows the first signature is %q, want %q", name, r.Signatures[0].Changes, signer.ChangesForm)
	}
	if name != "1a.pdf" && name != "ua1.pdf" {
		return
	}
	acceptsAll(t, pki, name, sealed)
}

// sealDrafted seals a draft of which only the last page has a field: the time-stamp's
// is on the first, where pyHanko lets nothing else change then.
func (n *nothingNew) sealDrafted(t *testing.T, pki *testpki.PKI) {
	t.Helper()
	opts := placedFields()
	opts.Without = []string{signer.FieldNumber, signer.FieldDate}
	prepared, _ := prepareDraft(t, archived(t, "ua1.pdf"), opts)
	o := stamped(pki)
	o.Place = nil
	sealed, _ := sign(t, prepared, pki.Issue(testpki.Agency("UBND phường Ba Hàng"), testpki.P256()).Key(), o)
	n.put(t, "ua1.pdf+behind.pdf", sealed, []string{"ua1"})
	acceptsAll(t, pki, "seal alone", sealed)
}

// Fields that are prepared stand in the structure of a tagged file in the order of
// reading, each with words, and behind a number that leads to it.
func TestPrepareDraftTags(t *testing.T) {
	t.Parallel()
	in := archived(t, "3b.pdf") // which does not claim PDF/UA
	_, _, _, above, numbers := structTree(t, open(t, in))
	last, _ := numbers[len(numbers)-2].(pdf.Integer)
	first := int64(last) + 1
	out, made := prepareDraft(t, in, placedFields())
	v := open(t, out)
	_, root, _, top, nums := structTree(t, v)
	if next, _ := root.Int("ParentTreeNextKey"); len(made.Fields) != 3 || next != first+3 || len(top) != len(above)+3 {
		t.Fatalf("%d fields, %d elements more, numbers %d to %d", len(made.Fields), len(top)-len(above), first, next)
	}
	byName := make(map[string]pdf.Field)
	for _, f := range fields(t, out) {
		byName[f.FullName] = f
	}
	for i, f := range made.Fields {
		field, element := byName[f.Name], top[len(above)+i]
		e, err := v.Dict(element)
		if err != nil {
			t.Fatal(err)
		}
		object, _ := e.Get("K").(*pdf.Dict)
		key, _ := field.Dict.Int("StructParent")
		if object.Ref("Obj") != field.Ref || key != first+int64(i) || nums[len(nums)-2*(3-i)+1] != element || !field.Dict.Has("Contents") {
			t.Errorf("field %q is %s; element %d is %s", f.Name, pdf.Canonical(field.Dict), i, pdf.Canonical(e))
		}
	}
}
