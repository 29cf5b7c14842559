package admin

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"lienthong/envelope"
	"lienthong/exchange"
)

// Metrics counts what a node does, and asks it what it has still to do. It is the
// [exchange.Observer] of a node. Labels are words of this program and names of nodes
// in the directory: strangers cannot make new ones.
type Metrics struct {
	registry   *prometheus.Registry
	node       string
	commits    *prometheus.HistogramVec
	signatures *prometheus.HistogramVec
	judgements *prometheus.HistogramVec
	calls      *prometheus.HistogramVec
	statements *prometheus.CounterVec
	levels     *prometheus.CounterVec
	alarms     *prometheus.CounterVec
	erased     *prometheus.CounterVec
	broken     prometheus.Counter
	refusals   *prometheus.CounterVec
	gateway    *prometheus.HistogramVec
}

var _ exchange.Observer = (*Metrics)(nil)

// Upper bounds in seconds. A commit is a sync of a disk; a signature waits for
// authorities that take minutes; a validation reads up to gigabytes.
var (
	fast = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}
	slow = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300}
)

// NewMetrics makes the metrics of the node with this id.
func NewMetrics(node string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), node: node}
	m.commits = m.histogram("lienthong_store_commit_seconds", "How long acts waited for the store, by outcome.", fast, "outcome")
	m.signatures = m.histogram("lienthong_sign_seconds", "How long SignFile took, by outcome (ok, or the reason of the refusal).", slow, "outcome")
	m.judgements = m.histogram("lienthong_validation_seconds", "How long the validation of a file took, by verdict.", slow, "verdict")
	m.calls = m.histogram("lienthong_call_seconds", "How long calls took, by method and gRPC code; links and watches are as long as they live.", slow, "method", "code")
	m.statements = m.counter("lienthong_statements_total", "Signed statements about letters that were stored, by kind, and whether this node or another issued them.", "kind", "issuer")
	m.alarms = m.counter("lienthong_stopped_and_delivered_total", "Letters that one node signed to have stopped and their recipient's home to have delivered: somebody has to look why.")
	m.alarms.WithLabelValues()
	m.erased = m.counter("lienthong_letters_erased_total", "Letters that a retention policy let go: their text, or the files of those that passed through.", "what")
	m.levels = m.counter("lienthong_level_attempts_total", "Ends of attempts at later levels of signatures: done, put_off, given_up.", "outcome")
	m.broken = m.counter("lienthong_calls_broken_total", "Calls that ended with an error which nobody expected; the log has it.").WithLabelValues()
	m.refusals = m.counter("lienthong_refusals_total", "Calls that were refused to their callers, by reason.", "reason")
	m.gateway = m.histogram("lienthong_gateway_seconds", "How long calls of the national axis took, by call and ErrorCode.", slow, "call", "code")
	m.begin()
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewBuildInfoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// begin shows what an alert waits for as 0: the first forged letter must be a step from
// 0 to 1, and not a series that begins at 1.
func (m *Metrics) begin() {
	for _, verdict := range []string{"valid", "invalid", "indeterminate", "unsigned", "unreadable"} {
		m.judgements.WithLabelValues(verdict)
	}
	for _, outcome := range []string{"ok", "full", "failed"} {
		m.commits.WithLabelValues(outcome)
	}
	for _, outcome := range []string{"done", "put_off", "given_up"} {
		m.levels.WithLabelValues(outcome)
	}
	for _, what := range []string{exchange.ErasedText, exchange.ErasedFiles} {
		m.erased.WithLabelValues(what)
	}
	for kind := envelope.Submitted; kind <= envelope.Consent; kind++ {
		m.statements.WithLabelValues(kindOf(kind), "own")
		m.statements.WithLabelValues(kindOf(kind), "other")
	}
	m.signatures.WithLabelValues("ok")
	m.refusals.WithLabelValues("FORBIDDEN")
	m.refusals.WithLabelValues("TOO_MANY_CALLS")
	for _, code := range []string{"0", "10", "20", "27"} {
		m.gateway.WithLabelValues("/sendEdoc", code)
	}
}

