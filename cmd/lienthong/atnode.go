package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"lienthong/envelope"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// signAtNode has a node sign with a key that it holds.
func (a *app) signAtNode(ctx context.Context, path, key string, f signFlags, opts signer.SignOptions) error {
	if f.tsa != "" || len(f.trust)+len(f.crls) > 0 || f.passwordFile != "" || f.name != "" || f.who != "" || f.repair {
		return fail(exitUsage, errors.New("--key node: the node has its own authority, anchors and passwords"),
			"leave out --tsa, --trust, --crl, --password-file, --name, --contact and --repair")
	}
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	agency, err := profile.agency()
	if err != nil {
		return err
	}
	up, err := a.upload(ctx, c, agency, path)
	if err != nil {
		return err
	}
	answer, err := c.Signing.SignFile(ctx, &lienthongv1.SignFileRequest{Agency: agency, Sha256: up.GetSha256(), Key: key, Level: levelNumber(opts.Level),
		Profile: profileNumbers[string(opts.Profile)], Placement: placement(opts.Place), Field: opts.Field, Lines: opts.Lines, Image: opts.Image,
		Reason: opts.Reason, Location: opts.Location, Number: f.number, Date: f.date, LaterLevel: laterNumber(f.later), AllowDynamic: f.dynamic,
		CornerText: cornerText(opts.Corner), SealMillimetres: opts.SealSize})
	if err != nil {
		return placeError(err)
	}
	digest, err := envelope.DigestFromBytes(answer.GetFile().GetSha256())
	if err != nil {
		return err
	}
	err = writeOutput(f.output, path, func(out *os.File) error {
		_, err := c.Download(ctx, agency, digest, out, nil)
		return err
	})
	if err != nil {
		return err
	}
	for _, w := range answer.GetWarnings() {
		fmt.Fprintf(a.err, "lienthong: %s: %s\n", a.t("warning", "cảnh báo"), w)
	}
	if a.json {
		return a.printJSON(map[string]any{"file": f.output, "sha256": digest.String(), "size": answer.GetFile().GetSize(), "field": answer.GetField(), "level": opts.Level,
			"unattended": answer.GetUnattended()})
	}
	a.printf(a.t("%s: signed with key %s of the node, level %s, field %s\n", "%s: nút đã ký bằng khóa %s, mức %s, trường %s\n"),
		f.output, key, opts.Level, answer.GetField())
	if answer.GetUnattended() {
		a.printf("  %s\n", a.t("the key is unattended: its PIN is in a file, no person opened it", "khóa tự động: mã PIN nằm trong tệp, không có người mở"))
	}
	if job := answer.GetJob(); job != nil {
		a.printf(a.t("level %s follows in the background: lienthong file show %s\n", "mức %s sẽ được bổ sung sau: lienthong file show %s\n"),
			levelName(job.GetLevel()), digest)
	}
	return nil
}

// levelNumbers are the levels as the API has them.
var levelNumbers = map[signer.Level]lienthongv1.SignatureLevel{
	signer.LevelBB: lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_B, signer.LevelBT: lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_T,
	signer.LevelBLT: lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_LT, signer.LevelBLTA: lienthongv1.SignatureLevel_SIGNATURE_LEVEL_B_LTA,
}

func levelNumber(l signer.Level) lienthongv1.SignatureLevel { return levelNumbers[l] }

func laterNumber(l string) lienthongv1.SignatureLevel { return levelNumbers[signer.Level(l)] }

func levelName(l lienthongv1.SignatureLevel) string {
	for name, number := range levelNumbers {
		if number == l {
			return string(name)
		}
	}
	return ""
}

var profileNumbers = map[string]lienthongv1.AppearanceProfile{
	"":         lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_INVISIBLE,
	"personal": lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_PERSONAL,
	"agency":   lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_AGENCY,
	"annex":    lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_ANNEX,
	"copy":     lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_COPY,
	"custom":   lienthongv1.AppearanceProfile_APPEARANCE_PROFILE_CUSTOM,
}

func placement(p *signer.Placement) *lienthongv1.Placement {
	if p == nil {
		return nil
	}
	return &lienthongv1.Placement{Page: int32(p.Page), X: p.Rect[0], Y: p.Rect[1], Width: p.Rect[2] - p.Rect[0], Height: p.Rect[3] - p.Rect[1],
		Anchor: p.Anchor, Auto: p.Auto}
}

func cornerText(c signer.Corner) *lienthongv1.CornerText {
	if c == (signer.Corner{}) {
		return nil
	}
	return &lienthongv1.CornerText{AnnexNumber: c.Number, CopyKind: copyKindNumbers[c.Kind], CopyAgency: c.Agency}
}

var copyKindNumbers = map[string]lienthongv1.CopyKind{
	"SAO Y":     lienthongv1.CopyKind_COPY_KIND_SAO_Y,
	"SAO LỤC":   lienthongv1.CopyKind_COPY_KIND_SAO_LUC,
	"TRÍCH SAO": lienthongv1.CopyKind_COPY_KIND_TRICH_SAO,
}

// judgeAtNode has a node judge files, by its own anchors, lists and directory.
func (a *app) judgeAtNode(ctx context.Context, f validateFlags) (func(name string) (int, error), error) {
	if len(f.trust)+len(f.crls)+len(f.crlHosts)+len(f.authority) > 0 || f.at != "" || f.directory != "" {
		return nil, fail(exitUsage, errors.New("--as: the node judges by its own anchors, lists, directory and clock"),
			"leave out --trust, --crl, --crl-host, --directory, --authority and --at-time")
	}
	profile, err := readProfile(f.as)
	if err != nil {
		return nil, err
	}
	agency, err := profile.agency()
	if err != nil {
		return nil, err
	}
	return func(name string) (int, error) {
		c, err := dialProfile(ctx, profile)
		if err != nil {
			return 0, err
		}
		defer c.Close()
		up, err := a.upload(ctx, c, agency, name)
		if err != nil {
			return 0, err
		}
		policy := f.policy
		if policy == "default" {
			policy = "" // the node's own
		}
		answer, err := c.Validation.ValidateFile(ctx, &lienthongv1.ValidateFileRequest{Agency: agency, Sha256: up.GetSha256(), ClaimedAgency: f.agency, Policy: policy})
		if err != nil {
			return 0, err
		}
		var report signer.Report
		if err := json.Unmarshal(answer.GetReport().GetJson(), &report); err != nil {
			return 0, fail(exitUndecided, fmt.Errorf("the node's report cannot be read: %w", err), "this program and the node may be of different versions")
		}
		report.File = filepath.Base(name)
		return a.printReport(&report, f.why)
	}, nil
}
