package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/signer"
)

// faultyBlobs are files whose place fails the next time that one is opened, or read, and
// some of which are damaged.
type faultyBlobs struct {
	exchange.Blobs
	fault      error
	open, read atomic.Bool
	damaged    atomic.Pointer[envelope.Digest]
}

func (b *faultyBlobs) Open(ctx context.Context, digest envelope.Digest) (exchange.Blob, error) {
	if b.open.CompareAndSwap(true, false) {
		return nil, fmt.Errorf("open: %w", b.fault)
	}
	f, err := b.Blobs.Open(ctx, digest)
	if err != nil {
		return nil, err
	}
	damaged := b.damaged.Load()
	return &faultyBlob{f, b, damaged != nil && *damaged == digest}, nil
}

type faultyBlob struct {
	exchange.Blob
	of      *faultyBlobs
	damaged bool
}

func (f *faultyBlob) ReadAt(p []byte, off int64) (int, error) {
	if f.of.read.CompareAndSwap(true, false) {
		return 0, fmt.Errorf("read: %w", f.of.fault)
	}
	n, err := f.Blob.ReadAt(p, off)
	// One bit of the text of the first page is other than it was.
	if at := f.Size() / 3; f.damaged && off <= at && at < off+int64(n) {
		p[at-off] ^= 1
	}
	return n, err
}

// again starts a node anew, over its folder, with what a test changes of worlds.
func (w *world) again(n *testNode) *testNode {
	n.stop()
	m := w.start(n.id, n.dir)
	*m.signing = signer.Service{Suspended: m.core.KeySuspended, Journal: m.core, Trust: n.signing.Trust, Evidence: n.signing.Evidence, Now: n.signing.Now,
		Bind: m.core.Directory().Bind, Keys: n.signing.Keys}
	return m
}

