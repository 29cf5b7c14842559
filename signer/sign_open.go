package signer

import (
	"errors"
	"fmt"

	"lienthong/signer/pdf"
)

// open reads the file's structure, repaired where that is asked for and needed.
func (o SignOptions) open(in pdf.Source) (*pdf.File, error) {
	if o.Repair {
		return pdf.OpenRepaired(in, o.Limits)
	}
	return pdf.Open(in, o.Limits)
}

// unlock opens a file that is encrypted but asks its readers for no password.
func unlock(file *pdf.File) (pdf.Permissions, error) {
	allowed, err := file.Unlock(nil)
	switch {
	case errors.Is(err, pdf.ErrPassword):
		return allowed, ErrEncrypted
	case errors.Is(err, pdf.ErrEncrypted):
		return allowed, fmt.Errorf("%w (%v)", ErrEncrypted, err)
	case err != nil:
		return allowed, fmt.Errorf("sign: read the encryption: %w", err)
	}
	return allowed, nil
}

// checkPermissions holds the signature against what the author of an encrypted
// file allows to who opens it without the owner password (ISO 32000-2, table 22).
// An existing field is filled in, a new one is added to page and form.
func (p *plan) checkPermissions() error {
	switch {
	case p.field.dict != nil && !p.allowed.FillFields():
		return fmt.Errorf("%w: /P is %d, want bit 6 or bit 9 to sign in field %q; ask the author for a file that allows it", ErrNotAllowed, p.allowed.P, p.field.name)
	case p.field.dict == nil && !p.allowed.AddFields():
		return fmt.Errorf("%w: /P is %d, want bits 4 and 6 to add a signature field; ask the author for a file that allows it, or that has such a field", ErrNotAllowed, p.allowed.P)
	}
	return nil
}

// mend writes anew what other readers may not take, where damaged files may be signed,
// and returns what was done to the file in all; nil to a sound one.
func (o SignOptions) mend(file *pdf.File, u *pdf.Update) *pdf.Repair {
	if !o.Repair {
		return file.Repair()
	}
	mended := u.Mend()
	if len(mended) == 0 {
		return file.Repair()
	}
	all := pdf.Repair{Mended: mended}
	if opened := file.Repair(); opened != nil {
		all = *opened
		all.Mended = mended
	}
	return &all
}

// repaired is what the signer of a damaged file should know.
func (p *plan) repaired() []string {
	if p.repair != nil {
		return []string{"the file is damaged: " + p.repair.String()}
	}
	return nil
}
