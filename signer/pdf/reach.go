package pdf

import (
	"cmp"
	"slices"
)

// A member is an object in an object stream that a sweep found.
type member struct {
	number int32
	index  int32
	stream int32
	offset int64 // of the stream
}

// unpack lists what is in the object streams. Of an object that has a body of
// its own too the newer counts.
func (a *assembly) unpack() error {
	members, err := a.members()
	if err != nil || len(members) == 0 {
		return err
	}
	old := a.f.revs[0].sections[0]
	sec := &section{offset: old.offset, after: old.after, trailer: old.trailer}
	i := 0
	packed := func(below int) {
		for ; i < len(members) && int(members[i].number) < below; i++ {
			if i+1 == len(members) || members[i+1].number != members[i].number {
				m := members[i]
				sec.put(int(m.number), packedEntry(int64(m.stream), int64(m.index)))
			}
		}
	}
	old.each(func(n int) {
		packed(n)
		e, _ := old.find(n)
		if m, ok := lastOf(members, n); ok && a.revision(m.offset) > a.revision(e.offset()) {
			e = packedEntry(int64(m.stream), int64(m.index))
		}
		for i < len(members) && int(members[i].number) == n {
			i++
		}
		sec.put(n, e)
	})
	packed(maxObjects + 1)
	a.kind = XRefStream
	a.packed = members
	a.install(sec)
	return nil
}

// lastOf returns the newest member that is object n.
func lastOf(members []member, n int) (member, bool) {
	i, _ := slices.BinarySearchFunc(members, n+1, func(m member, n int) int { return cmp.Compare(int(m.number), n) })
	if i > 0 && int(members[i-1].number) == n {
		return members[i-1], true
	}
	return member{}, false
}

// members returns what the object streams that count hold, by number and then
// by place. A stream that cannot be read gives nothing: what is needed of it
// will be missing.
func (a *assembly) members() ([]member, error) {
	var out []member
	v := a.f.Latest()
	for i, b := range a.bodies {
		if b.flags&(bodyPacked|bodyCut) != bodyPacked || i+1 < len(a.bodies) && a.bodies[i+1].number == b.number {
			continue
		}
		s, err := a.f.objectStream(v, int(b.number))
		if isLimit(err) {
			return nil, err
		}
		if err != nil {
			continue
		}
		for j, n := range s.numbers {
			out = append(out, member{n, int32(j), b.number, b.offset})
		}
		if len(out) > maxBodies {
			return nil, refuse("more than %d objects are in its object streams", maxBodies)
		}
	}
	slices.SortStableFunc(out, func(x, y member) int {
		return cmp.Or(cmp.Compare(x.number, y.number), cmp.Compare(x.offset, y.offset), cmp.Compare(x.index, y.index))
	})
	return out, nil
}

// reach walks from the trailer and refuses the file for the first object on
// the way that is cut, missing or ambiguous.
func (a *assembly) reach() error {
	v := a.f.Latest()
	t := v.Trailer()
	if info, ok := t.Get("Info").(Ref); ok {
		if _, ok := v.Location(info); !ok {
			t.Delete("Info")
			a.repair.Left = append(a.repair.Left, "Info")
		}
	}
	if _, _, err := v.Catalog(); err != nil {
		return refuse("%v", err)
	}
	a.repair.kept = newVisited(a.f.revs[0].highest)
	err := v.Walk(func(n Node) error {
		if n.Err != nil {
			return refuse("object %d, reached as %s, is cut or damaged: %v", n.Ref.Number, n.Path(), n.Err)
		}
		if err := a.sound(n); err != nil {
			return err
		}
		var err error
		eachRef(n.Object, func(r Ref) {
			if _, ok := v.Location(r); !ok && err == nil && !a.null(r) {
				err = refuse("object %d is missing: %s refers to it", r.Number, n.Path())
			}
		})
		return err
	})
	if err != nil {
		return err
	}
	if ref, ok := t.Get("Encrypt").(Ref); ok {
		if err := a.sound(Node{Ref: ref, Object: Null{}, walk: &walk{v: v}, at: -1}); err != nil {
			return err
		}
	}
	if pages, err := v.Pages(); isLimit(err) {
		return err
	} else if err != nil || len(pages) == 0 {
		return refuse("its page tree has no pages (error %v)", err)
	}
	return nil
}

// sound checks the body of an object that was reached, and keeps it.
func (a *assembly) sound(n Node) error {
	e, _ := a.f.revs[0].lookup(n.Ref.Number)
	if e.kind() == kindFree {
		return nil // null, as is said of it
	}
	if a.repair.kept.add(n.Ref.Number) {
		a.repair.Objects++
	}
	if e.kind() == kindPacked {
		a.repair.kept.add(e.stream())
	}
	if s, ok := n.Object.(*Stream); ok {
		if _, err := s.Span(a.f.Latest()); err != nil {
			return refuse("object %d, reached as %s, is cut: %v", n.Ref.Number, n.Path(), err)
		}
	}
	return a.single(n)
}

// single refuses an object with two different bodies in one revision.
func (a *assembly) single(n Node) error {
	number := int32(n.Ref.Number)
	i, _ := slices.BinarySearchFunc(a.bodies, number, func(b body, n int32) int { return cmp.Compare(b.number, n) })
	for ; i < len(a.bodies) && a.bodies[i].number == number; i++ {
		b := a.bodies[i]
		last := i+1 == len(a.bodies) || a.bodies[i+1].number != number
		if b.flags&bodyCut != 0 && last {
			return refuse("object %d, reached as %s, is cut at the end of the file", number, n.Path())
		}
		if last || a.revision(b.offset) != a.revision(a.bodies[i+1].offset) {
			continue
		}
		same, err := a.same(b, a.bodies[i+1])
		if isLimit(err) {
			return err
		}
		if err != nil || !same {
			return refuse("object %d, reached as %s, has two different bodies in one revision, at bytes %d and %d",
				number, n.Path(), b.offset, a.bodies[i+1].offset)
		}
	}
	return a.singleMember(n)
}

// singleMember does the same for one that is in object streams.
func (a *assembly) singleMember(n Node) error {
	i, _ := slices.BinarySearchFunc(a.packed, int32(n.Ref.Number), func(m member, n int32) int { return cmp.Compare(m.number, n) })
	for ; i < len(a.packed) && int(a.packed[i].number) == n.Ref.Number; i++ {
		m := a.packed[i]
		e, _ := a.f.revs[0].lookup(n.Ref.Number)
		listed := e.offset()
		if e.kind() == kindPacked {
			if e.stream() == int(m.stream) && e.index() == int(m.index) {
				continue
			}
			s, _ := a.f.revs[0].lookup(e.stream())
			listed = s.offset()
		}
		if a.revision(m.offset) != a.revision(listed) {
			continue
		}
		o, err := a.f.unpack(a.f.Latest(), n.Ref, packedEntry(int64(m.stream), int64(m.index)))
		if isLimit(err) {
			return err
		}
		if err != nil || string(Canonical(o)) != string(Canonical(n.Object)) {
			return refuse("object %d, reached as %s, has two different bodies in one revision, one of them in object stream %d",
				n.Ref.Number, n.Path(), m.stream)
		}
	}
	return nil
}

// null reports whether the file itself says that there is no object r: it lies
// beyond /Size of the trailer, or a cross-reference section lists it as free.
func (a *assembly) null(r Ref) bool {
	if int64(r.Number) >= a.size || r.Number == 0 {
		return true
	}
	for _, s := range a.sections {
		if e, ok := s.lookup(r.Number); ok && e.kind() == kindFree {
			return true
		}
	}
	return false
}
