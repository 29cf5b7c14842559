package signer

import (
	"fmt"
	"slices"
	"strings"

	"lienthong/signer/pdf"
)

// checkLocks refuses what an earlier signature forbids: any change, by a
// certification of P 1 (ISO 32000-2, 12.8.2.2), or the change of a field that
// it locked (12.8.2.4).
func (p *plan) checkLocks() error {
	signatures, err := p.view.Signatures()
	if err != nil {
		return fmt.Errorf("sign: read the earlier signatures: %w", err)
	}
	for i := range signatures {
		s := &signatures[i]
		references, err := p.view.Array(s.Dict.Get("Reference"))
		if err != nil {
			return fmt.Errorf("sign: read the earlier signature %q: %w", s.Field.FullName, err)
		}
		for _, o := range references {
			if err := p.checkReference(s.Field.FullName, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *plan) checkReference(by string, o pdf.Object) error {
	reference, err := p.view.Dict(o)
	if err != nil || reference == nil {
		return err
	}
	params, err := p.view.Dict(reference.Get("TransformParams"))
	if err != nil {
		return err
	}
	if params == nil {
		params = pdf.NewDict()
	}
	switch reference.Name("TransformMethod") {
	case "DocMDP":
		switch permission(params) {
		case 1:
			return fmt.Errorf("%w: %q certifies it and allows no changes (P 1)", ErrCertified, by)
		case 2:
			if p.field.dict == nil {
				return fmt.Errorf("%w: %q certifies it and allows only fields that are there to be signed (P 2): name one", ErrCertified, by)
			}
		}
	case "FieldMDP":
		for _, name := range append([]string{p.field.name}, p.registered.names...) {
			locked, err := p.locks(params, name)
			if err != nil {
				return err
			}
			if locked {
				return fmt.Errorf("%w: %q locks field %q", ErrCertified, by, name)
			}
		}
	}
	return nil
}

// locks reports whether the parameters of a FieldMDP, or of a /Lock, cover a field.
// A name covers the fields below it.
func (p *plan) locks(params *pdf.Dict, field string) (bool, error) {
	list, err := p.view.Array(params.Get("Fields"))
	if err != nil {
		return false, fmt.Errorf("sign: read a field lock: %w", err)
	}
	named := slices.ContainsFunc(list, func(o pdf.Object) bool {
		s, ok := o.(pdf.String)
		name := pdf.DecodeText(s)
		return ok && (name == field || strings.HasPrefix(field, name+"."))
	})
	switch params.Name("Action") {
	case "All":
		return true, nil
	case "Include":
		return named, nil
	case "Exclude":
		return !named, nil
	}
	return false, nil
}

// readLock makes the /Reference by which signing an existing field locks the
// fields that its /Lock names (ISO 32000-2, 12.8.2.4), and by which number and date
// are locked by the signature that came with them.
func (p *plan) readLock() error {
	lock, err := p.view.Dict(p.field.dict.Get("Lock"))
	switch {
	case err != nil:
		return fmt.Errorf("sign: field %q: %w", p.field.name, err)
	case lock == nil && len(p.registered.names) == 0:
		return nil
	case lock == nil:
		lock = lockOn(append([]string{p.field.name}, p.registered.names...))
	case lock.Has("P"):
		return fmt.Errorf("sign: field %q sets permissions for the whole file (/Lock /P), which is not supported", p.field.name)
	}
	for _, name := range p.registered.names {
		locked, err := p.locks(lock, name)
		if err != nil {
			return err
		}
		if !locked {
			return registerError("the lock of field %q leaves out field %q", p.field.name, name)
		}
	}
	params := pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("TransformParams")},
		pdf.Entry{Key: "V", Value: pdf.Name("1.2")},
		pdf.Entry{Key: "Action", Value: lock.Get("Action")},
	)
	if lock.Has("Fields") {
		params.Set("Fields", lock.Get("Fields"))
	}
	p.reference = pdf.Array{pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("SigRef")},
		pdf.Entry{Key: "TransformMethod", Value: pdf.Name("FieldMDP")},
		pdf.Entry{Key: "TransformParams", Value: params},
		pdf.Entry{Key: "Data", Value: p.root},
	)}
	return nil
}

// lockOn locks fields by name.
func lockOn(names []string) *pdf.Dict {
	var list pdf.Array
	for _, name := range names {
		list = append(list, pdf.TextString(name))
	}
	return pdf.NewDict(
		pdf.Entry{Key: "Type", Value: pdf.Name("SigFieldLock")},
		pdf.Entry{Key: "Action", Value: pdf.Name("Include")},
		pdf.Entry{Key: "Fields", Value: list},
	)
}

// readSeedValues refuses a field whose author requires something of its
// signature (ISO 32000-2, 12.7.5.5): a signature that ignores it is none.
func (p *plan) readSeedValues() error {
	seed, err := p.view.Dict(p.field.dict.Get("SV"))
	if err != nil {
		return fmt.Errorf("sign: field %q: %w", p.field.name, err)
	}
	if seed == nil {
		return nil
	}
	required, _ := seed.Int("Ff")
	cert, err := p.view.Dict(seed.Get("Cert"))
	if err != nil {
		return fmt.Errorf("sign: field %q: %w", p.field.name, err)
	}
	if cert != nil {
		n, _ := cert.Int("Ff")
		required |= n
	}
	if required != 0 {
		return fmt.Errorf("sign: field %q requires things of its signature (/SV /Ff %d), which is not supported: name another field, or none", p.field.name, required)
	}
	return nil
}
