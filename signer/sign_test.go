package signer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lienthong/certs/keys"
	"lienthong/internal/testpki"
	"lienthong/signer"
	"lienthong/signer/appearance"
	"lienthong/signer/cms"
	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// counter is a writer that must stay empty where Sign fails.
type counter struct{ n int }

func (c *counter) Write(b []byte) (int, error) { c.n += len(b); return len(b), nil }

// Each row must be refused by name, with nothing written.
func TestSignRefuses(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	person := testpki.Person("Nguyễn Trọng Nghĩa", "UBND phường Ba Hàng")
	key := pki.Issue(person).Key()
	letter := sample(t, "01-ward-report.pdf")
	signed, _ := sign(t, letter, key, signer.SignOptions{Field: "Ký"})
	place := func(page int, r ...float64) *signer.Placement {
		return &signer.Placement{Page: page, Rect: [4]float64(r)}
	}
	visible := signer.SignOptions{Profile: appearance.Custom, Place: place(1, 20, 20, 200, 60)}
	with := func(o signer.SignOptions, edit func(*signer.SignOptions)) signer.SignOptions { edit(&o); return o }

	for _, tt := range []struct {
		name string
		in   []byte
		key  keys.Key
		opts signer.SignOptions
		is   error
		want string
	}{
		{name: "encrypted", in: encrypt(t, letter, "preserve", "a password", "256"), is: signer.ErrEncrypted, want: "qpdf --decrypt"},
		{name: "truncated", in: sample(t, "11-truncated.pdf"), is: pdf.ErrTruncated, want: "cut short"},
		{name: "not a PDF", in: sample(t, "12-not-a-pdf.pdf"), is: pdf.ErrNotPDF, want: "not a PDF"},
		{name: "empty", in: []byte{}, is: pdf.ErrNotPDF, want: "not a PDF"},
		{name: "certified", in: certify(letter, 1), is: signer.ErrCertified, want: "allows no changes (P 1)"},
		{name: "locked", in: lock(letter, "All"), is: signer.ErrCertified, want: `locks field "Signature1"`},
		{name: "expired", key: pki.Issue(person, testpki.Expired()).Key(), is: signer.ErrCertificate, want: "expired"},
		{name: "not yet valid", key: pki.Issue(person, testpki.NotYetValid()).Key(), is: signer.ErrCertificate, want: "is valid from"},
		{name: "wrong key usage", key: pki.Issue(person, testpki.WrongKeyUsage()).Key(), is: signer.ErrCertificate, want: "neither key usage"},
		{name: "wrong extended key usage", key: pki.Issue(person, testpki.WrongEKU()).Key(), is: signer.ErrCertificate, want: "extended key usages"},
		{name: "a short key", key: pki.Issue(person, testpki.RSA1024()).Key(), want: "RSA key of 1024 bits is too short"},
		{name: "another's certificate", key: swapped{pki.Issue(person, testpki.P256()).Key(), key.Certificate()}, want: "is not of this key"},
		{name: "a time before all certificates", opts: signer.SignOptions{At: time.Unix(-1<<40, 0)}, is: signer.ErrCertificate},
		{name: "level", opts: signer.SignOptions{Level: "B-X"}, want: `level "B-X", want B-B, B-T, B-LT or B-LTA`},
		{name: "no anchors", opts: signer.SignOptions{Level: signer.LevelBLT, TSA: pki.Stamper()}, want: "and none are given"},
		{name: "no authority", opts: signer.SignOptions{Level: signer.LevelBT}, want: "none is given"},
		{name: "hash", opts: signer.SignOptions{Hash: crypto.SHA1}, want: "cannot sign with hash SHA-1"},
		{name: "signed field", in: signed, opts: signer.SignOptions{Field: "Ký"}, want: `field "Ký" is signed already`},
		{name: "dotted field", opts: signer.SignOptions{Field: "a.b"}, want: "must not contain a full stop"},
		{name: "profile", opts: with(visible, func(o *signer.SignOptions) { o.Profile = "fancy" }), want: `unknown profile "fancy"`},
		{name: "text without profile", opts: signer.SignOptions{Lines: []string{"a"}}, want: "no profile"},
		{name: "no place", opts: signer.SignOptions{Profile: appearance.Agency}, want: "needs a place"},
		{name: "page", opts: with(visible, func(o *signer.SignOptions) { o.Place = place(9, 0, 0, 9, 9) }), want: "no page 9 in a file of 1 pages"},
		{name: "beside the page", opts: with(visible, func(o *signer.SignOptions) { o.Place = place(1, 500, 0, 700, 90) }), want: "is not within page 1, which is 595 by 842 points"},
		{name: "inverted", opts: with(visible, func(o *signer.SignOptions) { o.Place = place(1, 200, 0, 100, 90) }), want: "is not within page 1"},
		{name: "too much text", opts: with(visible, func(o *signer.SignOptions) { o.Lines = []string{strings.Repeat("dài ", 400)} }), want: "does not fit"},
		{name: "unknown letter", opts: with(visible, func(o *signer.SignOptions) { o.Lines = []string{"漢"} }), want: "the font has no U+6F22"},
		{name: "image", opts: with(visible, func(o *signer.SignOptions) { o.Image = []byte("GIF89a") }), want: "not a PNG"},
		{name: "huge image", opts: with(visible, func(o *signer.SignOptions) { o.Image = hugePNG() }), want: "60000 by 60000 pixels"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.in == nil {
				tt.in = letter
			}
			if tt.key == nil {
				tt.key = key
			}
			if tt.opts.At.IsZero() {
				tt.opts.At = testpki.Now
			}
			var out counter
			_, err := signer.Sign(context.Background(), bytes.NewReader(tt.in), tt.key, tt.opts, &out)
			if err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "sign: ") {
				t.Errorf("error %q does not say that it is about signing", err)
			}
			if out.n != 0 {
				t.Errorf("%d bytes written", out.n)
			}
		})
	}
}

