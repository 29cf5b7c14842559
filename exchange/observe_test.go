package exchange_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
	"lienthong/signer"
)

// An observer keeps what it was told.
type observer struct {
	mu                 sync.Mutex
	signed, judged     []string
	committed, refused int
	statements         map[envelope.StatementKind]int
}

func (o *observer) Committed(change *exchange.Change, took time.Duration, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil || took < 0 {
		o.refused++
		return
	}
	o.committed++
	for _, row := range change.Statements {
		o.statements[row.Key.Kind]++
	}
}

func (o *observer) Signed(outcome string, _ time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.signed = append(o.signed, outcome)
}

func (o *observer) Judged(verdict string, _ time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.judged = append(o.judged, verdict)
}

// Whoever observes a node is told of each signature, judgement and commit, and how it went.
func TestObserver(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	was := n.signing
	n.stop()
	told := &observer{statements: map[envelope.StatementKind]int{}}
	w.config = func(c *exchange.Config) { c.Observe = told }
	n = w.start("node", n.dir)
	door(n, was)
	n.signing.Keys = was.Keys
	ctx := context.Background()
	file := n.upload("so", readSample(t, "01-ward-report.pdf"))
	for _, key := range []string{"chairman", "nobody's"} {
		_, err := n.service.SignFile(ctx, clerk, exchange.SignRequest{Agency: "H55.so", File: file, Key: key})
		if (err == nil) != (key == "chairman") {
			t.Fatal(err)
		}
	}
	if _, err := n.service.Validate(ctx, clerk, "so", file, "", ""); err != nil {
		t.Fatal(err)
	}
	broken := n.upload("so", []byte("no PDF"))
	if _, err := n.service.Validate(ctx, clerk, "so", broken, "", ""); err == nil {
		t.Fatal("what is no PDF was judged")
	}
	n.send(letter(t, "so", "phong"))
	told.mu.Lock()
	defer told.mu.Unlock()
	if got := strings.Join(told.signed, " "); got != "ok "+signer.RefusedKey {
		t.Errorf("signed %q", got)
	}
	if len(told.judged) < 2 || told.judged[0] != "unsigned" || told.judged[1] != "unreadable" {
		t.Errorf("judged %q", told.judged)
	}
	if told.committed == 0 || told.statements[envelope.Submitted] != 1 || told.statements[envelope.Delivered] != 1 {
		t.Errorf("%d commits, statements %v", told.committed, told.statements)
	}
}

// A node that is stopped in the middle of a validation hands the job back: it goes on
// when the node is started, as often as that happens.
func TestValidationIsHandedBack(t *testing.T) {
	t.Parallel()
	var begun atomic.Int32
	var let atomic.Bool
	w := newWorld(t, map[string]string{"node": ""}, agencySpec{id: "so", home: "node"}, agencySpec{id: "phong", home: "node"})
	w.config = func(c *exchange.Config) {
		c.Validate = func(ctx context.Context, _ exchange.Blob, _ time.Time, _ string, _ *signer.Claim) (*signer.Report, error) {
			begun.Add(1)
			if let.Load() {
				return &signer.Report{Verdict: signer.VerdictUnsigned}, nil
			}
			<-ctx.Done()
			return nil, errors.New("stopped")
		}
	}
	n := w.node("node")
	n.stop()
	n = w.start("node", n.dir)
	doc := n.send(letter(t, "so", "phong"))
	for stops := int32(1); stops <= 3; stops++ {
		n.eventually("a validation that has begun", func() bool { return begun.Load() == stops })
		n.stop()
		let.Store(stops == 3)
		n = w.start("node", n.dir)
	}
	n.eventually("a verdict", func() bool {
		d, ok := n.delivery(doc.Letter.Key, "phong")
		return ok && d.Verdict == string(signer.VerdictUnsigned)
	})
	leaves, err := n.store.Leaves(context.Background(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	handed := 0
	for _, leaf := range leaves {
		if e, err := journal.ParseLeaf(leaf.Data); err == nil && e.Action == "validation.attempt" && e.Outcome == "STOPPED" {
			handed++
		}
	}
	if handed != 3 {
		t.Errorf("handed back %d times, want 3", handed)
	}
	n.verifyJournal()
}
