package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lienthong/certs"
	"lienthong/certs/keys"
	"lienthong/signer"
)

// signFlags are what a signature on a file alone needs; no node takes part.
type signFlags struct {
	key, passwordFile, output   string
	level, tsa                  string
	tsaTimeout                  time.Duration
	profile, image, field       string
	lines                       []string
	name, location, reason, who string
	trust, crls                 []string
	repair                      bool
	lookFlags
	deferredFlags
	levelFlags
	attributeFlags
	registerFlags
}

func (a *app) signCommand() *cobra.Command {
	var f signFlags
	c := a.nodeFlags(&cobra.Command{
		Use:   "sign --key URI IN.pdf -o OUT.pdf",
		Short: "Append one PAdES signature to a PDF file (ký số)",
		Long: `Append one PAdES signature to a PDF file. The input's bytes stay as they are,
so that earlier signatures stay valid; the output appears whole or not at all.

With --trust the certificate is checked before the key is used, with --crl also
against revocation lists.

Several files need a folder for -o; a file that cannot be signed does not stop
the others, and is listed at the end. A key that is elsewhere, such as on a card,
signs in two steps: --prepare writes the digests for it to sign, --complete takes
what it made, within 10 minutes. The second step checks it before it writes.

With --key node:ID a node signs with a key that it holds (lienthong key list); the
file is uploaded, and the signed one fetched.`,
		Example: `  lienthong sign --key pkcs12:dang.p12 --password-file dang.pass \
    --profile personal --image handwriting.png --auto letter.pdf -o signed.pdf
  lienthong sign --key pkcs12:seal.p12 --password-file seal.pass --tsa http://tsa.example.vn \
    --profile agency --image seal.png --auto signed.pdf -o sealed.pdf
  lienthong sign --key pkcs12:seal.p12 --password-file seal.pass \
    --profile annex --annex-number 731/QĐ-UBND annex.pdf -o annex-signed.pdf
  lienthong sign --key pkcs12:seal.p12 --password-file seal.pass \
    --profile copy --copy-kind "SAO Y" scan.pdf -o copy.pdf
  lienthong sign --key pkcs12:dang.p12 --password-file dang.pass *.pdf -o signed/
  lienthong sign --prepare state --cert dang.pem letter.pdf
  openssl pkeyutl -sign -inkey dang.key -pkeyopt digest:sha256 -in state/letter.digest -out letter.sig
  lienthong sign --complete state --signature letter.sig -o signed.pdf`,
		Args: args(0, -1),
		RunE: func(c *cobra.Command, in []string) error { return a.signAny(c, in, f) },
	})
	fl := c.Flags()
	fl.StringVar(&f.key, "key", "", "the key: pkcs12:FILE, pem:FILE, or node:ID for one of a node")
	fl.StringVar(&f.passwordFile, "password-file", "", "file that holds the key's password on its first line")
	fl.StringVarP(&f.output, "output", "o", "", "file to write; a folder for several files")
	fl.StringVar(&f.level, "level", "", "B-B, B-T with a time-stamp, B-LT with evidence, B-LTA with a time-stamp on that (default: B-T with --tsa, else B-B)")
	fl.StringVar(&f.tsa, "tsa", "", "URL of the time-stamping authority (RFC 3161); several, with commas: the first that answers well")
	fl.DurationVar(&f.tsaTimeout, "tsa-timeout", 30*time.Second, "how long to wait for the time-stamp")
	fl.StringVar(&f.profile, "profile", "", "how it looks: personal, agency, annex, copy or custom (default: invisible, custom with a place)")
	fl.StringVar(&f.image, "image", "", "PNG to show: the handwriting (blue) or the seal (red), on a transparent ground")
	fl.StringVar(&f.field, "field", "", "an empty signature field of the file, or the name of the new one")
	fl.StringArrayVar(&f.lines, "line", nil, "a line of visible text, repeatable (default: signer, agency, time, but none beside handwriting or seal; one empty line: none)")
	fl.StringVar(&f.name, "name", "", "name of the signer (default: as in the certificate)")
	fl.StringVar(&f.location, "location", "", "where it is signed")
	fl.StringVar(&f.reason, "reason", "", "why it is signed")
	fl.StringVar(&f.who, "contact", "", "how to reach the signer")
	fl.StringArrayVar(&f.trust, "trust", nil, "anchors to check the certificate against first: file or folder, repeatable")
	fl.StringArrayVar(&f.crls, "crl", nil, "revocation lists for that check: file or folder, repeatable")
	fl.BoolVar(&f.repair, "repair", false, "sign a damaged file too: what is appended has a complete cross-reference section; what was done is said")
	f.lookFlags.add(fl)
	f.deferredFlags.add(fl)
	f.levelFlags.add(fl)
	f.attributeFlags.add(fl)
	f.registerFlags.add(fl)
	return c
}