// swapped is a key with a certificate that is not its own.
type swapped struct {
	keys.Key
	cert *x509.Certificate
}

func (s swapped) Certificate() *x509.Certificate { return s.cert }

// hugePNG is the header of an image that would take 14 GB.
func hugePNG() []byte {
	small := append([]byte(nil), seal...)
	copy(small[16:], []byte{0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60})
	binary.BigEndian.PutUint32(small[29:], crc32.ChecksumIEEE(small[12:29]))
	return small
}

// certify appends a revision to a letter with a certification signature, which
// need not be valid to forbid.
func certify(letter []byte, p int) []byte {
	return refer(letter, pdf.Entry{Key: "TransformMethod", Value: pdf.Name("DocMDP")},
		pdf.Entry{Key: "TransformParams", Value: pdf.NewDict(pdf.Entry{Key: "P", Value: pdf.Integer(p)})})
}

func lock(letter []byte, action pdf.Name) []byte {
	return refer(letter, pdf.Entry{Key: "TransformMethod", Value: pdf.Name("FieldMDP")},
		pdf.Entry{Key: "TransformParams", Value: pdf.NewDict(pdf.Entry{Key: "Action", Value: action})})
}

func refer(letter []byte, entries ...pdf.Entry) []byte {
	return revise(letter, func(u *pdf.Update) {
		v := u.Add(pdf.NewDict(
			pdf.Entry{Key: "Type", Value: pdf.Name("Sig")},
			pdf.Entry{Key: "ByteRange", Value: pdf.Array{pdf.Integer(0), pdf.Integer(0), pdf.Integer(0), pdf.Integer(0)}},
			pdf.Entry{Key: "Contents", Value: pdf.String{Value: []byte{0}, Hex: true}},
			pdf.Entry{Key: "Reference", Value: pdf.Array{pdf.NewDict(entries...)}},
		))
		addField(u, pdf.NewDict(
			pdf.Entry{Key: "FT", Value: pdf.Name("Sig")},
			pdf.Entry{Key: "T", Value: pdf.TextString("Chứng thực")},
			pdf.Entry{Key: "V", Value: v},
		))
	})
}

// revise appends a revision that edit makes.
func revise(in []byte, edit func(*pdf.Update)) []byte {
	f, err := pdf.Open(bytes.NewReader(in), pdf.DefaultLimits())
	if err != nil {
		panic(err)
	}
	u, err := pdf.NewUpdate(f)
	if err != nil {
		panic(err)
	}
	edit(u)
	a, err := u.Build()
	if err != nil {
		panic(err)
	}
	return append(bytes.Clone(in), a.Data...)
}

// addField adds fields to the form of a file that has none yet.
func addField(u *pdf.Update, fields ...*pdf.Dict) {
	var list pdf.Array
	for _, f := range fields {
		list = append(list, u.Add(f))
	}
	ref, catalog, err := u.View().Catalog()
	if err != nil {
		panic(err)
	}
	catalog = catalog.Clone()
	catalog.Set("AcroForm", pdf.NewDict(pdf.Entry{Key: "Fields", Value: list}))
	u.Set(ref, catalog)
}

// Whatever a time-stamping authority does, nothing is written without its token.
func TestTimeStampFailureWritesNothing(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("N", "UBND")).Key()
	foreign, err := pki.Stamper().Stamp(context.Background(), crypto.SHA256, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	pki.BreakTSA(func(w http.ResponseWriter) bool { w.WriteHeader(http.StatusServiceUnavailable); return true })
	for name, tsa := range map[string]tsp.Stamper{
		"unavailable": pki.Stamper(),
		"unreachable": &tsp.Client{URL: "http://127.0.0.1:1/"},
		"a token of something else": stamper(func(crypto.Hash, []byte) (*tsp.Token, error) {
			return foreign, nil
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out counter
			opts := signer.SignOptions{Level: signer.LevelBT, TSA: tsa, At: testpki.Now}
			_, err := signer.Sign(context.Background(), bytes.NewReader(sample(t, "05-annex.pdf")), key, opts, &out)
			if err == nil || !strings.Contains(err.Error(), "no time-stamp, so no signature of level B-T") || out.n != 0 {
				t.Errorf("error %v, %d bytes written", err, out.n)
			}
		})
	}
}

