package pdf

import (
	"bytes"
	"strings"
	"testing"
)

func TestOwnPage(t *testing.T) {
	t.Parallel()
	const page = "<</Type/Page/Parent 2 0 R/Resources<<>>>>"
	tree := func(kids string) []byte {
		m := newMaker().object(1, "<</Type/Catalog/Pages 2 0 R>>").object(2, "<</Type/Pages/Count 2/MediaBox[0 0 9 9]/Kids "+kids+">>")
		return m.object(3, "["+page+page+"]").object(4, page).table("").Bytes()
	}
	for _, tt := range []struct {
		name string
		file []byte
		says string
	}{
		{"an indirect page", tree("[4 0 R " + page + "]"), ""},
		{"pages in the array", tree("[" + page + page + "]"), ""},
		{"pages in an array elsewhere", tree("3 0 R"), ""},
		{"a node that is direct too", tree("[<</Kids[" + page + "4 0 R]>>]"), "nor is the node"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := open(t, tt.file)
			u, err := NewUpdate(f)
			if err != nil {
				t.Fatal(err)
			}
			pages, err := f.Latest().Pages()
			if err != nil || len(pages) != 2 {
				t.Fatalf("%d pages, error %v", len(pages), err)
			}
			var p Page
			for i := range pages {
				if p, err = u.OwnPage(pages[i]); err != nil {
					break
				}
				p.Dict.Set("Rotate", Integer(90))
				u.Set(p.Ref, p.Dict)
			}
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("found error %v, want one that says %q", err, tt.says)
				}
				return
			}
			a, err := u.Build()
			if err != nil {
				t.Fatal(err)
			}
			out := append(bytes.Clone(tt.file), a.Data...)
			pages, err = open(t, out).Latest().Pages()
			if err != nil || len(pages) != 2 {
				t.Fatalf("then %d pages, error %v", len(pages), err)
			}
			for i, p := range pages {
				if p.Ref.IsZero() || p.Rotate != 90 || p.MediaBox[2] != 9 {
					t.Errorf("page %d: found %+v", i+1, p)
				}
			}
			if says := qpdfCheck(t, out); says != "" {
				t.Errorf("qpdf --check says %s", says)
			}
		})
	}
}
