package storetest

import (
	"slices"
	"strings"

	"lienthong/envelope"
	"lienthong/exchange"
)

// clear is the change that lets the text of letters go.
func clear(list ...*exchange.Letter) (c exchange.Change) {
	for _, l := range list {
		c.Erase = append(c.Erase, exchange.Erasure{Letter: l.Key, Text: true})
	}
	return c
}

// A dossier is a document that came from a ward to an agency at home here, with all that a
// node keeps beside it.
type dossier struct {
	letter   exchange.Letter
	delivery exchange.Delivery
	filing   exchange.Filing
	report   exchange.ReportRow
	evidence exchange.EvidenceRow
	made     exchange.Augmentation
	said     exchange.StatementRow
	number   exchange.Number
}

// dossier stores one whose words are given; file is that of another letter, or nil.
func (w *world) dossier(words string, file *exchange.LetterFile) *dossier {
	w.Helper()
	blobs := w.aged(3, exchange.Change{})
	o := &dossier{letter: w.letter("ward", "agency-1", "")}
	l := &o.letter
	l.Class = "CV"
	l.Files = []exchange.LetterFile{{Digest: blobs[0].Digest, Size: blobs[0].Size, LeafRoot: blobs[0].LeafRoot}}
	if file != nil {
		l.Files[0] = *file
	}
	o.delivery = w.delivery(l, "agency-2", true)
	o.delivery.State, o.delivery.Thread = exchange.StateDelivered, l.Key.ID
	o.filing = w.filing(l, &o.delivery, words)
	o.report = exchange.ReportRow{File: l.Files[0].Digest, Agency: "agency-2", JSON: []byte(`{"signer":"` + words + `"}`)}
	o.report.Digest = envelope.Sum(o.report.JSON)
	o.evidence = exchange.EvidenceRow{Agency: "agency-1", File: l.Files[0].Digest, Certificate: blobs[1].Digest, Status: "good", Checked: w.now}
	o.made = exchange.Augmentation{Agency: "agency-1", Base: l.Files[0].Digest, Digest: blobs[2].Digest, Level: "B-LTA", Created: w.now}
	o.said = w.statement(&o.delivery, "province", envelope.Delivered)
	o.number = exchange.Number{ID: w.id(), Agency: "agency-1", Way: exchange.WayOut, Year: 2026, Number: w.n, State: exchange.NumberUsed,
		Note: words, By: "cb-17", Reserved: w.now, Changed: w.now, Letter: l.Key.ID}
	w.commit(exchange.Change{Letter: l, Deliveries: []exchange.Delivery{o.delivery}, Filings: []exchange.Filing{o.filing}, Reports: []exchange.ReportRow{o.report},
		Evidence: []exchange.EvidenceRow{o.evidence}, Augmented: []exchange.Augmentation{o.made}, Statements: []exchange.StatementRow{o.said}, Numbers: []exchange.Number{o.number}})
	o.delivery.Revision = 1
	return o
}

// texts is what is left of a dossier's text, by name.
func (w *world) texts(o *dossier) (left []string) {
	w.Helper()
	file := o.letter.Files[0].Digest
	for _, part := range []struct {
		name string
		rows int
	}{
		{"content", len(ok[exchange.Letter](w)(w.s.Letter(w.ctx, o.letter.Key)).Content)},
		{"staff", len(ok[exchange.Letter](w)(w.s.Letter(w.ctx, o.letter.Key)).Staff)},
		{"filing", len(w.found("agency-2", strings.Fields(o.filing.Words)[0]))},
		{"evidence", len(ok[[]exchange.EvidenceRow](w)(w.s.Evidence(w.ctx, "agency-1", file)))},
		{"levels", len(ok[[]exchange.Augmentation](w)(w.s.Augmentations(w.ctx, "agency-1", file)))},
		{"note", len(ok[exchange.Number](w)(w.s.Number(w.ctx, exchange.Series{Agency: "agency-1", Way: exchange.WayOut, Year: 2026}, o.number.Number)).Note)},
	} {
		if part.rows > 0 {
			left = append(left, part.name)
		}
	}
	if _, err := w.s.Report(w.ctx, o.report.Digest); err == nil {
		left = append(left, "report")
	}
	return left
}

