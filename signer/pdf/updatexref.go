package pdf

import (
	"fmt"
	"slices"
	"strconv"
)

// maxTableOffset is the highest offset that the ten digits of a table hold.
const maxTableOffset = 9_999_999_999

// writeXRef writes the cross-reference section, trailer and end of the revision.
func (u *Update) writeXRef(w *writer, base int64) error {
	at := base + int64(len(w.b))
	var err error
	if u.Kind() == XRefStream {
		err = u.writeStream(w, at)
	} else {
		err = u.writeTable(w)
	}
	if err != nil {
		return err
	}
	w.b = append(w.b, "startxref\n"...)
	w.b = strconv.AppendInt(w.b, at-u.file.shift, 10)
	w.b = append(w.b, "\n%%EOF\n"...)
	return nil
}

func (u *Update) writeTable(w *writer) error {
	w.b = append(w.b, "xref\n"...)
	for _, run := range runsOf(u.sorted()) {
		w.b = append(strconv.AppendInt(w.b, int64(run[0].ref.Number), 10), ' ')
		w.b = append(strconv.AppendInt(w.b, int64(len(run)), 10), '\n')
		for _, o := range run {
			off := o.offset - u.file.shift
			if off > maxTableOffset {
				return fmt.Errorf("%w: offset %d does not fit a cross-reference table; convert the file to cross-reference streams first", ErrLimit, off)
			}
			w.b = append(appendPadded(w.b, off, 10), ' ')
			w.b = append(appendPadded(w.b, int64(o.ref.Generation), 5), " n \n"...)
		}
	}
	w.b = append(w.b, "trailer\n"...)
	if err := w.dict(u.trailer(u.next), 0); err != nil {
		return err
	}
	w.b = append(w.b, '\n')
	return nil
}

// appendPadded appends n in decimal, with zeros to the width.
func appendPadded(b []byte, n int64, width int) []byte {
	var digits [20]byte
	for i := width - 1; i >= 0; i-- {
		digits[i] = '0' + byte(n%10)
		n /= 10
	}
	return append(b, digits[:width]...)
}

// runsOf cuts sorted objects where a number is left out.
func runsOf(all []pending) [][]pending {
	var runs [][]pending
	for start, i := 0, 1; i <= len(all); i++ {
		if i == len(all) || all[i].ref.Number != all[i-1].ref.Number+1 {
			runs = append(runs, all[start:i])
			start = i
		}
	}
	return runs
}

// writeStream writes a cross-reference stream, itself an object of the
// revision, at the offset at. It is not compressed: a revision has few objects.
func (u *Update) writeStream(w *writer, at int64) error {
	self := Ref{Number: max(u.next, 1)}
	if self.Number > u.file.lim.Objects {
		return fmt.Errorf("%w: no object number is left under %d", ErrLimit, u.file.lim.Objects)
	}
	all := append(u.sorted(), pending{ref: self, offset: at})
	width := 1
	for off := at - u.file.shift; off > 0xff; off >>= 8 {
		width++
	}
	width = max(width, 3)
	data := make([]byte, 0, len(all)*(width+3))
	for _, o := range all {
		data = append(data, 1)
		for i := width - 1; i >= 0; i-- {
			data = append(data, byte((o.offset-u.file.shift)>>(8*i)))
		}
		data = append(data, byte(o.ref.Generation>>8), byte(o.ref.Generation))
	}
	index := Array{}
	for _, run := range runsOf(all) {
		index = append(index, Integer(run[0].ref.Number), Integer(len(run)))
	}
	d := u.trailer(self.Number + 1)
	d.entries = slices.Insert(d.entries, 0,
		dictEntry{"Type", Name("XRef")},
		dictEntry{"W", Array{Integer(1), Integer(width), Integer(2)}},
		dictEntry{"Index", index})
	w.b = append(strconv.AppendInt(w.b, int64(self.Number), 10), " 0 obj\n"...)
	if err := w.object(NewStream(d, data), 0); err != nil {
		return err
	}
	w.b = append(w.b, "\nendobj\n"...)
	return nil
}

// trailer returns the trailer of the last revision with what this one changes.
// What belongs to that revision's own cross-reference stream is left out.
func (u *Update) trailer(size int) *Dict {
	last := u.view.Revision()
	d := last.Trailer.Clone()
	for _, key := range []Name{"Type", "W", "Index", "Length", "Filter", "DecodeParms", "F", "FFilter", "FDecodeParms", "DL", "XRefStm"} {
		d.Delete(key)
	}
	for _, key := range d.Duplicates() {
		value := d.Get(key)
		d.Delete(key)
		d.Set(key, value)
	}
	d.Set("Size", Integer(size))
	d.Set("Prev", Integer(u.file.start))
	if u.id != nil {
		second := String{Value: u.id, Hex: true}
		first := Object(second)
		if id, err := u.view.Array(d.Get("ID")); err == nil && len(id) == 2 {
			first = id[0]
		}
		d.Set("ID", Array{first, second})
	}
	return d
}
