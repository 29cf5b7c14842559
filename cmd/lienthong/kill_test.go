package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"lienthong/client"
	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testnode"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

const (
	killLetters = 200
	kills       = 3
)

// 200 letters are on their way through the district when its process is killed,
// three times, at moments that the seed chooses. Every letter arrives once, every
// receipt verifies, and the three journals verify. LIENTHONG_SEED repeats a run.
func TestKillDistrict(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for some seconds")
	}
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("LIENTHONG_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("LIENTHONG_SEED=%d", seed)
	d := newWorld(t)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	k := &killing{demo: d, t: t, ctx: ctx, random: rand.New(rand.NewPCG(seed, 1)), sent: make(map[string]string), one: make(chan struct{}, killLetters)}
	k.ward = k.client("ward")
	var wg sync.WaitGroup
	wg.Go(k.killThrice)
	k.sendAll()
	wg.Wait()
	k.awaitAll()
	k.checkInboxes()
	k.checkReceipts()
	k.checkJournals()
}

type killing struct {
	*demo
	t      *testing.T
	ctx    context.Context
	random *rand.Rand // of the killer alone
	ward   *client.Client
	one    chan struct{} // a value for each letter that was sent

	mu   sync.Mutex
	sent map[string]string // name of the document, by the number of the letter
}

func (k *killing) client(node string) *client.Client {
	k.t.Helper()
	c, err := k.world.client(k.ctx, node, demoClerk)
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { c.Close() })
	return c
}

// killThrice kills the district while letters come in, and starts it again.
func (k *killing) killThrice() {
	n, sent := k.world.nodes["district"], 0
	for i := range kills {
		// Somewhere in the next third of the letters, and not at a message's end.
		for at := i*killLetters/kills + 5 + k.random.IntN(killLetters/kills-10); sent < at; sent++ {
			select {
			case <-k.one:
			case <-k.ctx.Done():
				return // the letters that did not come are told of
			}
		}
		// A letter that was sent is an event; that the district is in the midst of a frame or of
		// a commit is none that could be seen from outside. So the seed chooses the moment.
		time.Sleep(time.Duration(k.random.IntN(30_000)) * time.Microsecond)
		if err := n.process.Process.Kill(); err != nil {
			k.t.Error(err)
		}
		<-n.exited
		n.log.Close()
		k.t.Logf("killed after %d letters were sent", sent)
		// How long it is away is the seed's too: its neighbours dial again at once and after
		// pauses, and nothing that they do then shows here.
		time.Sleep(time.Duration(k.random.IntN(200)) * time.Millisecond)
		if err := n.start(k.ctx, k.world.self); err != nil {
			k.t.Error(err)
			return
		}
	}
}

// sendAll sends from eight clerks at once: most letters to the province, some to
// both, and some with an annex that is too large for a frame.
func (k *killing) sendAll() {
	file := testnode.Draft(8000)
	numbers := make(chan int)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for number := range numbers {
				if err := k.send(number, file); err != nil {
					k.t.Errorf("letter %d: %v", number, err)
				}
				k.one <- struct{}{}
			}
		})
	}
	for number := range killLetters {
		numbers <- number
	}
	close(numbers)
	wg.Wait()
}

func recipientsOf(number int) []string {
	if number%5 == 0 {
		return []string{"a-thai-nguyen", "a-pho-yen"}
	}
	return []string{"a-thai-nguyen"}
}

func (k *killing) send(number int, file []byte) error {
	m := &lienthongv1.SendDocumentRequest{Agency: demoSender, RequestId: fmt.Sprintf("kill-%d", number),
		Metadata: &lienthongv1.DocumentMetadata{Number: strconv.Itoa(number + 1), Symbol: "BC-UBND", Subject: "Thử nghiệm", IssuedDate: k.now().In(hanoi).Format(time.DateOnly)},
		Files:    []*lienthongv1.OutgoingFile{{Role: lienthongv1.FileRole_FILE_ROLE_MAIN, Name: "thu.pdf", MediaType: "application/pdf", Data: file}}}
	for _, agency := range recipientsOf(number) {
		m.Recipients = append(m.Recipients, &lienthongv1.OutgoingRecipient{Agency: agency})
	}
	if number%20 == 0 {
		annex := bytes.Repeat([]byte{byte(number)}, 1<<20)
		up, err := k.ward.Upload(k.ctx, demoSender, "annex.bin", "application/octet-stream", bytes.NewReader(annex), int64(len(annex)), nil)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, &lienthongv1.OutgoingFile{Role: lienthongv1.FileRole_FILE_ROLE_ANNEX, Sha256: up.GetSha256()})
	}
	answer, err := k.ward.Documents.SendDocument(k.ctx, m)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sent[m.GetMetadata().GetNumber()] = answer.GetDocument().GetName()
	return nil
}

