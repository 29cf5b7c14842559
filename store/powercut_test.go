package store_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/durable"
	"lienthong/internal/powercut"
	"lienthong/internal/testtool"
	"lienthong/journal"
	"lienthong/store"
)

// The child process takes letters into this folder, and leaves out that sync.
const (
	childDir  = "LIENTHONG_STORE_CHILD"
	childOmit = "LIENTHONG_STORE_OMIT"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		durable.Omit(durable.Point(os.Getenv(childOmit)))
		child(dir)
		return
	}
	os.Exit(m.Run())
}

// acks is how many letters a child acknowledges before it is killed.
const acks = 120

// child opens a store and takes letters by eight threads until it is killed.
// Every second file comes in pieces.
func child(dir string) {
	rows, files, err := store.Open(context.Background(), "sqlite:"+filepath.Join(dir, "nút"))
	if err != nil {
		panic(err)
	}
	for thread := range 8 {
		go func() {
			for n := 0; ; n++ {
				take(rows, files, n%2 == 1, fmt.Sprintf("file-%d-%d", thread, n))
			}
		}()
	}
	select {}
}

func take(rows exchange.Store, files exchange.Blobs, pieces bool, key string) {
	ctx := context.Background()
	data := make([]byte, 20_000)
	rand.Read(data)
	digest := envelope.Sum(data)
	if pieces {
		half := int64(len(data) / 2)
		held, err := files.Append(ctx, key, 0, bytes.NewReader(data[:half]))
		if err != nil || held != half {
			panic(fmt.Sprint(held, err))
		}
		fmt.Println("held", key, held, digest)
		if _, err := files.Append(ctx, key, half, bytes.NewReader(data[half:])); err != nil {
			panic(err)
		}
		if err := files.Finish(ctx, key, digest, int64(len(data))); err != nil {
			panic(err)
		}
	} else if _, err := files.Put(ctx, data); err != nil {
		panic(err)
	}
	now := time.Now()
	id, err := envelope.NewID(now, rand.Reader)
	if err != nil {
		panic(err)
	}
	if _, err := rows.Commit(ctx, letter(id, digest, now.UnixMicro())); err != nil {
		panic(err)
	}
	fmt.Println("took", id, digest)
}

// letter is a change that takes a letter with one file; ids of letter and delivery
// are the same.
func letter(id envelope.ID, file envelope.Digest, now int64) exchange.Change {
	sealed := envelope.Sealed{Type: envelope.TypeRoute, Payload: id[:],
		Signatures: []envelope.Signature{{KeyID: strings.Repeat("0a", 32), Sig: []byte("signature")}}}
	key := exchange.DeliveryKey{Origin: "ward", ID: id, Recipient: "agency-2"}
	return exchange.Change{
		Letter: &exchange.Letter{Key: key.Letter(), Digest: sealed.Digest(), Agency: "agency-1", Sealed: sealed, Received: now,
			Content: binary.BigEndian.AppendUint64(nil, uint64(now)), Files: []exchange.LetterFile{{Digest: file, Size: 20_000}}},
		Wrote: []exchange.BlobRow{{Digest: file, Size: 20_000, Touched: now}},
		Deliveries: []exchange.Delivery{{ID: id, Key: key, Digest: sealed.Digest(), State: exchange.StateDelivered, Home: true,
			Created: now, Updated: now}},
		Entries: []journal.Entry{{Time: now, Actor: journal.System, Action: "test.take", Object: id.String(), Outcome: journal.OutcomeOK}},
	}
}

// An ack is a line that the child printed, and when it was read.
type ack struct {
	words []string
	at    time.Time
}