type stamper func(crypto.Hash, []byte) (*tsp.Token, error)

func (s stamper) Stamp(_ context.Context, h crypto.Hash, digest []byte) (*tsp.Token, error) {
	return s(h, digest)
}

// A token larger than the room first made for it means to sign twice.
func TestLargeTokenFits(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	key := pki.Issue(testpki.Person("N", "UBND"), testpki.P256()).Key()
	var chain []*x509.Certificate
	for i := range 12 {
		chain = append(chain, pki.Issue(testpki.Agency(fmt.Sprint("Cơ quan ", i))).Certificate)
	}
	chain = append(chain, pki.CA.Certificate)
	asked := int64(0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked++
		reply, err := tsp.Respond(query, pki.TSACert.Signer, pki.TSACert.Certificate, chain, testpki.Now, big.NewInt(asked), asn1.ObjectIdentifier{1, 2, 3})
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(reply)
	}))
	defer server.Close()
	large := &tsp.Client{URL: server.URL}
	out, signed := sign(t, sample(t, "06-xref-stream.pdf"), key, signer.SignOptions{Level: signer.LevelBT, TSA: large})
	if n := len(signed.TimeStamp.Raw); asked != 2 || n < 8<<10 {
		t.Errorf("asked %d times for a token of %d bytes, want twice for a large one", asked, n)
	}
	file := save(t, "out.pdf", out)
	checkPdfsig(t, pki, file, 1)
	if v := judge(t, pki, file); !v[0].Bottom || !v[0].Stamped {
		t.Errorf("pyHanko: %+v", v)
	}
	if list := complaints(t, file); len(list) > 0 {
		t.Errorf("qpdf: %v", list)
	}
}

// failing is a device that is unplugged while it signs.
type failing struct{ keys.Key }

func (f failing) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("token removed")
}

func TestKeyFailureWritesNothing(t *testing.T) {
	t.Parallel()
	key := testpki.New(t).Issue(testpki.Person("N", "UBND")).Key()
	var out counter
	_, err := signer.Sign(context.Background(), bytes.NewReader(sample(t, "05-annex.pdf")), failing{key}, signer.SignOptions{At: testpki.Now}, &out)
	if err == nil || !strings.Contains(err.Error(), "token removed") || out.n != 0 {
		t.Errorf("error %v, %d bytes written", err, out.n)
	}
}

func TestSignStopsWithContext(t *testing.T) {
	t.Parallel()
	key := testpki.New(t).Issue(testpki.Person("N", "UBND")).Key()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out counter
	_, err := signer.Sign(ctx, bytes.NewReader(sample(t, "05-annex.pdf")), key, signer.SignOptions{At: testpki.Now}, &out)
	if !errors.Is(err, context.Canceled) || out.n != 0 {
		t.Errorf("error %v, %d bytes written", err, out.n)
	}
}

// Equal input and key give equal output, time-stamp and ECDSA apart.
func TestSignIsReproducible(t *testing.T) {
	t.Parallel()
	key := testpki.New(t).Issue(testpki.Person("N", "UBND")).Key()
	opts := signer.SignOptions{Profile: appearance.Agency, Image: seal, Place: &signer.Placement{Page: 1, Rect: [4]float64{20, 20, 200, 80}}}
	a, _ := sign(t, sample(t, "03-province-decision.pdf"), key, opts)
	b, _ := sign(t, sample(t, "03-province-decision.pdf"), key, opts)
	if !bytes.Equal(a, b) {
		t.Error("two outputs differ")
	}
}

// The CMS in the file is the one that Signed returns, and holds what PAdES asks.
func TestSignedCMS(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		t.Run(hash.String(), func(t *testing.T) {
			t.Parallel()
			key := pki.Issue(testpki.Person("N", "UBND"), testpki.P256()).Key()
			out, signed := sign(t, sample(t, "05-annex.pdf"), key, signer.SignOptions{Hash: hash, Level: signer.LevelBT, TSA: pki.Stamper()})
			checkPdfsig(t, pki, save(t, "out.pdf", out), 1)
			sd, err := cms.Parse(signed.CMS)
			if err != nil {
				t.Fatal(err)
			}
			si := sd.Signer()
			if si.Hash != hash || len(si.Signed) != 4 || len(si.TimeStamps()) != 1 || len(sd.Rest) != 0 {
				t.Errorf("%s, %d signed attributes, %d time-stamps", si.Hash, len(si.Signed), len(si.TimeStamps()))
			}
			for _, oid := range []interface{ String() string }{cms.OIDContentType, cms.OIDMessageDigest, cms.OIDSigningCertificateV2, cms.OIDAlgorithmProtection} {
				found := false
				for _, a := range si.Signed {
					found = found || a.Type.String() == oid.String()
				}
				if !found {
					t.Errorf("no signed attribute %s", oid)
				}
			}
		})
	}
}
