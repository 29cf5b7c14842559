package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/durable"
	"lienthong/internal/powercut"
	"lienthong/internal/testnode"
	"lienthong/internal/testtool"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/store"
)

// testOmit names the sync that a node leaves out, when the test binary is the
// node: the power-cut test must notice it.
const testOmit = "LIENTHONG_TEST_OMIT"

// powerLetters is how many letters are acknowledged before the process ends.
const powerLetters = 60

// An acked letter is one that a clerk was told is taken, with the moment of it.
type acked struct {
	number  int
	name    string // of the document
	content []byte // of its file
	at      time.Time
}

// powerWorld is a world whose ward runs under strace, with some sync left out.
func powerWorld(t *testing.T, omit durable.Point) (*killing, *powercut.Recording) {
	t.Helper()
	d := newWorld(t)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	k := &killing{demo: d, t: t, ctx: ctx}
	ward := d.world.nodes["ward"]
	if err := ward.stop(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(d.world.self, "serve", "--config", filepath.Join(ward.dir, "config.yaml"))
	cmd.Env = append(os.Environ(), testOmit+"="+string(omit))
	rec, err := powercut.Start(cmd, ward.dir)
	if errors.Is(err, powercut.ErrUnavailable) {
		testtool.Missing(t, err.Error()+": apt-get install strace, or tools/install.sh")
	}
	if err != nil {
		t.Fatal(err)
	}
	ward.process, ward.exited = cmd, make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		close(ward.exited)
	}()
	if err := d.world.await(ctx, "ward"); err != nil {
		t.Fatal(err)
	}
	k.ward = k.client("ward")
	return k, rec
}

// sendUntilKilled sends from eight clerks at once, files in frames and uploads, and
// kills the ward while letters are on their way.
func (k *killing) sendUntilKilled() []acked {
	k.t.Helper()
	answers := make(chan acked)
	ctx, cancel := context.WithCancel(k.ctx)
	defer cancel()
	for clerk := range 8 {
		go func() {
			for n := 0; ctx.Err() == nil; n++ {
				number := clerk*1000 + n + 1
				a, err := k.sendOne(ctx, number)
				if err != nil {
					return // the node was killed
				}
				select {
				case answers <- a:
				case <-ctx.Done():
				}
			}
		}()
	}
	var all []acked
	for len(all) < powerLetters {
		select {
		case a := <-answers:
			all = append(all, a)
		case <-ctx.Done():
			k.t.Fatalf("only %d letters were taken: %v", len(all), ctx.Err())
		}
	}
	ward := k.world.nodes["ward"]
	if err := ward.process.Process.Kill(); err != nil {
		k.t.Fatal(err)
	}
	<-ward.exited
	return all
}

func (k *killing) sendOne(ctx context.Context, number int) (acked, error) {
	a := acked{number: number, content: append(testnode.Draft(8000), fmt.Sprintf("%%%d\n", number)...)}
	m := &lienthongv1.SendDocumentRequest{Agency: demoSender, RequestId: fmt.Sprintf("power-%d", number),
		Metadata:   &lienthongv1.DocumentMetadata{Number: fmt.Sprint(number), Symbol: "BC-UBND", Subject: "Mất điện", IssuedDate: k.now().In(hanoi).Format(time.DateOnly)},
		Recipients: []*lienthongv1.OutgoingRecipient{{Agency: "a-thai-nguyen"}, {Agency: "a-pho-yen"}}}
	file := &lienthongv1.OutgoingFile{Role: lienthongv1.FileRole_FILE_ROLE_MAIN, Name: "thu.pdf", MediaType: "application/pdf"}
	if number%2 == 0 {
		up, err := k.ward.Upload(ctx, demoSender, "thu.pdf", "application/pdf", bytes.NewReader(a.content), int64(len(a.content)), nil)
		if err != nil {
			return a, err
		}
		file.Sha256 = up.GetSha256()
	} else {
		file.Data = a.content
	}
	m.Files = []*lienthongv1.OutgoingFile{file}
	answer, err := k.ward.Documents.SendDocument(ctx, m)
	a.at, a.name = time.Now(), answer.GetDocument().GetName()
	return a, err
}

