package pdf

import (
	"cmp"
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

// A row is what the section of the revision says of one object.
type row struct {
	number int
	entry  entry
}

// rows returns the objects of the revision by number and, where the file was
// repaired, all others that it keeps.
func (u *Update) rows() []row {
	out := make([]row, 0, len(u.objects)+1)
	for _, o := range u.objects {
		out = append(out, row{o.ref.Number, offsetEntry(o.offset, int64(o.ref.Generation))})
	}
	if r := u.file.repair; r != nil {
		out = append(out, row{0, freeEntry(65535)})
		u.view.file.revs[0].sections[0].each(func(n int) {
			if _, ok := u.index[n]; !ok && r.kept.has(n) {
				e, _ := u.view.lookup(n)
				out = append(out, row{n, e})
			}
		})
	}
	slices.SortFunc(out, func(a, b row) int { return cmp.Compare(a.number, b.number) })
	return out
}

// withoutGaps lists the numbers that a first section leaves out as free
// (ISO 32000-2, 7.5.4: it has one subsection), unless most of them are.
func withoutGaps(rows []row) []row {
	last := rows[len(rows)-1].number
	if last > 2*len(rows)+4096 {
		return rows
	}
	out := make([]row, 0, last+1)
	for _, r := range rows {
		for len(out) < r.number {
			out = append(out, row{len(out), freeEntry(65535)})
		}
		out = append(out, r)
	}
	return out
}

func (u *Update) writeTable(w *writer) error {
	rows := u.rows()
	if u.file.repair != nil {
		rows = withoutGaps(rows)
	}
	w.b = append(w.b, "xref\n"...)
	for _, run := range runsOf(rows) {
		w.b = append(strconv.AppendInt(w.b, int64(run[0].number), 10), ' ')
		w.b = append(strconv.AppendInt(w.b, int64(len(run)), 10), '\n')
		for _, r := range run {
			if r.entry.kind() == kindFree {
				w.b = append(w.b, "0000000000 65535 f \n"...)
				continue
			}
			off := r.entry.offset() - u.file.shift
			if off > maxTableOffset {
				return fmt.Errorf("%w: offset %d does not fit a cross-reference table; convert the file to cross-reference streams first", ErrLimit, off)
			}
			w.b = append(appendPadded(w.b, off, 10), ' ')
			w.b = append(appendPadded(w.b, int64(r.entry.generation()), 5), " n \n"...)
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

// runsOf cuts sorted rows where a number is left out.
func runsOf(all []row) [][]row {
	var runs [][]row
	for start, i := 0, 1; i <= len(all); i++ {
		if i == len(all) || all[i].number != all[i-1].number+1 {
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
	all := append(u.rows(), row{self.Number, offsetEntry(at, 0)})
	second, third := max(3, bytesOf(at-u.file.shift)), 2
	if u.file.repair != nil {
		third = 3 // an index in an object stream may need them
	}
	data := make([]byte, 0, len(all)*(1+second+third))
	for _, r := range all {
		data = append(data, byte(r.entry.kind()))
		switch r.entry.kind() {
		case kindOffset:
			data = appendBig(data, r.entry.offset()-u.file.shift, second)
			data = appendBig(data, int64(r.entry.generation()), third)
		case kindPacked:
			data = appendBig(data, int64(r.entry.stream()), second)
			data = appendBig(data, int64(r.entry.index()), third)
		default:
			data = appendBig(appendBig(data, 0, second), 65535, third)
		}
	}
	index := Array{}
	for _, run := range runsOf(all) {
		index = append(index, Integer(run[0].number), Integer(len(run)))
	}
	d := u.trailer(self.Number + 1)
	d.entries = slices.Insert(d.entries, 0,
		dictEntry{"Type", Name("XRef")},
		dictEntry{"W", Array{Integer(1), Integer(second), Integer(third)}},
		dictEntry{"Index", index})
	w.b = append(strconv.AppendInt(w.b, int64(self.Number), 10), " 0 obj\n"...)
	if err := w.object(NewStream(d, data), 0); err != nil {
		return err
	}
	w.b = append(w.b, "\nendobj\n"...)
	return nil
}

// bytesOf returns how many bytes n takes.
func bytesOf(n int64) int {
	width := 1
	for ; n > 0xff; n >>= 8 {
		width++
	}
	return width
}

// appendBig appends n in width bytes, the highest first.
func appendBig(b []byte, n int64, width int) []byte {
	for i := width - 1; i >= 0; i-- {
		b = append(b, byte(n>>(8*i)))
	}
	return b
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
	if u.file.repair == nil {
		d.Set("Prev", Integer(u.file.start))
	}
	sealed := u.file.security
	if u.id == nil || sealed != nil && !sealed.hasID {
		return d
	}
	second := String{Value: u.id, Hex: true}
	first := Object(second)
	if sealed != nil {
		first = String{Value: sealed.id, Hex: true}
	} else if id, err := u.view.Array(d.Get("ID")); err == nil && len(id) == 2 {
		first = id[0]
	}
	d.Set("ID", Array{first, second})
	return d
}
