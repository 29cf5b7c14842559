package storetest

import (
	"errors"

	"lienthong/envelope"
	"lienthong/exchange"
)

func testUploads(w *world) {
	u := exchange.Upload{ID: w.id(), Agency: "agency-1", Principal: "clerk", Name: "Báo cáo quý III.pdf",
		MediaType: "application/pdf", Size: 5 << 30, Started: w.now}
	fails[exchange.Upload](w, exchange.ErrNotFound)(w.s.Upload(w.ctx, u.ID))
	if err := w.s.StartUpload(w.ctx, u); err != nil {
		w.Fatal(err)
	}
	same(w, "started", u, ok[exchange.Upload](w)(w.s.Upload(w.ctx, u.ID)))
	if err := w.s.StartUpload(w.ctx, u); !errors.Is(err, exchange.ErrConflict) {
		w.Fatalf("started twice: error %v, want ErrConflict", err)
	}
	u.Done, u.Digest = true, w.digest()
	w.commit(exchange.Change{Uploads: []exchange.Upload{u}})
	same(w, "done", u, ok[exchange.Upload](w)(w.s.Upload(w.ctx, u.ID)))
	w.verify() // StartUpload took no entries
}

func testFiles(w *world) {
	b := w.blob(1234)
	f := exchange.File{Holder: "agency-1", Digest: b.Digest, Size: b.Size, LeafRoot: b.LeafRoot, Name: "phụ lục.xlsx",
		MediaType: "application/vnd.ms-excel", Since: w.now}
	peer := f
	peer.Holder, peer.Name = exchange.PeerHolder("district"), ""
	w.refuse(exchange.Change{Files: []exchange.File{f}}, exchange.ErrMissing)
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{b}, Files: []exchange.File{f, peer}})
	same(w, "file", f, ok[exchange.File](w)(w.s.File(w.ctx, "agency-1", b.Digest)))
	same(w, "peer's file", peer, ok[exchange.File](w)(w.s.File(w.ctx, exchange.PeerHolder("district"), b.Digest)))
	// A digest opens nothing: others do not have the file.
	fails[exchange.File](w, exchange.ErrNotFound)(w.s.File(w.ctx, "agency-2", b.Digest))
	fails[exchange.File](w, exchange.ErrNotFound)(w.s.File(w.ctx, "agency-1", w.digest()))
	f.Name, f.Since = "phụ lục 2.xlsx", f.Since+1
	w.commit(exchange.Change{Files: []exchange.File{f}})
	same(w, "replaced", f, ok[exchange.File](w)(w.s.File(w.ctx, "agency-1", b.Digest)))
}

func testMissing(w *world) {
	b := w.blob(10)
	gone := []envelope.Digest{w.digest(), w.digest()}
	fails[exchange.BlobRow](w, exchange.ErrNotFound)(w.s.Blob(w.ctx, gone[0]))
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{b}})
	w.commit(exchange.Change{Uses: []envelope.Digest{b.Digest}})
	err := w.refuse(exchange.Change{Uses: []envelope.Digest{gone[0], b.Digest, gone[1]}}, exchange.ErrMissing)
	missing, is := errors.AsType[*exchange.MissingError](err)
	if !is {
		w.Fatalf("error %T, want *exchange.MissingError", err)
	}
	same(w, "missing", gone, missing.Digests)
	// Touched follows, hours at least, and never goes back.
	later := b
	later.Touched += 24 * 3600_000_000
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{later}})
	same(w, "touched", later, ok[exchange.BlobRow](w)(w.s.Blob(w.ctx, b.Digest)))
	w.commit(exchange.Change{Wrote: []exchange.BlobRow{b}})
	same(w, "touched before", later, ok[exchange.BlobRow](w)(w.s.Blob(w.ctx, b.Digest)))
}

