package signer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	digitorus "github.com/digitorus/pdf"
	baseline "github.com/digitorus/pdfsign/sign"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
)

// letter200K is a file of some 205,000 bytes, and scan10M one of 10 million.
var (
	letter200K = sync.OnceValue(func() []byte { return fivePages(650) })
	scan10M    = sync.OnceValue(func() []byte { return fivePages(32_000) })
)

// fivePages is a file of five pages, of so many lines each.
func fivePages(lines int) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(format string, args ...any) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n"+format+"\nendobj\n", append([]any{len(offsets)}, args...)...)
	}
	b.WriteString("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Count 5 /Kids [4 0 R 6 0 R 8 0 R 10 0 R 12 0 R] >>")
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>")
	for i := range 5 {
		object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", 5+2*i)
		content := strings.Repeat("BT /F1 12 Tf 72 700 Td (Cong van ve viec trien khai) Tj ET\n", lines)
		object("<< /Length %d >>\nstream\n%s\nendstream", len(content), content)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, off := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", off)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.Bytes()
}

// remembering is a key that costs nothing the second time it signs a digest, to
// measure all but the key.
type remembering struct {
	keys.Key
	values map[string][]byte
}

func (r remembering) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if value, ok := r.values[string(digest)]; ok {
		return value, nil
	}
	value, err := r.Key.Sign(rand, digest, opts)
	r.values[string(digest)] = value
	return value, err
}

func signOnce(t testing.TB, key keys.Key, in []byte, out io.Writer) {
	if _, err := signer.Sign(context.Background(), bytes.NewReader(in), key, signer.SignOptions{At: testpki.Now}, out); err != nil {
		t.Fatal(err)
	}
}

// raw is the work that no signer can avoid.
func raw(t testing.TB, key *rsa.PrivateKey, in []byte) {
	digest := sha256.Sum256(in)
	if _, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:]); err != nil {
		t.Fatal(err)
	}
}

// pdfsign signs with the package that this one is measured beside.
func pdfsign(t testing.TB, leaf *testpki.Leaf, in []byte, out io.Writer) {
	reader, err := digitorus.NewReader(bytes.NewReader(in), int64(len(in)))
	if err != nil {
		t.Fatal(err)
	}
	err = baseline.Sign(bytes.NewReader(in), out, reader, int64(len(in)), baseline.SignData{
		Signature:       baseline.SignDataSignature{CertType: baseline.ApprovalSignature, Info: baseline.SignDataSignatureInfo{Date: testpki.Now}},
		Signer:          leaf.Signer,
		DigestAlgorithm: crypto.SHA256,
		Certificate:     leaf.Certificate,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func benchSign(b *testing.B, key keys.Key) {
	in := letter200K()
	b.ReportAllocs()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		signOnce(b, key, in, io.Discard)
	}
}

func person(t testing.TB, opts ...testpki.Option) *testpki.Leaf {
	return testpki.New(t).Issue(testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng"), opts...)
}

func BenchmarkSign200KRSA(b *testing.B)  { benchSign(b, person(b).Key()) }
func BenchmarkSign200KP256(b *testing.B) { benchSign(b, person(b, testpki.P256()).Key()) }
func BenchmarkSign200KStub(b *testing.B) {
	benchSign(b, remembering{person(b).Key(), make(map[string][]byte)})
}

func BenchmarkSign200KPdfsign(b *testing.B) {
	leaf, in := person(b), letter200K()
	b.ReportAllocs()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		pdfsign(b, leaf, in, io.Discard)
	}
}

func BenchmarkRaw200KRSA(b *testing.B) {
	key, in := person(b).Signer.(*rsa.PrivateKey), letter200K()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		raw(b, key, in)
	}
}

func BenchmarkSHA256Of200K(b *testing.B) {
	in := letter200K()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		sha256.Sum256(in)
	}
}

// Every object that signing makes is one for the collector. This test runs
// alone, since the runtime counts for all.
func TestSignAllocations(t *testing.T) {
	key := remembering{person(t).Key(), make(map[string][]byte)}
	in := letter200K()
	if n := testing.AllocsPerRun(20, func() { signOnce(t, key, in, io.Discard) }); n > 300 {
		t.Errorf("%.0f allocations, want at most 300", n)
	}
}

// Memory grows with the number of objects, not with the size of the file.
func TestSignMemory(t *testing.T) {
	key := remembering{person(t).Key(), make(map[string][]byte)}
	in := scan10M()
	signOnce(t, key, in, io.Discard)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	signOnce(t, key, in, io.Discard)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes allocated to sign %d, want at most 1 MiB", n, len(in))
	}
}

// What signing costs beside the work that it cannot avoid: medians of pairs that
// are measured in turn, so that what else the machine does hits both. Set
// SIGNER_COST to print it.
func TestSignCost(t *testing.T) {
	if os.Getenv("SIGNER_COST") == "" {
		t.Skip("set SIGNER_COST=1 to measure for half a minute")
	}
	leaf, ec, in := person(t), person(t, testpki.P256()), letter200K()
	rsaKey, ecKey := leaf.Key(), ec.Key()
	stub := remembering{rsaKey, make(map[string][]byte)}
	big := scan10M()
	for _, tt := range []struct {
		name        string
		ours, other func()
	}{
		{"RSA-2048 : raw RSA + SHA-256", func() { signOnce(t, rsaKey, in, io.Discard) }, func() { raw(t, leaf.Signer.(*rsa.PrivateKey), in) }},
		{"RSA-2048 : pdfsign", func() { signOnce(t, rsaKey, in, io.Discard) }, func() { pdfsign(t, leaf, in, io.Discard) }},
		{"P-256 : raw P-256 + SHA-256", func() { signOnce(t, ecKey, in, io.Discard) }, func() {
			digest := sha256.Sum256(in)
			if _, err := ec.Signer.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
				t.Fatal(err)
			}
		}},
		{"stub : SHA-256", func() { signOnce(t, stub, in, io.Discard) }, func() { sha256.Sum256(in) }},
		{"10 MB, RSA-2048 : raw RSA + SHA-256", func() { signOnce(t, rsaKey, big, io.Discard) }, func() { raw(t, leaf.Signer.(*rsa.PrivateKey), big) }},
	} {
		const pairs = 61
		var ours, other, ratios []float64
		for range pairs {
			a, b := clock(tt.ours), clock(tt.other)
			ours, other, ratios = append(ours, a), append(other, b), append(ratios, a/b)
		}
		t.Logf("%-36s %7.3f ms : %7.3f ms, ratio %5.2f, difference %6.3f ms (medians of %d pairs)",
			tt.name, median(ours), median(other), median(ratios), median(ours)-median(other), pairs)
	}
}

func clock(f func()) float64 {
	start := time.Now()
	f()
	return float64(time.Since(start).Microseconds()) / 1000
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
