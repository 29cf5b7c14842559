package storetest

import (
	"math"

	"lienthong/envelope"
	"lienthong/exchange"
)

func testIncarnation(w *world) {
	first := ok[envelope.ID](w)(w.s.Incarnation(w.ctx))
	if first.IsZero() {
		w.Fatal("incarnation is zero")
	}
	w.reopen()
	same(w, "incarnation after a restart", first, ok[envelope.ID](w)(w.s.Incarnation(w.ctx)))
	other := w.open(w, w.TempDir())
	defer other.Close()
	if id := ok[envelope.ID](w)(other.Incarnation(w.ctx)); id == first {
		w.Fatalf("two stores have the incarnation %s", id)
	}
}

// withFiles gives a letter files, and the rows that it needs for them.
func (w *world) withFiles(l *exchange.Letter, sizes ...uint64) (rows []exchange.BlobRow) {
	for _, size := range sizes {
		b := w.blob(size)
		rows = append(rows, b)
		l.Files = append(l.Files, exchange.LetterFile{Digest: b.Digest, Size: b.Size, LeafRoot: b.LeafRoot})
	}
	return rows
}

func testLetter(w *world) {
	l := w.letter("ward", "agency-1", "")
	// The same file twice, as main file and annex: positions tell them apart.
	rows := w.withFiles(&l, 200_000, 0, 5<<30)
	l.Files = append(l.Files, l.Files[0])
	fails[exchange.Letter](w, exchange.ErrNotFound)(w.s.Letter(w.ctx, l.Key))
	w.commit(exchange.Change{Letter: &l, Wrote: rows})
	same(w, "letter", l, ok[exchange.Letter](w)(w.s.Letter(w.ctx, l.Key)))
	// An id says nothing without its origin.
	fails[exchange.Letter](w, exchange.ErrNotFound)(w.s.Letter(w.ctx, exchange.LetterKey{Origin: "other", ID: l.Key.ID}))
}

func testLetterOnce(w *world) {
	l := w.letter("ward", "agency-1", "")
	w.commit(exchange.Change{Letter: &l})
	again := l
	again.Received, again.From = l.Received+1, "another way"
	w.commit(exchange.Change{Letter: &again})
	same(w, "letter after a repeat", l, ok[exchange.Letter](w)(w.s.Letter(w.ctx, l.Key)))

	forged := l
	forged.Digest = w.digest()
	w.refuse(exchange.Change{Letter: &forged}, exchange.ErrConflict)
	same(w, "letter after a forgery", l, ok[exchange.Letter](w)(w.s.Letter(w.ctx, l.Key)))

	// The same id from another node is another letter.
	other := w.letter("district", "agency-2", "peer")
	other.Key.ID = l.Key.ID
	w.commit(exchange.Change{Letter: &other})
	same(w, "letter of another origin", other, ok[exchange.Letter](w)(w.s.Letter(w.ctx, other.Key)))
}

func testExtremes(w *world) {
	l := w.letter("Tỉnh Thái Nguyên", "cơ-quan-ĩ'\"; DROP TABLE letter; --", "nút\x01\u200b")
	l.Content = []byte{0, 1, 0xff, '\''}
	l.Staff = "Nguyễn Thị Ngỗ 🏛"
	l.Received, l.Expires = 1, math.MaxInt64
	l.Urgency = math.MaxInt32
	w.commit(exchange.Change{Letter: &l})
	same(w, "letter", l, ok[exchange.Letter](w)(w.s.Letter(w.ctx, l.Key)))

	empty := w.letter("ward", "agency-1", "")
	empty.Content, empty.Staff = []byte{}, ""
	w.commit(exchange.Change{Letter: &empty})
	same(w, "letter without content", empty, ok[exchange.Letter](w)(w.s.Letter(w.ctx, empty.Key)))

	d := w.delivery(&l, "ĩ", true)
	d.Created, d.Updated, d.ExpiresAt, d.HeldUntil = -1, 0, math.MaxInt64, math.MinInt64
	d.Status, d.StatusSeq, d.VerdictSeq = math.MaxUint32, math.MaxUint64, 1<<63
	done := w.commit(exchange.Change{Deliveries: []exchange.Delivery{d}})
	d.Revision, d.Changed = 1, done.First
	same(w, "delivery", d, ok[exchange.Delivery](w)(w.s.DeliveryByID(w.ctx, d.ID)))

	st := w.statement(&d, "huyện", envelope.StatementKind(math.MaxInt32))
	st.Key.Sequence = math.MaxUint64
	done = w.commit(exchange.Change{Statements: []exchange.StatementRow{st}})
	st.JournalIndex = done.First
	same(w, "statement", []exchange.StatementRow{st},
		ok[[]exchange.StatementRow](w)(w.s.Statements(w.ctx, st.Key.Envelope, st.Key.Recipient)))

	b := w.blob(math.MaxUint64)
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{b}})
	same(w, "blob", b, ok[exchange.BlobRow](w)(w.s.Blob(w.ctx, b.Digest)))
}

func testLetterNeedsFiles(w *world) {
	l := w.letter("ward", "agency-1", "")
	w.withFiles(&l, 10, 20)
	w.refuse(exchange.Change{Letter: &l}, exchange.ErrMissing)
	fails[exchange.Letter](w, exchange.ErrNotFound)(w.s.Letter(w.ctx, l.Key))
}

func testDocuments(w *world) {
	var want []exchange.Letter // newest first
	for i := range 7 {
		l := w.letter("ward", "agency-1", "")
		if i == 3 {
			w.commit(exchange.Change{Letter: &l, Wrote: w.withFiles(&l, 10, 20)})
		} else {
			w.commit(exchange.Change{Letter: &l})
		}
		want = append([]exchange.Letter{l}, want...)
		relayed, other := w.letter("other", "agency-1", "peer"), w.letter("ward", "agency-2", "")
		w.commit(exchange.Change{Letter: &relayed})
		w.commit(exchange.Change{Letter: &other})
	}
	same(w, "all", want, ok[[]exchange.Letter](w)(w.s.Documents(w.ctx, "agency-1", envelope.ID{}, 100)))
	var got []exchange.Letter
	var cursor envelope.ID
	for {
		page := ok[[]exchange.Letter](w)(w.s.Documents(w.ctx, "agency-1", cursor, 3))
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		cursor = page[len(page)-1].Key.ID
		// What is submitted while someone pages comes before the first page, and moves nothing.
		l := w.letter("ward", "agency-1", "")
		w.commit(exchange.Change{Letter: &l})
	}
	same(w, "pages", want, got)
	same(w, "unknown agency", nil, ok[[]exchange.Letter](w)(w.s.Documents(w.ctx, "agency-9", envelope.ID{}, 3)))
}

func testPath(w *world) {
	l := w.letter("ward", "agency-1", "peer")
	p := exchange.Path{Tip: w.digest(), Letter: l.Key, From: "peer",
		Chain: []envelope.Sealed{w.sealed("submitted"), w.sealed("custody"), w.sealed("custody")}}
	fails[exchange.Path](w, exchange.ErrNotFound)(w.s.Path(w.ctx, p.Tip))
	w.commit(exchange.Change{Letter: &l, Paths: []exchange.Path{p}})
	again := p
	again.From = "elsewhere"
	bare := exchange.Path{Tip: w.digest(), Letter: l.Key}
	w.commit(exchange.Change{Paths: []exchange.Path{again, bare}})
	same(w, "path", p, ok[exchange.Path](w)(w.s.Path(w.ctx, p.Tip)))
	same(w, "path without a chain", bare, ok[exchange.Path](w)(w.s.Path(w.ctx, bare.Tip)))
}
