package pdf

import (
	"cmp"
	"fmt"
)

// References calls fn for every reference in the object ref, in their order, and
// builds nothing else of it: a walk through a million objects wants no more. Of a
// stream the dictionary counts. Like [View.Object] it fails for an object that
// cannot be read, and then calls nothing; it is less strict about what stands
// between the references.
//
// What fn gets is valid until the next call; fn must not read from the file.
func (v *View) References(ref Ref, fn func(Ref)) error {
	e, rev := v.lookup(ref.Number)
	if rev == 0 || e.generation() != ref.Generation {
		return nil
	}
	v.file.refs = v.file.refs[:0]
	var err error
	switch e.kind() {
	case kindOffset:
		err = v.plainReferences(ref, e, rev)
	case kindPacked:
		err = v.file.packedReferences(v, ref, e)
	}
	if err != nil {
		return err
	}
	for _, r := range v.file.refs {
		fn(r)
	}
	return nil
}

// plainReferences notes the references of an object that is not in an object
// stream, which must lie where [View.Object] wants it.
func (v *View) plainReferences(ref Ref, e entry, rev int) error {
	end := v.file.revs[rev-1].End
	if e.offset() >= end {
		return &SyntaxError{e.offset(), fmt.Sprintf("object %d lies after the end of revision %d, byte %d, which lists it", ref.Number, rev, end)}
	}
	return v.file.parse(e.offset(), end, func(p *parser) (err error) {
		defer func() { err = cmp.Or(v.file.toil(p.pos), err) }()
		if _, err := p.expect(ref); err != nil {
			return err
		}
		return p.references(&v.file.refs)
	})
}

func (f *File) packedReferences(v *View, ref Ref, e entry) error {
	p, err := f.packedParser(v, ref, e)
	if err != nil {
		return err
	}
	start := p.pos
	err = p.references(&f.refs)
	return cmp.Or(f.toil(p.pos-start), err)
}

// references notes those of the object at pos.
func (p *parser) references(into *[]Ref) error {
	*into = (*into)[:0]
	p.refs = into
	var b skimmed
	_, err := p.skim(&b)
	return err
}

// skimRef moves after a number, or a reference, which it notes.
func (p *parser) skimRef() error {
	o, err := p.numberOrRef()
	if r, ok := o.(Ref); ok {
		if len(*p.refs) >= p.lim.Nodes {
			return fmt.Errorf("%w: more than %d references in one object", ErrLimit, p.lim.Nodes)
		}
		*p.refs = append(*p.refs, r)
	}
	return err
}