func record(t *testing.T, omit durable.Point) (*powercut.Trace, []ack) {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childOmit+"="+string(omit))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	rec, err := powercut.Start(cmd, dir)
	if errors.Is(err, powercut.ErrUnavailable) {
		testtool.Missing(t, err.Error()+": apt-get install strace, or tools/install.sh")
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []ack
	taken := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		a := ack{strings.Fields(lines.Text()), time.Now()}
		all = append(all, a)
		if a.words[0] == "took" {
			taken++
		}
		if taken == acks {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // killed
	trace, err := rec.Trace()
	if err != nil {
		t.Fatal(err)
	}
	if taken < acks {
		t.Fatalf("the child ended after %d letters", taken)
	}
	return trace, all
}

// losses opens the folder that a power cut has left, and counts what was
// acknowledged and is not there, by the first word of the ack. The journal must
// verify in any case.
func losses(t *testing.T, dir string, acknowledged []ack) map[string]int {
	t.Helper()
	lost := map[string]int{}
	rows, files, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "nút"))
	if err != nil {
		t.Fatalf("open what the cut has left: %v", err)
	}
	defer rows.Close()
	verifyJournal(t, rows)
	for _, a := range acknowledged {
		switch a.words[0] {
		case "took":
			if !there(t, rows, files, a.words[1], a.words[2]) {
				lost["took"]++
			}
		case "held":
			var want int64
			fmt.Sscan(a.words[2], &want)
			held, err := files.Held(t.Context(), a.words[1])
			if err != nil {
				t.Fatal(err)
			}
			if held < want && !whole(t, files, a.words[3]) { // once whole, it is a blob
				lost["held"]++
			}
		}
	}
	return lost
}

func there(t *testing.T, rows exchange.Store, files exchange.Blobs, id, digest string) bool {
	t.Helper()
	i, err := envelope.ParseID(id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.DeliveryByID(t.Context(), i); err != nil {
		return false
	}
	l, err := rows.Letter(t.Context(), exchange.LetterKey{Origin: "ward", ID: i})
	return err == nil && l.Files[0].Digest.String() == digest && whole(t, files, digest)
}

// whole reports whether a blob has the bytes of its digest.
func whole(t *testing.T, files exchange.Blobs, digest string) bool {
	t.Helper()
	d, err := envelope.ParseDigest(digest)
	if err != nil {
		t.Fatal(err)
	}
	f, err := files.Open(t.Context(), d)
	if err != nil {
		return false
	}
	defer f.Close()
	data, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	return err == nil && envelope.Sum(data) == d
}

func verifyJournal(t *testing.T, rows exchange.Store) {
	t.Helper()
	size, err := rows.TreeSize(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	leaves, err := rows.Leaves(t.Context(), 0, int(size)+1)
	if err != nil || uint64(len(leaves)) != size {
		t.Fatalf("%d leaves, %v; the tree has %d", len(leaves), err, size)
	}
	stored := journal.HashReaderFunc(func(indexes []int64) ([]journal.Hash, error) { return rows.Hashes(t.Context(), indexes) })
	root, err := journal.Root(size, stored)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range leaves {
		path, err := journal.Prove(size, l.Index, stored)
		if err != nil {
			t.Fatal(err)
		}
		if err := journal.VerifyInclusion(path, size, root, l.Index, l.Data); err != nil {
			t.Fatal(err)
		}
	}
}

// The power is cut at the moment of an answer that a client has seen, and at
// moments between. Whatever was answered must be there, also when the disk has
// kept part of what was not synced.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	trace, all := record(t, "")
	chance := mathrand.New(mathrand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for range 12 {
		n := chance.IntN(len(all))
		cut := trace.At(all[n].at)
		dir := t.TempDir()
		for name, err := range map[string]error{
			"lost": trace.Rebuild(filepath.Join(dir, "lost"), cut),
			"torn": trace.RebuildTorn(filepath.Join(dir, "torn"), cut, chance),
		} {
			if err != nil {
				t.Fatal(err)
			}
			for what, count := range losses(t, filepath.Join(dir, name), all[:n+1]) {
				t.Errorf("cut %d of %d, %s: %d acknowledged as %q are lost", cut, trace.Last(), name, count, what)
			}
		}
	}
}

// Without any one of the syncs the test above must fail: else it proves nothing.
func TestPowerCutNoticesMissingSync(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		omit durable.Point
		want string
	}{{durable.Commit, "took"}, {durable.Content, "took"}, {durable.Folder, "took"}, {durable.Progress, "held"}} {
		t.Run(string(tt.omit), func(t *testing.T) {
			t.Parallel()
			trace, all := record(t, tt.omit)
			lost := 0
			for n := range all {
				if n%10 != 0 || lost > 0 {
					continue
				}
				dir := t.TempDir()
				if err := trace.Rebuild(dir, trace.At(all[n].at)); err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(filepath.Join(dir, "nút")); errors.Is(err, os.ErrNotExist) {
					lost++ // with all that was in it
					continue
				}
				lost += losses(t, dir, all[:n+1])[tt.want]
			}
			if lost == 0 {
				t.Errorf("the sync of %s was left out, and nothing was lost", tt.omit)
			}
		})
	}
}
