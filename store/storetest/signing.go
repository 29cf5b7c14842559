package storetest

import (
	"lienthong/exchange"
)

const minute = 60_000_000 // microseconds

func (w *world) levelJob(agency string) exchange.LevelJob {
	b := w.blob(100)
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{b}})
	return exchange.LevelJob{ID: w.id(), Agency: agency, Principal: "van-thu", Base: b.Digest, Level: "B-T", State: exchange.LevelWaiting,
		Created: w.now, DueAt: w.now, Deadline: w.now + 60*minute}
}

func testLevelJobs(w *world) {
	list := ok[[]exchange.LevelJob](w)
	lost := w.levelJob("agency-1")
	lost.Base = w.digest()
	w.refuse(exchange.Change{LevelJobs: []exchange.LevelJob{lost}}, exchange.ErrMissing)

	j := w.levelJob("agency-1")
	w.commit(exchange.Change{LevelJobs: []exchange.LevelJob{j}})
	w.refuse(exchange.Change{LevelJobs: []exchange.LevelJob{j}}, exchange.ErrStale)
	same(w, "before it is due", nil, list(w.s.ClaimLevelJobs(w.ctx, j.DueAt-1, j.DueAt+minute, 10)))
	first := j
	first.Attempts, first.Revision = 1, 2
	same(w, "claimed", []exchange.LevelJob{first}, list(w.s.ClaimLevelJobs(w.ctx, j.DueAt, j.DueAt+minute, 10)))
	same(w, "claimed by another", nil, list(w.s.ClaimLevelJobs(w.ctx, j.DueAt, j.DueAt+minute, 10)))
	second := first
	second.Attempts, second.Revision = 2, 3
	same(w, "claimed when the lease has ended", []exchange.LevelJob{second}, list(w.s.ClaimLevelJobs(w.ctx, j.DueAt+minute, j.DueAt+2*minute, 10)))

	// The one whose lease ended comes too late with whatever it has.
	first.State = exchange.LevelGivenUp
	w.refuse(exchange.Change{LevelJobs: []exchange.LevelJob{first}}, exchange.ErrStale)

	second.DueAt, second.Reason, second.Text = j.DueAt+10*minute, "TSA_FAILED", "không trả lời"
	w.commit(exchange.Change{LevelJobs: []exchange.LevelJob{second}})
	second.Revision = 4
	same(w, "put off", []exchange.LevelJob{second}, list(w.s.FileLevelJobs(w.ctx, "agency-1", j.Base)))
	same(w, "before the next attempt", nil, list(w.s.ClaimLevelJobs(w.ctx, j.DueAt+9*minute, j.DueAt+20*minute, 10)))
	third := list(w.s.ClaimLevelJobs(w.ctx, j.DueAt+10*minute, j.DueAt+20*minute, 10))[0]
	third.State, third.Ended, third.Output = exchange.LevelDone, j.DueAt+11*minute, w.digest()
	w.commit(exchange.Change{LevelJobs: []exchange.LevelJob{third}})
	third.Revision = 6
	same(w, "done", []exchange.LevelJob{third}, list(w.s.FileLevelJobs(w.ctx, "agency-1", j.Base)))
	same(w, "after its end", nil, list(w.s.ClaimLevelJobs(w.ctx, j.DueAt+100*minute, j.DueAt+200*minute, 10)))
	w.reopen()
	same(w, "after a restart", []exchange.LevelJob{third}, list(w.s.FileLevelJobs(w.ctx, "agency-1", j.Base)))
}

func testLevelJobPages(w *world) {
	list := ok[[]exchange.LevelJob](w)
	var all []exchange.LevelJob
	for range 3 {
		j := w.levelJob("agency-1")
		w.commit(exchange.Change{LevelJobs: []exchange.LevelJob{j, w.levelJob("agency-2")}})
		j.Revision = 1
		all = append([]exchange.LevelJob{j}, all...)
	}
	page := list(w.s.LevelJobs(w.ctx, "agency-1", exchange.LevelJob{}.ID, 2))
	same(w, "first page", all[:2], page)
	same(w, "second page", all[2:], list(w.s.LevelJobs(w.ctx, "agency-1", page[1].ID, 2)))
	same(w, "of another agency", nil, list(w.s.FileLevelJobs(w.ctx, "agency-2", all[0].Base)))
	// The oldest goes first, two at a time.
	claimed := list(w.s.ClaimLevelJobs(w.ctx, w.now, w.now+minute, 2))
	if len(claimed) != 2 || claimed[0].DueAt > claimed[1].DueAt || claimed[0].Base != all[2].Base && claimed[1].Base != all[2].Base {
		w.Fatalf("claimed %+v", claimed)
	}
}

