package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// hostile builds files that are made to take time or memory, of up to 64 MiB.
var hostile = map[string]func() []byte{
	"large body listed for every number": func() []byte {
		m := newMaker().object(1, "<</Pages 2 0 R>>").object(2, "["+refs(3, 400_000)+"]")
		for n := 3; n < 400_000; n++ {
			m.offsets[n] = m.offsets[2]
		}
		return m.table("").Bytes()
	},
	"bodies within one another": func() []byte {
		const n = 1_000_000
		m := newMaker().object(1, "<</Pages 2 0 R/X["+refs(2, n)+"]>>")
		for i := 2; i < n; i++ {
			m.offsets[i] = m.Len()
			fmt.Fprintf(m, "%d 0 obj(", i)
		}
		m.WriteString(strings.Repeat(")", n))
		return m.table("").Bytes()
	},
	"one page a million times": func() []byte {
		return newMaker().object(1, "<</Pages 2 0 R>>").object(2, "<</Kids["+strings.Repeat("3 0 R ", 1_000_000)+"]>>").
			object(3, "<</A(a)/B(b)/C(c)>>").table("").Bytes()
	},
	"a field's long name for a million kids": func() []byte {
		m := newMaker().object(1, "<</Pages 2 0 R/AcroForm<</Fields[3 0 R]>>>>").object(2, "<</Kids[]>>").
			object(3, "<</T("+strings.Repeat("x", 60_000)+")/Kids[4 0 R]>>")
		return m.object(4, "<</T(y)/Kids["+strings.Repeat("<</T(y)>>", 400_000)+"]>>").table("").Bytes()
	},
	"a thousand revisions of five hundred objects": func() []byte {
		m := simple().table("")
		for range 1000 {
			for n := 5; n < 505; n++ {
				m.object(n, "<</ByteRange[0 1 2 3]>>")
			}
			m.table("")
		}
		return m.Bytes()
	},
	"a thousand revisions that list one large body": func() []byte {
		m := simple().object(5, "("+strings.Repeat("x", 1<<20)+")")
		at := m.offsets[5]
		m.table("")
		for i := range 1000 {
			m.offsets[5+i%2] = at
			m.table("")
		}
		return m.Bytes()
	},
	"empty dictionaries": func() []byte {
		return simple().object(5, "["+strings.Repeat("<<>>", 16<<20-100)+"]").table("/Info 5 0 R").Bytes()
	},
	"as many objects as one may have": func() []byte {
		m := simple().object(5, "["+strings.Repeat("<</A 0>>", 1<<18)+strings.Repeat("<<>>", 1<<18)+"]")
		return m.table("/Info 5 0 R").Bytes()
	},
	"a cross-reference stream of eight million entries": func() []byte {
		m := simple()
		at := m.Len()
		z := deflate(strings.Repeat("\x01\x00\x00\x0a\x00", 8_388_600))
		fmt.Fprintf(m, "9 0 obj\n<</Type/XRef/Root 1 0 R/W[1 3 1]/Size 8388600/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n", len(z), z)
		return m.end(at).Bytes()
	},
	"ten such streams": func() []byte {
		m := simple()
		z := deflate(strings.Repeat("\x01\x00\x00\x0a\x00", 4_000_000))
		for range 10 {
			at := m.Len()
			fmt.Fprintf(m, "9 0 obj\n<</Type/XRef/Root 1 0 R/Prev %d/W[1 3 1]/Size 4000000/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n", m.prev, len(z), z)
			m.end(at)
		}
		return m.Bytes()
	},
	"many object streams of one large object": func() []byte {
		m := simple()
		big := deflate("5 0 (" + strings.Repeat("x", 8<<20) + ")")
		var list []packed
		for n := 10; n < 210; n++ {
			m.stream(n, "/Type/ObjStm/N 1/First 4/Filter/FlateDecode", big)
			list = append(list, packed{5, n, 0})
		}
		m.object(1, "<</Pages 2 0 R/X["+refs(5, 210)+"]>>")
		return m.end(m.xrefStream(300, list)).Bytes()
	},
	"streams without an end": func() []byte {
		m := simple()
		for n := 5; n < 100_000; n++ {
			m.object(n, "<</Length 9999999/Filter/FlateDecode>>stream\n")
		}
		m.object(1, "<</Pages 2 0 R/X["+refs(5, 100_000)+"]>>")
		return m.table("").Bytes()
	},
	"startxref all over": func() []byte {
		m := simple()
		at := m.Len()
		m.table("")
		b := bytes.TrimSuffix(m.Bytes(), fmt.Appendf(nil, "startxref\n%d\n%%%%EOF\n", at))
		b = append(b, strings.Repeat("startxref 7 ", 4<<20)...)
		return fmt.Appendf(b, "startxref %d %%%%EOF", at)
	},
	"a comment to the end": func() []byte {
		m := simple().table("")
		m.WriteString("%" + strings.Repeat("x", 60<<20))
		m.object(5, "null")
		return m.table("").Bytes()
	},
	"nesting": func() []byte {
		return simple().object(5, strings.Repeat("[", 30<<20)).table("/Info 5 0 R").Bytes()
	},
	"strays all over": func() []byte {
		m := simple()
		m.WriteString(strings.Repeat("5 0 obj()", 7<<20))
		return m.table("").Bytes()
	},
	"a filter chain that gives nothing": func() []byte {
		inner := deflate(strings.Repeat(" ", 512<<20))
		return simple().stream(5, "/Filter[/FlateDecode/AHx/FlateDecode]", inner).table("/Info 5 0 R").Bytes()
	},
	"sections of one entry": func() []byte {
		m := simple()
		at := m.Len()
		m.WriteString("xref\n0 5\n0000000000 65535 f \n")
		for n := 1; n < 5; n++ {
			fmt.Fprintf(m, "%010d 00000 n \n", m.offsets[n])
		}
		for n := 1_500_000; n > 0; n-- {
			fmt.Fprintf(m, "%d 1\n%010d 00000 n \n", 2*n+5, m.offsets[1])
		}
		m.WriteString("trailer\n<</Root 1 0 R/Size 5>>\n")
		return m.end(at).Bytes()
	},
}

