package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	digitorus "github.com/digitorus/pdf"
	baseline "github.com/digitorus/pdfsign/sign"

	"lienthong/certs/keys"
	"lienthong/internal/measure"
	"lienthong/internal/testpdf"
	"lienthong/signer"
)

// rawSign is the work that no signer can avoid.
func rawSign(key crypto.Signer, in []byte) error {
	digest := sha256.Sum256(in)
	_, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	return err
}

func (b *bench) ours(ctx context.Context, key keys.Key, in []byte) func() error {
	return func() error { return b.sign(ctx, bytes.NewReader(in), key, signer.SignOptions{}, io.Discard) }
}

// pdfsign signs with the package that this one is measured beside.
func (b *bench) pdfsign(key crypto.Signer, of keys.Key, in []byte) func() error {
	return func() error {
		reader, err := digitorus.NewReader(bytes.NewReader(in), int64(len(in)))
		if err != nil {
			return err
		}
		return baseline.Sign(bytes.NewReader(in), io.Discard, reader, int64(len(in)), baseline.SignData{
			Signature:       baseline.SignDataSignature{CertType: baseline.ApprovalSignature, Info: baseline.SignDataSignatureInfo{Date: b.now}},
			Signer:          key,
			DigestAlgorithm: crypto.SHA256,
			Certificate:     of.Certificate(),
		})
	}
}

func (b *bench) signLetter(ctx context.Context) ([]row, error) {
	in := testpdf.Letter(650)
	stub := remembering{b.person, make(map[string][]byte)}
	sha := func() error { sha256.Sum256(in); return nil }
	m, err := measure.Pairs(b.pairs, b.ours(ctx, stub, in), sha)
	if err != nil {
		return nil, err
	}
	rows := []row{above("a key that costs nothing", "SHA-256", m, 0.15), most("the same, allocations", m.Allocs, 300, "")}
	for _, x := range []struct {
		name, beside string
		key          keys.Key
		raw          crypto.Signer
		row          func(what, beside string, m measure.Result) row
	}{
		{"RSA-2048", "raw RSA", b.person, b.raw, func(w, s string, m measure.Result) row { return ratio(w, s, m, 1.25) }},
		{"P-256", "raw P-256", b.personP256, b.rawP256, func(w, s string, m measure.Result) row { return above(w, s, m, 0.4) }},
	} {
		m, err := measure.Pairs(b.pairs, b.ours(ctx, x.key, in), func() error { return rawSign(x.raw, in) })
		if err != nil {
			return nil, err
		}
		theirs, err := measure.Pairs(b.pairs, b.pdfsign(x.raw, x.key, in), b.ours(ctx, x.key, in))
		if err != nil {
			return nil, err
		}
		rows = append(rows, x.row(x.name, x.beside, m), shown(x.name+", beside pdfsign", allocations(m), fmt.Sprintf("pdfsign: %s, %s; %.2f × ours", duration(theirs.Ours), allocations(theirs), theirs.Ratio)))
	}
	rate, raw, err := b.throughput(ctx, in)
	if err != nil {
		return nil, err
	}
	x := least("RSA-2048, all processors", rate, 1000, "a second")
	x.base, x.found = fmt.Sprintf("raw RSA: %.0f a second", raw), fmt.Sprintf("%.2f of it", rate/raw)
	return append(rows, x), nil
}

func allocations(m measure.Result) string {
	return fmt.Sprintf("%.0f allocations, %.0f KB", m.Allocs, m.Bytes/1000)
}

// throughput signs on all processors, ours and raw in turn, and returns the median
// rates a second.
func (b *bench) throughput(ctx context.Context, in []byte) (ours, raw float64, err error) {
	var rates, base []float64
	for range 7 {
		x, err := perSecond(b.ours(ctx, b.person, in))
		if err != nil {
			return 0, 0, err
		}
		y, err := perSecond(func() error { return rawSign(b.raw, in) })
		if err != nil {
			return 0, 0, err
		}
		rates, base = append(rates, x), append(base, y)
	}
	return measure.Median(rates), measure.Median(base), nil
}

func perSecond(f func() error) (float64, error) {
	const lasts = 700 * time.Millisecond
	var done atomic.Int64
	errs := make([]error, runtime.GOMAXPROCS(0))
	begin := time.Now()
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for errs[i] == nil && time.Since(begin) < lasts {
				errs[i] = f()
				done.Add(1)
			}
		})
	}
	wg.Wait()
	rate := float64(done.Load()) / time.Since(begin).Seconds()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return rate, nil
}

func (b *bench) signTen(ctx context.Context) ([]row, error) {
	in := testpdf.Letter(33_500)
	m, err := measure.Pairs(b.pairs, b.ours(ctx, b.person, in), func() error { return rawSign(b.raw, in) })
	if err != nil {
		return nil, err
	}
	theirs, err := measure.Pairs(9, b.pdfsign(b.raw, b.person, in), b.ours(ctx, b.person, in))
	if err != nil {
		return nil, err
	}
	return []row{
		ratio(fmt.Sprintf("RSA-2048, %.1f MB in memory", float64(len(in))/1e6), "raw RSA", m, 1.5),
		most("the same, allocated", m.Bytes/1e6, 2, "MB"),
		shown("the same, beside pdfsign", "", fmt.Sprintf("pdfsign: %s, %.0f MB allocated; %.1f × ours", duration(theirs.Ours), theirs.Bytes/1e6, theirs.Ratio)),
	}, nil
}
