package exchange_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A breaker is a stranger that offers letters, and breaks the link in the middle of them.
type breaker struct {
	*stranger
	id byte
}

// A torn is an offer of files that do not come in its frame.
type torn struct {
	*offer
	files [][]byte
}

func (b *breaker) letter(sizes ...int) *torn {
	b.t.Helper()
	b.id++
	out := &torn{}
	for i, size := range sizes {
		file := make([]byte, size)
		rand.NewChaCha8([32]byte{b.id, byte(i), byte(i >> 8), 1}).Read(file)
		out.files = append(out.files, file)
	}
	out.offer = b.offer(b.id, out.files[0])
	for _, file := range out.files[1:] {
		root, size, err := envelope.LeafRoot(bytes.NewReader(file))
		if err != nil {
			b.t.Fatal(err)
		}
		out.content.Files = append(out.content.Files, envelope.ContentFile{Role: envelope.FileAnnex, Name: "b.bin", MediaType: "application/octet-stream", Size: size, SHA256: envelope.Sum(file), LeafRoot: root})
		out.Files = append(out.Files, exchange.OfferedFile{Digest: envelope.Sum(file), Size: size, LeafRoot: root})
		out.route.FilesSize += size
	}
	out.Files[0].Data = nil
	b.seal(out.offer, "peer")
	return out
}

// asked offers a letter, and reports whether its files are asked for: else it must be
// refused for the peer's quota, and for now.
func (b *breaker) asked(o *torn) bool {
	b.t.Helper()
	b.put(o.Offer)
	switch f := b.await().(type) {
	case exchange.NeedFiles:
		return true
	case exchange.Refused:
		if f.Reason != exchange.ReasonQuota || f.Permanent || f.RetryAfter == 0 {
			b.t.Fatalf("got %+v, want refused for now with QUOTA", f)
		}
	default:
		b.t.Fatalf("got %+v, want files asked for, or refused", f)
	}
	return false
}

// await is the next frame: that there is room again is no answer.
func (b *breaker) await() exchange.Frame {
	b.t.Helper()
	for {
		f := b.next()
		if _, is := f.(exchange.Room); !is {
			return f
		}
	}
}

// breaks offers a letter, puts so many bytes of each of its files, and ends the link. It
// reports whether the letter was asked for.
func (b *breaker) breaks(o *torn, cuts ...int) bool {
	b.t.Helper()
	if !b.asked(o) {
		return false
	}
	for i, cut := range cuts {
		b.puts(o, i, 0, cut)
	}
	b.greet()
	return true
}

// puts sends bytes of a file from a place up to another.
func (b *breaker) puts(o *torn, i, from, to int) {
	b.t.Helper()
	file := o.files[i]
	src := io.Reader(bytes.NewReader(file[from:to]))
	if to < len(file) {
		src = io.MultiReader(src, broken{})
	}
	key := exchange.FileKey{Letter: exchange.LetterKey{Origin: "peer", ID: o.route.ID}, Recipient: "so", Digest: envelope.Sum(file)}
	held, _, err := b.node.relay.PutAppend(context.Background(), "peer", key, int64(from), src)
	if held != int64(to) || (err == nil) != (to == len(file)) {
		b.t.Fatalf("held %d, %v; want %d", held, err, to)
	}
}

// accepted fails the test unless the letter that was asked for is taken now.
func (b *breaker) accepted() {
	b.t.Helper()
	if f, ok := b.await().(exchange.Accepted); !ok {
		b.t.Fatalf("got %+v, want Accepted", f)
	}
}

// refusedAll fails the test unless this and that letter are refused.
func (b *breaker) refusedAll(n int, sizes ...int) {
	b.t.Helper()
	for range n {
		if b.asked(b.letter(sizes...)) {
			b.t.Fatalf("letter %d is taken, beside what is broken", b.id)
		}
	}
}

// looks lets the node look at what it has.
func (n *testNode) looks() {
	n.w.t.Helper()
	if err := n.core.Look(context.Background()); err != nil {
		n.w.t.Fatal(err)
	}
}

// overStores runs a test with either store.
func overStores(t *testing.T, run func(t *testing.T, stores map[string]string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); run(t, nil) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); run(t, map[string]string{"node": database(t)}) })
}

