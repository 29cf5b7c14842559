package server_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/evidence"
	"lienthong/internal/testnode"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// arrived sends a letter from the ward to the province, and gives its delivery at the
// ward once it has come and was judged there.
func arrived(t testing.TB, n *testnode.Network, c *client.Client) string {
	t.Helper()
	ctx := context.Background()
	if _, err := c.Documents.SendDocument(ctx, n.Send("45", n.Letter(t, 20_000), testnode.Province)); err != nil {
		t.Fatal(err)
	}
	stream, err := c.Deliveries.WatchDeliveries(ctx, &lienthongv1.WatchDeliveriesRequest{Agency: testnode.Ward})
	if err != nil {
		t.Fatal(err)
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if d := m.GetDelivery(); d.GetVerdict() == "valid" && d.GetState() == lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED {
			return d.GetName()
		}
	}
}

func export(t testing.TB, c *client.Client, m *lienthongv1.ExportEvidenceRequest) ([]byte, error) {
	t.Helper()
	stream, err := c.Journal.ExportEvidence(context.Background(), m)
	if err != nil {
		return nil, err
	}
	var out []byte
	for {
		piece, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, piece.GetData()...)
	}
}

func verify(t testing.TB, file []byte, in evidence.Input) *evidence.Report {
	t.Helper()
	report, err := evidence.Verify(bytes.NewReader(file), int64(len(file)), in)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func kinds(r *evidence.Report) (out []string) {
	for _, f := range r.Facts {
		if f.Proven {
			out = append(out, f.Kind)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// What the sender exports proves to a third party, years later and with digests alone,
// who sent the letter, who carried it and that it came; no byte of it can be changed.
func TestEvidence(t *testing.T) {
	t.Parallel()
	n := testnode.New(t)
	ward := n.Node("ward").User(t, "clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
	name := arrived(t, n, ward)
	trusted := evidence.Input{Authorities: []*x509.Certificate{n.Authority.Certificate}, At: n.Now()}
	file, err := export(t, ward, &lienthongv1.ExportEvidenceRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	for what, tt := range map[string]struct {
		in   evidence.Input
		want evidence.Verdict
	}{
		"by the authority's certificate": {trusted, evidence.Proven},
		"ten years later":                {evidence.Input{Authorities: trusted.Authorities, At: trusted.At.AddDate(10, 0, 0)}, evidence.Proven},
		"nobody vouches":                 {evidence.Input{At: trusted.At}, evidence.NoAnswer},
		"another authority":              {evidence.Input{Authorities: []*x509.Certificate{n.Seal.Certificate}, At: trusted.At}, evidence.Refuted},
	} {
		if got := verify(t, file, tt.in); got.Verdict != tt.want {
			t.Errorf("%s: verdict %s, want %s: %+v", what, got.Verdict, tt.want, got.Findings)
		}
	}
	report := verify(t, file, trusted)
	if got, want := strings.Join(kinds(report), " "), "custody delivered submitted validated"; got != want {
		t.Errorf("proven: %s, want %s", got, want)
	}
	if len(report.Files) != 1 || !report.Files[0].Here || report.Metadata.Number != "45" || report.Exporter != "ward" {
		t.Errorf("%+v", report)
	}
	var text bytes.Buffer
	if err := report.WriteText(&text, "vi"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"✓ bằng chứng hợp lệ", "Ủy ban nhân dân phường Ba Hàng (H55.13.05) gửi đến Ủy ban nhân dân tỉnh Thái Nguyên",
		"nút district đã nhận chuyển tiếp", "đã giao cho Ủy ban nhân dân tỉnh Thái Nguyên, tại nút province", "không có dấu thời gian"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text does not say %q:\n%s", want, text.String())
		}
	}

	short, err := export(t, ward, &lienthongv1.ExportEvidenceRequest{Name: name, WithoutDocuments: true})
	if err != nil {
		t.Fatal(err)
	}
	report = verify(t, short, trusted)
	if report.Verdict != evidence.Proven || report.Files[0].Here || !slices.Contains(report.NotProven, "documents-left-out") {
		t.Errorf("with digests alone: %+v", report)
	}
	digest, _ := envelope.ParseDigest(report.Files[0].Digest)
	given := trusted
	given.Documents = []envelope.Digest{digest}
	if report = verify(t, short, given); !report.Files[0].Given || slices.Contains(report.NotProven, "documents-left-out") {
		t.Errorf("with the file at hand: %+v", report)
	}

	// The receiver's clerk exports too; an auditor gets no content, a stranger nothing.
	auditor := n.Node("ward").User(t, "auditor", exchange.Grant{Role: exchange.RoleAuditor})
	bare, err := export(t, auditor, &lienthongv1.ExportEvidenceRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	if report = verify(t, bare, trusted); report.Verdict != evidence.Proven || report.Metadata != nil || bytes.Contains(bare, []byte("envelope/content.bin")) || len(reportsIn(t, bare)) > 0 {
		t.Errorf("an auditor's: %+v", report)
	}
	other := n.Node("ward").User(t, "other", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.District})
	if _, err := export(t, other, &lienthongv1.ExportEvidenceRequest{Name: name}); err == nil {
		t.Error("a clerk of another agency has exported it")
	}
	if _, err := export(t, other, &lienthongv1.ExportEvidenceRequest{Name: strings.Replace(name, testnode.Ward, testnode.District, 1)}); err == nil {
		t.Error("a clerk of another agency has exported it under the name of their own")
	}

	changed(t, file, trusted)
	foreign(t, file, n.Authority.Certificate)
}

// reportsIn lists the validation reports in a container, which name people.
func reportsIn(t *testing.T, file []byte) (out []string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if strings.HasPrefix(f.Name, "reports/") {
			out = append(out, f.Name)
		}
	}
	return out
}

// changed flips a bit in every member, at its beginning, middle and end and all over the
// small signed ones, with all checksums of the archive made anew.
func changed(t *testing.T, file []byte, in evidence.Input) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		places := []int{0, int(f.UncompressedSize64) / 2, int(f.UncompressedSize64) - 1}
		if strings.HasSuffix(f.Name, ".p7s") {
			for at := 1; at < int(f.UncompressedSize64); at += 12 { // CMS has fields that no signature covers
				places = append(places, at)
			}
		}
		for _, at := range places {
			spoilt := rewrite(t, z, func(name string, data []byte) []byte {
				if name == f.Name {
					data[at] ^= 1
				}
				return data
			})
			report, err := evidence.Verify(bytes.NewReader(spoilt), int64(len(spoilt)), in)
			if err == nil && report.Verdict != evidence.Refuted {
				t.Errorf("%s: byte %d of %d was changed, and the verdict is %s", f.Name, at, f.UncompressedSize64, report.Verdict)
			}
		}
		if f.Name == "mimetype" {
			continue
		}
		without := rewrite(t, z, func(name string, data []byte) []byte {
			if name == f.Name {
				return nil
			}
			return data
		})
		if report, err := evidence.Verify(bytes.NewReader(without), int64(len(without)), in); err == nil && report.Verdict != evidence.Refuted {
			t.Errorf("%s was left out, and the verdict is %s", f.Name, report.Verdict)
		}
	}
}

// rewrite writes an archive anew; a member that becomes nil is left out.
func rewrite(t testing.TB, z *zip.Reader, change func(name string, data []byte) []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if data = change(f.Name, data); data == nil {
			continue
		}
		to, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// foreign has other programs look at the container: Python's zipfile, and openssl for the
// signature over the manifest.
func foreign(t *testing.T, file []byte, authority *x509.Certificate) {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "45.asice")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"python3", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skipf("no %s here", tool)
		}
	}
	const script = `import sys, zipfile, hashlib, base64, xml.etree.ElementTree as E
z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None
i = z.infolist()[0]; assert i.filename == "mimetype" and i.compress_type == zipfile.ZIP_STORED and not i.extra, i
assert open(sys.argv[1], "rb").read()[38:69] == b"application/vnd.etsi.asic-e+zip"
a, d = "{http://uri.etsi.org/02918/v1.2.1#}", "{http://www.w3.org/2000/09/xmldsig#}"
m = E.fromstring(z.read("META-INF/ASiCManifest.xml")); n = 0
for r in m.iter(a + "DataObjectReference"):
    assert base64.b64encode(hashlib.sha256(z.read(r.get("URI"))).digest()).decode() == r.find(d + "DigestValue").text, r.get("URI"); n += 1
assert n == len(z.namelist()) - 3, (n, z.namelist())
for f in ("ASiCManifest.xml", "signature.p7s"): open(sys.argv[2] + "/" + f, "wb").write(z.read("META-INF/" + f))
`
	if out, err := exec.Command("python3", "-c", script, name, dir).CombinedOutput(); err != nil {
		t.Fatalf("python: %v\n%s", err, out)
	}
	out, err := exec.Command("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", filepath.Join(dir, "signature.p7s"),
		"-content", filepath.Join(dir, "ASiCManifest.xml"), "-noverify", "-out", os.DevNull).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "successful") {
		t.Errorf("openssl: %v\n%s", err, out)
	}
}

// An evidence file is to be judged in less than 50 ms.
func BenchmarkVerifyEvidence(b *testing.B) {
	n := testnode.New(b)
	ward := n.Node("ward").User(b, "clerk", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward})
	file, err := export(b, ward, &lienthongv1.ExportEvidenceRequest{Name: arrived(b, n, ward)})
	if err != nil {
		b.Fatal(err)
	}
	in := evidence.Input{Authorities: []*x509.Certificate{n.Authority.Certificate}, At: n.Now()}
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		began := time.Now()
		if report := verify(b, file, in); report.Verdict != evidence.Proven {
			b.Fatalf("verdict %s: %+v", report.Verdict, report.Findings)
		}
		if took := time.Since(began); took > 50*time.Millisecond {
			b.Logf("one took %s", took)
		}
	}
}
