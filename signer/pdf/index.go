package pdf

import (
	"cmp"
	"slices"
)

// fewRevisions is how many revisions a lookup goes through one by one.
const fewRevisions = 6

// A listing is one entry of a revision after the first. Sorted by number and
// revision they answer a lookup in a file of a thousand revisions as fast as
// in one of few.
type listing struct {
	number, rev int32
	entry       entry
}

// indexed returns the entry of object n in the newest of the first rev
// revisions that lists it, and that revision.
func (f *File) indexed(n, rev int) (entry, int) {
	if f.listings == nil {
		f.index()
	}
	i, _ := slices.BinarySearchFunc(f.listings, listing{number: int32(n), rev: int32(rev + 1)}, compareListings)
	if i > 0 && int(f.listings[i-1].number) == n {
		return f.listings[i-1].entry, int(f.listings[i-1].rev)
	}
	if e, ok := f.revs[0].lookup(n); ok {
		return e, 1
	}
	return 0, 0
}

// firstIndexed returns the earliest of the first rev revisions whose entry of
// object n is one that is wanted, or 0.
func (f *File) firstIndexed(n, rev int, wanted func(entry) bool) int {
	if e, ok := f.revs[0].lookup(n); ok && wanted(e) {
		return 1
	}
	if f.listings == nil {
		f.index()
	}
	i, _ := slices.BinarySearchFunc(f.listings, listing{number: int32(n)}, compareListings)
	for ; i < len(f.listings) && int(f.listings[i].number) == n && int(f.listings[i].rev) <= rev; i++ {
		if wanted(f.listings[i].entry) {
			return int(f.listings[i].rev)
		}
	}
	return 0
}

func compareListings(a, b listing) int {
	return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.rev, b.rev))
}

func (f *File) index() {
	f.listings = []listing{}
	for i := 1; i < len(f.revs); i++ {
		for _, w := range f.Written(i + 1) {
			e, _ := f.revs[i].lookup(w.Ref.Number)
			f.listings = append(f.listings, listing{int32(w.Ref.Number), int32(i + 1), e})
		}
	}
	slices.SortFunc(f.listings, compareListings)
}