// testClear: the text of what has ended goes with all that was read from it, and what
// proves its way stays.
func testClear(w *world) {
	o := w.dossier("nguyễn văn", nil)
	all := []string{"content", "staff", "filing", "evidence", "levels", "note", "report"}
	same(w, "before", all, w.texts(o))
	job := w.levelJob("agency-1")
	job.Base = o.letter.Files[0].Digest
	w.commit(exchange.Change{LevelJobs: []exchange.LevelJob{job}})
	w.refuse(clear(&o.letter), exchange.ErrStale) // a level is in the making
	same(w, "refused", all, w.texts(o))
	job.Revision, job.State = 1, exchange.LevelGivenUp
	w.commit(exchange.Change{LevelJobs: []exchange.LevelJob{job}})
	w.commit(clear(&o.letter))
	w.reopen()
	same(w, "after", nil, w.texts(o))
	same(w, "level jobs", nil, ok[[]exchange.LevelJob](w)(w.s.FileLevelJobs(w.ctx, "agency-1", job.Base)))
	got := ok[exchange.Letter](w)(w.s.Letter(w.ctx, o.letter.Key))
	want := o.letter
	want.Content, want.Staff, want.Class, want.Erased, want.Cleared = []byte{}, "", "-", got.Erased, got.Erased
	same(w, "letter", want, got)
	if got.Erased == 0 {
		w.Error("the letter does not say when it was erased")
	}
	if rows := ok[[]exchange.StatementRow](w)(w.s.Statements(w.ctx, o.letter.Digest, "agency-2")); len(rows) != 1 || rows[0].Digest != o.said.Digest {
		w.Errorf("statements left: %+v", rows)
	}
	if rows := ok[[]exchange.Delivery](w)(w.s.Deliveries(w.ctx, o.letter.Key)); len(rows) != 1 || rows[0].State != exchange.StateDelivered {
		w.Errorf("deliveries left: %+v", rows)
	}
	w.refuse(clear(&o.letter), exchange.ErrStale) // once
	w.now += 30 * hour
	w.commit(w.doom(o.letter.Files[0].Digest, o.made.Digest, o.evidence.Certificate))
}

// testClearShared: what is made of a file stays while another letter has the file.
func testClearShared(w *world) {
	one := w.dossier("công khai", nil)
	other := w.dossier("bảo lưu", &one.letter.Files[0])
	w.commit(clear(&one.letter))
	same(w, "the first", []string{"evidence", "levels", "report"}, w.texts(one))
	same(w, "the other", []string{"content", "staff", "filing", "evidence", "levels", "note", "report"}, w.texts(other))
	w.commit(clear(&other.letter))
	same(w, "both", nil, append(w.texts(one), w.texts(other)...))
}

// testClearBase: what was signed to make a file goes with it, unless another letter has
// something that was made of it.
func testClearBase(w *world) {
	blobs := w.aged(3, exchange.Change{})
	draft, certificate, twin := blobs[0].Digest, blobs[1].Digest, blobs[2].Digest
	one, other := w.dossier("đã ký", nil), w.dossier("ký lại", nil)
	row := func(file, base envelope.Digest) exchange.EvidenceRow {
		return exchange.EvidenceRow{Agency: "agency-3", File: file, Base: base, Certificate: certificate, Checked: w.now}
	}
	w.commit(exchange.Change{Evidence: []exchange.EvidenceRow{row(draft, envelope.Digest{}), row(twin, draft),
		row(one.letter.Files[0].Digest, draft), row(other.letter.Files[0].Digest, draft)}})
	kept := func() int { return len(ok[[]exchange.EvidenceRow](w)(w.s.Evidence(w.ctx, "agency-3", draft))) }
	w.commit(clear(&one.letter))
	same(w, "another letter was made of it", 1, kept())
	w.commit(clear(&other.letter))
	same(w, "nothing is left of it", 0, kept())
	w.now += 30 * hour
	w.commit(w.doom(draft))
}

// testAged: letters are found by class, from when their years count.
func testAged(w *world) {
	var letters []*exchange.Letter
	for _, class := range []string{"CV", "QĐ", "CV", "GM", "", "CV"} {
		l := w.letter("ward", "agency-1", "")
		l.Class, l.Received, l.Aging = class, w.now, w.now
		d := w.delivery(&l, "agency-2", false)
		d.State = exchange.StateDelivered
		w.commit(exchange.Change{Letter: &l, Deliveries: []exchange.Delivery{d}})
		letters = append(letters, &l)
	}
	list := ok[[]exchange.Letter](w)
	ids := func(found []exchange.Letter) (out []envelope.ID) {
		for _, l := range found {
			out = append(out, l.Key.ID)
		}
		return out
	}
	id := func(n ...int) (out []envelope.ID) {
		for _, i := range n {
			out = append(out, letters[i].Key.ID)
		}
		return out
	}
	zero := exchange.AgedPlace{}
	same(w, "classes", []string{"CV", "GM", "QĐ"}, ok[[]string](w)(w.s.Classes(w.ctx)))
	same(w, "classless", id(4), ids(list(w.s.Classless(w.ctx, 10))))
	w.commit(exchange.Change{Agings: []exchange.Aging{{Letter: letters[4].Key, Class: "CV", From: letters[4].Received}}})
	same(w, "all have a class", nil, ids(list(w.s.Classless(w.ctx, 10))))
	same(w, "of a class", id(0, 2, 4, 5), ids(list(w.s.Aged(w.ctx, "CV", w.now, zero, 10))))
	same(w, "a page", id(0, 2), ids(list(w.s.Aged(w.ctx, "CV", w.now, zero, 2))))
	same(w, "the next", id(4), ids(list(w.s.Aged(w.ctx, "CV", w.now, exchange.AgedPlace{Aging: letters[2].Received, ID: letters[2].Key.ID}, 1))))
	same(w, "up to", id(0, 2), ids(list(w.s.Aged(w.ctx, "CV", letters[2].Received, zero, 10))))
	w.commit(exchange.Change{Agings: []exchange.Aging{{Letter: letters[0].Key, Class: "CV", From: w.now + hour}}})
	w.commit(clear(letters[2], letters[3]))
	w.commit(exchange.Change{Agings: []exchange.Aging{{Letter: letters[2].Key, Class: "CV", From: 1}}})
	same(w, "what is cleared is not old any more", id(4, 5, 0), ids(list(w.s.Aged(w.ctx, "CV", w.now+hour, zero, 10))))
	same(w, "classes that are left", []string{"CV", "QĐ"}, ok[[]string](w)(w.s.Classes(w.ctx)))
}

