package exchange_test

import (
	"context"
	"crypto"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpki"
	"lienthong/journal"
	"lienthong/signer"
	"lienthong/signer/tsp"
)

// A slowTSA answers when it is let, or not at all.
type slowTSA struct {
	tsp.Stamper
	down  atomic.Bool
	calls atomic.Int32
	open  chan struct{} // closed: it answers
	once  sync.Once
}

func newSlowTSA(by tsp.Stamper) *slowTSA { return &slowTSA{Stamper: by, open: make(chan struct{})} }

func (s *slowTSA) let() { s.once.Do(func() { close(s.open) }) }

func (s *slowTSA) Stamp(ctx context.Context, h crypto.Hash, digest []byte) (*tsp.Token, error) {
	s.calls.Add(1)
	if s.down.Load() {
		return nil, errors.New("tsp: connection refused")
	}
	select {
	case <-s.open:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return s.Stamper.Stamp(ctx, h, digest)
}

// signLater signs a sample as the chairman, with a level to follow.
func (n *testNode) signLater(t *testing.T, level signer.Level) *exchange.SignResult {
	t.Helper()
	made, err := n.service.SignFile(context.Background(), clerk, exchange.SignRequest{Agency: "so", File: n.upload("so", readSample(t, "04-official-letter.pdf")),
		Key: "chairman", Later: level, RequestID: "sign"})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (n *testNode) view(t *testing.T, file envelope.Digest) *exchange.FileView {
	t.Helper()
	v, err := n.service.FileView(context.Background(), "so", file)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// job waits until the one job of a file is in a state.
func (n *testNode) job(t *testing.T, file envelope.Digest, state exchange.LevelState, reason string) exchange.LevelJob {
	t.Helper()
	var job exchange.LevelJob
	n.eventually("the job to be "+state.String()+" "+reason, func() bool {
		job = n.view(t, file).Jobs[0]
		return job.State == state && job.Reason == reason
	})
	return job
}

func (n *testNode) levelActions(t *testing.T) string {
	t.Helper()
	leaves, err := n.store.Leaves(context.Background(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range leaves {
		e, err := journal.ParseLeaf(l.Data)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(e.Action, "level.") || e.Action == "file.augmented" || strings.HasPrefix(e.Action, "key.") {
			out = append(out, e.Action+":"+e.Outcome)
		}
	}
	return strings.Join(out, " ")
}

func (n *testNode) judge(t *testing.T, file envelope.Digest) *signer.Report {
	t.Helper()
	report, err := n.service.Validate(context.Background(), clerk, "so", file, "", "")
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// The clerk has the signed file at once, although the authority does not answer yet;
// the level follows, and from then on it is what is sent.
func TestLaterLevel(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	tsa := newSlowTSA(w.pki.Stamper())
	n.signing.PatientTSA = tsa
	made := n.signLater(t, signer.LevelBLTA)
	if made.Level != signer.LevelBB || made.Job == nil || made.Job.Base != made.File.Digest {
		t.Fatalf("signed: level %s, job %+v; want B-B and a job for it", made.Level, made.Job)
	}
	send := func(exact bool) envelope.Digest {
		t.Helper()
		req := exchange.SendRequest{Agency: "so", Metadata: metadata(), Recipients: []exchange.OutgoingRecipient{{Agency: "phong"}},
			Files: []exchange.OutgoingFile{{Role: envelope.FileMain, Digest: made.File.Digest, Exact: exact}}}
		return n.send(req).Content.Files[0].SHA256
	}
	n.eventually("the authority to be asked", func() bool { return tsa.calls.Load() > 0 })
	if sent := send(false); sent != made.File.Digest {
		t.Errorf("sent %s before the level is there, want the signed file", sent)
	}
	tsa.let()
	job := n.job(t, made.File.Digest, exchange.LevelDone, "")
	v := n.view(t, made.File.Digest)
	if len(v.Augmented) != 2 || v.Augmented[0].Level != signer.LevelBT || v.Augmented[1].Level != signer.LevelBLTA || v.Augmented[1].Digest != job.Output ||
		v.Augmented[1].Until == 0 || v.Augmented[1].RenewAt >= v.Augmented[1].Until || v.Augmented[1].RenewAt == 0 || v.Augmented[0].RenewAt != 0 {
		t.Errorf("augmented %+v, job %+v", v.Augmented, job)
	}
	if got, want := n.levelActions(t), "level.queued:ok file.augmented:ok file.augmented:ok level.done:ok"; got != want {
		t.Errorf("journal %q, want %q", got, want)
	}
	base, long := n.read(t, made.File.Digest), n.read(t, job.Output)
	if string(long[:len(base)]) != string(base) {
		t.Error("the augmented file does not begin with the signed one")
	}
	if r := n.judge(t, job.Output); r.Verdict != signer.VerdictValid || r.Signatures[0].Level != signer.LevelBLTA {
		t.Errorf("verdict %s, level %s; want valid, B-LTA", r.Verdict, r.Signatures[0].Level)
	}
	if sent := send(false); sent != job.Output {
		t.Errorf("sent %s, want the augmented %s", sent, job.Output)
	}
	if sent := send(true); sent != made.File.Digest {
		t.Errorf("sent %s, want the very file", sent)
	}
	again, err := n.service.SignFile(context.Background(), clerk, exchange.SignRequest{Agency: "so", File: envelope.Sum(readSample(t, "04-official-letter.pdf")),
		Key: "chairman", Later: signer.LevelBLTA, RequestID: "sign"})
	if err != nil || again.Job == nil || again.Job.ID != job.ID || len(again.Evidence) != len(made.Evidence) {
		t.Errorf("a repeat gives %+v, %v; want the same job and evidence", again, err)
	}
}

func (n *testNode) read(t *testing.T, file envelope.Digest) []byte {
	t.Helper()
	_, blob, err := n.service.OpenFile(context.Background(), "so", file)
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	data, err := io.ReadAll(io.NewSectionReader(blob, 0, blob.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// While the authority is down the job is put off; the node is started again; then
// a second authority answers in its place.
func TestLevelOverRestart(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	dead := newSlowTSA(nil)
	dead.down.Store(true)
	n.signing.TSA = signer.TSAs{dead}
	made := n.signLater(t, signer.LevelBT)
	job := n.job(t, made.File.Digest, exchange.LevelWaiting, signer.RefusedTimeStamp)
	if job.DueAt <= job.Created || job.DueAt > job.Created+time.Hour.Microseconds() || !strings.Contains(job.Text, "connection refused") {
		t.Errorf("put off: %+v", job)
	}
	was := n.signing
	n.stop()
	n = w.start("node", n.dir)
	door(n, was)
	n.signing.TSA = signer.TSAs{dead, w.pki.Stamper2()}
	w.advance(time.Hour)
	job = n.job(t, made.File.Digest, exchange.LevelDone, "")
	if job.Attempts < 2 || dead.calls.Load() < 2 {
		t.Errorf("%d attempts, %d calls of the dead authority", job.Attempts, dead.calls.Load())
	}
	if got, want := n.levelActions(t), "level.queued:ok level.attempt:TSA_FAILED file.augmented:ok level.done:ok"; got != want {
		t.Errorf("journal %q, want %q", got, want)
	}
	if r := n.judge(t, job.Output); r.Signatures[0].Level != signer.LevelBT {
		t.Errorf("level %s, want B-T", r.Signatures[0].Level)
	}
}

// A node that is stopped while an authority has not answered hands the job back: it
// goes on when the node is started.
func TestLevelIsHandedBack(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	tsa := newSlowTSA(w.pki.Stamper())
	n.signing.TSA = tsa
	made := n.signLater(t, signer.LevelBT)
	was := n.signing
	w.config = func(c *exchange.Config) { // before the node runs: the job is due
		c.Signing.Trust, c.Signing.Evidence, c.Signing.Now, c.Signing.TSA = was.Trust, was.Evidence, was.Now, tsa
	}
	for calls := int32(1); calls <= 2; calls++ { // a second time too: the first lease ends with the process
		n.eventually("the authority to be asked", func() bool { return tsa.calls.Load() == calls })
		n.stop()
		n = w.start("node", n.dir)
	}
	tsa.let()
	job := n.job(t, made.File.Digest, exchange.LevelDone, "")
	if got, want := n.levelActions(t), "level.queued:ok level.attempt:STOPPED level.attempt:STOPPED file.augmented:ok level.done:ok"; got != want || job.Attempts != 3 {
		t.Errorf("journal %q, want %q; %d attempts", got, want, job.Attempts)
	}
}

func TestLevelIsGivenUp(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	dead := newSlowTSA(nil)
	dead.down.Store(true)
	n.signing.TSA = dead
	ctx := context.Background()

	// No attempt can go better: it is not signed.
	plain := n.upload("so", readSample(t, "01-ward-report.pdf"))
	queued, err := n.service.AugmentFile(ctx, clerk, exchange.AugmentRequest{Agency: "so", File: plain, Level: signer.LevelBLTA, Queue: true, RequestID: "q"})
	if err != nil || queued.Job == nil || queued.File != nil {
		t.Fatalf("queued %+v, %v", queued, err)
	}
	if job := n.job(t, plain, exchange.LevelGivenUp, signer.RefusedFile); job.Attempts != 1 || job.Ended == 0 {
		t.Errorf("given up: %+v", job)
	}
	again, err := n.service.AugmentFile(ctx, clerk, exchange.AugmentRequest{Agency: "so", File: plain, Level: signer.LevelBLTA, Queue: true, RequestID: "q"})
	if err != nil || again.Job == nil || again.Job.ID != queued.Job.ID || again.Job.State != exchange.LevelGivenUp {
		t.Errorf("a repeat gives %+v, %v", again, err)
	}

	// An authority that stays down.
	made := n.signLater(t, signer.LevelBT)
	n.job(t, made.File.Digest, exchange.LevelWaiting, signer.RefusedTimeStamp)
	w.advance(7*24*time.Hour + time.Minute)
	n.job(t, made.File.Digest, exchange.LevelGivenUp, signer.RefusedTimeStamp)

	// At once, with a person waiting.
	_, err = n.service.AugmentFile(ctx, clerk, exchange.AugmentRequest{Agency: "so", File: made.File.Digest, Level: signer.LevelBT})
	wantError(t, err, exchange.Unavailable, signer.RefusedTimeStamp)
	_, err = n.service.AugmentFile(ctx, clerk, exchange.AugmentRequest{Agency: "so", File: made.File.Digest, Level: signer.LevelBB})
	wantError(t, err, exchange.Invalid, "BAD_FIELD")
	_, err = n.service.AugmentFile(ctx, clerk, exchange.AugmentRequest{Agency: "phong", File: made.File.Digest, Level: signer.LevelBT})
	wantError(t, err, exchange.NotFound, "NOT_FOUND")
	n.signing.TSA = nil
	_, err = n.service.SignFile(ctx, clerk, exchange.SignRequest{Agency: "so", File: plain, Key: "chairman", Later: signer.LevelBT})
	wantError(t, err, exchange.Precondition, signer.RefusedTSA)
	list, err := n.service.LevelJobs(ctx, "so", envelope.ID{}, 10)
	if err != nil || len(list) != 2 || !slices.ContainsFunc(list, func(j exchange.LevelJob) bool { return j.ID == queued.Job.ID }) {
		t.Errorf("jobs %+v, %v; want both", list, err)
	}
}

// An archive time-stamp is renewed before its path ends, once.
func TestRenewal(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	n.signing.TSA = w.pki.Stamper()
	ctx := context.Background()
	made := n.signLater(t, "")
	first, err := n.service.AugmentFile(ctx, clerk, exchange.AugmentRequest{Agency: "so", File: made.File.Digest, Level: signer.LevelBLTA})
	if err != nil {
		t.Fatal(err)
	}
	row := n.view(t, made.File.Digest).Augmented[0]
	if row.Digest != first.File.Digest || row.Until != first.Until || row.Until-row.RenewAt < 29*24*time.Hour.Microseconds() {
		t.Fatalf("augmented %+v, answer %+v; want renewal a month before its end", row, first)
	}
	// The authority has a newer certificate by then.
	later := time.UnixMicro(row.RenewAt).Add(-time.Hour)
	w.pki.SetTime(later)
	n.signing.Evidence.AddCRLs(certs.SourceFile, w.pki.List(w.pki.CA), w.pki.List(w.pki.CA.Issuer))
	w.advance(later.Sub(testpki.Now))
	if err := n.core.Tend(ctx); err != nil {
		t.Fatal(err)
	}
	if jobs := n.view(t, made.File.Digest).Jobs; len(jobs) != 0 {
		t.Fatalf("an hour early: %+v", jobs)
	}
	w.advance(2 * time.Hour)
	n.eventually("a job", func() bool { return len(n.view(t, made.File.Digest).Jobs) == 1 })
	job := n.job(t, made.File.Digest, exchange.LevelDone, "")
	v := n.view(t, made.File.Digest)
	if len(v.Augmented) != 2 || v.Augmented[0].RenewAt != 0 || v.Augmented[1].Digest != job.Output || job.Principal != "system" {
		t.Errorf("after the renewal: %+v, job %+v", v.Augmented, job)
	}
	if r := n.judge(t, job.Output); r.Verdict != signer.VerdictValid || len(r.Timestamps) < 2 {
		t.Errorf("verdict %s, %d time-stamps", r.Verdict, len(r.Timestamps))
	}
}

// A file that is signed at B-LTA at once is its own base, and is renewed too.
func TestRenewalOfADirectSignature(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	n.signing.TSA = w.pki.Stamper()
	made, err := n.service.SignFile(context.Background(), clerk, exchange.SignRequest{Agency: "so", File: n.upload("so", readSample(t, "04-official-letter.pdf")),
		Key: "chairman", Level: signer.LevelBLTA, Later: signer.LevelBT})
	if err != nil {
		t.Fatal(err)
	}
	v := n.view(t, made.File.Digest)
	if made.Job != nil || len(v.Jobs) != 0 || len(v.Augmented) != 1 || v.Augmented[0].Digest != made.File.Digest || v.Augmented[0].Base != made.File.Digest || v.Augmented[0].RenewAt == 0 {
		t.Errorf("made %+v, augmented %+v", made, v.Augmented)
	}
	doc := n.send(exchange.SendRequest{Agency: "so", Metadata: metadata(), Recipients: []exchange.OutgoingRecipient{{Agency: "phong"}},
		Files: []exchange.OutgoingFile{{Role: envelope.FileMain, Digest: made.File.Digest}}})
	if doc.Content.Files[0].SHA256 != made.File.Digest {
		t.Error("another file was sent")
	}
}

// Sending waits for a level as long as policy says, and not longer.
func TestSendWaitsForALevel(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		wait time.Duration
		late bool
	}{{"it comes in time", 20 * time.Second, false}, {"it does not", 50 * time.Millisecond, true}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, n := signingWorld(t)
			was := n.signing
			w.config = func(c *exchange.Config) { c.WaitLevel = tt.wait }
			n.stop()
			n = w.start("node", n.dir)
			door(n, was)
			n.signing.Keys = was.Keys
			tsa := newSlowTSA(w.pki.Stamper())
			n.signing.TSA = tsa
			made := n.signLater(t, signer.LevelBT)
			if !tt.late {
				go func() {
					n.eventually("the authority to be asked", func() bool { return tsa.calls.Load() > 0 })
					tsa.let()
				}()
			}
			doc := n.send(exchange.SendRequest{Agency: "so", Metadata: metadata(), Recipients: []exchange.OutgoingRecipient{{Agency: "phong"}},
				Files: []exchange.OutgoingFile{{Role: envelope.FileMain, Digest: made.File.Digest}}})
			if got := doc.Content.Files[0].SHA256 == made.File.Digest; got != tt.late {
				t.Errorf("the signed file itself was sent: %t, want %t", got, tt.late)
			}
		})
	}
}

// What was asked before the key was used is kept, and belongs to the agency.
func TestEvidenceIsKept(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	made := n.signLater(t, "")
	if len(made.Evidence) != 3 || made.Unattended {
		t.Fatalf("evidence %+v", made.Evidence)
	}
	dir := n.dir
	n.stop()
	n = w.start("node", dir)
	rows := n.view(t, made.File.Digest).Evidence
	if !slices.Equal(rows, made.Evidence) {
		t.Errorf("after a restart %+v, want %+v", rows, made.Evidence)
	}
	named := 0
	for _, f := range n.judge(t, made.File.Digest).Findings {
		if f.Name == signer.FindingKept && f.Result == signer.Passed && strings.Contains(f.Detail, rows[named].Answer.String()) {
			named++
		}
	}
	if named != 2 {
		t.Errorf("the report names %d of 2 answers", named)
	}
	for i, e := range rows {
		if _, err := certs.ParseCertificates(n.read(t, e.Certificate)); err != nil {
			t.Error(err)
		}
		if i == len(rows)-1 {
			if e.Status != "" || !e.Answer.IsZero() {
				t.Errorf("the anchor was asked about: %+v", e)
			}
			continue
		}
		lists, err := certs.ParseCRLs(n.read(t, e.Answer))
		if err != nil || e.Status != "good" || e.Kind != certs.KindCRL || e.ThisUpdate != lists[0].ThisUpdate.UnixMicro() || e.Checked < testpki.Now.UnixMicro() {
			t.Errorf("evidence %+v, %v", e, err)
		}
		if _, err := n.service.File(context.Background(), "phong", e.Answer); err == nil {
			t.Error("another agency has the answer")
		}
	}
}
