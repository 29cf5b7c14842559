package testnode

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpki"
	"lienthong/journal"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/store"
)

// storeV1 is the folder of a ward's node of the first version, with letters in
// every state. It was made by this version's code and is never made again: later
// versions must open and migrate it.
const storeV1 = "../../testdata/store-v1"

var makeStoreV1 = flag.Bool("make-store-v1", false, "make testdata/store-v1, where it is not")

// statesV1 are the letters of the store by their number, and where each stands for
// the province. Letter 1 was also accepted by the district and refused by the
// department; letter 20 came in.
var statesV1 = map[string]struct {
	state  exchange.State
	status uint32
}{
	"1": {exchange.StateDelivered, 6}, "2": {exchange.StateRelayed, 0}, "3": {exchange.StateFailed, 0}, "4": {exchange.StateQueued, 0},
	"5": {exchange.StateOffered, 0}, "6": {exchange.StateInDoubt, 0}, "7": {exchange.StateHeld, 0}, "8": {exchange.StateStopped, 0},
	"9": {exchange.StateDropped, 0},
}

// The store of the first version opens, and holds what it held.
func TestStoreV1(t *testing.T) {
	t.Parallel()
	if *makeStoreV1 {
		newStoreV1(t)
	}
	folder := filepath.Join(t.TempDir(), "node")
	if err := os.CopyFS(folder, os.DirFS(storeV1)); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	rows, blobs, err := store.Open(ctx, "sqlite:"+folder)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	files, err := rows.DirectoryRows(ctx)
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files of a directory, %v; want one", len(files), err)
	}
	sealed, err := rows.DirectoryFile(ctx, exchange.KindSnapshot, files[0].Zone, files[0].Epoch)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := envelope.ParseDirectory(sealed)
	if err != nil {
		t.Fatal(err)
	}
	directory, err := exchange.NewDirectory(parsed)
	if err != nil {
		t.Fatal(err)
	}
	checkLettersV1(t, rows, blobs, directory)
	checkJournalV1(t, rows)
	inbox, err := rows.Inbox(ctx, Ward, envelope.ID{}, 10)
	if err != nil || len(inbox) != 1 || inbox[0].Status != 1 || inbox[0].Verdict != "unsigned" || inbox[0].Arrived != inbox[0].Created {
		t.Errorf("inbox %+v, %v: want one letter, arrived (01), unsigned, with the time at which it came", inbox, err)
	}
	checkRegistersV1(t, rows, blobs)
}