// hold makes a hold.
func (w *world) hold(kind exchange.HoldKind, l *exchange.Letter, agency string) exchange.LegalHold {
	h := exchange.LegalHold{ID: w.id(), Kind: kind, Agency: agency, Reason: "thanh tra", By: "thanh-tra", Placed: w.now}
	switch kind {
	case exchange.HoldLetter:
		h.Letter = l.Key
	case exchange.HoldThread:
		h.Thread = l.Key.ID
	}
	return h
}

// testHolds: nothing of a letter that is held is erased, whatever kind of hold it is, and
// of a hold and an erasure the second is refused.
func testHolds(w *world) {
	for _, tt := range []struct {
		name   string
		kind   exchange.HoldKind
		agency string
	}{{"letter", exchange.HoldLetter, "agency-1"}, {"thread", exchange.HoldThread, "agency-1"}, {"sender", exchange.HoldAgency, "agency-1"}, {"recipient", exchange.HoldAgency, "agency-2"}} {
		o := w.dossier("điều tra "+tt.name, nil)
		h := w.hold(tt.kind, &o.letter, tt.agency)
		w.commit(exchange.Change{Holds: []exchange.LegalHold{h}})
		w.refuse(exchange.Change{Holds: []exchange.LegalHold{h}}, exchange.ErrStale)
		w.refuse(clear(&o.letter), exchange.ErrStale)
		w.refuse(erase(&o.letter), exchange.ErrStale)
		w.reopen()
		h.Revision = 1
		same(w, tt.name, h, ok[exchange.LegalHold](w)(w.s.LegalHold(w.ctx, h.ID)))
		same(w, tt.name+" is held by", []exchange.LegalHold{h}, ok[[]exchange.LegalHold](w)(w.s.HeldBy(w.ctx, o.letter.Key)))
		h.Released, h.ReleasedBy, h.ReleaseReason = w.now, "chánh án", "đã xong"
		w.commit(exchange.Change{Holds: []exchange.LegalHold{h}})
		h.Revision = 2
		w.refuse(exchange.Change{Holds: []exchange.LegalHold{h}}, exchange.ErrStale)
		same(w, tt.name+" is held no more", nil, ok[[]exchange.LegalHold](w)(w.s.HeldBy(w.ctx, o.letter.Key)))
		w.commit(erase(&o.letter))
		w.commit(clear(&o.letter))
		late := w.hold(tt.kind, &o.letter, tt.agency)
		if tt.kind == exchange.HoldAgency {
			continue // it has others
		}
		w.refuse(exchange.Change{Holds: []exchange.LegalHold{late}}, exchange.ErrStale)
	}
	fails[exchange.LegalHold](w, exchange.ErrNotFound)(w.s.LegalHold(w.ctx, w.id()))
}

// testHoldOthers: a hold keeps what it names, and nothing else.
func testHoldOthers(w *world) {
	held, free := w.dossier("giữ", nil), w.dossier("thả", nil)
	elsewhere := w.hold(exchange.HoldThread, &free.letter, "agency-3") // another agency's thread of the same id
	w.commit(exchange.Change{Holds: []exchange.LegalHold{w.hold(exchange.HoldLetter, &held.letter, "agency-1"), w.hold(exchange.HoldAgency, nil, "agency-9")}})
	w.refuse(exchange.Change{Holds: []exchange.LegalHold{elsewhere}}, exchange.ErrStale)
	w.refuse(clear(&free.letter, &held.letter), exchange.ErrStale) // together or not at all
	w.commit(clear(&free.letter))
	list := ok[[]exchange.LegalHold](w)
	all := list(w.s.LegalHolds(w.ctx, true, envelope.ID{}, 10))
	if len(all) != 2 || all[0].Kind != exchange.HoldAgency {
		w.Fatalf("holds: %+v", all)
	}
	all[0].Released, all[0].ReleasedBy = w.now, "ai đó"
	w.commit(exchange.Change{Holds: all[:1]})
	same(w, "active", all[1:], list(w.s.LegalHolds(w.ctx, true, envelope.ID{}, 10)))
	all[0].Revision = 2
	same(w, "a page", all[:1], list(w.s.LegalHolds(w.ctx, false, envelope.ID{}, 1)))
	same(w, "the next", all[1:], list(w.s.LegalHolds(w.ctx, false, all[0].ID, 10)))
	if !slices.Contains(w.texts(held), "content") {
		w.Error("what is held has no content")
	}
}
