package edxml

import (
	"errors"
	"fmt"
)

// Names in the folder of an import that files of the message cannot have.
const (
	FolderMessage = "message.edxml" // the message, as it came
	FolderJSON    = "message.json"  // a [Folder]
)

// A Folder is a message as JSON, beside its files. Schema is 1.
type Folder struct {
	Schema    int          `json:"schema"`
	Kind      string       `json:"kind"`
	Document  *Document    `json:"document,omitempty"`
	Status    *Status      `json:"status,omitempty"`
	Files     []FolderFile `json:"files,omitempty"`
	Signature string       `json:"signature,omitempty"` // "not checked" if there is the element
	Problems  []Problem    `json:"problems,omitempty"`
}

// A FolderFile is a file of a folder. An entry name means that its attachment has a
// ZIP wrapper.
type FolderFile struct {
	Attachment int    `json:"attachment"` // from 0
	Path       string `json:"path"`
	Entry      string `json:"entry,omitempty"`
	Size       int    `json:"size,omitempty"`
	SHA256     string `json:"sha256,omitempty"`
	Data       []byte `json:"-"`
}

// Unpack opens a message for a folder. today is yyyy-mm-dd, in Vietnam.
func (m *Message) Unpack(today string, lim Limits) (*Folder, error) {
	f := &Folder{Schema: 1, Kind: m.kind.String(), Document: m.Document(), Status: m.Status()}
	if m.Signed() {
		f.Signature = "not checked"
	}
	if f.Status != nil {
		f.Problems = f.Status.Problems()
		return f, nil
	}
	f.Problems = f.Document.Problems(today)
	taken := names{FolderMessage: 1, FolderJSON: 1}
	for i, opened := range f.Document.open(lim) {
		if opened.err != nil {
			return nil, opened.err
		}
		for _, file := range opened.files {
			f.Files = append(f.Files, FolderFile{Attachment: i, Path: taken.unique(file.Name), Entry: file.Entry,
				Size: len(file.Data), SHA256: file.SHA256(), Data: file.Data})
		}
	}
	return f, nil
}

// Message makes a message of a folder. read gives the files by path, which it must
// judge: the JSON may come from anywhere. A digest that is given must be right.
func (f *Folder) Message(read func(path string) ([]byte, error)) (*Message, error) {
	switch {
	case f.Schema != 1:
		return nil, fmt.Errorf("edxml: the JSON has schema %d, want 1", f.Schema)
	case (f.Document == nil) == (f.Status == nil):
		return nil, errors.New("edxml: the JSON must have a document or a status, and not both")
	case f.Status != nil:
		return f.Status.Message()
	}
	d := f.Document
	packed := make([][]File, len(d.Attachments))
	for _, file := range f.Files {
		if file.Attachment < 0 || file.Attachment >= len(packed) {
			return nil, fmt.Errorf("edxml: file %q is of attachment %d, and there are %d", file.Path, file.Attachment, len(packed))
		}
		data, err := read(file.Path)
		if err != nil {
			return nil, err
		}
		in := File{Name: d.Attachments[file.Attachment].Name, Entry: file.Entry, Data: data}
		if got := in.SHA256(); file.SHA256 != "" && file.SHA256 != got {
			return nil, fmt.Errorf("edxml: file %q has SHA-256 %s, and the JSON says %s: if it was changed on purpose, take the digest out", file.Path, got, file.SHA256)
		}
		packed[file.Attachment] = append(packed[file.Attachment], in)
	}
	for i, files := range packed {
		if len(files) == 0 {
			continue // an empty attachment, as some senders have
		}
		if err := d.Attachments[i].Pack(files, files[0].Entry != ""); err != nil {
			return nil, err
		}
	}
	if len(d.Manifest) == 0 {
		d.ManifestVersion = "1.0"
		for _, a := range d.Attachments {
			d.Manifest = append(d.Manifest, Entry{ContentID: a.ContentID, ContentType: a.ContentType, Description: a.Description, Name: a.Name})
		}
	}
	return d.Message()
}
