package pdf

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lienthong/internal/testtool"
)

const secret = "Số: 12/UBND (mật\\)"

// confidential returns a file with strings and streams of the kinds that are
// encrypted in different ways.
func confidential(t testing.TB) []byte {
	t.Helper()
	text, err := Append(nil, TextString(secret))
	if err != nil {
		t.Fatal(err)
	}
	s := string(text)
	m := newMaker().object(1, "<</Type/Catalog/Pages 2 0 R/Lang(vi-VN)/PieceInfo<</A["+s+"()]>>/Metadata 6 0 R/Names<</EmbeddedFiles<</Names[(a)8 0 R]>>>>>>").
		object(2, "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 595 842]>>").
		object(3, "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<<>>/PieceInfo<</B "+s+">>>>").
		stream(4, "", "BT ET % content").object(5, "<</Title "+s+">>").
		stream(6, "/Type/Metadata/Subtype/XML", "<x:xmpmeta/>").
		stream(7, "/Type/EmbeddedFile", "attached").object(8, "<</Type/Filespec/F(a)/UF(a)/EF<</F 7 0 R>>>>")
	return m.table("/Info 5 0 R/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]").Bytes()
}

// encryptions are what qpdf calls them.
var encryptions = map[string][]string{
	"RC4 40, revision 2":            {"40"},
	"RC4 128, revision 3":           {"128", "--use-aes=n"},
	"RC4 128, revision 4":           {"128", "--use-aes=n", "--force-V4"},
	"AES 128, revision 4":           {"128", "--use-aes=y"},
	"AES 128, metadata in clear":    {"128", "--use-aes=y", "--cleartext-metadata"},
	"AES 256, revision 5":           {"256", "--force-R5"},
	"AES 256, revision 6":           {"256"},
	"AES 256, metadata in clear":    {"256", "--cleartext-metadata"},
	"AES 256, fields may be filled": {"256", "--modify=form"},
	"AES 128, nothing may be done":  {"128", "--use-aes=y", "--modify=none"},
}