// A peer that breaks one transfer after the other fills its own quota and no more, over
// restarts too; another peer's letters flow on. It may go on with what it began; and what
// nobody goes on with for an hour makes room when room is asked for.
func TestBrokenTransfersMeetTheQuota(t *testing.T) {
	t.Parallel()
	const size, cut = 700 << 10, 600 << 10
	overStores(t, func(t *testing.T, stores map[string]string) {
		b := &breaker{stranger: newStrangerOver(t, stores)}
		q := exchange.Quotas{PeerBytes: 2 << 20}
		b.quotas(q)
		third := b.bystander()
		first := b.letter(size)
		for i, o := range []*torn{first, b.letter(size), b.letter(size)} {
			if !b.breaks(o, cut) {
				t.Fatalf("letter %d is refused", i)
			}
		}
		b.refusedAll(5, size)
		b.node.looks()
		if a := b.node.state("from", "peer"); a.Bytes != 3*cut {
			t.Errorf("the account is %+v, want %d bytes: what has come", a, 3*cut)
		}
		b.flows(third)
		third.stop()
		b.quotas(q) // and a restart
		b.refusedAll(5, size)
		if !b.asked(first) {
			t.Fatal("the peer may not go on with what it began")
		}
		b.puts(first, 0, cut, size)
		b.accepted()
		b.refusedAll(1, size)
		b.w.advance(time.Hour + time.Minute)
		last := b.letter(size)
		if !b.asked(last) { // that asks for room, if the refusal before did not
			b.node.looks()
			if !b.asked(last) {
				t.Fatal("an hour later there is no room")
			}
		}
		b.puts(last, 0, 0, cut)
		b.greet()
		b.node.looks()
		if a := b.node.state("from", "peer"); a.Bytes < size+cut || a.Bytes > size+cut+letterSize {
			t.Errorf("the account is %+v, want the letter that was taken, and one that is broken", a)
		}
		b.node.verifyJournal()
	})
}

// What came whole of a letter that did not come counts as well, over a restart too; it is
// not asked for again, and is a letter's once that is taken.
func TestWholeFilesOfBrokenLettersMeetTheQuota(t *testing.T) {
	t.Parallel()
	const whole, rest = 900 << 10, 300 << 10
	overStores(t, func(t *testing.T, stores map[string]string) {
		b := &breaker{stranger: newStrangerOver(t, stores)}
		q := exchange.Quotas{PeerBytes: 2 << 20}
		b.quotas(q)
		first := b.letter(whole, rest)
		if !b.breaks(first, whole, 1) {
			t.Fatal("the first letter is refused")
		}
		b.refusedAll(3, whole, rest)
		b.quotas(q)
		b.refusedAll(3, whole, rest)
		b.node.looks()
		if a := b.node.state("from", "peer"); a.Bytes != whole+1 {
			t.Errorf("the account is %+v, want %d bytes: what has come", a, whole+1)
		}
		if !b.asked(first) {
			t.Fatal("the peer may not go on with what it began")
		}
		b.puts(first, 1, 1, rest)
		b.accepted()
		b.node.looks()
		if a := b.node.state("from", "peer"); a.Bytes < whole+rest || a.Bytes > whole+rest+letterSize {
			t.Errorf("the account is %+v, want the letter once", a)
		}
	})
}

// So many files of a peer may be unfinished, however small they are.
func TestUnfinishedFilesOfAPeerAreBounded(t *testing.T) {
	t.Parallel()
	b := &breaker{stranger: newStranger(t)}
	sizes, cuts := slices.Repeat([]int{2}, 200), slices.Repeat([]int{1}, 200)
	if !b.breaks(b.letter(sizes...), cuts...) {
		t.Fatal("the first letter is refused")
	}
	b.refusedAll(1, sizes[:57]...)
	if !b.asked(b.letter(sizes[:56]...)) {
		t.Error("56 files beside 200 are refused, at most 256 are kept")
	}
	b.refusedAll(1, 2)
}

// What an agency began to upload counts for it until it is finished; another agency goes on.
func TestUnfinishedUploadsMeetTheQuota(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := newStranger(t)
	q := exchange.Quotas{AgencyBytes: 1 << 20}
	b.quotas(q)
	file := make([]byte, 700<<10)
	write := func(agency string, from, to int, up exchange.Upload) (exchange.Upload, error) {
		var err error
		if from == 0 {
			if up, err = b.node.service.StartUpload(ctx, clerk, exchange.UploadRequest{Agency: agency, Name: "a.bin", MediaType: "a/b", Size: uint64(len(file))}); err != nil {
				t.Fatal(err)
			}
		}
		held, err := b.node.service.WriteUpload(ctx, clerk, up.ID, int64(from), bytes.NewReader(file[from:to]))
		if err == nil && held != int64(to) {
			t.Errorf("held %d, want %d", held, to)
		}
		return up, err
	}
	up, err := write("so", 0, 600<<10, exchange.Upload{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err = write("so", 0, 600<<10, exchange.Upload{})
		wantReason(t, err, exchange.ReasonQuotaAgency)
		b.quotas(q) // and a restart
	}
	if _, err := write("phong", 0, len(file), exchange.Upload{}); err != nil {
		t.Errorf("another agency is refused: %v", err)
	}
	if _, err := write("so", 600<<10, len(file), up); err != nil {
		t.Errorf("it may not go on with what it began: %v", err)
	}
	if _, err := b.node.service.FinishUpload(ctx, clerk, up.ID, int64(len(file)), envelope.Sum(file)); err != nil {
		t.Fatal(err)
	}
	if _, err := write("so", 0, 600<<10, exchange.Upload{}); err != nil {
		t.Errorf("once it is finished there is no room: %v", err)
	}
}