func testAugmentations(w *world) {
	base, one, two := w.blob(1), w.blob(2), w.blob(3)
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{base, one, two}})
	list := ok[[]exchange.Augmentation](w)
	a := exchange.Augmentation{Agency: "agency-1", Base: base.Digest, Digest: one.Digest, Level: "B-LTA", Until: w.now + 100*minute,
		RenewAt: w.now + 10*minute, Created: w.now}
	gone := a
	gone.Digest = w.digest()
	w.refuse(exchange.Change{Augmented: []exchange.Augmentation{gone}}, exchange.ErrMissing)
	w.commit(exchange.Change{Augmented: []exchange.Augmentation{a}})
	same(w, "of the base", []exchange.Augmentation{a}, list(w.s.Augmentations(w.ctx, "agency-1", base.Digest)))
	same(w, "of another agency", nil, list(w.s.Augmentations(w.ctx, "agency-2", base.Digest)))
	same(w, "too early", nil, list(w.s.RenewalsDue(w.ctx, a.RenewAt-1, 10)))
	same(w, "due", []exchange.Augmentation{a}, list(w.s.RenewalsDue(w.ctx, a.RenewAt, 10)))

	// Another agency's file of the same bytes is another matter.
	other := a
	other.Agency, other.RenewAt = "agency-2", a.RenewAt+1
	b := exchange.Augmentation{Agency: "agency-1", Base: base.Digest, Digest: two.Digest, Level: "B-LTA", Until: w.now + 1000*minute,
		RenewAt: w.now + 900*minute, Created: w.now + 1}
	w.commit(exchange.Change{Augmented: []exchange.Augmentation{other, b}})
	a.RenewAt = 0
	same(w, "oldest first", []exchange.Augmentation{a, b}, list(w.s.Augmentations(w.ctx, "agency-1", base.Digest)))
	same(w, "renewed", []exchange.Augmentation{other}, list(w.s.RenewalsDue(w.ctx, a.Until, 10)))
	b.RenewAt += minute
	w.commit(exchange.Change{Augmented: []exchange.Augmentation{b}})
	same(w, "put off", []exchange.Augmentation{a, b}, list(w.s.Augmentations(w.ctx, "agency-1", base.Digest)))
}

func testEvidence(w *world) {
	file, cert, anchor, list, base := w.blob(1), w.blob(2), w.blob(3), w.blob(4), w.blob(5)
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{file, cert, anchor, base}})
	leaf := exchange.EvidenceRow{Agency: "agency-1", File: file.Digest, Base: base.Digest, Certificate: cert.Digest, Status: "good", Kind: "crl", Answer: list.Digest,
		Source: "file", ThisUpdate: w.now - minute, Checked: w.now}
	root := exchange.EvidenceRow{Agency: "agency-1", File: file.Digest, Position: 1, Certificate: anchor.Digest, Checked: w.now}
	w.refuse(exchange.Change{Evidence: []exchange.EvidenceRow{leaf}}, exchange.ErrMissing)
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{list}, Evidence: []exchange.EvidenceRow{root, leaf}})
	again := leaf
	again.Status = "revoked"
	w.commit(exchange.Change{Evidence: []exchange.EvidenceRow{again}})
	rows := ok[[]exchange.EvidenceRow](w)
	same(w, "as it was first", []exchange.EvidenceRow{leaf, root}, rows(w.s.Evidence(w.ctx, "agency-1", file.Digest)))
	same(w, "of another agency", nil, rows(w.s.Evidence(w.ctx, "agency-2", file.Digest)))
}

func testKeyStates(w *world) {
	k := exchange.KeyState{Key: "ubnd/dấu", Agency: "agency-1", Certificate: w.digest(), Suspended: w.now, By: "van-thu", Reason: "mất thẻ", Wrong: 2, Turn: 1}
	fails[exchange.KeyState](w, exchange.ErrNotFound)(w.s.KeyState(w.ctx, k.Key))
	w.commit(exchange.Change{KeyStates: []exchange.KeyState{k}})
	w.refuse(exchange.Change{KeyStates: []exchange.KeyState{k}}, exchange.ErrStale)
	k.Revision = 1
	same(w, "suspended", k, ok[exchange.KeyState](w)(w.s.KeyState(w.ctx, k.Key)))
	k.Suspended, k.By, k.Reason, k.Wrong, k.Turn = 0, "", "", 0, 2
	w.commit(exchange.Change{KeyStates: []exchange.KeyState{k}})
	w.refuse(exchange.Change{KeyStates: []exchange.KeyState{k}}, exchange.ErrStale)
	k.Revision = 2
	w.reopen()
	same(w, "after a restart", k, ok[exchange.KeyState](w)(w.s.KeyState(w.ctx, k.Key)))
}

func testFetched(w *world) {
	put := func(f exchange.Fetched) {
		w.Helper()
		if err := w.s.PutFetched(w.ctx, f); err != nil {
			w.Fatal(err)
		}
	}
	f := exchange.Fetched{Key: w.digest(), Data: []byte("list"), At: w.now, Due: w.now + 60*minute}
	fails[exchange.Fetched](w, exchange.ErrNotFound)(w.s.Fetched(w.ctx, f.Key))
	put(f)
	f.Data, f.At = []byte("newer list"), w.now+minute
	put(f)
	w.reopen()
	same(w, "the newer one", f, ok[exchange.Fetched](w)(w.s.Fetched(w.ctx, f.Key)))
	put(exchange.Fetched{Key: w.digest(), At: f.Due + 30*24*60*minute, Due: f.Due})
	same(w, "after thirty days", f, ok[exchange.Fetched](w)(w.s.Fetched(w.ctx, f.Key)))
	put(exchange.Fetched{Key: w.digest(), At: f.Due + 30*24*60*minute + 1, Due: f.Due + 1})
	fails[exchange.Fetched](w, exchange.ErrNotFound)(w.s.Fetched(w.ctx, f.Key))
	w.verify() // nothing of this took entries
}
