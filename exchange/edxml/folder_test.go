package edxml

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFolderThereAndBack takes every message through JSON and files, and finds all
// that it said in the message that comes of it.
func TestFolderThereAndBack(t *testing.T) {
	t.Parallel()
	for name, data := range messages(t) {
		m := parse(t, data)
		f, err := m.Unpack("2026-12-31", DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var read Folder
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		again, err := read.Message(reader(f))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		g, err := again.Unpack("2026-12-31", DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []*Document{f.Document, g.Document} {
			for i := 0; d != nil && i < len(d.Attachments); i++ {
				d.Attachments[i].Encoded = "" // packed again, an archive has other bytes; the files are compared
			}
		}
		if diff := cmp.Diff(f, g); diff != "" {
			t.Errorf("%s (-there +back):\n%s", name, diff)
		}
	}
}

// reader gives the files of a folder by path.
func reader(f *Folder) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		for _, file := range f.Files {
			if file.Path == path {
				return file.Data, nil
			}
		}
		return nil, fs.ErrNotExist
	}
}

func TestFolderRefusals(t *testing.T) {
	t.Parallel()
	document := &Document{Attachments: []Attachment{{ContentID: "1"}}}
	none := func(string) ([]byte, error) { return []byte("x"), nil }
	for _, tt := range []struct {
		name string
		f    Folder
		says string
	}{
		{"schema", Folder{Schema: 2, Status: &Status{Code: "01"}}, "schema 2"},
		{"neither", Folder{Schema: 1}, "a document or a status"},
		{"both", Folder{Schema: 1, Document: document, Status: &Status{}}, "not both"},
		{"file of no attachment", Folder{Schema: 1, Document: document, Files: []FolderFile{{Attachment: 1, Path: "a"}}}, "of attachment 1"},
		{"digest", Folder{Schema: 1, Document: document, Files: []FolderFile{{Path: "a", SHA256: "00"}}}, "SHA-256"},
		{"two files of one attachment", Folder{Schema: 1, Document: document, Files: []FolderFile{{Path: "a"}, {Path: "b"}}}, "2 files"},
	} {
		if _, err := tt.f.Message(none); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.says)
		}
	}
}

func TestPathsInAnArchiveAreNames(t *testing.T) {
	t.Parallel()
	f, err := parse(t, messages(t)["document_2_update.edxml"]).Unpack("2026-12-31", DefaultLimits())
	if err != nil || len(f.Files) != 2 || f.Files[1].Path != "b.txt" || f.Files[1].Entry != "../b.txt" {
		t.Errorf("files %+v, %v: want ../b.txt as b.txt", f.Files, err)
	}
}