// missing counts letters that were acknowledged and are not whole in a folder that
// a power cut has left.
func missing(t *testing.T, dir string, letters []acked) (lost int) {
	t.Helper()
	rows, blobs, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "data"))
	if err != nil {
		t.Fatalf("open what the cut has left: %v", err)
	}
	defer rows.Close()
	for _, a := range letters {
		id, err := envelope.ParseID(path.Base(a.name))
		if err != nil {
			t.Fatal(err)
		}
		l, err := rows.Letter(t.Context(), exchange.LetterKey{Origin: "ward", ID: id})
		if err != nil || !whole(t, blobs, l.Files[0].Digest, a.content) {
			lost++
		}
	}
	return lost
}

// whole reports whether a blob is there and has these bytes.
func whole(t *testing.T, blobs exchange.Blobs, digest envelope.Digest, want []byte) bool {
	t.Helper()
	blob, err := blobs.Open(t.Context(), digest)
	if err != nil {
		return false
	}
	defer blob.Close()
	data, err := io.ReadAll(io.NewSectionReader(blob, 0, blob.Size()))
	return err == nil && bytes.Equal(data, want)
}

// The power of the ward is cut at the moment at which a clerk was told that a letter
// is taken. On the folder that is left, with all that was unsynced lost, every
// letter that was acknowledged by then is whole. A node that is started on what the
// last such moment leaves brings each to both its recipients, once.
func TestPowerCutWard(t *testing.T) {
	if testing.Short() {
		t.Skip("records a node with strace")
	}
	t.Parallel()
	k, rec := powerWorld(t, "")
	all := k.sendUntilKilled()
	trace, err := rec.Trace()
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		n := rand.IntN(len(all))
		dir := filepath.Join(t.TempDir(), "left")
		if err := trace.Rebuild(dir, trace.At(all[n].at)); err != nil {
			t.Fatal(err)
		}
		if lost := missing(t, dir, all[:n+1]); lost > 0 {
			t.Errorf("cut after %d answers: %d acknowledged letters are lost", n+1, lost)
		}
	}
	// The other nodes have seen all that the ward said before it ended, so it can
	// only go on from there.
	k.goOnFrom(trace, trace.Last())
	k.arrived(all)
	k.checkJournals()
}

// goOnFrom puts what the cut has left in the place of the ward's folder, and starts
// the node on it.
func (k *killing) goOnFrom(trace *powercut.Trace, cut int) {
	k.t.Helper()
	ward := k.world.nodes["ward"]
	if err := os.Rename(ward.dir, ward.dir+".before"); err != nil {
		k.t.Fatal(err)
	}
	if err := trace.Rebuild(ward.dir, cut); err != nil {
		k.t.Fatal(err)
	}
	if err := ward.start(k.ctx, k.world.self); err != nil {
		k.t.Fatal(err)
	}
	if err := k.world.await(k.ctx, "ward"); err != nil {
		k.t.Fatal(err)
	}
	k.ward = k.client("ward")
}

// arrived waits until each letter is in both inboxes, and finds none twice.
func (k *killing) arrived(letters []acked) {
	k.t.Helper()
	k.awaitAll()
	for agency, node := range map[string]string{"a-thai-nguyen": "province", "a-pho-yen": "district"} {
		seen := k.inbox(node, agency)
		for _, a := range letters {
			if times := seen[fmt.Sprint(a.number)]; times != 1 {
				k.t.Errorf("%s has letter %d %d times, want once", agency, a.number, times)
			}
		}
		for number, times := range seen {
			if times != 1 {
				k.t.Errorf("%s has letter %s %d times", agency, number, times)
			}
		}
	}
}

// Without any one of these syncs the test above must fail: else it proves nothing.
func TestPowerCutWardNoticesMissingSync(t *testing.T) {
	if testing.Short() {
		t.Skip("records a node with strace")
	}
	t.Parallel()
	for _, omit := range []durable.Point{durable.Commit, durable.Content} {
		t.Run(string(omit), func(t *testing.T) {
			t.Parallel()
			k, rec := powerWorld(t, omit)
			all := k.sendUntilKilled()
			trace, err := rec.Trace()
			if err != nil {
				t.Fatal(err)
			}
			lost := 0
			for n := 0; n < len(all) && lost == 0; n += 10 {
				dir := filepath.Join(t.TempDir(), "left")
				if err := trace.Rebuild(dir, trace.At(all[n].at)); err != nil {
					t.Fatal(err)
				}
				lost = missing(t, dir, all[:n+1])
			}
			if lost == 0 {
				t.Errorf("the sync of %s was left out, and no letter was lost", omit)
			}
		})
	}
}
