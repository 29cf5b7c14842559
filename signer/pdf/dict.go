package pdf

import "slices"

// A Dict is a dictionary in the order in which the file holds it. Keys that
// occur twice stay visible in [Dict.Duplicates]: readers differ on which of
// the two counts, so a signature must not depend on one.
type Dict struct {
	entries []dictEntry
	span    Span
}

type dictEntry struct {
	key   Name
	value Object
}

// NewDict returns a dictionary of the given keys and values, in this order.
func NewDict(entries ...Entry) *Dict {
	d := &Dict{entries: make([]dictEntry, 0, len(entries)+2)}
	for _, e := range entries {
		d.entries = append(d.entries, dictEntry{e.Key, e.Value})
	}
	return d
}

// Entry is a key of a dictionary with its value.
type Entry struct {
	Key   Name
	Value Object
}

// Span returns the bytes of the file that hold d, from "<<" to ">>" inclusive;
// it is zero for a dictionary from an object stream or not from a file.
func (d *Dict) Span() Span {
	if d == nil {
		return Span{}
	}
	return d.span
}

// Get returns the value of key, not resolved: a [Ref] stays one. A key that is
// not there is [Null]; of duplicates the last one counts.
func (d *Dict) Get(key Name) Object {
	if i := d.index(key); i >= 0 {
		return d.entries[i].value
	}
	return Null{}
}

// Has reports whether d has key, whatever its value.
func (d *Dict) Has(key Name) bool { return d.index(key) >= 0 }

// Set gives key the value, in its old place if d has it, else at the end.
func (d *Dict) Set(key Name, value Object) {
	if i := d.index(key); i >= 0 {
		d.entries[i].value = value
		return
	}
	d.entries = append(d.entries, dictEntry{key, value})
}

// Delete removes every entry of key.
func (d *Dict) Delete(key Name) {
	d.entries = slices.DeleteFunc(d.entries, func(e dictEntry) bool { return e.key == key })
}

// Len returns the number of entries, duplicates counted.
func (d *Dict) Len() int {
	if d == nil {
		return 0
	}
	return len(d.entries)
}

// At returns the i-th entry as the file holds it, duplicates included.
func (d *Dict) At(i int) (Name, Object) { return d.entries[i].key, d.entries[i].value }

// Keys returns the keys in order, each once.
func (d *Dict) Keys() []Name {
	if d == nil {
		return nil
	}
	keys := make([]Name, 0, len(d.entries))
	for i, e := range d.entries {
		if d.first(e.key) == i {
			keys = append(keys, e.key)
		}
	}
	return keys
}

// Duplicates returns the keys that occur more than once, each once.
func (d *Dict) Duplicates() []Name {
	if d == nil {
		return nil
	}
	var dups []Name
	for i, e := range d.entries {
		if d.first(e.key) == i && d.index(e.key) != i {
			dups = append(dups, e.key)
		}
	}
	return dups
}

// Clone returns a copy of d whose entries can be changed without changing d.
// The values are shared: arrays and dictionaries inside are not copied.
func (d *Dict) Clone() *Dict {
	if d == nil {
		return &Dict{}
	}
	return &Dict{entries: slices.Clone(d.entries), span: d.span}
}

func (d *Dict) index(key Name) int {
	if d == nil {
		return -1
	}
	for i := len(d.entries) - 1; i >= 0; i-- {
		if d.entries[i].key == key {
			return i
		}
	}
	return -1
}

func (d *Dict) first(key Name) int {
	for i := range d.entries {
		if d.entries[i].key == key {
			return i
		}
	}
	return -1
}

// The typed getters below return the zero value where the key is absent, of
// another kind, or indirect.

// Name returns the name that is key's direct value.
func (d *Dict) Name(key Name) Name { n, _ := d.Get(key).(Name); return n }

// Int returns the integer that is key's direct value.
func (d *Dict) Int(key Name) (int64, bool) { n, ok := d.Get(key).(Integer); return int64(n), ok }

// Ref returns the reference that is key's value.
func (d *Dict) Ref(key Name) Ref { r, _ := d.Get(key).(Ref); return r }
