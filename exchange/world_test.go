package exchange_test

import (
	"context"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpki"
	"lienthong/journal"
	"lienthong/signer"
	"lienthong/store"
	"lienthong/store/storetest"
)

// A world is a few nodes in one process, with real stores, and links in memory that
// can be cut.
type world struct {
	t         testing.TB
	pki       *testpki.PKI
	evidence  *certs.Evidence // of every node's validator
	authority envelope.Signer
	mu        sync.Mutex
	now       time.Time
	nodes     map[string]*testNode
	directory envelope.Directory
	keys      map[string]envelope.Signer
	blobs     func(exchange.Blobs) exchange.Blobs          // wraps those of nodes that are opened from now on
	config    func(*exchange.Config)                       // changes that of nodes that are opened from now on
	lossy     func(from, to string, f exchange.Frame) bool // true: the frame is lost, and the link with it
	cuts      map[string][]func()                          // by "a b"
	down      map[string]bool                              // pairs that cannot be dialled
	stores    map[string]string                            // node id to the URL of its store, where it is no file of its own
	courier   func(*courier) exchange.Courier              // what dialling gives; nil: the courier itself
	spreads   bool                                         // links also carry the directory
}

type testNode struct {
	w       *world
	id      string
	dir     string
	core    *exchange.Node
	service *exchange.Service
	relay   *exchange.Relay
	store   exchange.Store
	blobs   exchange.Blobs
	signing *signer.Service // the same that the node has, empty until a test fills it
	stop    func()
}

// An agencySpec is an agency of the world and its home node.
type agencySpec struct{ id, home string }

// newWorld makes nodes, given as child to parent, and agencies.
func newWorld(t testing.TB, parents map[string]string, agencies ...agencySpec) *world {
	t.Helper()
	return newWorldOver(t, nil, parents, agencies...)
}

// newWorldOver is newWorld with other stores for some nodes: node id to URL.
func newWorldOver(t testing.TB, stores, parents map[string]string, agencies ...agencySpec) *world {
	t.Helper()
	pki := testpki.New(t)
	w := &world{t: t, pki: pki, stores: stores, now: testpki.Now, nodes: map[string]*testNode{}, keys: map[string]envelope.Signer{}, cuts: map[string][]func(){}, down: map[string]bool{}}
	w.evidence = pki.Evidence()
	w.authority = w.key("zone")
	w.directory = envelope.Directory{Zone: "thai-nguyen", Epoch: 1, Issued: testpki.Now.UnixMicro()}
	for id, parent := range parents {
		w.keys[id] = w.key(id)
		w.directory.Nodes = append(w.directory.Nodes, envelope.Node{ID: id, Name: id, Parent: parent, Addresses: []string{id},
			Certificates: []envelope.NodeCertificate{{Certificate: w.keys[id].Certificate.Raw}}})
	}
	for _, a := range agencies {
		w.directory.Agencies = append(w.directory.Agencies, envelope.Agency{ID: a.id, Name: "UBND " + a.id, HomeNode: a.home,
			Codes: []envelope.AgencyCode{{Code: "H55." + a.id, NotBefore: 1}}})
	}
	for id := range parents {
		w.start(id, t.TempDir())
	}
	return w
}

func (w *world) key(id string) envelope.Signer {
	leaf := w.pki.Issue(testpki.Node(id), testpki.P256())
	return envelope.Signer{Key: leaf.Signer, Certificate: leaf.Certificate}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(time.Microsecond)
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) sealed(d envelope.Directory) envelope.Sealed {
	w.t.Helper()
	sealed, err := envelope.SealDirectory(&d, w.authority)
	if err != nil {
		w.t.Fatal(err)
	}
	return sealed
}

// start opens a node over a folder and runs it.
func (w *world) start(id, dir string) *testNode {
	w.t.Helper()
	n := w.open(id, dir)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { n.relay.Run(ctx, &dialer{w, n}); close(done) }()
	var once sync.Once
	n.stop = func() {
		once.Do(func() {
			cancel()
			w.cutAll(id)
			<-done
			w.counted(n)
			if err := n.store.Close(); err != nil {
				w.t.Error(err)
			}
		})
	}
	w.t.Cleanup(n.stop)
	w.mu.Lock()
	w.nodes[id] = n
	w.mu.Unlock()
	return n
}

// counted finds that what a node counts is what all rows of its store say, whatever its
// test has done.
func (w *world) counted(n *testNode) {
	w.mu.Lock()
	now := w.now.UnixMicro()
	w.mu.Unlock()
	storetest.Counted(w.t, n.store, now)
}

