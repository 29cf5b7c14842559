package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/pflag"

	"lienthong/certs"
	"lienthong/signer"
	"lienthong/signer/cms"
)

// deferredFlags are those of signing in two steps, with a key that is elsewhere.
type deferredFlags struct {
	prepare, complete string
	signature, cms    string
	crossCheck        string // of signing in one step too
	chain             []string
	reserve           int
}

func (d *deferredFlags) add(fl *pflag.FlagSet) {
	fl.StringVar(&d.prepare, "prepare", "", "first of two steps: make this folder, with NAME.digest for the key to sign")
	fl.StringVar(&d.complete, "complete", "", "second step: the folder that --prepare made")
	// A command has one flag of a name: what is the caller's certificate at a node is
	// the signer's here, where no node takes part.
	fl.Lookup("cert").Usage = "with --prepare: certificate of the key that will sign; at a node: of the caller (LIENTHONG_CERT)"
	fl.StringArrayVar(&d.chain, "chain", nil, "with --prepare: CA certificates to embed: file or folder, repeatable")
	fl.IntVar(&d.reserve, "reserve", 0, "with --prepare: bytes for the signature (default: enough)")
	fl.StringVar(&d.signature, "signature", "", "with --complete: the signature value, or a folder with NAME.sig for each file")
	fl.StringVar(&d.crossCheck, "cross-check", "", "ask another program, pdfsign, whether the signature is sound, before the output appears")
	fl.Lookup("cross-check").NoOptDefVal = "pdfsign"
	fl.StringVar(&d.cms, "cms", "", "with --complete: a CMS SignedData (DER), or a folder with NAME.p7s for each file")
}

// stateName is the file of a preparation's folder that --complete reads; the
// others are for the key.
const stateName = "state.json"

// maxState bounds it.
const maxState = 1 << 30

// A preparation is what is kept between the two steps.
type preparation struct {
	Schema string          `json:"schema"`
	Files  []*preparedFile `json:"files"`
}

const preparationSchema = "lienthong/prepared/v1"

type preparedFile struct {
	Name     string          `json:"name"` // of its files in the folder, without extension
	File     string          `json:"file"` // absolute path
	Prepared json.RawMessage `json:"prepared"`

	signer *signer.Prepared
}

func (a *app) signPrepare(ctx context.Context, in []string, f signFlags) error {
	cert, chain, err := a.preparedFor(f)
	if err != nil {
		return err
	}
	// The key and the output come with the second step, and so does the time-stamp.
	look, level := f, signer.LevelBB
	look.key, look.output, look.level, look.tsa = "elsewhere:", f.prepare, "", ""
	switch {
	case f.key != "" || f.output != "":
		return failf(exitUsage, "--prepare needs neither --key nor -o: the key is elsewhere, and the output comes with --complete")
	case f.level == string(signer.LevelBT) || f.level == "" && f.tsa != "":
		level = signer.LevelBT
	case f.level != "" && f.level != string(signer.LevelBB):
		return failf(exitUsage, "--level %q: want B-B or B-T", f.level)
	}
	opts, err := a.signOptions(look, a.now())
	if err != nil {
		return err
	}
	opts.Level = level
	if err := a.checkKey(ctx, signer.Elsewhere(cert, chain), f, opts.At); err != nil {
		return err
	}
	made := make([]*preparedFile, len(in))
	b := &batch{a: a, files: in, workers: runtime.GOMAXPROCS(0)}
	errs := b.run(ctx, func(i int) (err error) {
		made[i], err = a.prepareFile(ctx, in[i], cert, chain, opts, f)
		return err
	})
	state := preparation{Schema: preparationSchema}
	for _, p := range made {
		if p != nil {
			state.Files = append(state.Files, p)
		}
	}
	if len(state.Files) > 0 {
		if err := state.write(f.prepare); err != nil {
			return err
		}
		if err := a.printPrepared(f.prepare, state); err != nil {
			return err
		}
	}
	return b.report(errs)
}

// preparedFor reads the certificate that will sign, and what to embed beside it.
func (a *app) preparedFor(f signFlags) (*x509.Certificate, []*x509.Certificate, error) {
	if a.as.Certificate == "" {
		return nil, nil, fail(exitUsage, errors.New("no certificate"), "name that of the key that will sign: --cert CERT.pem")
	}
	list, err := certs.LoadCertificates(a.as.Certificate)
	if err != nil {
		return nil, nil, fail(exitUsage, err)
	}
	if len(list) == 0 {
		return nil, nil, failf(exitUsage, "%s: holds no certificate", a.as.Certificate)
	}
	chain := list[1:]
	for _, path := range f.chain {
		more, err := certs.LoadCertificates(path)
		if err != nil {
			return nil, nil, fail(exitUsage, err)
		}
		chain = append(chain, more...)
	}
	return list[0], chain, nil
}

