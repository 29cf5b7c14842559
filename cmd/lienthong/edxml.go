package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"lienthong/exchange/edxml"
)

func (a *app) edxmlCommand() *cobra.Command {
	return group("edxml", "Read, write and check messages of the national document axis (edXML, QCVN 102:2016)",
		a.edxmlImportCommand(), a.edxmlExportCommand(), a.edxmlCheckCommand(), a.edxmlSendCommand(), a.edxmlFetchCommand())
}

func (a *app) edxmlImportCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "import FILE.edxml -o DIR",
		Short: "Write the files and the data of a message into a new folder",
		Long: `Write what a message holds into a folder that is new or empty: its files, out of
base64 and ZIP; message.json, with all else that it says and what is wrong with
it; and message.edxml, the message as it came. Names are made safe.

The Signature element of a message proves nothing, and is not checked: check the
signatures in the files, with validate.`,
		Args: args(1, 1),
		RunE: func(_ *cobra.Command, files []string) error { return a.edxmlImport(files[0], dir) },
	}
	c.Flags().StringVarP(&dir, "output", "o", "", "folder, new or empty")
	return c
}

func (a *app) edxmlExportCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "export FILE.json -o FILE.edxml",
		Short: "Make a message from a JSON file and the files that it names",
		Long: `Make a message from JSON as import writes it. Paths in it are below its folder. A
file with an "entry" is put into a ZIP wrapper, as the axis's SDK does; others
go as they are.`,
		Args: args(1, 1),
		RunE: func(_ *cobra.Command, files []string) error { return a.edxmlExport(files[0], out) },
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write")
	return c
}

func (a *app) edxmlCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE.edxml...",
		Short: "Read, write, read again and compare: is anything lost?",
		Long: `Read messages, write them in memory, read that again and compare. Exit status: 0
nothing is lost, 1 something is, or an attachment was damaged before it came, 2 a
file is no message, or is refused.`,
		Args: args(1, -1),
		RunE: func(_ *cobra.Command, files []string) error { return a.edxmlCheck(files) },
	}
}

// readMessage reads the file of a message, within the limits.
func readMessage(path string) ([]byte, error) {
	return readLimited(path, edxml.DefaultLimits().Message)
}

func (a *app) edxmlImport(path, dir string) error {
	if dir == "" {
		return fail(exitUsage, errors.New("no folder to write to"), "-o DIR")
	}
	data, err := readMessage(path)
	if err != nil {
		return err
	}
	m, err := edxml.Parse(data, edxml.DefaultLimits())
	if err != nil {
		return fail(exitUsage, fmt.Errorf("%s: %w", path, err))
	}
	folder, err := m.Unpack(a.now().In(hanoi).Format(time.DateOnly), edxml.DefaultLimits())
	if err != nil {
		return fail(exitUsage, fmt.Errorf("%s: %w", path, err))
	}
	if err := emptyFolder(dir); err != nil {
		return err
	}
	text, err := json.MarshalIndent(folder, "", "  ")
	if err != nil {
		return err
	}
	files := append([]edxml.FolderFile{{Path: edxml.FolderMessage, Data: data}}, folder.Files...)
	// The JSON comes last: a folder that has it is complete.
	files = append(files, edxml.FolderFile{Path: edxml.FolderJSON, Data: append(text, '\n')})
	for _, f := range files {
		if err := writeOutput(filepath.Join(dir, f.Path), "", writer(f.Data)); err != nil {
			return err
		}
	}
	return a.printImport(dir, folder)
}

func (a *app) printImport(dir string, folder *edxml.Folder) error {
	if a.json {
		return a.printJSON(folder)
	}
	a.printf(a.t("%s: %s, %d files\n", "%s: %s, %d tệp\n"), dir, folder.Kind, len(folder.Files))
	for _, f := range folder.Files {
		a.printf("  %s  %s  sha256 %s\n", f.Path, bytesText(int64(f.Size)), f.SHA256)
	}
	for _, p := range folder.Problems {
		a.printf("  %s %s\n", a.t("problem:", "lỗi:"), p)
	}
	if folder.Signature != "" {
		a.printf("  %s\n", a.t("Signature element: not checked", "phần tử Signature: không kiểm tra"))
	}
	return nil
}

// emptyFolder makes a folder, or takes one that is empty: an import never writes
// over what is there.
func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fail(exitUsage, err)
	}
	held, err := os.ReadDir(dir)
	if err != nil {
		return fail(exitUsage, err)
	}
	if len(held) > 0 {
		return fail(exitUsage, fmt.Errorf("folder %q is not empty: it holds %q", dir, held[0].Name()), "give a new folder with -o")
	}
	return nil
}

func writer(data []byte) func(*os.File) error {
	return func(f *os.File) error {
		_, err := f.Write(data)
		return err
	}
}

func (a *app) edxmlExport(path, out string) error {
	if out == "" {
		return fail(exitUsage, errors.New("no file to write to"), "-o FILE.edxml")
	}
	text, err := readMessage(path)
	if err != nil {
		return err
	}
	var folder edxml.Folder
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&folder); err != nil {
		return fail(exitUsage, fmt.Errorf("%s: %w", path, err), "lienthong edxml import shows what the JSON looks like")
	}
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return fail(exitUsage, err)
	}
	defer root.Close()
	m, err := folder.Message(func(name string) ([]byte, error) { return readBelow(root, name) })
	if err != nil {
		return fail(exitUsage, fmt.Errorf("%s: %w", path, err))
	}
	return writeOutput(out, path, writer(m.Bytes()))
}

// readBelow reads a file that a JSON names; it cannot lead out of the folder, by
// dots or by links.
func readBelow(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	limit := edxml.DefaultLimits().Attachment
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%q has more than %s, want less", name, bytesText(limit))
	}
	return data, nil
}

func (a *app) edxmlCheck(paths []string) error {
	whole := true
	for _, path := range paths {
		data, err := readMessage(path)
		if err != nil {
			return err
		}
		c, err := edxml.CheckMessage(data, edxml.DefaultLimits())
		if err != nil {
			return fail(exitUsage, fmt.Errorf("%s: %w", path, err))
		}
		whole = whole && c.Whole()
		if a.json {
			if err := a.printJSON(struct {
				File string `json:"file"`
				*edxml.Check
			}{path, c}); err != nil {
				return err
			}
			continue
		}
		a.printCheck(path, c)
	}
	if !whole {
		return quiet(exitNo)
	}
	return nil
}

func (a *app) printCheck(path string, c *edxml.Check) {
	verdict := a.t("nothing lost", "không mất gì")
	if !c.Whole() {
		verdict = a.t("NOT WHOLE", "KHÔNG TOÀN VẸN")
	}
	a.printf("%s: %s: %s\n", path, c.Kind, verdict)
	if !c.Same {
		a.printf("  %s\n", a.t("written again, the bytes differ", "ghi lại, các byte khác đi"))
	}
	for _, l := range c.Lost {
		a.printf("  %s %s\n", a.t("lost:", "mất:"), l)
	}
	for _, d := range c.Damage {
		a.printf("  %s %s\n", a.t("damaged:", "hỏng:"), d)
	}
	for _, f := range c.Files {
		a.printf("  %s %q, %s, sha256 %s\n", a.t("file", "tệp"), f.Name, bytesText(int64(f.Size)), f.SHA256)
	}
	for _, e := range c.Extra {
		a.printf("  %s %q\n", a.t("kept, without a field of its own:", "giữ nguyên, không có trường riêng:"), e)
	}
	if c.Signed {
		a.printf("  %s\n", a.t("Signature element: not checked", "phần tử Signature: không kiểm tra"))
	}
}
