package main

import (
	"fmt"
	"io"
	"os"

	"lienthong/signer/pdf"
)

// extract writes the file as it was at one revision.
func (a *app) extract(path string, revision int, output string) error {
	if revision == 0 || output == "" {
		return failf(exitUsage, "--revision N and -o OUT.pdf belong together")
	}
	in, err := openDocument(path)
	if err != nil {
		return err
	}
	defer in.Close()
	f, err := pdf.Open(in, pdf.DefaultLimits())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	list := f.Revisions()
	if revision < 1 || revision > len(list) {
		return failf(exitUsage, "%s: has no revision %d, want 1 to %d", path, revision, len(list))
	}
	end := list[revision-1].End
	if end <= 0 || end > in.Size() {
		return fmt.Errorf("%s: where revision %d ends is not known", path, revision)
	}
	err = writeOutput(output, path, func(out *os.File) error {
		_, err := io.Copy(out, io.NewSectionReader(in, 0, end))
		return err
	})
	if err != nil {
		return err
	}
	a.printf(a.t("%s: revision %d of %d, %d bytes\n", "%s: phiên bản %d trên %d, %d byte\n"), output, revision, len(list), end)
	return nil
}
