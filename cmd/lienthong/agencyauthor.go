package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"lienthong/certs/keys"
	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
)

// authorFlags are those of commands by which the authority of a zone changes it.
type authorFlags struct {
	key, passwordFile string
	directory, output string
	zone              string
	authority         []string
	dryRun            bool
}

func (a *app) authorFlags(c *cobra.Command, f *authorFlags) *cobra.Command {
	c.Flags().StringVar(&f.key, "key", "", "key of the zone's authority, ECDSA P-256: pem:FILE, pkcs12:FILE or pkcs11:URI")
	c.Flags().StringVar(&f.passwordFile, "password-file", "", "file that holds the key's password on its first line")
	c.Flags().StringVar(&f.directory, "directory", "", "file of the directory as it is now; default: ask the node")
	c.Flags().StringVarP(&f.output, "output", "o", "", "write the signed change to a file instead of giving it to the node")
	c.Flags().StringVar(&f.zone, "zone", "", "zone to change; default: the only one that the key signs")
	c.Flags().StringArrayVar(&f.authority, "authority", nil, "certificate that signs the list of zones, where there is one; repeatable")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "say what would change, and change nothing")
	return a.nodeFlags(c)
}

// An authoring is an authority at work on its zone.
type authoring struct {
	app    *app
	flags  authorFlags
	node   *client.Client // nil: on files alone
	signer envelope.Signer
	dir    *exchange.Directory
	zone   string
}

// author opens the directory as it is for the authority that holds the key. The directory
// is believed by its signatures alone, whoever gives it.
func (a *app) author(ctx context.Context, f authorFlags) (_ *authoring, err error) {
	if f.key == "" {
		return nil, fail(exitUsage, errors.New("no key"), "name the key of the zone's authority: --key pem:FILE, pkcs12:FILE or pkcs11:URI")
	}
	key, err := keys.Open(f.key, secretFile(f.passwordFile))
	if err != nil {
		return nil, fail(exitUsage, err)
	}
	w := &authoring{app: a, flags: f, signer: envelope.Signer{Key: key, Certificate: key.Certificate()}}
	top, err := loadAll(f.authority)
	if err != nil {
		return nil, err
	}
	if len(top) == 0 {
		top = append(top, key.Certificate())
	}
	var files []envelope.Sealed
	if f.directory != "" {
		files, err = readDirectoryFiles(f.directory)
	}
	if f.directory == "" || f.output == "" && !f.dryRun {
		if w.node, _, err = a.connect(ctx); err != nil {
			return nil, err
		}
	}
	if f.directory == "" {
		files, err = w.node.ExportFiles(ctx, "")
	}
	if err == nil {
		if w.dir, err = exchange.OpenDirectory(files, top); err != nil {
			err = fail(exitUsage, fmt.Errorf("the directory as it is now: %w", err), "--key names the key of its authority, --authority FILE who signs the list of zones")
		}
	}
	if err == nil {
		w.zone, err = w.ownZone()
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *authoring) close() {
	if w.node != nil {
		w.node.Close()
	}
}

// ownZone is the zone of the flags, or the one that the key speaks for.
func (w *authoring) ownZone() (string, error) {
	var own []string
	for _, z := range w.dir.Zones() {
		if z.Epoch > 0 && (w.flags.zone == z.Zone || w.flags.zone == "" && w.dir.SpeaksForZone(w.signer.Certificate, z.Zone, w.app.now().UnixMicro())) {
			own = append(own, z.Zone)
		}
	}
	switch {
	case len(own) == 1:
		return own[0], nil
	case w.flags.zone != "":
		return "", failf(exitUsage, "zone %q is not in the directory", w.flags.zone)
	case len(own) == 0:
		return "", fail(exitUsage, errors.New("the key is that of no zone's authority"), "lienthong agency zones lists them")
	}
	return "", fail(exitUsage, fmt.Errorf("the key signs %d zones", len(own)), "name one: --zone ZONE")
}

// publish signs what edit makes of the zone, checks it by the rules of a node, and hands it
// over: to the file of the flags, or to the node.
func (w *authoring) publish(ctx context.Context, edit func(*envelope.Directory) error) (*envelope.Directory, error) {
	sealed, next, err := w.dir.Publish(w.zone, w.app.now().UnixMicro(), w.signer, edit)
	if err != nil {
		return nil, err
	}
	if _, err := w.dir.With(sealed, []*x509.Certificate{w.signer.Certificate}); err != nil {
		return nil, fail(exitUsage, err)
	}
	switch {
	case w.flags.dryRun:
	case w.flags.output != "":
		err = writeOutput(w.flags.output, w.flags.directory, func(out *os.File) error {
			_, err := out.Write(envelope.MarshalFiles([]envelope.Sealed{sealed}))
			return err
		})
	default:
		_, err = w.node.ImportFiles(ctx, []envelope.Sealed{sealed})
	}
	return next, err
}

// said ends a change with a line for people.
func (w *authoring) said(next *envelope.Directory) {
	a, where := w.app, w.app.t("given to the node", "đã đưa vào nút")
	switch {
	case w.flags.dryRun:
		where = a.t("nothing was changed (--dry-run)", "chưa thay đổi gì (--dry-run)")
	case w.flags.output != "":
		where = w.flags.output
	}
	a.printf(a.t("zone %q, epoch %d: %d agencies, %d nodes; %s\n", "vùng %q, phiên bản %d: %d cơ quan, %d nút; %s\n"),
		next.Zone, next.Epoch, len(next.Agencies), len(next.Nodes), where)
}

func readDirectoryFiles(path string) ([]envelope.Sealed, error) {
	data, err := readLimited(path, 2*envelope.MaxDirectory)
	if err != nil {
		return nil, err
	}
	files, err := envelope.ParseFiles(data)
	if err != nil {
		return nil, fail(exitUsage, fmt.Errorf("%s: %w", path, err), "a signed directory is made by: lienthong agency seal, agency export")
	}
	return files, nil
}