func (a *app) prepareFile(ctx context.Context, path string, cert *x509.Certificate, chain []*x509.Certificate, opts signer.SignOptions, f signFlags) (*preparedFile, error) {
	in, err := openDocument(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if err := a.checkDynamic(ctx, path, in, f.dynamic); err != nil {
		return nil, err
	}
	p, err := signer.Prepare(ctx, in, cert, chain, cms.Algorithm{}, opts, f.reserve)
	if err != nil {
		return nil, placeError(fmt.Errorf("%s: %w", path, err))
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	state, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	return &preparedFile{Name: name, File: absolute, Prepared: state, signer: p}, nil
}

// write makes the folder, whole or not at all.
func (p *preparation) write(folder string) (err error) {
	if _, err := os.Lstat(folder); err == nil {
		return fail(exitUsage, fmt.Errorf("%s: is there already", folder), "name a folder that is not: the preparation fills it")
	}
	part, err := os.MkdirTemp(filepath.Dir(folder), "."+filepath.Base(folder)+".*.part")
	if err != nil {
		return fail(exitUsage, err)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(part)
		}
	}()
	taken := make(map[string]bool)
	for _, f := range p.Files {
		for base, n := f.Name, 2; taken[f.Name]; n++ {
			f.Name = fmt.Sprintf("%s-%d", base, n)
		}
		taken[f.Name] = true
		for ext, data := range map[string][]byte{".digest": f.signer.Digest, ".digestinfo": f.signer.DigestInfo, ".attributes": f.signer.Attributes} {
			if len(data) > 0 {
				if err := os.WriteFile(filepath.Join(part, f.Name+ext), data, 0o600); err != nil {
					return err
				}
			}
		}
	}
	state, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(part, stateName), state, 0o600); err != nil {
		return err
	}
	return os.Rename(part, folder)
}

func (a *app) printPrepared(folder string, state preparation) error {
	for _, f := range state.Files {
		a.warn(f.File, f.signer.Warnings)
		digest := filepath.Join(folder, f.Name+".digest")
		if a.json {
			err := a.printJSON(map[string]any{"file": f.File, "name": f.Name, "field": f.signer.Field, "level": f.signer.Level, "hash": f.signer.Hash,
				"digest": fmt.Sprintf("%x", f.signer.Digest), "range_digest": fmt.Sprintf("%x", f.signer.RangeDigest), "expires": f.signer.Expires})
			if err != nil {
				return err
			}
			continue
		}
		a.printf(a.t("%s: sign the %s digest in %s before %s\n", "%s: hãy ký giá trị băm %s trong %s trước %s\n"), f.File, f.signer.Hash, digest, vnTime(f.signer.Expires))
	}
	return nil
}

// readPreparation reads what signPrepare wrote.
func readPreparation(folder string) (*preparation, error) {
	data, err := readLimited(filepath.Join(folder, stateName), maxState)
	if err != nil {
		return nil, err
	}
	p := new(preparation)
	if err := json.Unmarshal(data, p); err != nil || p.Schema != preparationSchema || len(p.Files) == 0 {
		return nil, fail(exitUsage, fmt.Errorf("%s: is no preparation of this program (%v)", folder, err), "prepare again: lienthong sign --prepare")
	}
	for _, f := range p.Files {
		if f.signer, err = signer.ParsePrepared(f.Prepared); err != nil {
			return nil, fail(exitUsage, fmt.Errorf("%s: %w", f.File, err), "prepare again: lienthong sign --prepare")
		}
	}
	return p, nil
}

func (a *app) signComplete(ctx context.Context, f signFlags) error {
	switch {
	case (f.signature == "") == (f.cms == ""):
		return failf(exitUsage, "--complete needs either --signature or --cms")
	case f.output == "":
		return fail(exitUsage, errors.New("no output"), "name the file to write: -o OUT.pdf")
	case f.key != "" || f.prepare != "":
		return failf(exitUsage, "--complete takes no --key: the key has signed already")
	}
	p, err := readPreparation(f.complete)
	if err != nil {
		return err
	}
	files := make([]string, len(p.Files))
	for i, file := range p.Files {
		files[i] = file.File
	}
	outputs := []string{f.output}
	if len(files) > 1 || isFolder(f.output) {
		if outputs, err = outputsIn(f.output, files); err != nil {
			return err
		}
	}
	check, err := newSecondOpinion(f.crossCheck)
	if err != nil {
		return err
	}
	made := make([]*signer.Signed, len(files))
	b := &batch{a: a, files: files, workers: min(4, runtime.GOMAXPROCS(0))}
	errs := b.run(ctx, func(i int) (err error) {
		made[i], err = a.completeFile(ctx, p.Files[i], outputs[i], len(files) > 1, f, check)
		return err
	})
	for i, s := range made {
		if errs[i] != nil {
			continue
		}
		cert, err := x509.ParseCertificate(p.Files[i].signer.Certificate)
		if err != nil {
			return err
		}
		if err := a.printSigned(outputs[i], signer.Elsewhere(cert, nil), s); err != nil {
			return err
		}
	}
	return b.report(errs)
}

func (a *app) completeFile(ctx context.Context, p *preparedFile, output string, several bool, f signFlags, check *secondOpinion) (*signer.Signed, error) {
	c := signer.Completion{At: a.now()}
	if f.tsa != "" {
		c.TSA = a.authorities(f.tsa, f.tsaTimeout)
	}
	var err error
	if f.signature != "" {
		c.Signature, err = readAnswer(f.signature, p.Name+".sig", several)
	} else {
		c.CMS, err = readAnswer(f.cms, p.Name+".p7s", several)
	}
	if err != nil {
		return nil, err
	}
	in, err := openDocument(p.File)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var signed *signer.Signed
	err = writeOutput(output, p.File, func(out *os.File) error {
		if signed, err = signer.Complete(ctx, in, p.signer, c, out); err != nil {
			return a.signError(p.File, err, f)
		}
		return check.checkFile(ctx, a, p.File, out.Name(), signed)
	})
	return signed, err
}

// readAnswer reads what the key made: of one file, or of each file in a folder.
func readAnswer(path, name string, several bool) ([]byte, error) {
	if isFolder(path) {
		path = filepath.Join(path, name)
	} else if several {
		return nil, fail(exitUsage, fmt.Errorf("%s: is one file, and several were prepared", path), "name a folder with "+name+" and the others")
	}
	data, err := readLimited(path, 1<<20)
	if err == nil && len(data) == 0 {
		return nil, failf(exitUsage, "%s: is empty, want a signature", path)
	}
	return data, err
}
