package pdf

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnlockRefused(t *testing.T) {
	t.Parallel()
	in := encrypt(t, confidential(t), "disable", "128", "--use-aes=y")
	_, signed := func() (*Appended, []byte) {
		f := open(t, in)
		if _, err := f.Unlock(nil); err != nil {
			t.Fatal(err)
		}
		return addSignatureTo(t, f, in, "one")
	}()
	tail := func(from, to string) []byte {
		i := bytes.LastIndex(signed, []byte("trailer"))
		return append(bytes.Clone(signed[:i]), strings.ReplaceAll(string(signed[i:]), from, to)...)
	}
	change := func(from, to string) []byte { return bytes.ReplaceAll(in, []byte(from), []byte(to)) }
	for _, tt := range []struct {
		name string
		file []byte
		says string
	}{
		{"another security handler", change("/Standard", "/Sonderba"), `security handler "Sonderba"`},
		{"another version", change("/V 4", "/V 3"), "version 3"},
		{"another revision", change("/R 4", "/R 6"), "revision 6"},
		{"a crypt filter that is not there", change("/StrF /StdCF", "/StrF /NoneF"), `crypt filter "NoneF" of /StrF`},
		{"a cipher to come", change("/AESV2", "/AESV9"), "of a kind that is not read here"},
		{"the newest trailer is in clear", tail("/Encrypt ", "/Encrypd "), "newest trailer has no /Encrypt"},
		{"the file's identifier changes", tail("/ID [<00", "/ID [<01"), "first element of /ID changes"},
		{"another dictionary later", tail("/Encrypt 9", "/Encrypt 8"), "is not that of the newest"},
		{"a key that is too short", change("/O <", "/o <"), "too short"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := open(t, tt.file).Unlock(nil); !errors.Is(err, ErrEncrypted) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("found error %v, want ErrEncrypted that says %q", err, tt.says)
			}
		})
	}
	f := open(t, confidential(t))
	if p, err := f.Unlock(nil); err != nil || !p.AddFields() || !p.FillFields() || p.Revision != 0 {
		t.Errorf("a file in clear: found permissions %+v, error %v", p, err)
	}
}

// An encrypted file is repaired if the empty password opens it.
func TestRepairEncrypted(t *testing.T) {
	t.Parallel()
	want := shown(t, open(t, confidential(t)))
	for _, objects := range []string{"disable", "generate"} {
		in := astray(encrypt(t, confidential(t), objects, "256"))
		f, err := OpenRepaired(bytes.NewReader(in), Limits{})
		if err != nil || f.Repair() == nil {
			t.Fatalf("found repair %+v, error %v", f.Repair(), err)
		}
		_, out := addSignatureTo(t, f, in, "one")
		if says := qpdfCheck(t, out); says != "" {
			t.Errorf("qpdf --check says %s", says)
		}
		f = open(t, out)
		if _, err := f.Unlock(nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, shown(t, f)); diff != "" {
			t.Errorf("reads otherwise than before:\n%s", diff)
		}
	}
	in := astray(qpdf(t, confidential(t), "--encrypt", "user", "owner", "256", "--"))
	if _, err := OpenRepaired(bytes.NewReader(in), Limits{}); !errors.Is(err, ErrRepair) || !errors.Is(err, ErrPassword) {
		t.Errorf("found error %v, want ErrRepair and ErrPassword", err)
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		p         Permissions
		fill, add bool
	}{
		{Permissions{P: 0, Revision: 4}, false, false},
		{Permissions{P: 0, Revision: 4, Owner: true}, true, true},
		{Permissions{P: 1 << 8, Revision: 3}, true, false},
		{Permissions{P: 1 << 8, Revision: 2}, false, false}, // bit 9 has no meaning there
		{Permissions{P: 1 << 5, Revision: 2}, true, false},
		{Permissions{P: 1 << 3, Revision: 6}, false, false},
		{Permissions{P: 1<<3 | 1<<5, Revision: 6}, true, true},
	} {
		if fill, add := tt.p.FillFields(), tt.p.AddFields(); fill != tt.fill || add != tt.add {
			t.Errorf("%+v: may fill %v, add %v; want %v, %v", tt.p, fill, add, tt.fill, tt.add)
		}
	}
}

// Two streams of one cipher text under different numbers are not the same, and
// two of different cipher texts may be.
func TestSameDataInClear(t *testing.T) {
	t.Parallel()
	in := encrypt(t, confidential(t), "disable", "128", "--use-aes=y")
	f := open(t, in)
	if _, err := f.Unlock(nil); err != nil {
		t.Fatal(err)
	}
	u, err := NewUpdate(f)
	if err != nil {
		t.Fatal(err)
	}
	pages, _ := f.Latest().Pages()
	content := pages[0].Dict.Ref("Contents")
	u.Set(content, NewStream(NewDict(), []byte("BT ET % content")))
	other := u.Add(NewStream(NewDict(), []byte("BT ET % CONTENT")))
	a, err := u.Build()
	if err != nil {
		t.Fatal(err)
	}
	f = open(t, append(bytes.Clone(in), a.Data...))
	if _, err := f.Unlock(nil); err != nil {
		t.Fatal(err)
	}
	stream := func(v *View, r Ref) *Stream {
		o, err := v.Object(r)
		if err != nil {
			t.Fatal(err)
		}
		return o.(*Stream)
	}
	old, now := f.View(1), f.Latest()
	x, y := stream(old, content), stream(now, content)
	bx, _ := x.Decode(old)
	by, _ := y.Decode(now)
	if same, err := SameData(x, old, y, now); err != nil || same != bytes.Equal(bx, by) {
		t.Errorf("found same %v, error %v, of %q and %q", same, err, bx, by)
	}
	if same, err := SameData(y, now, stream(now, other), now); err != nil || same {
		t.Errorf("found same %v, error %v", same, err)
	}
}