// signed is a sample that an agency has signed and sealed.
func (n *testNode) signed(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "samples", "01-ward-report.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, file := context.Background(), n.upload("so", data)
	for _, key := range []string{"chairman", "seal"} {
		result, err := n.service.SignFile(ctx, clerk, exchange.SignRequest{Agency: "H55.so", File: file, Key: key, RequestID: key})
		if err != nil {
			t.Fatal(err)
		}
		file = result.File.Digest
	}
	_, blob, err := n.service.OpenFile(ctx, "so", file)
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	out, err := io.ReadAll(io.NewSectionReader(blob, 0, blob.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func pdfFile(role envelope.FileRole, data []byte) exchange.OutgoingFile {
	return exchange.OutgoingFile{Role: role, Name: fmt.Sprintf("%.8s.pdf", envelope.Sum(data)), MediaType: "application/pdf", Data: data}
}

// verdicts are those that a node has signed of a letter, oldest first.
func (n *testNode) verdicts(t *testing.T, d exchange.Delivery) (out []envelope.ValidatedDetail) {
	t.Helper()
	rows, err := n.store.Statements(context.Background(), d.Digest, d.Key.Recipient)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		st, err := envelope.ParseStatement(row.Sealed)
		if err != nil {
			t.Fatal(err)
		}
		if st.Validated != nil {
			out = append(out, *st.Validated)
		}
	}
	return out
}

// A place of files that is away for a moment when an annex is opened, and then when it is
// read, gives no verdict: the letter waits, and its annex's broken signature is found.
func TestVerdictWaitsForTheFiles(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	away := &faultyBlobs{fault: fmt.Errorf("bucket: %w", exchange.ErrAway)}
	w.blobs = func(b exchange.Blobs) exchange.Blobs { away.Blobs = b; return away }
	var calls atomic.Int32
	w.config = func(c *exchange.Config) {
		judge := c.Validate
		c.Validate = func(ctx context.Context, file exchange.Blob, at time.Time, policy string, claim *signer.Claim) (*signer.Report, error) {
			n := calls.Add(1) // main; main, annex; main, annex
			away.read.Store(n == 3)
			report, err := judge(ctx, file, at, policy, claim)
			away.open.Store(n == 1)
			return report, err
		}
	}
	n = w.again(n)
	main := n.signed(t)
	broken := bytes.Replace(main, []byte("/MediaBox"), []byte("/MediaBoy"), 1)
	req := letter(t, "so", "phong")
	req.Files = []exchange.OutgoingFile{pdfFile(envelope.FileMain, main), pdfFile(envelope.FileAnnex, broken)}
	doc := n.send(req)
	n.eventually("a verdict", func() bool { d, ok := n.delivery(doc.Letter.Key, "phong"); return ok && d.Verdict != "" })
	d, _ := n.delivery(doc.Letter.Key, "phong")
	said := n.verdicts(t, d)
	if len(said) != 1 || said[0].Verdict != "invalid" || said[0].Files[0].Verdict != "valid" || said[0].Files[1].Verdict != "invalid" {
		t.Errorf("statements %+v, want one: valid and invalid, so invalid", said)
	}
	if calls.Load() != 5 || away.open.Load() || away.read.Load() {
		t.Errorf("%d files were judged, want 5: two rounds that broke off, and a whole one", calls.Load())
	}
}

// Bytes that changed here after they came say nothing about who signed them: the letter is
// indeterminate, not invalid, until they are healed.
func TestDamagedFileIsNotInvalid(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	disk := &faultyBlobs{}
	w.blobs = func(b exchange.Blobs) exchange.Blobs { disk.Blobs = b; return disk }
	n = w.again(n)
	main := n.signed(t)
	digest := envelope.Sum(main)
	disk.damaged.Store(&digest)
	req := letter(t, "so", "phong")
	req.Files = []exchange.OutgoingFile{{Role: envelope.FileMain, Name: "báo cáo.pdf", MediaType: "application/pdf", Digest: digest}}
	doc := n.send(req)
	verdict := func(want string) func() bool {
		return func() bool { d, ok := n.delivery(doc.Letter.Key, "phong"); return ok && d.Verdict == want }
	}
	n.eventually("an indeterminate verdict", verdict("indeterminate"))
	disk.damaged.Store(nil)
	w.evidence.AddCRLs(certs.SourceFile, w.pki.List(w.pki.CA), w.pki.List(w.pki.CA.Issuer))
	w.advance(2 * time.Hour)
	n.eventually("a valid one", verdict("valid"))
	d, _ := n.delivery(doc.Letter.Key, "phong")
	if said := n.verdicts(t, d); len(said) != 2 || said[0].Verdict != "indeterminate" || !said[0].Files[0].Report.IsZero() {
		t.Errorf("statements %+v, want indeterminate without a report, and valid", said)
	}
}

// What a file that was not read becomes: a verdict only where it is lost here, or where a
// job has run out of time, or of luck, for the last time.
func TestUnjudged(t *testing.T) {
	t.Parallel()
	n := newWorld(t, map[string]string{"node": ""}).node("node")
	for _, tt := range []struct {
		err      error
		attempts int
		verdict  string // empty: none
	}{
		{exchange.ErrNotFound, 1, "indeterminate"},
		{fmt.Errorf("size: %w", exchange.ErrConflict), 1, "indeterminate"},
		{exchange.ErrAway, 1, ""},
		{exchange.ErrAway, 99, ""},
		{context.DeadlineExceeded, 2, ""},
		{context.DeadlineExceeded, 3, "indeterminate"},
		{exchange.ErrNotNow, 2, ""},
		{errors.New("input/output error"), 2, ""},
		{errors.New("input/output error"), 3, "indeterminate"},
	} {
		verdict, err := n.core.Unjudged(tt.attempts, tt.err)
		if verdict != tt.verdict || tt.verdict == "" && !errors.Is(err, tt.err) || tt.verdict != "" && err != nil {
			t.Errorf("%v, attempt %d: %q, %v; want %q", tt.err, tt.attempts, verdict, err, tt.verdict)
		}
	}
}

// The verdict of an annex that changes is said, though that of the letter stays; one that
// stays is not said again.
func TestVerdictOfAnAnnexChanges(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	var looks atomic.Int32
	w.config = func(c *exchange.Config) {
		c.Validate = func(_ context.Context, file exchange.Blob, _ time.Time, _ string, _ *signer.Claim) (*signer.Report, error) {
			if head := make([]byte, 15); looksAt(file, head) && bytes.Equal(head, []byte("%PDF-1.7 annex ")) && looks.Add(1) < 3 {
				return &signer.Report{Verdict: signer.VerdictIndeterminate}, nil
			}
			return &signer.Report{Verdict: signer.VerdictValid}, nil
		}
	}
	n = w.again(n)
	req := letter(t, "so", "phong")
	req.Files = append(req.Files, pdfFile(envelope.FileAnnex, []byte("%PDF-1.7 annex 1")))
	doc := n.send(req)
	judged := func(times int32) {
		n.eventually(fmt.Sprintf("look %d", times), func() bool {
			// A job that is being done is leased for ten minutes, and one that waits for an hour.
			sum, err := n.store.Backlog(context.Background(), w.clock().Add(30*time.Minute).UnixMicro())
			return err == nil && looks.Load() == times && sum.Validations.Rows == 0
		})
	}
	for times := range int32(3) {
		judged(times + 1)
		w.advance(2 * time.Hour)
	}
	d, _ := n.delivery(doc.Letter.Key, "phong")
	said := n.verdicts(t, d)
	if len(said) != 2 || said[0].Verdict != "valid" || said[1].Verdict != "valid" || said[0].Files[1].Verdict != "indeterminate" || said[1].Files[1].Verdict != "valid" {
		t.Fatalf("statements %+v, want two: the annex indeterminate, and valid", said)
	}
	if _, err := n.store.Report(context.Background(), said[1].Files[1].Report); err != nil {
		t.Errorf("the new report: %v", err)
	}
}

func looksAt(file io.ReaderAt, head []byte) bool {
	_, err := file.ReadAt(head, 0)
	return err == nil
}

// A letter of as many files as there may be, with verdicts of the longest word, has its
// verdict: every file is named, and the reports that matter most are.
func TestVerdictOfManyFiles(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	w.config = func(c *exchange.Config) {
		c.Validate = func(_ context.Context, file exchange.Blob, _ time.Time, _ string, _ *signer.Claim) (*signer.Report, error) {
			report := &signer.Report{Verdict: signer.VerdictIndeterminate}
			if head := make([]byte, 12); looksAt(file, head) && string(head) == "%PDF-invalid" {
				report.Verdict = signer.VerdictInvalid
			}
			return report, nil
		}
	}
	n = w.again(n)
	req := letter(t, "so", "phong")
	for i := 1; i < envelope.MaxFiles; i++ {
		name := "%PDF-1.7 "
		if i >= envelope.MaxFiles-2 {
			name = "%PDF-invalid "
		}
		req.Files = append(req.Files, pdfFile(envelope.FileAnnex, fmt.Appendf(nil, "%s%d", name, i)))
	}
	doc := n.send(req)
	n.eventually("a verdict", func() bool { d, ok := n.delivery(doc.Letter.Key, "phong"); return ok && d.Verdict != "" })
	d, _ := n.delivery(doc.Letter.Key, "phong")
	said := n.verdicts(t, d)
	if len(said) != 1 || said[0].Verdict != "invalid" || len(said[0].Files) != envelope.MaxFiles {
		t.Fatalf("%d statements, verdict %q, want one that is invalid, of all files", len(said), d.Verdict)
	}
	named := 0
	for i, f := range said[0].Files {
		if want := map[bool]string{true: "invalid", false: "indeterminate"}[i >= envelope.MaxFiles-2]; f.Verdict != want || f.SHA256 != doc.Content.Files[i].SHA256 {
			t.Errorf("file %d is %+v, want %q", i, f, want)
		}
		if f.Report.IsZero() {
			continue
		}
		named++
		if _, err := n.store.Report(context.Background(), f.Report); err != nil {
			t.Errorf("report of file %d: %v", i, err)
		}
	}
	if last := said[0].Files[envelope.MaxFiles-1]; named < 250 || said[0].Files[0].Report.IsZero() || last.Report.IsZero() {
		t.Errorf("%d reports are named, want as many as there is space for, with that of the main file and of what is invalid", named)
	}
	reason, err := n.service.Refusal(context.Background(), "phong", d.ID)
	if err != nil || reason == "" || strings.Contains(reason, "không đọc được") {
		t.Errorf("refusal %q, %v: want one that does not call files unreadable that were read", reason, err)
	}
}

// However long ids are and whatever the verdicts, a statement of 1,000 files can be signed,
// and one of few keeps all reports.
func TestVerdictsFit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"node": ""})
	id := strings.Repeat("a", envelope.MaxID)
	for _, verdict := range []string{"valid", "unsigned", "indeterminate", "invalid"} {
		for _, files := range []int{1, 700, 770, 850, envelope.MaxFiles} {
			d := envelope.ValidatedDetail{Verdict: verdict}
			for i := range files {
				d.Files = append(d.Files, envelope.FileVerdict{SHA256: envelope.Sum(fmt.Append(nil, i)), Verdict: verdict, Report: envelope.Sum(nil)})
			}
			whole := d.Size()
			shortened := exchange.FitVerdicts(&d, files-1)
			st := envelope.Statement{Kind: envelope.Validated, Envelope: envelope.Sum(nil), OriginNode: id, EnvelopeID: envelope.ID{1}, Recipient: id, Issuer: id,
				Incarnation: envelope.ID{1}, Sequence: 1 << 62, Time: 1 << 62, Previous: envelope.Sum(nil), Validated: &d}
			if _, err := envelope.SealStatement(&st, w.keys["node"]); err != nil {
				t.Errorf("%d files, %s: %v", files, verdict, err)
			}
			if fits := whole <= envelope.MaxStatement-4<<10; shortened == fits && d.Size() != whole || d.Files[files-1].Report.IsZero() || fits != (d.Size() == whole) || !fits && !shortened {
				t.Errorf("%d files, %s: %d bytes became %d, shortened %t", files, verdict, whole, d.Size(), shortened)
			}
		}
	}
}