// checkRegistersV1 lets a node of this version file what the first one took: then it is
// found, by its words and by the statuses that it had.
func checkRegistersV1(t *testing.T, rows exchange.Store, blobs exchange.Blobs) {
	t.Helper()
	ctx := context.Background()
	pki := testpki.New(t)
	now := func() time.Time { return testpki.Now }
	core, err := exchange.NewNode(exchange.Config{ID: "ward", Signer: signerOf(pki.Issue(testpki.Node("ward"))), Store: rows, Blobs: blobs, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := core.Tend(ctx); err != nil {
		t.Fatal(err)
	}
	service := exchange.NewService(core)
	for _, tt := range []struct {
		req  exchange.SearchRequest
		want int
	}{
		{exchange.SearchRequest{}, len(statesV1) + 1}, {exchange.SearchRequest{Way: exchange.WayIn}, 1}, {exchange.SearchRequest{Text: "bao cao thu nghiem"}, len(statesV1) + 1},
		{exchange.SearchRequest{Way: exchange.WayOut, Status: exchange.StatusDone}, 1}, {exchange.SearchRequest{Way: exchange.WayOut, Status: exchange.StatusRefused}, 1},
		{exchange.SearchRequest{Way: exchange.WayIn, Status: exchange.StatusArrived}, 1}, {exchange.SearchRequest{Number: "4"}, 1},
	} {
		tt.req.Agency = Ward
		found, err := service.Search(ctx, tt.req, 0, 100)
		if err != nil || len(found) != tt.want {
			t.Errorf("%+v: %d found, %v; want %d", tt.req, len(found), err, tt.want)
		}
		for _, f := range found {
			if f.Filing.By == 0 || f.Filing.Way == exchange.WayIn && f.Filing.Acknowledged < f.Filing.At {
				t.Errorf("filed as %+v", f.Filing)
			}
		}
	}
}

func checkLettersV1(t *testing.T, rows exchange.Store, blobs exchange.Blobs, directory *exchange.Directory) {
	t.Helper()
	ctx := context.Background()
	letters, err := rows.Documents(ctx, Ward, envelope.ID{}, 100)
	if err != nil || len(letters) != len(statesV1) {
		t.Fatalf("%d letters, %v; want %d", len(letters), err, len(statesV1))
	}
	for _, l := range letters {
		content, err := envelope.ParseContent(l.Content)
		if err != nil {
			t.Fatal(err)
		}
		number := content.Metadata.Number
		blob, err := blobs.Open(ctx, l.Files[0].Digest)
		if err != nil {
			t.Fatalf("letter %s: %v", number, err)
		}
		data, err := io.ReadAll(io.NewSectionReader(blob, 0, blob.Size()))
		blob.Close()
		if err != nil || envelope.Sum(data) != l.Files[0].Digest {
			t.Errorf("letter %s: its file is not what it was: %v", number, err)
		}
		deliveries, err := rows.Deliveries(ctx, l.Key)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range deliveries {
			checkStatementsV1(t, rows, directory, d)
			if want := statesV1[number]; d.Key.Recipient == Province && (d.State != want.state || d.Status != want.status) {
				t.Errorf("letter %s is %s with status %d, want %s with %d", number, d.State, d.Status, want.state, want.status)
			}
			if number == "1" && (d.Key.Recipient == District && d.Status != 3 || d.Key.Recipient == Department && d.Status != 2) {
				t.Errorf("letter 1: status %d at %s", d.Status, d.Key.Recipient)
			}
		}
	}
}

// checkStatementsV1 verifies every statement about a delivery, and its proof.
func checkStatementsV1(t *testing.T, rows exchange.Store, directory *exchange.Directory, d exchange.Delivery) {
	t.Helper()
	statements, err := rows.Statements(context.Background(), d.Digest, d.Key.Recipient)
	if err != nil || len(statements) == 0 {
		t.Fatalf("%d statements, %v", len(statements), err)
	}
	for _, s := range statements {
		receipt := envelope.Receipt{Statement: s.Sealed}
		if len(s.Proof) == 0 { // the node's own, or one whose proof had not come
			st, err := envelope.ParseStatement(s.Sealed)
			if err != nil || st.Key() != s.Key {
				t.Errorf("statement %s: %v", s.Digest, err)
			}
			continue
		}
		if receipt.Proof, err = envelope.ParseProof(s.Proof); err != nil {
			t.Fatal(err)
		}
		if _, err := directory.VerifyReceipt(receipt); err != nil {
			t.Errorf("statement %s: %v", s.Digest, err)
		}
	}
}

func checkJournalV1(t *testing.T, rows exchange.Store) {
	t.Helper()
	ctx := context.Background()
	size, err := rows.TreeSize(ctx)
	if err != nil || size == 0 {
		t.Fatalf("%d leaves, %v", size, err)
	}
	leaves, err := rows.Leaves(ctx, 0, int(size))
	if err != nil {
		t.Fatal(err)
	}
	hashes := journal.HashReaderFunc(func(indexes []int64) ([]journal.Hash, error) { return rows.Hashes(ctx, indexes) })
	root, err := journal.Root(size, hashes)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range leaves {
		path, err := journal.Prove(size, l.Index, hashes)
		if err == nil {
			err = journal.VerifyInclusion(path, size, root, l.Index, l.Data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// newStoreV1 lets three nodes exchange letters, and keeps the ward's folder.
func newStoreV1(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(storeV1); err == nil {
		t.Fatalf("%s is there already: it is never made again", storeV1)
	}
	n := New(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	clerk := func(node string, agencies ...string) *client.Client {
		var grants []exchange.Grant
		for _, a := range agencies {
			grants = append(grants, exchange.Grant{Role: exchange.RoleClerk, Agency: a})
		}
		return n.Node(node).User(t, "clerk", grants...)
	}
	w := &makerV1{T: t, ctx: ctx, net: n, ward: clerk("ward", Ward), file: n.Letter(t, 2000)}
	district, province := clerk("district", District), clerk("province", Province, Department)

	w.send("1", 0, District, Province, Department)
	w.await("1", exchange.StateDelivered)
	w.answer(district, District, 1, 3)
	w.answer(province, Province, 1, 3, 6)
	w.answer(province, Department, 1, 2)
	w.await("1", exchange.StateDelivered, 2, 3, 6)
	incoming := n.Send("20", Draft(1000), Ward)
	incoming.Agency = District
	if _, err := district.Documents.SendDocument(ctx, incoming); err != nil {
		t.Fatal(err)
	}
	w.answer(w.ward, Ward, 1)

	n.Cut(t, "district", "province")
	for _, number := range []string{"2", "8", "9"} {
		w.send(number, 0, Province)
		w.await(number, exchange.StateRelayed)
	}
	n.Cut(t, "ward", "district")
	w.send("3", 1500*time.Millisecond, Province)
	for _, number := range []string{"4", "5", "6", "7"} {
		w.send(number, 0, Province)
	}
	w.await("3", exchange.StateFailed)
	if _, err := w.ward.Files.StartUpload(ctx, &lienthongv1.StartUploadRequest{Agency: Ward, Name: "dở dang.pdf", Size: 5000}); err != nil {
		t.Fatal(err)
	}
	n.Node("ward").Stop(t)
	w.finish()
	if err := os.CopyFS(storeV1, os.DirFS(n.Node("ward").folder)); err != nil {
		t.Fatal(err)
	}
}

type makerV1 struct {
	*testing.T
	ctx  context.Context
	net  *Network
	ward *client.Client
	file []byte
}

func (w *makerV1) send(number string, life time.Duration, to ...string) {
	w.Helper()
	m := w.net.Send(number, append(bytes.Clone(w.file), number...), to...)
	if life > 0 {
		m.ExpiresAt = w.net.Now().Add(life).UnixMicro()
	}
	if _, err := w.ward.Documents.SendDocument(w.ctx, m); err != nil {
		w.Fatal(err)
	}
}

// await waits until all recipients of a letter are in a state, and have statuses.
func (w *makerV1) await(number string, state exchange.State, statuses ...uint32) {
	w.Helper()
	for {
		page, err := w.ward.Documents.ListDocuments(w.ctx, &lienthongv1.ListDocumentsRequest{Agency: Ward, PageSize: 100})
		if err != nil {
			w.Fatal(err)
		}
		for _, d := range page.GetDocuments() {
			if d.GetMetadata().GetNumber() != number {
				continue
			}
			missing, seen := 0, make(map[uint32]bool)
			for _, s := range d.GetDeliveries() {
				seen[s.GetStatus()] = true
				if s.GetState() != lienthongv1.DeliveryState(state) || state == exchange.StateDelivered && s.GetVerdict() == "" {
					missing++
				}
			}
			for _, s := range statuses {
				if !seen[s] {
					missing++
				}
			}
			if missing == 0 {
				return
			}
		}
		time.Sleep(20 * time.Millisecond) // the relay works by itself, and can only be asked
	}
}

// answer acknowledges the newest letter of an inbox, and reports statuses.
func (w *makerV1) answer(c *client.Client, agency string, statuses ...uint32) {
	w.Helper()
	var d *lienthongv1.Delivery
	for d.GetVerdict() == "" {
		page, err := c.Deliveries.ListDeliveries(w.ctx, &lienthongv1.ListDeliveriesRequest{Agency: agency})
		if err != nil {
			w.Fatal(err)
		}
		if len(page.GetDeliveries()) > 0 {
			d = page.GetDeliveries()[0]
		}
	}
	for _, status := range statuses {
		var err error
		if status == 1 {
			_, err = c.Deliveries.AcknowledgeDelivery(w.ctx, &lienthongv1.AcknowledgeDeliveryRequest{Name: d.GetName(), Sha256: [][]byte{d.GetDocument().GetFiles()[0].GetSha256()}})
		} else {
			_, err = c.Deliveries.ReportStatus(w.ctx, &lienthongv1.ReportStatusRequest{Name: d.GetName(), Code: status, Reason: "không đúng thẩm quyền"})
		}
		if err != nil {
			w.Fatal(err)
		}
	}
}

// finish puts letters into the states that this version does not reach by itself at
// a moment of our choosing, or not yet at all, as its rows would have them.
func (w *makerV1) finish() {
	w.Helper()
	rows, _, err := store.Open(w.ctx, "sqlite:"+w.net.Node("ward").folder)
	if err != nil {
		w.Fatal(err)
	}
	defer rows.Close()
	letters, err := rows.Documents(w.ctx, Ward, envelope.ID{}, 100)
	if err != nil {
		w.Fatal(err)
	}
	for _, l := range letters {
		content, err := envelope.ParseContent(l.Content)
		if err != nil {
			w.Fatal(err)
		}
		deliveries, err := rows.Deliveries(w.ctx, l.Key)
		if err != nil {
			w.Fatal(err)
		}
		d := deliveries[0]
		change := exchange.Change{}
		switch content.Metadata.Number {
		case "5":
			d.State, change.Claim = exchange.StateOffered, []exchange.DeliveryKey{d.Key}
		case "6":
			d.State, d.Reason = exchange.StateInDoubt, exchange.ReasonExpired
		case "7":
			d.State, d.Reason, d.Peer, change.Unqueue = exchange.StateHeld, exchange.ReasonDirectorySkew, "", []exchange.DeliveryKey{d.Key}
		case "8":
			d.State, change.Statements = exchange.StateStopped, w.from("district", d, envelope.Stopped)
		case "9":
			d.State, change.Statements = exchange.StateDropped, w.from("district", d, envelope.Dropped)
		default:
			continue
		}
		change.Deliveries = []exchange.Delivery{d}
		change.Entries = []journal.Entry{{Time: w.net.Now().UnixMicro(), Actor: journal.System, Agency: d.Key.Recipient,
			Action: "delivery." + d.State.String(), Object: d.Digest.String(), Outcome: journal.OutcomeOK}}
		if _, err := rows.Commit(w.ctx, change); err != nil {
			w.Fatalf("letter %s: %v", content.Metadata.Number, err)
		}
	}
}

// from is a statement that another node signs.
func (w *makerV1) from(node string, d exchange.Delivery, kind envelope.StatementKind) []exchange.StatementRow {
	w.Helper()
	at := w.net.Now().UnixMicro()
	st := envelope.Statement{Kind: kind, Envelope: d.Digest, OriginNode: d.Key.Origin, EnvelopeID: d.Key.ID, Recipient: d.Key.Recipient,
		Issuer: node, Incarnation: envelope.ID{1}, Sequence: 1, Time: at, Previous: d.Tip}
	sealed, err := envelope.SealStatement(&st, signerOf(w.net.Node(node).leaf))
	if err != nil {
		w.Fatal(err)
	}
	return []exchange.StatementRow{{Key: st.Key(), Digest: sealed.Digest(), Agency: d.Key.Recipient, Delivery: d.Key, Sealed: sealed, Received: at}}
}
