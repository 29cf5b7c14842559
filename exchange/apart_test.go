package exchange_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/exchange"
	"lienthong/signer"
)

// A crashedStore gives out jobs that a process has died over, and remembers which come again.
type crashedStore struct {
	exchange.Store
	mu   sync.Mutex
	jobs []exchange.Job
}

func (s *crashedStore) ClaimJobs(ctx context.Context, now, until int64, limit int) ([]exchange.Job, error) {
	jobs, err := s.Store.ClaimJobs(ctx, now, until, limit)
	for i := range jobs {
		jobs[i].Attempts = max(jobs[i].Attempts, 2)
	}
	return jobs, err
}

func (s *crashedStore) Commit(ctx context.Context, c exchange.Change) (exchange.Committed, error) {
	done, err := s.Store.Commit(ctx, c)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(c.Reports) > 0 {
		s.jobs = append(s.jobs, c.Jobs...)
	}
	return done, err
}

// A letter over which a process has died is judged apart. Where that ends too, the verdict
// is indeterminate with the finding that says so, and a day passes before it is tried again,
// apart again.
func TestJudgedApartAfterACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"node": ""}, agencySpec{"so", "node"}, agencySpec{"phong", "node"})
	n := w.node("node")
	var here, apart atomic.Int32
	rows := &crashedStore{}
	w.config = func(c *exchange.Config) {
		rows.Store, c.Store = c.Store, rows
		c.Validate = func(context.Context, exchange.Blob, time.Time, string, *signer.Claim) (*signer.Report, error) {
			here.Add(1)
			return &signer.Report{Verdict: signer.VerdictValid}, nil
		}
		c.ValidateApart = func(_ context.Context, _ exchange.Blob, at time.Time, policy string, _ *signer.Claim) (*signer.Report, error) {
			apart.Add(1)
			report, err := signer.Crashed(at, policy, "out of memory")
			if err != nil {
				return nil, err
			}
			return report, fmt.Errorf("child: %w", exchange.ErrCrashed)
		}
	}
	n = w.again(n)
	doc := n.send(letter(t, "so", "phong"))
	n.eventually("a verdict", func() bool { d, ok := n.delivery(doc.Letter.Key, "phong"); return ok && d.Verdict == "indeterminate" })
	d, _ := n.delivery(doc.Letter.Key, "phong")
	said := n.verdicts(t, d)
	if here.Load() != 0 || apart.Load() != 1 || len(said) != 1 {
		t.Fatalf("judged %d times here and %d apart, said %+v; want it once, apart", here.Load(), apart.Load(), said)
	}
	data, err := n.store.Report(context.Background(), said[0].Files[0].Report)
	if err != nil {
		t.Fatal(err)
	}
	var report signer.Report
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	if report.SHA256 != said[0].Files[0].SHA256.String() || !slices.ContainsFunc(report.Findings, func(f signer.Finding) bool { return f.Name == signer.FindingCrashed }) {
		t.Errorf("report %s, want one of the file that says what happened", data)
	}
	rows.mu.Lock()
	defer rows.mu.Unlock()
	if len(rows.jobs) != 1 || rows.jobs[0].Attempts != 1 || rows.jobs[0].DueAt < w.clock().Add(23*time.Hour).UnixMicro() {
		t.Errorf("jobs %+v, want one in a day, of a second attempt", rows.jobs)
	}
	if reason, err := n.service.Refusal(context.Background(), "phong", d.ID); err != nil || reason == "" {
		t.Errorf("reason to refuse %q, %v", reason, err)
	} else {
		t.Log(reason)
	}
}
