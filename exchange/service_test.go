package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

// oneNode is a node that hosts two agencies, and an agency that it cannot reach.
func oneNode(t *testing.T) (*world, *testNode) {
	w := newWorld(t, map[string]string{"node": "", "island": ""}, agencySpec{"so", "node"}, agencySpec{"phong", "node"}, agencySpec{"dao", "island"}, agencySpec{"cu", "node"})
	d := w.directory
	d.Epoch = 2
	d.Agencies = append([]envelope.Agency(nil), d.Agencies...)
	d.Agencies[3].Ended, d.Agencies[3].Successor = w.clock().UnixMicro(), "phong"
	w.node("node").imports(d)
	return w, w.node("node")
}

func wantError(t *testing.T, err error, code exchange.Code, reason string) *exchange.Error {
	t.Helper()
	var own *exchange.Error
	if !errors.As(err, &own) || own.Code != code || own.Reason != reason {
		t.Fatalf("error %v, want code %d, reason %q", err, code, reason)
	}
	return own
}

func TestSendRefuses(t *testing.T) {
	t.Parallel()
	w, n := oneNode(t)
	for _, tt := range []struct {
		name   string
		change func(*exchange.SendRequest)
		fields string // path and reason of each, in order
	}{
		{"every bad recipient at once", func(r *exchange.SendRequest) {
			r.Recipients = []exchange.OutgoingRecipient{{Agency: "who"}, {Agency: "phong"}, {Agency: "H55.phong"}, {Agency: "dao"}, {Agency: "cu"}}
		}, "recipients[0].agency UNKNOWN_RECIPIENT, recipients[2].agency DUPLICATE, recipients[3].agency NO_ROUTE, recipients[4].agency RECIPIENT_CLOSED"},
		{"recipients and metadata together", func(r *exchange.SendRequest) { r.Recipients[0].Agency, r.Metadata.Subject = "who", "" },
			"metadata.subject REQUIRED, recipients[0].agency UNKNOWN_RECIPIENT"},
		{"nobody", func(r *exchange.SendRequest) { r.Recipients = nil }, "recipients REQUIRED"},
		{"a secret", func(r *exchange.SendRequest) { r.Metadata.Secrecy = "TỐI MẬT" }, "metadata.secrecy SECRET"},
		{"no file", func(r *exchange.SendRequest) { r.Files = nil }, "files REQUIRED"},
		{"two main files", func(r *exchange.SendRequest) { r.Files = append(r.Files, r.Files[0]) }, "files MAIN_FILE"},
		{"no main file", func(r *exchange.SendRequest) { r.Files[0].Role = envelope.FileAnnex }, "files MAIN_FILE"},
		{"a main file that is no PDF", func(r *exchange.SendRequest) { r.Files[0].Data = []byte("PK\x03\x04") }, "files[0] NOT_A_PDF"},
		{"data of another digest", func(r *exchange.SendRequest) { r.Files[0].Digest = envelope.Sum(nil) }, "files[0].sha256 DIGEST_MISMATCH"},
		{"a digest that nobody uploaded", func(r *exchange.SendRequest) {
			r.Files = append(r.Files, exchange.OutgoingFile{Name: "x", Digest: envelope.Sum([]byte("x"))})
		}, "files[1].sha256 NOT_FOUND"},
		{"3 MiB in the request", func(r *exchange.SendRequest) {
			r.Files = append(r.Files, exchange.OutgoingFile{Name: "x", Data: make([]byte, 3<<20)})
		}, "files[1].data TOO_LARGE"},
		{"1.5 MiB twice", func(r *exchange.SendRequest) {
			r.Files = append(r.Files, exchange.OutgoingFile{Name: "x", Data: bytes.Repeat([]byte{1}, 3<<19)}, exchange.OutgoingFile{Name: "y", Data: bytes.Repeat([]byte{2}, 3<<19)})
		}, "files TOO_LARGE"},
		{"a name with a line end", func(r *exchange.SendRequest) { r.Files[0].Name = "a\nb" }, "files[0].name REQUIRED"},
		{"no name", func(r *exchange.SendRequest) { r.Files[0].Name = "" }, "files[0].name REQUIRED"},
		{"it has expired", func(r *exchange.SendRequest) { r.ExpiresAt = 1 }, "expires_at IN_PAST"},
		{"it expires before it may go", func(r *exchange.SendRequest) {
			r.NotBefore = w.clock().Add(48 * time.Hour).UnixMicro()
			r.ExpiresAt = w.clock().Add(24 * time.Hour).UnixMicro()
		}, "expires_at IN_PAST"},
		{"an urgency that is none", func(r *exchange.SendRequest) { r.Urgency = 9 }, "urgency UNKNOWN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := letter(t, "so", "phong")
			tt.change(&req)
			_, err := n.service.Send(context.Background(), clerk, req)
			own := wantError(t, err, exchange.Invalid, "INVALID_DOCUMENT")
			var got []string
			for _, f := range own.Fields {
				got = append(got, f.Path+" "+f.Reason)
			}
			if strings.Join(got, ", ") != tt.fields {
				t.Errorf("fields %q, want %q", strings.Join(got, ", "), tt.fields)
			}
		})
	}
	t.Cleanup(func() {
		// All or nothing: not one of them left a document.
		docs, err := n.service.Documents(context.Background(), "so", envelope.ID{}, 10)
		if err == nil && len(docs) != 0 {
			t.Errorf("%d documents were kept", len(docs))
		}
	})
}