func (w *world) open(id, dir string) *testNode {
	w.t.Helper()
	url := "sqlite:" + dir
	if w.stores[id] != "" {
		url = w.stores[id]
	}
	st, blobs, err := store.Open(context.Background(), url)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.blobs != nil {
		blobs = w.blobs(blobs)
	}
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("LIENTHONG_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil)).With("node", id)
	}
	signing := &signer.Service{}
	cfg := exchange.Config{ID: id, Signer: w.keys[id], Authorities: []*x509.Certificate{w.authority.Certificate}, Store: st, Blobs: blobs,
		Validate: exchange.NewValidator(w.pki.Trust(), w.evidence), Signing: signing, Now: w.clock, Log: log}
	if w.config != nil {
		w.config(&cfg)
	}
	core, err := exchange.NewNode(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	n := &testNode{w: w, id: id, dir: dir, core: core, service: exchange.NewService(core), relay: exchange.NewRelay(core), store: st, blobs: blobs, signing: signing}
	if core.Directory().Epoch < w.directory.Epoch {
		n.imports(w.directory)
	}
	return n
}

func (n *testNode) imports(d envelope.Directory) {
	n.w.t.Helper()
	if _, err := n.service.ImportDirectory(context.Background(), journal.System, n.w.sealed(d)); err != nil {
		n.w.t.Fatal(err)
	}
}

// node is the running node of a name.
func (w *world) node(id string) *testNode {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.nodes[id]
}

// eventually waits until what is wanted is seen at a node, which is asked again
// after each of its commits.
func (n *testNode) eventually(what string, ok func() bool) {
	n.w.t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond) // for what changes without a commit, such as a link
	defer tick.Stop()
	for {
		next := n.core.NextChange()
		if ok() {
			return
		}
		select {
		case <-next:
		case <-tick.C:
		case <-deadline.C:
			n.w.t.Fatalf("node %q: waited 30 s for %s", n.id, what)
		}
	}
}

var clerk = journal.Actor{Principal: "van-thu"}

// letter is a request to send sample text as an official letter.
func letter(t testing.TB, from string, to ...string) exchange.SendRequest {
	t.Helper()
	pdf, err := os.ReadFile(filepath.Join("..", "testdata", "samples", "04-official-letter.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	req := exchange.SendRequest{Agency: from, Metadata: metadata(), Files: []exchange.OutgoingFile{{Role: envelope.FileMain, Name: "công văn.pdf", MediaType: "application/pdf", Data: pdf}},
		Staff: envelope.Staff{ID: "cb-17", Name: "Nguyễn Thị Ngọc Bích", Department: "Văn phòng"}}
	for _, agency := range to {
		req.Recipients = append(req.Recipients, exchange.OutgoingRecipient{Agency: agency})
	}
	return req
}

func metadata() envelope.Metadata {
	return envelope.Metadata{Number: "05", Symbol: "UBND-VP", Subject: "Về việc rà soát thủ tục hành chính", IssuedDate: "2026-11-20", Place: "Ba Hàng",
		Signer: envelope.SignerInfo{Competence: "TM.", Position: "CHỦ TỊCH", FullName: "Trần Văn Đĩnh"}, ToPlaces: []string{"Như trên", "Lưu: VT"}}
}

func (n *testNode) send(req exchange.SendRequest) *exchange.Document {
	n.w.t.Helper()
	doc, err := n.service.Send(context.Background(), clerk, req)
	if err != nil {
		n.w.t.Fatal(err)
	}
	return doc
}

// states are those of a document's deliveries, by recipient.
func (n *testNode) states(key exchange.LetterKey) map[string]exchange.State {
	n.w.t.Helper()
	rows, err := n.store.Deliveries(context.Background(), key)
	if err != nil {
		n.w.t.Fatal(err)
	}
	out := map[string]exchange.State{}
	for _, d := range rows {
		out[d.Key.Recipient] = d.State
	}
	return out
}

func (n *testNode) delivery(key exchange.LetterKey, recipient string) (exchange.Delivery, bool) {
	n.w.t.Helper()
	rows, err := n.store.Deliveries(context.Background(), key)
	if err != nil {
		n.w.t.Fatal(err)
	}
	for _, d := range rows {
		if d.Key.Recipient == recipient {
			return d, true
		}
	}
	return exchange.Delivery{}, false
}

func (n *testNode) delivered(key exchange.LetterKey, recipients ...string) func() bool {
	return func() bool {
		states := n.states(key)
		for _, r := range recipients {
			if states[r] != exchange.StateDelivered {
				return false
			}
		}
		return true
	}
}

// verifyJournal fails the test if a node's journal does not verify.
func (n *testNode) verifyJournal() {
	n.w.t.Helper()
	check, err := n.service.VerifyJournal(context.Background())
	if err != nil {
		n.w.t.Fatal(err)
	}
	if len(check.Problems) > 0 {
		n.w.t.Fatalf("journal of %q: %q", n.id, check.Problems)
	}
}
