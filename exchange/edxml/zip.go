package edxml

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// unwrap opens the ZIP in which senders wrap a file. An attachment that is an
// archive or an office file itself stays as it is.
func (a *Attachment) unwrap(data []byte, lim Limits) ([]File, error) {
	// The directory is counted before it is read: each entry costs memory.
	if n := bytes.Count(data, []byte("PK\x01\x02")); n > lim.Entries {
		return nil, refuse(ReasonZIPBomb, a.label(), "the archive lists about %d files, at most %d", n, lim.Entries)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, refuse(ReasonZIP, a.label(), "it begins like a ZIP file, but cannot be opened: %v", err)
	}
	var entries []*zip.File
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, "/") {
			entries = append(entries, f)
		}
	}
	if a.archive(entries) {
		return []File{{Name: a.Name, Data: data}}, nil
	}
	if len(entries) == 0 {
		return nil, refuse(ReasonZIP, a.label(), "the archive holds no file")
	}
	var out []File
	left := lim.Unpacked
	for _, f := range entries {
		content, err := a.extract(f, left, lim)
		if err != nil {
			return nil, err
		}
		left -= int64(len(content))
		file := File{Name: a.Name, Entry: f.Name, Data: content}
		if len(entries) > 1 || file.Name == "" {
			file.Name = f.Name
		}
		if at := mangled(content); at >= 0 {
			return nil, refuse(ReasonMangled, a.label(), "in the archive, bytes EF BF BD at %d of %.80q stand for bytes that are lost: the file was handled as UTF-8 text before it was sent", at, f.Name)
		}
		out = append(out, file)
	}
	return out, nil
}

// archive reports that the attachment is itself a ZIP file: by its name and what
// is in it, since senders call every wrapper application/zip.
func (a *Attachment) archive(entries []*zip.File) bool {
	ext := strings.ToLower(path.Ext(a.Name))
	switch ext {
	case ".zip", ".jar", ".asice":
		// A wrapped archive is an archive that holds nothing but one of that name.
		return len(entries) != 1 || !strings.EqualFold(path.Ext(entries[0].Name), ext)
	case ".docx", ".xlsx", ".pptx", ".docm", ".xlsm", ".pptm", ".vsdx":
		return named(entries, "[Content_Types].xml")
	case ".odt", ".ods", ".odp", ".odg", ".epub":
		return named(entries, "mimetype")
	}
	return false
}

func named(entries []*zip.File, name string) bool {
	for _, f := range entries {
		if f.Name == name {
			return true
		}
	}
	return false
}

// extract reads one entry, whatever size its header claims.
func (a *Attachment) extract(f *zip.File, left int64, lim Limits) ([]byte, error) {
	if f.Flags&1 != 0 {
		return nil, refuse(ReasonZIP, a.label(), "%.80q in the archive is encrypted", f.Name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, refuse(ReasonZIP, a.label(), "%.80q in the archive: %v", f.Name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, left+1))
	if int64(len(data)) > left {
		return nil, refuse(ReasonZIPBomb, a.label(), "the archive swells over %d bytes, which are left of the limit", lim.Unpacked)
	}
	if err != nil {
		return nil, refuse(ReasonZIP, a.label(), "%.80q in the archive: %v", f.Name, err)
	}
	return data, nil
}

// Pack puts files into an attachment: one as it is, or, with wrap, in a ZIP file
// as the SDK of the axis does, and then the content type is application/zip. The
// same files give the same bytes.
func (a *Attachment) Pack(files []File, wrap bool) error {
	if len(files) == 0 || len(files) > 1 && !wrap {
		return fmt.Errorf("edxml: %s: %d files, want one, or a ZIP wrapper", a.label(), len(files))
	}
	data := files[0].Data
	if wrap {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, f := range files {
			w, err := z.CreateHeader(&zip.FileHeader{Name: firstOf(f.Entry, f.Name, a.Name), Method: zip.Deflate})
			if err != nil {
				return fmt.Errorf("edxml: %s: pack: %w", a.label(), err)
			}
			if _, err := w.Write(f.Data); err != nil {
				return fmt.Errorf("edxml: %s: pack: %w", a.label(), err)
			}
		}
		if err := z.Close(); err != nil {
			return fmt.Errorf("edxml: %s: pack: %w", a.label(), err)
		}
		data, a.ContentType = b.Bytes(), "application/zip"
	}
	a.Encoded = base64.StdEncoding.EncodeToString(data)
	return nil
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