// qpdf runs qpdf on b with args before the two names, or skips the test.
func qpdf(t testing.TB, b []byte, args ...string) []byte {
	t.Helper()
	program := testtool.Find(t, "qpdf")
	in, out := filepath.Join(t.TempDir(), "in.pdf"), filepath.Join(t.TempDir(), "out.pdf")
	if err := os.WriteFile(in, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if says, err := exec.Command(program, append(args, in, out)...).CombinedOutput(); err != nil {
		t.Fatalf("qpdf: %v: %s", err, says)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// encrypt has qpdf encrypt b for an empty user password.
func encrypt(t testing.TB, b []byte, objects string, how ...string) []byte {
	t.Helper()
	args := append([]string{"--allow-weak-crypto", "--stream-data=preserve", "--object-streams=" + objects, "--encrypt", "", "owner"}, how...)
	return qpdf(t, b, append(args, "--")...)
}

// shown is what can be read in the file that confidential makes: its strings
// and streams, in no cipher.
func shown(t testing.TB, f *File) []string {
	t.Helper()
	v := f.Latest()
	_, root, err := v.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := v.Pages()
	if err != nil || len(pages) != 1 {
		t.Fatalf("%d pages, error %v", len(pages), err)
	}
	info, err := v.Dict(v.Trailer().Get("Info"))
	if err != nil {
		t.Fatal(err)
	}
	out := []string{
		string(Canonical(root.Get("Lang"))), string(Canonical(root.Get("PieceInfo"))),
		string(Canonical(pages[0].Dict.Get("PieceInfo"))), string(Canonical(info.Get("Title"))),
	}
	names, _ := v.Dict(root.Get("Names"))
	files, _ := v.Dict(names.Get("EmbeddedFiles"))
	list, _ := v.Array(files.Get("Names"))
	spec, _ := v.Dict(list[1])
	ef, _ := v.Dict(spec.Get("EF"))
	for _, o := range []Object{pages[0].Dict.Get("Contents"), root.Get("Metadata"), ef.Get("F")} {
		s, err := v.Resolve(o)
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.(*Stream).Decode(v)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.TrimSpace(string(b)))
	}
	return out
}

func TestUnlock(t *testing.T) {
	t.Parallel()
	want := shown(t, open(t, confidential(t)))
	for name, how := range encryptions {
		for _, objects := range []string{"disable", "generate"} {
			t.Run(name+" object streams "+objects, func(t *testing.T) {
				t.Parallel()
				in := encrypt(t, confidential(t), objects, how...)
				f := open(t, in)
				if _, err := NewUpdate(f); !errors.Is(err, ErrEncrypted) {
					t.Errorf("before it is unlocked: found error %v, want ErrEncrypted", err)
				}
				if _, err := f.Unlock([]byte("wrong")); !errors.Is(err, ErrPassword) || !errors.Is(err, ErrEncrypted) {
					t.Errorf("found error %v, want ErrPassword", err)
				}
				p, err := f.Unlock([]byte("owner"))
				if err != nil || !p.Owner || !p.AddFields() {
					t.Errorf("owner: found permissions %+v, error %v", p, err)
				}
				f = open(t, in)
				p, err = f.Unlock(nil)
				if err != nil || p.Owner {
					t.Fatalf("found permissions %+v, error %v", p, err)
				}
				none, form := strings.Contains(name, "nothing"), strings.Contains(name, "fields")
				if p.FillFields() == none || p.AddFields() == (none || form) {
					t.Errorf("found permissions %+v", p)
				}
				if diff := cmp.Diff(want, shown(t, f)); diff != "" {
					t.Errorf("reads otherwise than in clear:\n%s", diff)
				}
				checkSealed(t, in, want)
			})
		}
	}
}

// checkSealed appends two signatures to an encrypted file, and has qpdf decrypt
// it: what was in it, in objects that were rewritten too, must read as before.
func checkSealed(t *testing.T, in []byte, want []string) {
	t.Helper()
	before := qpdfCheck(t, in)
	out := in
	for _, name := range []string{"Chữ ký 1", "Chữ ký 2"} {
		f := open(t, out)
		if _, err := f.Unlock(nil); err != nil {
			t.Fatal(err)
		}
		a, b := addSignatureTo(t, f, out, name)
		if err := a.Fill(bytes.Repeat([]byte{0xa5}, 4096)); err != nil {
			t.Fatal(err)
		}
		out = append(b[:a.Base], a.Data...)
	}
	f := open(t, out)
	if bytes.Contains(out[len(in):], []byte("vi-VN")) {
		t.Error("a string is in clear in the revision appended")
	}
	for _, key := range []Name{"Encrypt"} {
		if a, b := Canonical(open(t, in).Latest().Trailer().Get(key)), Canonical(f.Latest().Trailer().Get(key)); !bytes.Equal(a, b) {
			t.Errorf("/%s was %s and is %s", key, a, b)
		}
	}
	if !bytes.Equal(open(t, in).Latest().firstID(), f.Latest().firstID()) {
		t.Error("the first element of /ID has changed")
	}
	if after := qpdfCheck(t, out); after != before {
		t.Errorf("qpdf --check says\n%s\nand of the input\n%s", after, before)
	}
	if says := pdfsig(t, out); strings.Count(says, "Signature #") != 2 {
		t.Errorf("pdfsig finds other signatures than two:\n%s", says)
	}
	if _, err := f.Unlock(nil); err != nil {
		t.Fatal(err)
	}
	checkSignatures(t, f, want)
	checkSignatures(t, open(t, qpdf(t, out, "--decrypt")), want)
}

func checkSignatures(t *testing.T, f *File, want []string) {
	t.Helper()
	if diff := cmp.Diff(want, shown(t, f)); diff != "" {
		t.Errorf("reads otherwise than before:\n%s", diff)
	}
	for i, s := range signaturesOf(t, f) {
		if name := []string{"Chữ ký 1", "Chữ ký 2"}[i]; s.Field.FullName != name {
			t.Errorf("found field %q, want %q", s.Field.FullName, name)
		}
		if name, _ := s.Dict.Get("Name").(String); DecodeText(name) != "Nguyễn Nghĩa (a\\b)" {
			t.Errorf("found name %q", DecodeText(name))
		}
		if !bytes.Equal(s.Contents.Value, bytes.Repeat([]byte{0xa5}, 4096)) {
			t.Errorf("/Contents reads %x…, want a5a5…", s.Contents.Value[:8])
		}
	}
}

// Streams of a revision are encrypted as those of the file: the metadata and
// what has the crypt filter Identity may be left in clear.
func TestSealStreams(t *testing.T) {
	t.Parallel()
	for name, how := range encryptions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := encrypt(t, confidential(t), "disable", how...)
			f := open(t, in)
			if _, err := f.Unlock(nil); err != nil {
				t.Fatal(err)
			}
			u, err := NewUpdate(f)
			if err != nil {
				t.Fatal(err)
			}
			root, catalog, err := f.Latest().Catalog()
			if err != nil {
				t.Fatal(err)
			}
			form := u.Add(NewStream(NewDict(Entry{"A", lit("drawn")}), []byte("q Q % drawn")))
			empty := u.Add(NewStream(NewDict(), nil))
			catalog.Set("Streams", Array{form, empty})
			catalog.Set("Metadata", u.Add(NewStream(NewDict(Entry{"Type", Name("Metadata")}), []byte("<new/>"))))
			u.Set(root, catalog)
			a, err := u.Build()
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(a.Data, []byte("drawn")) {
				t.Error("the stream is in clear")
			}
			if clear := bytes.Contains(a.Data, []byte("<new/>")); clear != strings.Contains(name, "metadata") {
				t.Errorf("the metadata is in clear: %v", clear)
			}
			out := append(bytes.Clone(in), a.Data...)
			if says := qpdfCheck(t, out); says != "" {
				t.Errorf("qpdf --check says %s", says)
			}
			f = open(t, out)
			if _, err := f.Unlock(nil); err != nil {
				t.Fatal(err)
			}
			for _, g := range []*File{f, open(t, qpdf(t, out, "--decrypt"))} {
				checkStreams(t, g)
			}
		})
	}
}

func checkStreams(t *testing.T, f *File) {
	t.Helper()
	v := f.Latest()
	_, catalog, err := v.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	streams, _ := v.Array(catalog.Get("Streams"))
	for i, o := range append(streams, catalog.Get("Metadata")) {
		s, err := v.Resolve(o)
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.(*Stream).Decode(v)
		if want := []string{"q Q % drawn", "", "<new/>"}[i]; err != nil || strings.TrimSpace(string(b)) != want {
			t.Errorf("stream %d: found %q, error %v, want %q", i, b, err, want)
		}
	}
}
