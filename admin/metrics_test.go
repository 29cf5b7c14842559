package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lienthong/envelope"
	"lienthong/exchange"
)

// scrape gives what Prometheus would read.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

func TestCounted(t *testing.T) {
	t.Parallel()
	m := NewMetrics("ward")
	wantLines(t, scrape(t, m), `lienthong_validation_seconds_count{verdict="invalid"} 0`, `lienthong_statements_total{issuer="own",kind="failed"} 0`,
		`lienthong_level_attempts_total{outcome="given_up"} 0`, `lienthong_store_commit_seconds_count{outcome="failed"} 0`, `lienthong_calls_broken_total 0`)
	row := func(issuer string, kind envelope.StatementKind) exchange.StatementRow {
		return exchange.StatementRow{Key: envelope.StatementKey{Issuer: issuer, Kind: kind}}
	}
	change := &exchange.Change{
		Statements: []exchange.StatementRow{row("ward", envelope.Failed), row("district", envelope.Delivered), row("district", 1_000_007)},
		LevelJobs: []exchange.LevelJob{{State: exchange.LevelWaiting}, {State: exchange.LevelWaiting, Revision: 2},
			{State: exchange.LevelDone, Revision: 2}, {State: exchange.LevelGivenUp, Revision: 2}},
	}
	m.Committed(change, 3*time.Millisecond, nil)
	m.Committed(change, time.Millisecond, fmt.Errorf("store: %w", exchange.ErrStale)) // nothing of it was written
	m.Committed(change, time.Millisecond, errors.New("input/output error"))
	m.Signed("ok", 3*time.Second)
	m.Judged("invalid", time.Second)
	m.Called("/lienthong.v1.FileService/StartUpload", "OK", time.Millisecond)
	m.Called("/lienthong.v1.FileService/StartUpload", "Internal", time.Millisecond)
	wantLines(t, scrape(t, m),
		`lienthong_calls_broken_total 1`,
		`lienthong_store_commit_seconds_bucket{outcome="ok",le="0.0025"} 0`,
		`lienthong_store_commit_seconds_bucket{outcome="ok",le="0.005"} 1`,
		`lienthong_store_commit_seconds_count{outcome="stale"} 1`,
		`lienthong_store_commit_seconds_count{outcome="failed"} 1`,
		`lienthong_statements_total{issuer="own",kind="failed"} 1`,
		`lienthong_statements_total{issuer="other",kind="delivered"} 1`,
		`lienthong_statements_total{issuer="other",kind="unknown"} 1`,
		`lienthong_level_attempts_total{outcome="put_off"} 1`,
		`lienthong_level_attempts_total{outcome="done"} 1`,
		`lienthong_level_attempts_total{outcome="given_up"} 1`,
		`lienthong_sign_seconds_bucket{outcome="ok",le="2.5"} 0`,
		`lienthong_sign_seconds_bucket{outcome="ok",le="5"} 1`,
		`lienthong_validation_seconds_count{verdict="invalid"} 1`,
		`lienthong_call_seconds_count{code="OK",method="/lienthong.v1.FileService/StartUpload"} 1`)
}

// A backlog is a store that says what a test wants.
type backlog struct {
	exchange.Store
	is   exchange.Backlog
	asks int
	err  error

	end    exchange.Retirement
	endErr error
}

func (b *backlog) Backlog(context.Context, int64) (exchange.Backlog, error) {
	b.asks++
	return b.is, b.err
}
func (b *backlog) OutboxPeers(context.Context) (map[string]int, error) {
	return map[string]int{"district": 3}, nil
}
func (b *backlog) Underway(_ context.Context, u envelope.Urgency, _ int64, _ exchange.Mark, _ int) ([]exchange.Delivery, error) {
	return make([]exchange.Delivery, 2*int(u)), nil
}
func (b *backlog) Damaged(context.Context) (int, error)     { return 1, nil }
func (b *backlog) TreeSize(context.Context) (uint64, error) { return 42, nil }
func (b *backlog) Retirement(context.Context) (exchange.Retirement, error) {
	return b.end, b.endErr
}
func (b *backlog) Written() exchange.Written { return exchange.Written{Batches: 5, Operations: 9} }