func refs(from, to int) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		fmt.Fprintf(&b, "%d 0 R ", n)
	}
	return b.String()
}

// Each hostile file is answered within 2 s and 256 MiB, its own bytes and the
// memory of an empty process left out. Every file has a process of its own, so
// that what it takes can be measured: in time of a processor, since others may be
// at work on the machine.
func TestHostile(t *testing.T) {
	if path := os.Getenv("PDF_HOSTILE_FILE"); path != "" {
		answer(t, path)
		return
	}
	if testing.Short() {
		t.Skip("takes a minute")
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("memory is measured by /proc")
	}
	for name, build := range hostile {
		t.Run(name, func(t *testing.T) { measure(t, build()) })
		t.Run("repairing "+name, func(t *testing.T) { measure(t, append(build(), "startxref\n12\n%%EOF"...)) })
	}
}

func measure(t *testing.T, b []byte) {
	path := t.TempDir() + "/x.pdf"
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestHostile$", "-test.v")
	cmd.Env = append(os.Environ(), "PDF_HOSTILE_FILE="+path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var peak int
	_, answer, _ := strings.Cut(string(out), "took ")
	if _, err := fmt.Sscanf(answer, "%d MiB", &peak); err != nil {
		t.Fatalf("no answer: %s", out)
	}
	took := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	answer, _, _ = strings.Cut(answer, "\n")
	t.Logf("took %v, %s", took, answer)
	if took > 2*time.Second || peak > 256 {
		t.Errorf("took %v and %d MiB, want at most 2 s and 256 MiB", took, peak)
	}
}

// answer reads a file as a validator does, and says what came of it.
func answer(t *testing.T, path string) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	src := fileSource{file, info.Size()}
	f, _, err := readAll(src, Limits{})
	if errors.Is(err, ErrXRef) {
		f, err = OpenRepaired(src, Limits{})
	}
	if err == nil {
		v := f.Latest()
		err = v.Walk(func(n Node) error {
			if s, ok := n.Object.(*Stream); ok {
				_, err := s.Decode(v)
				return err
			}
			return nil
		})
	}
	status, e := os.ReadFile("/proc/self/status")
	if e != nil {
		t.Skip(e)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	var kib int
	fmt.Sscan(peak, &kib)
	fmt.Printf("took %d MiB; %v\n", kib>>10, err)
}

type fileSource struct {
	*os.File
	size int64
}

func (f fileSource) Size() int64 { return f.size }