func testReports(w *world) {
	r := exchange.ReportRow{Agency: "agency-1", JSON: []byte(`{"verdict":"valid","text":"Hợp lệ"}`)}
	r.Digest = envelope.Sum(r.JSON)
	fails[[]byte](w, exchange.ErrNotFound)(w.s.Report(w.ctx, r.Digest))
	for range 2 {
		w.commit(exchange.Change{Reports: []exchange.ReportRow{r}})
		same(w, "report", r.JSON, ok[[]byte](w)(w.s.Report(w.ctx, r.Digest)))
	}
}

func testRequests(w *world) {
	r := exchange.Request{Principal: "clerk", Method: "SendDocument", ID: "ĩ-1", Agency: "agency-1", Content: w.digest(),
		Answer: "answer", Time: w.now}
	fails[exchange.Request](w, exchange.ErrNotFound)(w.s.Request(w.ctx, r.Principal, r.Method, r.ID))
	w.commit(exchange.Change{Request: &r})
	same(w, "request", r, ok[exchange.Request](w)(w.s.Request(w.ctx, r.Principal, r.Method, r.ID)))
	same(w, "answered", []string{r.ID}, ok[[]string](w)(w.s.Answered(w.ctx, r.Principal, r.Method, []string{"'; --", r.ID, "none"})))
	same(w, "answered to another", 0, len(ok[[]string](w)(w.s.Answered(w.ctx, r.Principal+"x", r.Method, []string{r.ID}))))
	l := w.letter("ward", "agency-1", "")
	w.refuse(exchange.Change{Request: &r, Letter: &l}, exchange.ErrConflict)
	fails[exchange.Letter](w, exchange.ErrNotFound)(w.s.Letter(w.ctx, l.Key))
	for _, other := range []exchange.Request{{Principal: "clerk 2", Method: r.Method, ID: r.ID}, {Principal: r.Principal, Method: "ReportStatus", ID: r.ID}} {
		other.Time = w.now
		w.commit(exchange.Change{Request: &other})
	}
	// Thirty days later the id may be used again.
	next := exchange.Request{Principal: "clerk", Method: "SendDocument", ID: "2", Time: w.now + 31*24*3600_000_000}
	w.commit(exchange.Change{Request: &next})
	fails[exchange.Request](w, exchange.ErrNotFound)(w.s.Request(w.ctx, r.Principal, r.Method, r.ID))
	same(w, "new request", next, ok[exchange.Request](w)(w.s.Request(w.ctx, "clerk", "SendDocument", "2")))
}

func testPrincipals(w *world) {
	a := exchange.Principal{ID: "qlvbdh-ba-hang", Name: "Phường Ba Hàng", Keys: []envelope.Digest{w.digest(), w.digest()},
		Grants: []exchange.Grant{{Role: exchange.RoleSigner, Agency: "agency-1"}, {Role: exchange.RoleAdmin}}, Created: w.now}
	b := exchange.Principal{ID: "admin", Name: "x", Keys: []envelope.Digest{w.digest()}, Disabled: true, Created: w.now}
	fails[exchange.Principal](w, exchange.ErrNotFound)(w.s.Principal(w.ctx, a.Keys[0]))
	w.commit(exchange.Change{Principals: []exchange.Principal{a, b}})
	a.Revision, b.Revision = 1, 1
	for _, key := range a.Keys {
		same(w, "principal", a, ok[exchange.Principal](w)(w.s.Principal(w.ctx, key)))
	}
	same(w, "by id", []exchange.Principal{b, a}, ok[[]exchange.Principal](w)(w.s.Principals(w.ctx)))

	old := a.Keys[0]
	a.Keys, a.Grants, a.Disabled, a.Name = []envelope.Digest{w.digest(), a.Keys[1]}, nil, true, "y"
	w.commit(exchange.Change{Principals: []exchange.Principal{a}})
	a.Revision = 2
	fails[exchange.Principal](w, exchange.ErrNotFound)(w.s.Principal(w.ctx, old))
	same(w, "replaced", a, ok[exchange.Principal](w)(w.s.Principal(w.ctx, a.Keys[0])))
	// A key names one principal.
	thief := exchange.Principal{ID: "thief", Keys: []envelope.Digest{a.Keys[0]}}
	w.refuse(exchange.Change{Principals: []exchange.Principal{thief}}, exchange.ErrConflict)
	testPrincipalRevisions(w, a, b)
}