func (m *Metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(h)
	return h
}

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

// Committed implements [exchange.Observer].
func (m *Metrics) Committed(change *exchange.Change, took time.Duration, err error) {
	m.commits.WithLabelValues(outcomeOfCommit(err)).Observe(took.Seconds())
	if err != nil {
		return
	}
	for i := range change.Statements {
		key := &change.Statements[i].Key
		issuer := "other"
		if key.Issuer == m.node {
			issuer = "own"
		}
		m.statements.WithLabelValues(kindOf(key.Kind), issuer).Inc()
	}
	for i := range change.Entries {
		if change.Entries[i].Action == exchange.AlarmStoppedDelivered {
			m.alarms.WithLabelValues().Inc()
		}
	}
	for _, e := range change.Erase {
		what := exchange.ErasedFiles
		if e.Text {
			what = exchange.ErasedText
		}
		m.erased.WithLabelValues(what).Inc()
	}
	for i := range change.LevelJobs {
		if outcome := outcomeOfLevel(&change.LevelJobs[i]); outcome != "" {
			m.levels.WithLabelValues(outcome).Inc()
		}
	}
}

// Signed implements [exchange.Observer].
func (m *Metrics) Signed(outcome string, took time.Duration) {
	m.signatures.WithLabelValues(outcome).Observe(took.Seconds())
}

// Judged implements [exchange.Observer].
func (m *Metrics) Judged(verdict string, took time.Duration) {
	m.judgements.WithLabelValues(verdict).Observe(took.Seconds())
}

// Called counts a call that has ended.
func (m *Metrics) Called(method, code string, took time.Duration) {
	m.calls.WithLabelValues(method, code).Observe(took.Seconds())
	if code == "Internal" {
		m.broken.Inc()
	}
}

// AxisCalled counts a call of the national axis that has ended.
func (m *Metrics) AxisCalled(call, code string, took time.Duration) {
	m.gateway.WithLabelValues(call, code).Observe(took.Seconds())
}

// Refused counts a call that was refused.
func (m *Metrics) Refused(reason string) { m.refusals.WithLabelValues(reason).Inc() }

// kindOf names the kinds that this version knows; a stranger may send any number.
func kindOf(kind envelope.StatementKind) string {
	if kind < envelope.Submitted || kind > envelope.Consent {
		return "unknown"
	}
	return kind.String()
}

// outcomeOfLevel is what has become of a job, empty for one that is new.
func outcomeOfLevel(job *exchange.LevelJob) string {
	switch {
	case job.State == exchange.LevelDone:
		return "done"
	case job.State == exchange.LevelGivenUp:
		return "given_up"
	case job.Revision > 0:
		return "put_off"
	}
	return ""
}

// outcomeOfCommit: "stale" and "conflict" are races and repeats, which are decided
// again; "full" and "failed" are for an operator.
func outcomeOfCommit(err error) string {
	for _, m := range []struct {
		is   error
		name string
	}{{exchange.ErrStale, "stale"}, {exchange.ErrConflict, "conflict"}, {exchange.ErrMissing, "missing"}, {exchange.ErrFenced, "fenced"}, {exchange.ErrFull, "full"}} {
		if errors.Is(err, m.is) {
			return m.name
		}
	}
	if err != nil {
		return "failed"
	}
	return "ok"
}

func (m *Metrics) handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            logger{log},
		ErrorHandling:       promhttp.ContinueOnError, // what can be said is said: scrape errors show in lienthong_up
		MaxRequestsInFlight: 4,
	})
}

// A logger takes the library's errors into ours.
type logger struct{ log *slog.Logger }

func (l logger) Println(v ...any) { l.log.Warn("metrics", "error", fmt.Sprint(v...)) }
