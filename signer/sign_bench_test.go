package signer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"io"
	"runtime"
	"sync"
	"testing"

	digitorus "github.com/digitorus/pdf"
	baseline "github.com/digitorus/pdfsign/sign"

	"lienthong/certs/keys"
	"lienthong/internal/measure"
	"lienthong/internal/testpdf"
	"lienthong/internal/testpki"
	"lienthong/signer"
)

// letter200K is a file of some 205,000 bytes, and scan10M one of 10 million.
var (
	letter200K = sync.OnceValue(func() []byte { return testpdf.Letter(650) })
	scan10M    = sync.OnceValue(func() []byte { return testpdf.Letter(32_000) })
)

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

// What signing a letter costs beside the work that it cannot avoid: make bench holds
// it to 1.25 times that. Here others are at work on the machine, so that time is
// that of processors, and the bound is what a mistake would break, such as to
// hash a file again or to sign twice.
func TestSignCost(t *testing.T) {
	if testing.Short() || measure.Race {
		t.Skip("measures")
	}
	leaf, in := person(t), letter200K()
	key := leaf.Key()
	m, err := measure.Pairs(21, func() error { signOnce(t, key, in, io.Discard); return nil },
		func() error { raw(t, leaf.Signer.(*rsa.PrivateKey), in); return nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.3f ms : %.3f ms, ratio %.2f, in processor time %.2f", m.Ours, m.Base, m.Ratio, m.CPU)
	if m.CPU > 1.8 {
		t.Errorf("signing takes %.2f times one RSA signature and one hash in processor time, want at most 1.8", m.CPU)
	}
}
