package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"lienthong/client"
	"lienthong/envelope"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

type fetchFlags struct {
	dir       string
	ack, over bool
	staff     string
}

func (a *app) fetchCommand() *cobra.Command {
	var f fetchFlags
	c := a.nodeFlags(&cobra.Command{
		Use:   "fetch DELIVERY|DOCUMENT",
		Short: "Get the files of a letter; with --ack also say that they are stored (tải văn bản)",
		Long: `Get the files of a letter into a folder and compare each with the SHA-256 that
its sender signed. --ack then tells the sender that they have arrived (status 01).`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.fetch(c.Context(), in[0], f) },
	})
	c.Flags().StringVar(&f.dir, "dir", ".", "folder")
	c.Flags().BoolVar(&f.ack, "ack", false, "report status 01: the files are stored")
	c.Flags().BoolVar(&f.over, "overwrite", false, "replace files that are there")
	c.Flags().StringVar(&f.staff, "staff", "", "id of the person for whom this is done")
	return c
}

func (a *app) fetch(ctx context.Context, name string, f fetchFlags) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	document, deliveries, err := find(ctx, c, profile, name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return fail(exitUsage, err)
	}
	agency := strings.Split(document.GetName(), "/")[1]
	var digests [][]byte
	for i, file := range document.GetFiles() {
		path := filepath.Join(f.dir, localName(file.GetName(), i))
		if err := a.fetchFile(ctx, c, agency, file, path, f.over); err != nil {
			return err
		}
		digests = append(digests, file.GetSha256())
	}
	if !f.ack {
		return nil
	}
	if len(deliveries) != 1 {
		return fail(exitUsage, errors.New("--ack: this is a letter that was sent, not one that came"), "name a delivery of: lienthong inbox")
	}
	answer, err := c.Deliveries.AcknowledgeDelivery(ctx, &lienthongv1.AcknowledgeDeliveryRequest{Name: deliveries[0].GetName(), Sha256: digests, Staff: staffOf(f.staff)})
	if err != nil {
		return err
	}
	if !a.json {
		a.printf("%s: %s\n", answer.GetDelivery().GetName(), a.statusText(answer.GetDelivery().GetStatus()))
	}
	return nil
}

// fetchFile writes one file, which appears whole and with the right digest or not
// at all.
func (a *app) fetchFile(ctx context.Context, c *client.Client, agency string, file *lienthongv1.ContentFile, path string, overwrite bool) error {
	if _, err := os.Lstat(path); err == nil && !overwrite {
		return fail(exitUsage, fmt.Errorf("%s: is there already", path), "choose another folder with --dir, or --overwrite")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(exitUsage, err)
	}
	digest, err := envelope.DigestFromBytes(file.GetSha256())
	if err != nil {
		return fail(exitUndecided, err)
	}
	bar := a.progress(filepath.Base(path))
	defer bar.end()
	err = writeOutput(path, "", func(out *os.File) error {
		_, err := c.Download(ctx, agency, digest, out, bar.show)
		return err
	})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"file": path, "sha256": digest.String(), "size": file.GetSize()})
	}
	a.printf("%s  %s\n", path, bytesText(int64(file.GetSize())))
	return nil
}

// maxLocalName is what every file system takes, in bytes, with room for ".part".
const maxLocalName = 200

// localName makes a name for this machine of the name that a sender gave. That may
// be anything: nothing of it may lead out of the folder, hide the file, or name a
// device.
func localName(name string, index int) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	for len(name) > maxLocalName { // the end of a name has its kind
		_, n := utf8.DecodeRuneInString(name)
		name = name[n:]
	}
	name = strings.Trim(name, ". ")
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	reserved := map[string]bool{"CON": true, "PRN": true, "AUX": true, "NUL": true}
	if name == "" || reserved[base] || len(base) == 4 && (strings.HasPrefix(base, "COM") || strings.HasPrefix(base, "LPT")) {
		return fmt.Sprintf("file-%d.pdf", index+1)
	}
	return name
}