func TestAsked(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_795_000_000, 0)
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixMicro() }
	s := &backlog{endErr: exchange.ErrNotFound, is: exchange.Backlog{
		Deliveries: []exchange.Waiting{{State: exchange.StateQueued, Peer: "district", Rows: 2, Oldest: ago(90 * time.Second)},
			{State: exchange.StateHeld, Rows: 1, Oldest: ago(-time.Hour)}, {State: exchange.StateInDoubt, Peer: "bad\xff", Rows: 1}},
		Statements:  []exchange.Waiting{{Peer: "district", Rows: 7}},
		Validations: exchange.Waiting{Rows: 4, Oldest: ago(time.Minute)},
	}}
	m := NewMetrics("ward")
	m.Watch(Source{Store: s, Blobs: room{free: 1 << 30}, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
		Peers: func() []string { return []string{"district", "hamlet"} }, Connected: func() []string { return []string{"district"} },
		Epoch: func() uint64 { return 3 }, Accounts: func() []exchange.AccountState {
			return []exchange.AccountState{{Kind: "up", Letters: 3, Bytes: 300, Full: true, Refused: 2}, {Kind: "from", Name: "hamlet", Letters: 5, Bytes: 500, Used: 0.5},
				{Kind: "agency", Name: "a", Full: true, Refused: 4}, {Kind: "agency", Name: "b", Used: 0.1, Refused: 1}}
		}})
	text := scrape(t, m)
	wantLines(t, text, `lienthong_up 1`, `lienthong_node_retiring 0`,
		`lienthong_deliveries{peer="district",state="queued"} 2`, `lienthong_deliveries_oldest_seconds{peer="district",state="queued"} 90`,
		`lienthong_deliveries{peer="",state="held"} 1`, `lienthong_deliveries_oldest_seconds{peer="",state="held"} 0`,
		`lienthong_deliveries_late{urgency="normal"} 2`, `lienthong_deliveries_late{urgency="flash"} 8`,
		`lienthong_outbox_rows{peer="district"} 3`, `lienthong_outbox_statements{peer="district"} 7`,
		`lienthong_link_up{peer="district"} 1`, `lienthong_link_up{peer="hamlet"} 0`,
		`lienthong_validation_jobs 4`, `lienthong_validation_jobs_oldest_seconds 60`, `lienthong_level_jobs 0`, `lienthong_level_jobs_oldest_seconds 0`,
		`lienthong_files_damaged 1`, `lienthong_journal_entries 42`, `lienthong_store_batches_total 5`, `lienthong_store_operations_total 9`,
		`lienthong_files_free_bytes 1.073741824e+09`, `lienthong_directory_epoch 3`,
		`lienthong_space_full{account="up"} 1`, `lienthong_space_held_bytes{account="up"} 300`, `lienthong_quota_used_ratio{account="from",peer="hamlet"} 0.5`,
		`lienthong_quota_full{account="from"} 0`, `lienthong_quota_full{account="agency"} 1`, `lienthong_space_refused_total{account="up"} 2`,
		`lienthong_space_refused_total{account="agency"} 5`)
	if strings.Contains(text, `peer="a"`) {
		t.Error("an agency is a label")
	}

	// Who asks again at once costs the store nothing.
	s.err = errors.New("the disk is gone")
	if scrape(t, m); s.asks != 1 {
		t.Errorf("the store was asked %d times in one moment", s.asks)
	}
	// A store that does not answer: no old numbers, and what is known without it.
	now = now.Add(askAgain)
	text = scrape(t, m)
	wantLines(t, text, `lienthong_up 0`, `lienthong_link_up{peer="hamlet"} 0`, `lienthong_files_free_bytes 1.073741824e+09`)
	if strings.Contains(text, "\nlienthong_outbox_rows") || strings.Contains(text, "\nlienthong_deliveries{") {
		t.Error("numbers of a store that does not answer")
	}
}

// docs/operating.md has a row for each metric, and for none that there is not.
func TestOperatingNamesEveryMetric(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `(lienthong_[a-z_]+)").FindAllStringSubmatch(string(page), -1) {
		described[match[1]] = true
	}
	m := NewMetrics("ward")
	for _, name := range m.names() {
		if !described[name] {
			t.Errorf("docs/operating.md has no row for %s", name)
		}
		delete(described, name)
	}
	for name := range described {
		t.Errorf("docs/operating.md describes %s, which there is not", name)
	}
}

// names lists our own metrics by what they describe.
func (m *Metrics) names() (out []string) {
	fq := regexp.MustCompile(`fqName: "([a-z_]+)"`)
	descs := make(chan *prometheus.Desc, 100)
	for _, c := range []prometheus.Collector{m.commits, m.signatures, m.judgements, m.calls, m.statements, m.alarms, m.erased, m.levels, m.broken, m.refusals, m.gateway, &source{}} {
		c.Describe(descs)
	}
	close(descs)
	for d := range descs {
		out = append(out, fq.FindStringSubmatch(d.String())[1])
	}
	return out
}