func (a *app) sign(ctx context.Context, path string, f signFlags) error {
	now := a.now()
	opts, err := a.signOptions(f, now)
	if err != nil {
		return err
	}
	if id, ok := strings.CutPrefix(f.key, "node:"); ok {
		return a.signAtNode(ctx, path, id, f, opts)
	}
	in, err := openDocument(path)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := a.checkDynamic(ctx, path, in, f.dynamic); err != nil {
		return err
	}
	key, err := keys.Open(f.key, secretFile(f.passwordFile))
	if err != nil {
		return fail(exitUsage, err)
	}
	if err := a.checkKey(ctx, key, f, now); err != nil {
		return err
	}
	check, err := newSecondOpinion(f.crossCheck)
	if err != nil {
		return err
	}
	var signed *signer.Signed
	err = writeOutput(f.output, path, func(out *os.File) error {
		if signed, err = signer.Sign(ctx, in, key, opts, out); err != nil {
			return a.signError(path, err, f)
		}
		return check.checkFile(ctx, a, path, out.Name(), signed)
	})
	if err != nil {
		return err
	}
	return a.printSigned(f.output, key, signed)
}

func (a *app) signOptions(f signFlags, now time.Time) (signer.SignOptions, error) {
	opts := signer.SignOptions{
		Level: signer.Level(f.level), Field: f.field, Lines: f.lines,
		Name: f.name, Location: f.location, Reason: f.reason, Contact: f.who, At: now, Repair: f.repair,
	}
	switch {
	case f.key == "":
		return opts, fail(exitUsage, errors.New("no key"), "name it: --key pkcs12:FILE --password-file FILE")
	case f.output == "":
		return opts, fail(exitUsage, errors.New("no output"), "name the file to write: -o OUT.pdf")
	case f.level != "" && !knownLevel(opts.Level):
		return opts, failf(exitUsage, "--level %q: want B-B, B-T, B-LT or B-LTA", f.level)
	case f.level != "" && opts.Level != signer.LevelBB && f.tsa == "" && !strings.HasPrefix(f.key, "node:"):
		return opts, fail(exitUsage, fmt.Errorf("--level %s: no time-stamping authority", opts.Level), "name one: --tsa URL")
	}
	if f.level == "" {
		opts.Level = signer.LevelBB
		if f.tsa != "" {
			opts.Level = signer.LevelBT
		}
	}
	if opts.Level != signer.LevelBB && f.tsa != "" {
		opts.TSA = a.authorities(f.tsa, f.tsaTimeout)
	}
	if err := f.levelFlags.apply(a, &opts, f); err != nil {
		return opts, err
	}
	if err := f.attributeFlags.apply(&opts, f); err != nil {
		return opts, err
	}
	if err := f.registerFlags.apply(&opts); err != nil {
		return opts, err
	}
	return opts, f.look(&opts)
}