func TestSendForOthersIsRefused(t *testing.T) {
	t.Parallel()
	_, n := oneNode(t)
	for agency, reason := range map[string]string{"who": "UNKNOWN_AGENCY", "dao": "NOT_AT_HOME", "cu": "RECIPIENT_CLOSED"} {
		_, err := n.service.Send(context.Background(), clerk, letter(t, agency, "phong"))
		var own *exchange.Error
		if !errors.As(err, &own) || own.Reason != reason {
			t.Errorf("as %q: %v, want %s", agency, err, reason)
		}
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	_, n := oneNode(t)
	ctx := context.Background()
	req := letter(t, "so", "phong")
	req.RequestID = "dms-1"
	const callers = 8
	ids := make(chan string, callers)
	for range callers {
		go func() {
			doc, err := n.service.Send(ctx, clerk, req)
			if err != nil {
				ids <- err.Error()
				return
			}
			ids <- doc.Letter.Key.ID.String()
		}()
	}
	first := <-ids
	for range callers - 1 {
		if id := <-ids; id != first {
			t.Errorf("the same request made %s and %s", first, id)
		}
	}
	other := req
	other.Metadata.Subject = "Việc khác"
	_, err := n.service.Send(ctx, clerk, other)
	wantError(t, err, exchange.Exists, "REQUEST_ID_REUSED")
	// Another principal's request ids are its own.
	doc, err := n.service.Send(ctx, journal.Actor{Principal: "another"}, req)
	if err != nil || doc.Letter.Key.ID.String() == first {
		t.Errorf("another principal got %v, %v; want a document of its own", doc.Letter.Key.ID, err)
	}
}

// A digest opens nothing: files and deliveries are read through one's own agency.
func TestThefts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"node": ""}, agencySpec{"so", "node"}, agencySpec{"phong", "node"}, agencySpec{"trom", "node"})
	n, ctx := w.node("node"), context.Background()
	secret := []byte("%PDF-1.7 phương án nhân sự")
	digest := n.upload("so", secret)
	req := letter(t, "so", "phong")
	req.Files = append(req.Files, exchange.OutgoingFile{Digest: digest})
	doc := n.send(req)
	d, _ := n.delivery(doc.Letter.Key, "phong")
	for name, steal := range map[string]func() error{
		"open by digest":     func() error { _, _, err := n.service.OpenFile(ctx, "trom", digest); return err },
		"describe by digest": func() error { _, err := n.service.File(ctx, "trom", digest); return err },
		"validate by digest": func() error { _, err := n.service.Validate(ctx, clerk, "trom", digest, "", ""); return err },
		"see the delivery":   func() error { _, err := n.service.Delivery(ctx, "trom", d.ID); return err },
		"see the document":   func() error { _, err := n.service.Document(ctx, "trom", doc.Letter.Key.ID); return err },
		"acknowledge for another": func() error {
			_, err := n.service.Acknowledge(ctx, clerk, "trom", d.ID, nil, envelope.Staff{})
			return err
		},
		"report for another": func() error {
			_, err := n.service.ReportStatus(ctx, clerk, exchange.StatusRequest{Agency: "trom", Delivery: d.ID, Code: 2, Reason: "x"})
			return err
		},
	} {
		var own *exchange.Error
		if err := steal(); !errors.As(err, &own) || own.Code != exchange.NotFound {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	send := letter(t, "trom", "phong")
	send.Files = append(send.Files, exchange.OutgoingFile{Digest: digest, Name: "x"})
	_, err := n.service.Send(ctx, clerk, send)
	wantError(t, err, exchange.Invalid, "INVALID_DOCUMENT")
	// The sender is not the receiver: it does not report the receiver's status.
	_, err = n.service.ReportStatus(ctx, clerk, exchange.StatusRequest{Agency: "so", Delivery: d.ID, Code: 2, Reason: "x"})
	wantError(t, err, exchange.Precondition, "NOT_RECIPIENT")
	if _, _, err := n.service.OpenFile(ctx, "phong", digest); err != nil {
		t.Errorf("the receiver cannot open what it received: %v", err)
	}
}

func TestUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"node": ""}, agencySpec{"so", "node"})
	n, ctx := w.node("node"), context.Background()
	data := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	up, err := n.service.StartUpload(ctx, clerk, exchange.UploadRequest{Agency: "H55.so", Name: "a.pdf", Size: uint64(len(data)), RequestID: "u1"})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := n.service.StartUpload(ctx, clerk, exchange.UploadRequest{Agency: "H55.so", Name: "a.pdf", Size: uint64(len(data)), RequestID: "u1"}); err != nil || again.ID != up.ID {
		t.Errorf("the same request began upload %s, %v; want %s", again.ID, err, up.ID)
	}
	held, err := n.service.WriteUpload(ctx, clerk, up.ID, 0, bytes.NewReader(data[:100_000]))
	if err != nil || held != 100_000 {
		t.Fatalf("held %d, %v; want 100000", held, err)
	}
	_, err = n.service.WriteUpload(ctx, clerk, up.ID, 0, bytes.NewReader(data))
	wantError(t, err, exchange.Precondition, "OFFSET")
	_, _, err = n.service.GetUpload(ctx, journal.Actor{Principal: "another"}, up.ID)
	wantError(t, err, exchange.NotFound, "NOT_FOUND")
	if _, err = n.service.WriteUpload(ctx, clerk, up.ID, held, bytes.NewReader(data[held:])); err != nil {
		t.Fatal(err)
	}
	for range 2 { // an answer that was lost is asked for again
		file, err := n.service.FinishUpload(ctx, clerk, up.ID, int64(len(data)), envelope.Sum(data))
		if err != nil || file.Digest != envelope.Sum(data) || file.Size != uint64(len(data)) {
			t.Fatalf("file %+v, %v", file, err)
		}
	}
	_, err = n.service.WriteUpload(ctx, clerk, up.ID, int64(len(data)), bytes.NewReader(data))
	wantError(t, err, exchange.Precondition, "UPLOAD_DONE")
}

func TestUploadRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"node": ""}, agencySpec{"so", "node"})
	n, ctx := w.node("node"), context.Background()
	_, err := n.service.StartUpload(ctx, clerk, exchange.UploadRequest{Agency: "so", Name: "a", Size: 1 << 62})
	wantError(t, err, exchange.Exhausted, exchange.ReasonTooLarge)
	up, err := n.service.StartUpload(ctx, clerk, exchange.UploadRequest{Agency: "so", Name: "a", Size: 10})
	if err != nil {
		t.Fatal(err)
	}
	_, err = n.service.WriteUpload(ctx, clerk, up.ID, 0, strings.NewReader("more than ten"))
	wantError(t, err, exchange.Exhausted, exchange.ReasonTooLarge)
	if _, err := n.service.WriteUpload(ctx, clerk, up.ID, 0, strings.NewReader("just ten!!")); err != nil {
		t.Fatal(err)
	}
	_, err = n.service.FinishUpload(ctx, clerk, up.ID, 10, envelope.Sum([]byte("other")))
	wantError(t, err, exchange.Precondition, exchange.ReasonDigestMismatch)
}

// 01, then 03 against the verdict by override, then 06: the sender sees each, signed
// by the receiver's home.
func TestStatusesReachTheSender(t *testing.T) {
	t.Parallel()
	w := threeLevels(t)
	ward, province, ctx := w.node("ward"), w.node("province"), context.Background()
	doc := ward.send(letter(t, "ba-hang", "thai-nguyen"))
	province.eventually("a verdict", func() bool {
		d, _ := province.delivery(doc.Letter.Key, "thai-nguyen")
		return d.Verdict == "unsigned"
	})
	d, _ := province.delivery(doc.Letter.Key, "thai-nguyen")
	_, err := province.service.Acknowledge(ctx, clerk, "thai-nguyen", d.ID, nil, envelope.Staff{})
	wantError(t, err, exchange.Invalid, "FILES_MISSING")
	var files []envelope.Digest
	for _, f := range doc.Content.Files {
		files = append(files, f.SHA256)
	}
	for range 2 {
		if _, err := province.service.Acknowledge(ctx, clerk, "thai-nguyen", d.ID, files, envelope.Staff{ID: "cb-3", Name: "Lê Văn Ưởng"}); err != nil {
			t.Fatal(err)
		}
	}
	accept := exchange.StatusRequest{Agency: "thai-nguyen", Delivery: d.ID, Code: 3, RequestID: "s3"}
	_, err = province.service.ReportStatus(ctx, clerk, accept)
	wantError(t, err, exchange.Precondition, "VERDICT_NOT_VALID")
	accept.OverrideVerdict, accept.Reason = true, "đã nhận bản giấy"
	for range 2 {
		if _, err := province.service.ReportStatus(ctx, clerk, accept); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := province.service.ReportStatus(ctx, clerk, exchange.StatusRequest{Agency: "thai-nguyen", Delivery: d.ID, Code: 6}); err != nil {
		t.Fatal(err)
	}
	ward.eventually("status 06", func() bool {
		d, _ := ward.delivery(doc.Letter.Key, "thai-nguyen")
		return d.Status == exchange.StatusDone
	})
	here, _ := ward.delivery(doc.Letter.Key, "thai-nguyen")
	view, err := ward.service.Delivery(ctx, "ba-hang", here.ID)
	if err != nil {
		t.Fatal(err)
	}
	var seen []uint32
	for _, e := range view.History {
		if e.Statement.Kind == envelope.Status {
			seen = append(seen, e.Statement.Status.Code)
			if !e.Verified || e.Statement.Issuer != "province" {
				t.Errorf("status %02d by %q, verified %t", e.Statement.Status.Code, e.Statement.Issuer, e.Verified)
			}
		}
	}
	if len(seen) != 3 || seen[0] != 1 || seen[1] != 3 || seen[2] != 6 {
		t.Errorf("statuses %v, want 1, 3, 6", seen)
	}
}

// Watching from a cursor misses nothing, and each agency sees its own only.
func TestChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"node": ""}, agencySpec{"so", "node"}, agencySpec{"phong", "node"}, agencySpec{"khac", "node"})
	n := w.node("node")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	want := map[envelope.ID]bool{}
	for range 5 {
		want[n.send(letter(t, "so", "phong")).Letter.Key.ID] = true
	}
	for agency := range map[string]bool{"so": true, "phong": true} {
		seen, cursor := map[envelope.ID]bool{}, uint64(0)
		for len(seen) < len(want) {
			views, next, err := n.service.Changes(ctx, agency, cursor, 2)
			if err != nil {
				t.Fatal(err)
			}
			if next <= cursor {
				t.Fatalf("the cursor stays at %d", next)
			}
			cursor = next
			for _, v := range views {
				seen[v.Delivery.Key.ID] = true
			}
		}
	}
	short, stop := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer stop()
	if views, _, err := n.service.Changes(short, "khac", 0, 10); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("another agency sees %d changes, %v", len(views), err)
	}
}

func TestDirectoryImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"node": ""}, agencySpec{"so", "node"})
	n, ctx := w.node("node"), context.Background()
	d := w.directory
	_, err := n.service.ImportDirectory(ctx, clerk, w.sealed(d))
	wantError(t, err, exchange.Precondition, "OLD_EPOCH")
	d.Epoch, d.Zone = 9, "another"
	_, err = n.service.ImportDirectory(ctx, clerk, w.sealed(d))
	wantError(t, err, exchange.Precondition, "OTHER_ZONE")
	d.Zone = w.directory.Zone
	forged, err := envelope.SealDirectory(&d, w.keys["node"])
	if err != nil {
		t.Fatal(err)
	}
	_, err = n.service.ImportDirectory(ctx, clerk, forged)
	wantError(t, err, exchange.Invalid, exchange.ReasonBadSignature)
	if _, err = n.service.ImportDirectory(ctx, clerk, w.sealed(d)); err != nil {
		t.Fatal(err)
	}
	if got := n.service.Directory().Epoch; got != 9 {
		t.Errorf("epoch %d, want 9", got)
	}
}

// Statuses that overtake one another on the way take effect in the order of their
// numbers, and are shown in it.
func TestStatusesOutOfOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"ward": "province", "province": ""}, agencySpec{"ba-hang", "ward"}, agencySpec{"thai-nguyen", "province"})
	ward, province, ctx := w.node("ward"), w.node("province"), context.Background()
	doc := ward.send(letter(t, "ba-hang", "thai-nguyen"))
	ward.eventually("a verdict", func() bool {
		d, _ := ward.delivery(doc.Letter.Key, "thai-nguyen")
		return d.Verdict != ""
	})
	w.setDown("ward", "province", true)
	d, _ := province.delivery(doc.Letter.Key, "thai-nguyen")
	for _, code := range []uint32{1, 3, 6} {
		req := exchange.StatusRequest{Agency: "thai-nguyen", Delivery: d.ID, Code: code, OverrideVerdict: true, Reason: "đã nhận bản giấy"}
		if _, err := province.service.ReportStatus(ctx, clerk, req); err != nil {
			t.Fatal(err)
		}
	}
	waiting, _, err := province.relay.StatementsFor(ctx, "ward")
	if err != nil || len(waiting.Statements) < 3 {
		t.Fatalf("%d statements wait, %v; want 3", len(waiting.Statements), err)
	}
	statuses := waiting.Statements[len(waiting.Statements)-3:] // the verdict may not be acknowledged yet
	for _, step := range []struct {
		number int
		status uint32
	}{{2, 0}, {1, 0}, {0, 6}, {1, 6}} {
		frame := exchange.Statements{Statements: statuses[step.number : step.number+1]}
		if err := ward.relay.SettleStatements(ctx, "province", frame); err != nil {
			t.Fatal(err)
		}
		if here, _ := ward.delivery(doc.Letter.Key, "thai-nguyen"); here.Status != step.status {
			t.Errorf("after number %d: status %02d, want %02d", step.number+1, here.Status, step.status)
		}
	}
	here, _ := ward.delivery(doc.Letter.Key, "thai-nguyen")
	view, err := ward.service.Delivery(ctx, "ba-hang", here.ID)
	if err != nil {
		t.Fatal(err)
	}
	var seen []uint32
	for _, e := range view.History {
		if e.Statement.Kind == envelope.Status {
			seen = append(seen, e.Statement.Status.Code)
		}
	}
	if !slices.Equal(seen, []uint32{1, 3, 6}) {
		t.Errorf("shown as %v, want 1, 3, 6", seen)
	}
}