// What a principal has become since it was read is not written over, and an act that was
// decided by another principal falls with that one.
func testPrincipalRevisions(w *world, a, b exchange.Principal) {
	stale := a
	stale.Revision, stale.Disabled = 1, false
	again := a
	again.Revision = 0
	gone := a
	gone.ID = "gone"
	for _, p := range []exchange.Principal{stale, again, gone} {
		w.refuse(exchange.Change{Principals: []exchange.Principal{p}}, exchange.ErrStale)
	}
	for _, seen := range []exchange.PrincipalAt{{ID: a.ID, Revision: 1}, {ID: a.ID, Revision: 3}, {ID: "gone", Revision: 1}} {
		w.refuse(exchange.Change{Principals: []exchange.Principal{b}, Unchanged: []exchange.PrincipalAt{seen}}, exchange.ErrStale)
	}
	w.commit(exchange.Change{Principals: []exchange.Principal{b}, Unchanged: []exchange.PrincipalAt{{ID: a.ID, Revision: 2}}})
	b.Revision = 2
	w.reopen()
	same(w, "each as it was last put", []exchange.Principal{b, a}, ok[[]exchange.Principal](w)(w.s.Principals(w.ctx)))
}

func testDirectory(w *world) {
	same(w, "empty", nil, ok[[]exchange.DirectoryRow](w)(w.s.DirectoryRows(w.ctx)))
	fails[envelope.Sealed](w, exchange.ErrNotFound)(w.s.DirectoryFile(w.ctx, exchange.KindSnapshot, "vn", 3))
	put := func(kind exchange.DirectoryKind, zone string, from, epoch uint64) exchange.Change {
		return exchange.Change{Directory: &exchange.DirectoryRow{Kind: kind, Zone: zone, From: from, Epoch: epoch, Sealed: w.sealed("directory")}}
	}
	holds := func(what string, want ...exchange.Change) {
		rows := []exchange.DirectoryRow(nil)
		for _, c := range want {
			row := *c.Directory
			same(w, what, row.Sealed, ok[envelope.Sealed](w)(w.s.DirectoryFile(w.ctx, row.Kind, row.Zone, row.Epoch)))
			row.Sealed = envelope.Sealed{}
			rows = append(rows, row)
		}
		same(w, what, rows, ok[[]exchange.DirectoryRow](w)(w.s.DirectoryRows(w.ctx)))
	}
	list, newer := put(exchange.KindZones, "", 0, 1), put(exchange.KindZones, "", 0, 2)
	vn, tn := put(exchange.KindSnapshot, "vn", 0, 3), put(exchange.KindSnapshot, "tn", 0, 7)
	next, far := put(exchange.KindDelta, "vn", 3, 4), put(exchange.KindDelta, "vn", 4, 9)
	for _, c := range []exchange.Change{vn, list, next, tn, far} {
		w.commit(c)
	}
	holds("all kinds", list, tn, vn, next, far)
	for _, stale := range []exchange.Change{put(exchange.KindSnapshot, "vn", 0, 3), put(exchange.KindSnapshot, "vn", 0, 2), put(exchange.KindDelta, "vn", 4, 9),
		put(exchange.KindDelta, "vn", 3, 5), put(exchange.KindDelta, "tn", 6, 7), put(exchange.KindZones, "", 0, 1)} {
		w.refuse(stale, exchange.ErrConflict)
	}
	// A snapshot of the epoch that deltas have reached stands for them from then on.
	w.commit(newer)
	compact := put(exchange.KindSnapshot, "vn", 0, 9)
	w.commit(compact)
	holds("replaced", newer, tn, compact, next, far)
	last := put(exchange.KindSnapshot, "vn", 0, 4+exchange.KeptDeltas)
	w.commit(last)
	holds("old deltas are gone", newer, tn, last, far)
}