// checkKey refuses a certificate that cannot make a valid signature now: the time
// to learn it is before the key is used (Circular 15/2025/TT-BKHCN). Without
// anchors only the certificate itself can be looked at.
func (a *app) checkKey(ctx context.Context, key keys.Key, f signFlags, now time.Time) error {
	cert := key.Certificate()
	if now.After(cert.NotAfter) || now.Before(cert.NotBefore) {
		return vietnamese(fail(exitNo, fmt.Errorf("certificate of %q is valid from %s to %s, now it is %s", cert.Subject.CommonName,
			vnTime(cert.NotBefore), vnTime(cert.NotAfter), vnTime(now)),
			"sign with a renewed certificate; if the date is wrong, set this machine's clock"),
			fmt.Sprintf("chứng thư chữ ký số của %q có hiệu lực từ %s đến %s, nay là %s", cert.Subject.CommonName, vnTime(cert.NotBefore), vnTime(cert.NotAfter), vnTime(now)),
			"ký bằng chứng thư đã được gia hạn hoặc cấp mới; nếu ngày giờ của máy sai, hãy chỉnh lại")
	}
	if len(f.trust) == 0 {
		return nil
	}
	trust, evidence, err := loadTrust(f.trust, f.crls, f.hosts)
	if err != nil {
		return err
	}
	request := certs.PathRequest{Leaf: cert, Extra: key.Chain(), At: now, Policy: certs.DefaultAlgorithms()}
	path := trust.Build(request)
	if len(path.Problems) > 0 {
		return vietnamese(fail(exitNo, fmt.Errorf("certificate of %q: %v", cert.Subject.CommonName, path.Problems[0]),
			"sign with a certificate that the anchors of --trust vouch for"),
			fmt.Sprintf("chứng thư chữ ký số của %q không được các chứng thư gốc của --trust bảo đảm", cert.Subject.CommonName),
			"ký bằng chứng thư do tổ chức được tin cậy cấp, hoặc kiểm tra lại --trust")
	}
	for i := 0; i+1 < len(path.Chain); i++ {
		if err := a.checkStatus(path.Chain[i].Subject.CommonName, evidence.Resolve(ctx, path.Chain[i], path.Chain[i+1], now, now)); err != nil {
			return err
		}
	}
	return nil
}

// checkStatus refuses what is revoked, and warns where that cannot be told: on files
// alone nobody has set a policy.
func (a *app) checkStatus(name string, r certs.Revocation) error {
	switch r.Status {
	case certs.Good:
	case certs.Revoked, certs.OnHold:
		return vietnamese(fail(exitNo, fmt.Errorf("certificate of %q: %s since %s", name, r.Status, vnTime(r.RevokedAt)),
			"sign with another certificate"),
			fmt.Sprintf("chứng thư chữ ký số của %q đã bị thu hồi hoặc tạm dừng từ %s", name, vnTime(r.RevokedAt)), "ký bằng chứng thư khác, hoặc liên hệ nơi cấp chứng thư")
	default:
		fmt.Fprintf(a.err, "lienthong: %s: certificate of %q: revocation status %s: %s\n", a.t("warning", "cảnh báo"), name, r.Status, r.Detail)
	}
	return nil
}

// signError says which file it was about, and what to do where the time-stamp is
// the cause: the signature alone would have been possible.
func (a *app) signError(path string, err error, f signFlags) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", path, err)
	if f.tsa != "" && strings.Contains(err.Error(), "tsp:") {
		return fail(exitUndecided, err, fmt.Sprintf("look at %s, wait longer with --tsa-timeout, or sign without a time-stamp: --level B-B", f.tsa))
	}
	return placeError(err)
}

func (a *app) printSigned(path string, key keys.Key, s *signer.Signed) error {
	a.warn(path, s.Warnings)
	if a.json {
		return a.printJSON(map[string]any{"file": path, "sha256": fmt.Sprintf("%x", s.Digest), "size": s.Size,
			"field": s.Field, "revision": s.Revision, "level": s.Level, "signer": key.Certificate().Subject.CommonName, "place": placeJSON(s.Place)})
	}
	a.printf(a.t("%s: signed by %s, level %s, field %s\n", "%s: đã ký bởi %s, mức %s, trường %s\n"),
		path, key.Certificate().Subject.CommonName, s.Level, s.Field)
	if s.Number != "" || s.Date != "" {
		a.printf(a.t("  filled in: %s\n", "  đã điền: %s\n"), strings.TrimSpace(s.Number+" "+s.Date))
	}
	if s.Place != nil {
		a.printf(a.t("  shows at %s\n", "  hiển thị tại %s\n"), placeText(s.Place))
	}
	if s.TimeStamp != nil {
		a.printf(a.t("  time-stamp %s\n", "  dấu thời gian %s\n"), vnTime(s.TimeStamp.Time))
	}
	if !s.Until.IsZero() {
		a.printf(a.t("  renew before %s\n", "  gia hạn trước %s\n"), vnTime(s.Until))
	}
	return nil
}
