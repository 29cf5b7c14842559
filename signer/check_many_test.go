package signer_test

import (
	"fmt"
	"testing"
	"time"

	"lienthong/signer"
	"lienthong/signer/pdf"
)

// A form of 20,000 fields, filled in in 250 revisions after it was signed, is
// answered in the time of any stranger's file, if need be by saying that it is too
// much to compare; never as valid without having compared it.
func TestManyFieldsAndRevisions(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("makes a large file")
	}
	const fields, revisions = 20_000, 250
	w := newWorld(t)
	var refs []pdf.Ref
	file := revise(w.letter, func(u *pdf.Update) {
		ref, catalog, err := u.View().Catalog()
		if err != nil {
			t.Fatal(err)
		}
		var list pdf.Array
		for i := range fields {
			r := u.Add(pdf.NewDict(pdf.Entry{Key: "FT", Value: pdf.Name("Tx")}, pdf.Entry{Key: "T", Value: pdf.TextString(fmt.Sprintf("f%d", i))}))
			refs, list = append(refs, r), append(list, r)
		}
		catalog = catalog.Clone()
		catalog.Set("AcroForm", u.Add(pdf.NewDict(pdf.Entry{Key: "Fields", Value: list})))
		u.Set(ref, catalog)
	})
	file, _ = sign(t, file, w.person.Key(), signer.SignOptions{})
	for n := range revisions {
		file = revise(file, func(u *pdf.Update) {
			o, err := u.View().Object(refs[n])
			d, ok := o.(*pdf.Dict)
			if err != nil || !ok {
				t.Fatalf("field %d: %v", n, err)
			}
			d = d.Clone()
			d.Set("V", pdf.TextString(fmt.Sprintf("lần %d", n)))
			u.Set(refs[n], d)
		})
	}
	start := time.Now()
	r := validate(t, file, w.options())
	took := time.Since(start)
	compared := r.Signatures[0].Changes == signer.ChangesForm
	if len(r.Signatures) != 1 || r.Verdict == signer.VerdictValid && !compared {
		t.Fatal(summary(r))
	}
	t.Logf("%d bytes, %d fields, %d revisions: %v, %s %s", len(file), fields, revisions, took, r.Verdict, r.Signatures[0].Changes)
	if took > 10*time.Second { // 2 s on a machine with nothing else to do
		t.Errorf("took %v, want 2 s", took)
	}
}
