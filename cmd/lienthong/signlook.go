package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/text/unicode/norm"

	"lienthong/signer"
	"lienthong/signer/appearance"
)

// lookFlags say how a signature looks and where it shows.
type lookFlags struct {
	at, anchor  string
	auto        bool
	annexNumber string
	copyKind    string
	copyAgency  string
	sealSize    float64
}

func (f *lookFlags) add(fl *pflag.FlagSet) {
	fl.StringVar(&f.at, "at", "", "where: page,x,y,w,h in points from the lower left corner; page -1 is the last")
	fl.StringVar(&f.anchor, "anchor", "", "where: in the blank space below this position, or above this name, such as \"CHỦ TỊCH\"")
	fl.BoolVar(&f.auto, "auto", false, "where: in the signing block of the last page (chức vụ … họ tên); a seal covers a third of the handwriting")
	fl.StringVar(&f.annexNumber, "annex-number", "", "with --profile annex: number and symbol of its letter, such as 731/QĐ-UBND")
	fl.StringVar(&f.copyKind, "copy-kind", "", "with --profile copy: SAO Y, SAO LỤC or TRÍCH SAO (also sao-y, sao-luc, trich-sao)")
	fl.StringVar(&f.copyAgency, "copy-agency", "", "with --profile copy: the agency that copies (default: as in the certificate)")
	fl.Float64Var(&f.sealSize, "seal-mm", 0, "with --profile agency and --auto or --anchor: the seal's width in millimetres (default 36)")
}

// placeError says what to do where no place is found. A node's answer holds only the
// words of the error.
func placeError(err error) error {
	if err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(signer.ErrNoPlace.Error(), "sign: ")) {
		return err
	}
	return fail(exitUsage, err, "give another place: --at page,x,y,width,height, --anchor TEXT, --field NAME of an empty field, or --auto")
}

// profiles are what --profile takes.
var profiles = []string{"personal", "agency", "annex", "copy", "custom"}

// look sets what a signature shows, and where.
func (f *signFlags) look(opts *signer.SignOptions) error {
	if f.profile != "" && !slices.Contains(profiles, f.profile) {
		return failf(exitUsage, "--profile %q: want %s", f.profile, strings.Join(profiles, ", "))
	}
	opts.Profile = appearance.Profile(f.profile)
	opts.SealSize = f.sealSize
	place, err := f.place()
	if err != nil {
		return err
	}
	if opts.Place = place; place != nil && opts.Profile == appearance.Invisible {
		opts.Profile = appearance.Custom
	}
	if opts.Corner, err = f.corner(); err != nil {
		return err
	}
	if f.image != "" {
		if opts.Image, err = readLimited(f.image, 1<<20); err != nil {
			return err
		}
	}
	return nil
}

// place reads the flags of which one at most may be given.
func (f *lookFlags) place() (*signer.Placement, error) {
	given := 0
	for _, is := range []bool{f.at != "", f.anchor != "", f.auto} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, failf(exitUsage, "--at, --anchor and --auto: want one of them")
	case f.auto:
		return &signer.Placement{Auto: true}, nil
	case f.anchor != "":
		return &signer.Placement{Anchor: f.anchor}, nil
	case f.at != "":
		return parsePlace("--at", f.at)
	}
	return nil, nil
}

// parsePlace reads page,x,y,w,h.
func parsePlace(flag, s string) (*signer.Placement, error) {
	bad := failf(exitUsage, "%s %q: want page,x,y,width,height, such as -1,320,120,180,80", flag, s)
	parts := strings.Split(s, ",")
	if len(parts) != 5 {
		return nil, bad
	}
	page, err := strconv.Atoi(strings.TrimSpace(parts[0]))
	if err != nil {
		return nil, bad
	}
	var n [4]float64
	for i, p := range parts[1:] {
		if n[i], err = strconv.ParseFloat(strings.TrimSpace(p), 64); err != nil {
			return nil, bad
		}
	}
	return &signer.Placement{Page: page, Rect: [4]float64{n[0], n[1], n[0] + n[2], n[1] + n[3]}}, nil
}

// corner reads what an annex or a copy says. The kind may be typed without marks.
func (f *lookFlags) corner() (signer.Corner, error) {
	plain := map[string]string{"SAO-Y": "SAO Y", "SAO-LUC": "SAO LỤC", "TRICH-SAO": "TRÍCH SAO"}
	kind := strings.ToUpper(norm.NFC.String(strings.TrimSpace(f.copyKind)))
	if k, ok := plain[kind]; ok {
		kind = k
	}
	if kind != "" && !slices.Contains(signer.CopyKinds, kind) {
		return signer.Corner{}, failf(exitUsage, "--copy-kind %q: want %s", f.copyKind, strings.Join(signer.CopyKinds, ", "))
	}
	number := strings.TrimSpace(norm.NFC.String(f.annexNumber))
	return signer.Corner{
		Number: strings.TrimSpace(strings.TrimPrefix(number, "Số:")),
		Kind:   kind,
		Agency: strings.TrimSpace(f.copyAgency),
	}, nil
}

// placeText is a place as --at takes it.
func placeText(p *signer.Placement) string {
	r := p.Rect
	return fmt.Sprintf("%d,%.0f,%.0f,%.0f,%.0f", p.Page, r[0], r[1], r[2]-r[0], r[3]-r[1])
}

func placeJSON(p *signer.Placement) any {
	if p == nil {
		return nil
	}
	r := p.Rect
	return map[string]any{"page": p.Page, "x": r[0], "y": r[1], "width": r[2] - r[0], "height": r[3] - r[1]}
}
