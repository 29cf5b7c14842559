package pdf

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
)

// sparse is a large file that is zeros but for its tail.
type sparse struct {
	size int64
	head []byte
	tail []byte
}

func (s sparse) Size() int64 { return s.size }

func (s sparse) ReadAt(b []byte, off int64) (int, error) {
	n := int(max(0, min(int64(len(b)), s.size-off)))
	clear(b[:n])
	if off < int64(len(s.head)) {
		copy(b[:n], s.head[off:])
	}
	if at := s.size - int64(len(s.tail)); off+int64(n) > at {
		if off >= at {
			copy(b[:n], s.tail[off-at:])
		} else {
			copy(b[at-off:n], s.tail)
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Offsets of nine to eleven digits: other writers have broken at each.
func TestLargeOffsets(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{99_999_800, 1 << 31, 1<<32 + 12345, 9_999_999_000, 40_000_000_000} {
		for _, kind := range []XRefKind{Table, XRefStream} {
			t.Run(fmt.Sprint(kind, " ", size), func(t *testing.T) {
				t.Parallel()
				m := simple()
				if kind == XRefStream {
					m.end(m.xrefStream(5, nil))
				} else {
					m.table("")
				}
				src := sparse{size: size, head: m.Bytes(), tail: fmt.Appendf(nil, "\nstartxref\n%d\n%%%%EOF", m.prev)}
				f, err := Open(src, Limits{})
				if err != nil {
					t.Fatal(err)
				}
				u, err := NewUpdate(f)
				if err != nil {
					t.Fatal(err)
				}
				u.Add(NewStream(&Dict{}, make([]byte, 2000)))
				sig := u.Add(NewDict(Entry{"ByteRange", ByteRangeHole{}}, Entry{"Contents", ContentsHole(16)}))
				root, catalog, err := f.Latest().Catalog()
				if err != nil {
					t.Fatal(err)
				}
				catalog.Set("AcroForm", NewDict(Entry{"Fields", Array{NewDict(Entry{"FT", Name("Sig")}, Entry{"V", sig})}}))
				u.Set(root, catalog)
				a, err := u.Build()
				if kind == Table && size > maxTableOffset-2000 {
					if !isLimit(err) {
						t.Fatalf("found error %v, want ErrLimit: ten digits are too few", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				src = sparse{size + int64(len(a.Data)), src.head, append(src.tail, a.Data...)}
				if f, err = Open(src, Limits{}); err != nil {
					t.Fatal(err)
				}
				sigs, err := f.Latest().Signatures()
				if err != nil || len(sigs) != 1 {
					t.Fatalf("found %d signatures, error %v", len(sigs), err)
				}
				r, err := ParseByteRange(sigs[0].ByteRange)
				if err != nil || r != a.ByteRange || r.Check(sigs[0].Contents.Span, src.size) != nil {
					t.Errorf("found byte range %v, error %v, want %v", r, err, a.ByteRange)
				}
			})
		}
	}
}

// A million objects take memory for their entries and for what a walk notes of
// each, not for their bodies.
func TestManyObjects(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const n = 1_000_000
	for _, kind := range []XRefKind{Table, XRefStream} {
		t.Run(kind.String(), func(t *testing.T) {
			b := manyObjects(n, kind)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			begin := time.Now()
			f := open(t, b)
			opened := time.Since(begin)
			v := f.Latest()
			met := 0
			if err := v.Walk(func(n Node) error { met++; return n.Err }); err != nil {
				t.Fatal(err)
			}
			walked := time.Since(begin)
			if strays, err := f.Strays(1); err != nil || len(strays) > 0 {
				t.Errorf("found %d strays, error %v", len(strays), err)
			}
			if sigs, err := f.AllSignatures(); err != nil || len(sigs) > 0 {
				t.Errorf("found %d signatures, error %v", len(sigs), err)
			}
			all := time.Since(begin)
			runtime.GC()
			runtime.ReadMemStats(&after)
			held := int64(after.HeapAlloc) - int64(before.HeapAlloc)
			t.Logf("%d bytes, %d objects: open %v, walk %v, all %v, %d MiB held", len(b), met, opened, walked, all, held>>20)
			if held > 64<<20 {
				t.Errorf("%d MiB are held, want at most 64", held>>20)
			}
			runtime.KeepAlive(f)
		})
	}
}

func manyObjects(n int, kind XRefKind) []byte {
	var b bytes.Buffer
	offsets := make([]int, n+1)
	b.WriteString("%PDF-1.7\n")
	write := func(i int, body string) {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i, body)
	}
	write(1, "<</Pages 2 0 R/First 3 0 R>>")
	write(2, "<</Kids[]>>")
	for i := 3; i <= n; i++ {
		write(i, fmt.Sprintf("<</Type/Annot/Subtype/Link/Rect[1 2 3 4]/Parent 2 0 R/Next %d 0 R/Title(object)/Pad(%s)>>", min(i+1, n), strings.Repeat("x", 80)))
	}
	at := b.Len()
	if kind == Table {
		fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", n+1)
		for i := 1; i <= n; i++ {
			fmt.Fprintf(&b, "%010d 00000 n \n", offsets[i])
		}
		fmt.Fprintf(&b, "trailer\n<</Root 1 0 R/Size %d>>\n", n+1)
	} else {
		data := make([]byte, 0, 6*n+6)
		for i := 0; i <= n; i++ {
			off := offsets[i]
			data = append(data, byte(min(i, 1)), byte(off>>24), byte(off>>16), byte(off>>8), byte(off), 0)
		}
		z := deflate(string(data))
		fmt.Fprintf(&b, "%d 0 obj\n<</Type/XRef/Root 1 0 R/W[1 4 1]/Size %d/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n", n+1, n+1, len(z), z)
	}
	fmt.Fprintf(&b, "startxref\n%d\n%%%%EOF\n", at)
	return b.Bytes()
}

// Files with a byte or a few changed are read to an answer, and never panic.
func TestMutations(t *testing.T) {
	t.Parallel()
	m := simple().object(5, "(one)").table("").stream(6, "/Type/ObjStm/N 1/First 4", "5 0 (abc)")
	m.object(7, "<</FT/Sig/T(s)/V<</ByteRange[0 1 2 3]/Contents<00ff>>>>>").object(1, "<</Pages 2 0 R/AcroForm<</Fields[7 0 R]>>>>")
	m.end(m.xrefStream(8, []packed{{5, 6, 0}}))
	whole := m.Bytes()
	rng := rand.New(rand.NewPCG(1, 2))
	alphabet := []byte("0123456789 <>[]()/%\n\rRobjfnx-.\x00\xff")
	for i := range whole {
		for _, c := range alphabet {
			b := bytes.Clone(whole)
			b[i] = c
			if rng.IntN(2) == 0 {
				b[rng.IntN(len(b))] = alphabet[rng.IntN(len(alphabet))]
			}
			f, _, err := readAll(bytes.NewReader(b), small)
			if err != nil {
				continue
			}
			if u, err := NewUpdate(f); err == nil {
				u.Add(Null{})
				if _, err := u.Build(); err != nil {
					t.Errorf("byte %d as %q: %v", i, c, err)
				}
			}
		}
	}
}