// awaitAll waits until the ward has a Delivered for every recipient of every letter.
func (k *killing) awaitAll() {
	k.t.Helper()
	for {
		waiting := 0
		for token := ""; ; {
			page, err := k.ward.Documents.ListDocuments(k.ctx, &lienthongv1.ListDocumentsRequest{Agency: demoSender, PageSize: 100, PageToken: token})
			if err != nil {
				k.t.Fatal(err)
			}
			for _, d := range page.GetDocuments() {
				for _, s := range d.GetDeliveries() {
					if s.GetState() != lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED {
						waiting++
					}
				}
			}
			if token = page.GetNextPageToken(); token == "" {
				break
			}
		}
		if waiting == 0 {
			return
		}
		if k.ctx.Err() != nil {
			k.t.Fatalf("%d recipients have no Delivered at the ward", waiting)
		}
		time.Sleep(100 * time.Millisecond) // the nodes are other processes, and can only be asked
	}
}

// checkInboxes finds every letter once at each of its recipients, and no other.
func (k *killing) checkInboxes() {
	k.t.Helper()
	for agency, node := range map[string]string{"a-thai-nguyen": "province", "a-pho-yen": "district"} {
		want := 0
		for number := range killLetters {
			for _, to := range recipientsOf(number) {
				if to == agency {
					want++
				}
			}
		}
		seen := k.inbox(node, agency)
		if len(seen) != want {
			k.t.Errorf("%s has %d letters, want %d", agency, len(seen), want)
		}
		for number, times := range seen {
			if times != 1 {
				k.t.Errorf("%s has letter %s %d times", agency, number, times)
			}
		}
	}
}

// inbox counts the letters in an inbox by their number.
func (k *killing) inbox(node, agency string) map[string]int {
	k.t.Helper()
	c, seen := k.client(node), make(map[string]int)
	for token := ""; ; {
		page, err := c.Deliveries.ListDeliveries(k.ctx, &lienthongv1.ListDeliveriesRequest{Agency: agency, PageSize: 100, PageToken: token})
		if err != nil {
			k.t.Fatal(err)
		}
		for _, d := range page.GetDeliveries() {
			seen[d.GetDocument().GetMetadata().GetNumber()]++
		}
		if token = page.GetNextPageToken(); token == "" {
			return seen
		}
	}
}

// checkReceipts verifies every receipt that the ward holds, and that it holds those
// that it must.
func (k *killing) checkReceipts() {
	k.t.Helper()
	parsed, err := envelope.ParseDirectory(k.world.directory)
	if err != nil {
		k.t.Fatal(err)
	}
	directory, err := exchange.NewDirectory(parsed)
	if err != nil {
		k.t.Fatal(err)
	}
	receipts := 0
	for number, name := range k.sent {
		document, deliveries, err := findDocument(k.ctx, k.ward, name)
		if err != nil {
			k.t.Fatal(err)
		}
		for _, d := range deliveries {
			by := make(map[string]string)
			for _, e := range d.GetHistory() {
				receipt, err := envelope.ReceiptFromProto(e.GetReceipt())
				if err != nil {
					k.t.Fatal(err)
				}
				st, err := directory.VerifyReceipt(receipt)
				if err != nil || !bytes.Equal(st.Envelope[:], document.GetEnvelopeDigest()) {
					k.t.Errorf("letter %s: receipt %s of %s: %v", number, e.GetKind(), e.GetNode(), err)
				}
				by[st.Kind.String()] = st.Issuer
				receipts++
			}
			home := map[string]string{"a-thai-nguyen": "province", "a-pho-yen": "district"}[d.GetRecipient().GetAgency().GetId()]
			if by["delivered"] != home {
				k.t.Errorf("letter %s to %s: Delivered by %q, want %q", number, d.GetRecipient().GetAgency().GetId(), by["delivered"], home)
			}
		}
	}
	k.t.Logf("%d receipts verified", receipts)
}

func (k *killing) checkJournals() {
	k.t.Helper()
	for _, n := range demoNodes {
		answer, err := k.client(n.id).Journal.VerifyJournal(k.ctx, &lienthongv1.VerifyJournalRequest{})
		if err != nil || !answer.GetOk() {
			k.t.Errorf("journal of %s: %v %v", n.id, answer.GetProblems(), err)
		}
		k.t.Logf("journal of %s: %d entries", n.id, answer.GetTreeSize())
	}
}
