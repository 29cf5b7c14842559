package signer_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"testing"

	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/cms"
	"lienthong/signer/pdf"
)

// hole is the span of /Contents of the newest signature, delimiters included.
func hole(t testing.TB, file []byte) pdf.Span {
	t.Helper()
	list, err := open(t, file).Signatures()
	if err != nil || len(list) == 0 {
		t.Fatalf("no signature: %v", err)
	}
	return list[len(list)-1].Contents.Span
}

// stride thins out what would otherwise take minutes; structure (the appended
// revision and the end of the file) is tried byte by byte.
const stride = 97

// Any byte that the signature covers, flipped: never valid, and invalid wherever
// the signature is still found.
func TestFlipCoveredByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, in := range []string{"01-ward-report.pdf", "06-xref-stream.pdf"} {
		letter := sample(t, in)
		file, signed := sign(t, letter, w.person.Key(), signer.SignOptions{Level: signer.LevelBT, TSA: w.Stamper()})
		opts, gap := w.options(), hole(t, file)
		evil := make([]byte, len(file))
		tried, unread, unfound := 0, 0, 0
		for i := 0; i < len(file); i++ {
			if int64(i) >= gap.Start && int64(i) < gap.End {
				continue
			}
			if testing.Short() && i%5 != 0 {
				continue
			}
			if i < len(letter) && i%stride != 0 && i > 64 {
				continue
			}
			for _, bit := range []byte{0x01, 0x20} {
				tried++
				copy(evil, file)
				evil[i] ^= bit
				r, err := signer.Validate(context.Background(), bytes.NewReader(evil), opts)
				switch {
				case err != nil:
					unread++
				case r.Verdict == signer.VerdictValid || r.Original:
					t.Errorf("%s: byte %d (%q) flipped by %#x: %s", in, i, around(file, i), bit, summary(r))
				case r.Verdict != signer.VerdictInvalid:
					unfound++
					for _, s := range r.Signatures {
						if s.Field == signed.Field && s.Coverage != signer.CoverageBroken {
							t.Errorf("%s: byte %d (%q) flipped by %#x, signature found: %s", in, i, around(file, i), bit, summary(r))
						}
					}
				}
			}
		}
		t.Logf("%s: %d flips: %d made the file unreadable, in %d the signature was not found, none was valid", in, tried, unread, unfound)
	}
}

func around(b []byte, i int) []byte { return b[max(0, i-8):min(len(b), i+8)] }

// Any byte of /Contents, flipped: never valid but in what the signature does not
// protect (its spelling, version numbers, unsigned attributes, certificates that
// are not the signer's), where no level, time or coverage gets better.
func TestFlipContentsByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file, _ := sign(t, w.letter, w.person.Key(), signer.SignOptions{Level: signer.LevelBT, TSA: w.Stamper()})
	opts, gap := w.options(), hole(t, file)
	sound := validate(t, file, opts)
	if sound.Verdict != signer.VerdictValid {
		t.Fatal(summary(sound))
	}
	der, err := hex.DecodeString(string(file[gap.Start+1 : gap.End-1]))
	if err != nil {
		t.Fatal(err)
	}
	free := unprotected(t, der, w)
	evil := make([]byte, len(file))
	valid := 0
	for i := gap.Start; i < gap.End; i++ {
		if testing.Short() && i%7 != 0 {
			continue
		}
		if i > gap.Start+int64(2*len(bytes.TrimRight(der, "\x00")))+64 && i < gap.End-64 && i%stride != 0 {
			continue // padding is all alike
		}
		for _, bit := range []byte{0x01, 0x20} {
			copy(evil, file)
			evil[i] ^= bit
			r, err := signer.Validate(context.Background(), bytes.NewReader(evil), opts)
			if err != nil || r.Verdict != signer.VerdictValid {
				continue
			}
			valid++
			at := int(i-gap.Start-1) / 2
			named := len(find(r, "contents-encoding"))+len(find(r, "contents-padding"))+len(find(r, "cms-format")) > 0
			if !named && !free(at) {
				t.Errorf("byte %d of /Contents (%d of the value, %x) flipped by %#x: %s", i-gap.Start, at, der[max(0, at-6):at+6], bit, summary(r))
			}
			if better(sound.Signatures[0], r.Signatures[0]) {
				t.Errorf("byte %d of /Contents flipped by %#x makes it better: %s", i-gap.Start, bit, summary(r))
			}
		}
	}
	t.Logf("%d flips of %d bytes left the file valid, each in what the signature does not protect", valid, gap.Len())
}

// unprotected reports which bytes of the value the signature does not cover: the
// unsigned attributes, certificates other than the signer's, padding.
func unprotected(t *testing.T, der []byte, w *world) func(int) bool {
	t.Helper()
	signed, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	si := signed.Signer()
	end := bytes.Index(der, si.Signature) + len(si.Signature)
	var spans [][2]int
	for _, c := range signed.Certificates {
		if !c.Equal(w.person.Certificate) {
			at := bytes.Index(der, c.Raw)
			spans = append(spans, [2]int{at, at + len(c.Raw)})
		}
	}
	spans = append(spans, [2]int{end, len(der)})
	return func(i int) bool {
		for _, s := range spans {
			if i >= s[0] && i < s[1] {
				return true
			}
		}
		return false
	}
}

func better(was, is signer.Signature) bool {
	return is.Level > was.Level && was.Level != "" || is.Level != "" && was.Level == "" ||
		is.TimeSource == signer.TimeSignatureTimestamp && is.BestTime.Before(was.BestTime) ||
		is.Coverage == signer.CoverageWhole && was.Coverage != signer.CoverageWhole
}

// Small certificates and one list: enough to try every policy on a flipped file.
func TestFlipUnderIntegrity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.Issue(testpki.Person("A", "B"), testpki.P256()).Key()
	file, _ := sign(t, w.letter, key, signer.SignOptions{})
	gap := hole(t, file)
	opts := signer.Options{Policy: signer.IntegrityPolicy(), At: testpki.Now}
	evil := make([]byte, len(file))
	for i := 0; i < len(file); i += 31 {
		if int64(i) >= gap.Start && int64(i) < gap.End {
			continue
		}
		copy(evil, file)
		evil[i] ^= 4
		if r, err := signer.Validate(context.Background(), bytes.NewReader(evil), opts); err == nil && r.Verdict == signer.VerdictIntact {
			t.Errorf("byte %d flipped: %s", i, summary(r))
		}
	}
}
