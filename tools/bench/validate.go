package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/digitorus/pdfsign/verify"

	"lienthong/certs"
	"lienthong/internal/measure"
	"lienthong/internal/testpdf"
	"lienthong/signer"
	"lienthong/signer/appearance"
)

// seal is where the agency's signature shows on the letter: on blank page, so that
// all of the page has to be read to know that.
var seal = signer.SignOptions{Profile: appearance.Agency, Place: &signer.Placement{Page: -1, Rect: [4]float64{300, 40, 420, 130}}}

// letters are the letter with one signature, and with two.
func (b *bench) letters(ctx context.Context) (one, two []byte, err error) {
	var first, second bytes.Buffer
	if err := b.sign(ctx, bytes.NewReader(testpdf.Letter(650)), b.person, signer.SignOptions{}, &first); err != nil {
		return nil, nil, err
	}
	err = b.sign(ctx, bytes.NewReader(first.Bytes()), b.agency, seal, &second)
	return first.Bytes(), second.Bytes(), err
}

func (b *bench) validate(ctx context.Context, in signerSource) error {
	r, err := signer.Validate(ctx, in, b.judging())
	if err != nil {
		return err
	}
	if r.Verdict != signer.VerdictValid {
		return fmt.Errorf("found verdict %s, want valid: %+v", r.Verdict, r)
	}
	return nil
}

// checks are the hash and the signature checks that no judge can avoid.
func (b *bench) checks(in []byte, signatures int) (func() error, error) {
	key, _ := b.raw.Public().(*rsa.PublicKey)
	digest := sha256.Sum256(in)
	value, err := b.raw.Sign(nil, digest[:], crypto.SHA256)
	return func() error {
		sha256.Sum256(in)
		for range signatures {
			if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], value); err != nil {
				return err
			}
		}
		return nil
	}, err
}

func (b *bench) validateLetter(ctx context.Context) ([]row, error) {
	one, two, err := b.letters(ctx)
	if err != nil {
		return nil, err
	}
	var rows []row
	for i, in := range [][]byte{one, two} {
		name := []string{"one signature", "two, the second visible"}[i]
		checks, err := b.checks(in, i+1)
		if err != nil {
			return nil, err
		}
		judge := func() error { return b.validate(ctx, bytes.NewReader(in)) }
		m, err := measure.Pairs(3*b.pairs, judge, checks)
		if err != nil {
			return nil, err
		}
		limit := most(name+", by the clock", m.Ours, 1.5, "ms")
		limit.found = allocations(m)
		rows = append(rows, ratio(name, "checks", m, 3), limit)
		peers, err := b.judges(ctx, in, judge)
		if err != nil {
			return nil, err
		}
		rows = append(rows, shown(name+", beside others", "", peers))
	}
	return rows, nil
}

// judges says what others take for the same file.
func (b *bench) judges(ctx context.Context, in []byte, ours func() error) (string, error) {
	m, err := measure.Pairs(b.pairs, func() error {
		_, err := verify.Verify(bytes.NewReader(in), int64(len(in)))
		return err
	}, ours)
	if err != nil {
		return "", err
	}
	said := fmt.Sprintf("pdfsign: %s (%.1f × ours)", duration(m.Ours), m.Ratio)
	path := filepath.Join(b.temp, "letter.pdf")
	if err := os.WriteFile(path, in, 0o600); err != nil {
		return "", err
	}
	defer os.Remove(path)
	if _, err := exec.LookPath("pdfsig"); err != nil {
		said += "; pdfsig: not installed"
	} else {
		m, err := measure.Pairs(15, func() error { return exec.CommandContext(ctx, "pdfsig", "-nocert", path).Run() }, ours)
		if err != nil {
			return "", fmt.Errorf("pdfsig: %w", err)
		}
		said += fmt.Sprintf("; pdfsig: %s (%.0f ×)", duration(m.Ours), m.Ratio)
	}
	p, err := b.pyhanko(ctx)
	if err != nil {
		return said + "; pyHanko: not measured: " + err.Error(), nil
	}
	defer p.close()
	validates, err := p.times(15, "validate", path)
	if err != nil {
		return "", err
	}
	signs, err := p.times(9, "sign", path)
	if err != nil {
		return "", err
	}
	return said + fmt.Sprintf("; pyHanko: %s, and signs in %s", duration(validates), duration(signs)), nil
}

// parts are what the rows above leave out, or have done before.
func (b *bench) parts(ctx context.Context) ([]row, error) {
	leaf, issuer := b.person.Certificate(), b.person.Chain()[0]
	request := certs.PathRequest{Leaf: leaf, Extra: b.person.Chain()[:1], At: b.now}
	var rows []row
	for _, x := range []struct {
		what string
		do   func() error
	}{
		{"path of a certificate, seen before", func() error {
			if path := b.trust.Build(request); !path.OK() {
				return fmt.Errorf("found problems %v", path.Problems)
			}
			return nil
		}},
		{"the same, the first time", func() error {
			fresh := certs.NewTrust()
			fresh.AddAll(b.root)
			if path := fresh.Build(request); !path.OK() {
				return fmt.Errorf("found problems %v", path.Problems)
			}
			return nil
		}},
		{"revocation by a list, seen before", func() error {
			if s := b.evidence.Status(leaf, issuer, b.now, b.now); s.Status != certs.Good {
				return fmt.Errorf("found status %v", s.Detail)
			}
			return nil
		}},
	} {
		list := make([]float64, b.pairs)
		for i := range list {
			begin := time.Now()
			if err := x.do(); err != nil {
				return nil, err
			}
			list[i] = float64(time.Since(begin)) / float64(time.Millisecond)
		}
		rows = append(rows, shown(x.what, duration(measure.Median(list)), ""))
	}
	more, err := b.apart(ctx)
	return append(rows, more...), err
}
