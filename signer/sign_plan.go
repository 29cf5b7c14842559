package signer

import (
	"fmt"

	"lienthong/certs/keys"
	"lienthong/signer/cms"
	"lienthong/signer/pdf"
	"lienthong/signer/place"
	"lienthong/signer/tsp"
)

// A plan is the revision that a signature needs, whole but for the signature.
type plan struct {
	opts    SignOptions
	file    *pdf.File
	view    *pdf.View
	update  *pdf.Update
	allowed pdf.Permissions // what the author of an encrypted file allows
	field   target
	sig     pdf.Ref // the signature dictionary
	further []cms.Attribute

	registered registration

	reference pdf.Array // /Reference of the signature, empty without a /Lock
	root      pdf.Ref   // the catalog
	catalog   *pdf.Dict // as it will be
	claim     claim     // to standards of archiving and of access
	tagged    bool      // the new widget is in the structure tree

	picture  place.Mark  // the image's size in pixels, zero without one
	below    *place.Page // where the signature goes, as far as it was looked at
	shown    *Placement  // of a visible signature
	warnings []string    // about its place and its picture

	repair  *pdf.Repair            // what was done to a damaged file; nil for a sound one
	believe func(*tsp.Token) error // says why a time-stamp cannot be relied on; may be nil
}

// newPlan reads the file and makes every change but the signature dictionary's.
// What can be refused is refused here.
func newPlan(in pdf.Source, key keys.Key, opts SignOptions) (*plan, error) {
	p, err := openPlan(in, opts)
	if err != nil {
		return nil, err
	}
	for _, step := range []func() error{
		p.useSeal,
		p.checkPicture,
		p.chooseField,
		p.register,
		p.checkClaim,
		p.checkPermissions,
		p.checkLocks,
		p.readLock,
		p.certify,
		func() error { return p.draw(key) },
		p.writeField,
		func() error { return p.writeExtensions(key.Public()) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	p.update.SetID(revisionID(p.file, opts.At, key.Certificate().RawSubject))
	return p, nil
}

// openPlan reads the file, and plans nothing yet.
func openPlan(in pdf.Source, opts SignOptions) (*plan, error) {
	file, err := opts.open(in)
	if err != nil {
		return nil, fmt.Errorf("sign: read the file: %w", err)
	}
	allowed, err := unlock(file)
	if err != nil {
		return nil, err
	}
	update, err := pdf.NewUpdate(file)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	p := &plan{opts: opts, file: file, view: file.Latest(), update: update, allowed: allowed}
	p.repair = opts.mend(file, update)
	if p.root, p.catalog, err = p.view.Catalog(); err != nil {
		return nil, fmt.Errorf("sign: read the catalog: %w", err)
	}
	p.claim = readClaim(p.view, p.catalog)
	return p, p.oneMeaning()
}

// oneMeaning refuses a file in which readers differ on what the document is: what the
// signer saw need not be what others see, and validation fails such a signature.
func (p *plan) oneMeaning() error {
	for _, t := range twofolds(p.view) {
		if !t.same {
			return fmt.Errorf("%w: the %s has %q more than once, with different values", ErrAmbiguous, t.where, t.key)
		}
	}
	return nil
}

// build makes the revision with room for a SignedData of hole bytes. It may be
// called again with another size.
func (p *plan) build(hole int) (*pdf.Appended, error) {
	p.update.Set(p.sig, p.signature(hole))
	appended, err := p.update.Build()
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return appended, nil
}
