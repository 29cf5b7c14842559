package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writeOutput makes a file appear whole or not at all: write fills a temporary
// file beside it, which is synced and renamed. Input, if not empty, is a file
// that must not be overwritten, however it is spelled: a signer who loses the
// draft to a wrong -o cannot get it back.
func writeOutput(path, input string, write func(*os.File) error) (err error) {
	if input != "" {
		same, err := sameFile(path, input)
		if err != nil {
			return err
		}
		if same {
			return fail(exitUsage, fmt.Errorf("output %q is the input: it would be overwritten", path),
				"give another name with -o")
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
	if err != nil {
		return fail(exitUsage, err, "the folder of the output must exist and be writable")
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func sameFile(output, input string) (bool, error) {
	in, err := os.Stat(input)
	if err != nil {
		return false, fail(exitUsage, err)
	}
	out, err := os.Stat(output)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fail(exitUsage, err)
	}
	return os.SameFile(in, out), nil
}

// A document is an input file with its size, as the readers of PDF want it.
type document struct {
	*os.File
	size int64
}

func (d *document) Size() int64 { return d.size }

func openDocument(path string) (*document, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fail(exitUsage, err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fail(exitUsage, err)
	}
	if info.IsDir() {
		f.Close()
		return nil, vietnamese(fail(exitUsage, fmt.Errorf("%s: is a folder, want a PDF file", path)),
			"đây là thư mục, không phải tệp PDF", "nêu tên một tệp PDF trong thư mục")
	}
	if info.Size() == 0 {
		f.Close()
		return nil, vietnamese(fail(exitUsage, fmt.Errorf("%s: the file is empty", path), "ask for the file again: it was cut to nothing on its way"),
			"tệp không có nội dung", "xin gửi lại tệp: nội dung đã mất trên đường truyền")
	}
	return &document{f, info.Size()}, nil
}
