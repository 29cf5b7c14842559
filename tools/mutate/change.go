//go:build unix

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"

	"lienthong/signer/pdf"
)

type change struct {
	name string
	make func(r *rand.Rand, in, other []byte) []byte
}

// changes are the ways in which a file is changed; each returns a new file.
var changes = []change{
	{"flip", flip},
	{"set", set},
	{"splice", splice},
	{"insert", insert},
	{"cut", cut},
	{"move", move},
	{"number", number},
	{"name", name},
	{"append", appendTail},
	{"revise", revise},
	{"free", free},
	{"truncate", truncate},
}

func place(r *rand.Rand, b []byte) int { return r.IntN(max(len(b), 1)) }

func chunk(r *rand.Rand, b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	at := place(r, b)
	return b[at:min(len(b), at+1+r.IntN(1<<r.IntN(12)))]
}

func flip(r *rand.Rand, in, _ []byte) []byte {
	out := bytes.Clone(in)
	for range 1 + r.IntN(3) {
		out[place(r, out)] ^= 1 << r.IntN(8)
	}
	return out
}

func set(r *rand.Rand, in, _ []byte) []byte {
	out := bytes.Clone(in)
	const likely = " \n\r0123456789<>[]()/%-Rnf\x00\xff"
	for range 1 + r.IntN(3) {
		out[place(r, out)] = likely[r.IntN(len(likely))]
	}
	return out
}

// splice writes a piece of the file, or of another, over what stands there.
func splice(r *rand.Rand, in, other []byte) []byte {
	out := bytes.Clone(in)
	from := in
	if r.IntN(2) == 0 {
		from = other
	}
	copy(out[place(r, out):], chunk(r, from))
	return out
}

func insert(r *rand.Rand, in, other []byte) []byte {
	from := in
	if r.IntN(2) == 0 {
		from = other
	}
	at := place(r, in)
	return append(append(bytes.Clone(in[:at]), chunk(r, from)...), in[at:]...)
}

func cut(r *rand.Rand, in, _ []byte) []byte {
	at := place(r, in)
	end := min(len(in), at+1+r.IntN(1<<r.IntN(12)))
	return append(bytes.Clone(in[:at]), in[end:]...)
}

func move(r *rand.Rand, in, _ []byte) []byte {
	at := place(r, in)
	end := min(len(in), at+1+r.IntN(1<<r.IntN(12)))
	rest := append(bytes.Clone(in[:at]), in[end:]...)
	to := place(r, rest)
	return append(append(bytes.Clone(rest[:to]), in[at:end]...), rest[to:]...)
}

// structure is what cross-reference sections, trailers and signatures are made of.
var (
	numbers = regexp.MustCompile(`(?:startxref\s+|/Prev |/Size |/XRefStm |/First |/N |/ByteRange ?\[ ?(?:\d+ ){0,3}|/Length |\n)\d+`)
	digits  = regexp.MustCompile(`\d+$`)
	names   = regexp.MustCompile(`/(Type|Root|Prev|XRefStm|Contents|ByteRange|SubFilter|Kids|Parent|Fields|V|AP|Annots|Perms|DocMDP|P|FT|Encrypt|Size|W|Index|Filter)\b`)
)

func number(r *rand.Rand, in, _ []byte) []byte {
	all := numbers.FindAllIndex(in, -1)
	if len(all) == 0 {
		return flip(r, in, nil)
	}
	at := all[r.IntN(len(all))]
	from := at[0] + digits.FindIndex(in[at[0]:at[1]])[0]
	old, _ := strconv.ParseInt(string(in[from:at[1]]), 10, 64)
	values := []int64{0, 1, old + 1, old - 1, old * 2, -old, int64(len(in)), 1 << 31, 1<<63 - 1, r.Int64N(int64(len(in)) + 1)}
	text := strconv.FormatInt(values[r.IntN(len(values))], 10)
	if width := at[1] - from; r.IntN(2) == 0 && len(text) < width { // nothing moves
		text = fmt.Sprintf("%0*s", width, text)
	}
	return append(append(bytes.Clone(in[:from]), text...), in[at[1]:]...)
}

func name(r *rand.Rand, in, _ []byte) []byte {
	all := names.FindAllIndex(in, -1)
	if len(all) == 0 {
		return flip(r, in, nil)
	}
	at := all[r.IntN(len(all))]
	with := all[r.IntN(len(all))]
	return append(append(bytes.Clone(in[:at[0]]), in[with[0]:with[1]]...), in[at[1]:]...)
}

// appendTail writes behind the file what could be taken for a part of it.
func appendTail(r *rand.Rand, in, other []byte) []byte {
	from := in
	if r.IntN(2) == 0 {
		from = other
	}
	tail := chunk(r, from)
	if i := bytes.LastIndex(from, []byte("xref")); r.IntN(2) == 0 && i >= 0 {
		tail = from[max(i-r.IntN(200), 0):]
	}
	return append(bytes.Clone(in), tail...)
}

// revise appends a sound revision that gives objects the bodies of others.
func revise(r *rand.Rand, in, _ []byte) []byte {
	f, err := pdf.Open(bytes.NewReader(in), pdf.DefaultLimits())
	if err != nil {
		return flip(r, in, nil)
	}
	u, err := pdf.NewUpdate(f)
	if err != nil {
		return flip(r, in, nil)
	}
	most := u.View().MaxObject()
	for range 1 + r.IntN(3) {
		body, err := u.View().Object(pdf.Ref{Number: 1 + r.IntN(max(most, 1))})
		if err != nil {
			continue
		}
		if d, ok := body.(*pdf.Dict); ok && r.IntN(2) == 0 {
			if keys := d.Keys(); len(keys) > 0 {
				d = d.Clone()
				d.Delete(keys[r.IntN(len(keys))])
				body = d
			}
		}
		u.Set(pdf.Ref{Number: 1 + r.IntN(max(most, 1))}, body)
	}
	a, err := u.Build()
	if err != nil {
		return flip(r, in, nil)
	}
	return append(bytes.Clone(in), a.Data...)
}

// free appends, by hand, a table that takes an object away, or lists it with another
// generation or place.
func free(r *rand.Rand, in, _ []byte) []byte {
	f, err := pdf.Open(bytes.NewReader(in), pdf.DefaultLimits())
	if err != nil {
		return flip(r, in, nil)
	}
	v := f.Latest()
	n := 1 + r.IntN(max(v.MaxObject(), 1))
	at, _ := v.Location(pdf.Ref{Number: n})
	rows := []string{
		fmt.Sprintf("%010d %05d f ", 0, 1+r.IntN(2)), fmt.Sprintf("%010d %05d f ", 0, 0),
		fmt.Sprintf("%010d %05d n ", at.Offset, 1), fmt.Sprintf("%010d %05d n ", r.IntN(len(in)), 0),
	}
	out := append(bytes.Clone(in), '\n')
	xref := len(out)
	start := f.Revisions()[len(f.Revisions())-1]
	return fmt.Appendf(out, "xref\n%d 1\n%s\ntrailer\n<</Size %d/Root %v/Prev %d>>\nstartxref\n%d\n%%%%EOF\n",
		n, rows[r.IntN(len(rows))], v.MaxObject()+1, v.Trailer().Ref("Root"), start.XRef, xref)
}

func truncate(r *rand.Rand, in, _ []byte) []byte { return bytes.Clone(in[:place(r, in)]) }
