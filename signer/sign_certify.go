package signer

import (
	"fmt"

	"lienthong/signer/pdf"
)

// certify makes the signature certify the file (ISO 32000-2, 12.8.2.2): it
// says what may change later, and the catalog says which signature it is. Only the
// first signature of a file can.
func (p *plan) certify() error {
	if p.opts.Certify == 0 {
		return nil
	}
	signatures, err := p.view.Signatures()
	if err != nil {
		return fmt.Errorf("sign: read the earlier signatures: %w", err)
	}
	for i := range signatures {
		if signatures[i].Type != "DocTimeStamp" {
			return fmt.Errorf("%w: only the first signature can certify a file, and %q is there", ErrCertified, signatures[i].Field.FullName)
		}
	}
	perms, err := p.view.Dict(p.catalog.Get("Perms"))
	if err != nil {
		return fmt.Errorf("sign: read the permissions: %w", err)
	}
	if perms == nil {
		perms = pdf.NewDict()
	}
	if perms.Has("DocMDP") {
		return fmt.Errorf("%w: /Perms names a certification already", ErrCertified)
	}
	perms = perms.Clone()
	perms.Set("DocMDP", p.sig)
	p.editCatalog(func(c *pdf.Dict) { c.Set("Perms", perms) })
	p.reference = append(p.reference, pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("SigRef")},
		pdf.Entry{Key: "TransformMethod", Value: pdf.Name("DocMDP")},
		pdf.Entry{Key: "TransformParams", Value: pdf.NewDict(
			pdf.Entry{Key: "Type", Value: pdf.Name("TransformParams")},
			pdf.Entry{Key: "P", Value: pdf.Integer(p.opts.Certify)},
			pdf.Entry{Key: "V", Value: pdf.Name("1.2")},
		)},
	))
	return nil
}
