package admin

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lienthong/envelope"
	"lienthong/exchange"
)

const (
	askLimit = 5 * time.Second // for all that a scrape asks of the store
	askAgain = 2 * time.Second // what was asked within this is told again
)

// A Source is a node that metrics are asked of.
type Source struct {
	Store     exchange.Store
	Blobs     exchange.Blobs
	Peers     func() []string                // that there should be a link to
	Connected func() []string                // that there is one to
	Epoch     func() uint64                  // of the directory
	Zones     func() []exchange.ZoneInfo     // of the directory; nil: none
	Binding   func() exchange.Binding        // of the node's certificate; nil: not told
	Accounts  func() []exchange.AccountState // of space, and quotas; nil: none
	Now       func() time.Time
	Log       *slog.Logger
}

// Watch adds what only the node itself knows. It is asked at each scrape, and not more
// often than every two seconds.
func (m *Metrics) Watch(s Source) { m.registry.MustRegister(&source{Source: s}) }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("lienthong_"+name, help, labels, nil)
}

var (
	up          = describe("up", "1 if the store answered this scrape, 0 if what it knows is missing below.")
	deliveries  = describe("deliveries", "Deliveries that have not come to an end, by state and by the peer for which they wait.", "state", "peer")
	oldest      = describe("deliveries_oldest_seconds", "Age of the oldest of them.", "state", "peer")
	late        = describe("deliveries_late", "Deliveries that have not arrived in time, wherever they are; 1000 stands for more.", "urgency")
	outbox      = describe("outbox_rows", "Letters that wait for a peer, a row for each recipient; those in doubt wait too.", "peer")
	unsent      = describe("outbox_statements", "Statements that a peer has not stored yet.", "peer")
	link        = describe("link_up", "1 if this process has a link to the peer.", "peer")
	validations = describe("validation_jobs", "Letters that are due to be validated and that nobody works on.")
	lateness    = describe("validation_jobs_oldest_seconds", "How long the oldest of them has been due.")
	levelJobs   = describe("level_jobs", "Files that wait for a later level.")
	levelAge    = describe("level_jobs_oldest_seconds", "Age of the oldest of them.")
	journalSize = describe("journal_entries", "Entries of the journal.")
	batches     = describe("store_batches_total", "Commits of the database by this process.")
	operations  = describe("store_operations_total", "Operations in them; over the number of batches it is how many shared a sync.")
	damaged     = describe("files_damaged", "Files whose bytes do not hash to their digest and that have not come again.")
	free        = describe("files_free_bytes", "Bytes that may still be written where files are kept.")
	epoch       = describe("directory_epoch", "Epoch of the directory.")
	zoneEpoch   = describe("directory_zone_epoch", "Epoch of a zone of the directory; 0: the list names it, and it is not here.", "zone")
	certBound   = describe("node_certificate_bound", "1 if the directory binds the certificate in use to this node now, 0 if no neighbour lets it in.")
	certEnds    = describe("node_certificate_ends_seconds", "How long the certificate in use is good for, by itself and by the directory; negative: it has ended.")
	nodeRetires = describe("node_retiring", "1 if the node is to end and takes nothing new from its own agencies, 2 once nothing was left to do, else 0.")
	zoneAge     = describe("directory_zone_age_seconds", "How long ago the authority of a zone signed what is here.", "zone")
)

// urgencyNames are those of the command's --urgency.
var urgencyNames = map[envelope.Urgency]string{envelope.UrgencyNormal: "normal", envelope.UrgencyUrgent: "urgent",
	envelope.UrgencyVeryUrgent: "very-urgent", envelope.UrgencyFlash: "flash"}

// A source collects from a node.
type source struct {
	Source
	mu    sync.Mutex
	asked time.Time
	told  []prometheus.Metric
}

// Describe implements [prometheus.Collector].
func (s *source) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{up, deliveries, oldest, late, outbox, unsent, link, validations, lateness, levelJobs, levelAge,
		journalSize, batches, operations, damaged, free, epoch, zoneEpoch, zoneAge, certBound, certEnds, nodeRetires, spaceFull, spaceHeld, quotaUsed, quotaFull, spaceRefused} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (s *source) Collect(ch chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.Now(); s.told == nil || now.Sub(s.asked) >= askAgain {
		s.asked, s.told = now, nil
		s.ask(now)
	}
	for _, m := range s.told {
		ch <- m
	}
}

func (s *source) gauge(d *prometheus.Desc, value float64, labels ...string) {
	s.tell(d, prometheus.GaugeValue, value, labels...)
}

func (s *source) counter(d *prometheus.Desc, value uint64) {
	s.tell(d, prometheus.CounterValue, float64(value))
}

func (s *source) tell(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
	m, err := prometheus.NewConstMetric(d, kind, value, labels...)
	if err != nil { // a name that is no text: this one is missing, and the others are not
		m = prometheus.NewInvalidMetric(d, err)
	}
	s.told = append(s.told, m)
}

func (s *source) ask(now time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	err := errors.Join(s.askStore(ctx, now), s.askFiles(ctx))
	value := 1.0
	if err != nil {
		value = 0
		s.Log.Error("metrics", "error", err)
	}
	s.gauge(up, value)
	written := s.Store.Written()
	s.counter(batches, written.Batches)
	s.counter(operations, written.Operations)
	s.gauge(epoch, float64(s.Epoch()))
	s.askZones(now)
	s.askCertificate(now)
	s.askLinks()
	s.askAccounts()
}

// askStore adds nothing of a store that does not answer: no number is better than an
// old one.
func (s *source) askStore(ctx context.Context, now time.Time) error {
	backlog, err := s.Store.Backlog(ctx, now.UnixMicro())
	if err != nil {
		return err
	}
	rows, err := s.Store.OutboxPeers(ctx)
	if err != nil {
		return err
	}
	overdue, err := exchange.CountLate(ctx, s.Store, now.UnixMicro())
	if err != nil {
		return err
	}
	size, err := s.Store.TreeSize(ctx)
	if err != nil {
		return err
	}
	bad, err := s.Store.Damaged(ctx)
	if err != nil {
		return err
	}
	s.gauge(damaged, float64(bad))
	if err := s.askRetirement(ctx); err != nil {
		return err
	}
	for _, w := range backlog.Deliveries {
		s.gauge(deliveries, float64(w.Rows), w.State.String(), w.Peer)
		s.gauge(oldest, age(now, w.Oldest), w.State.String(), w.Peer)
	}
	for urgency, n := range overdue {
		s.gauge(late, float64(n), urgencyNames[urgency])
	}
	for peer, n := range rows {
		s.gauge(outbox, float64(n), peer)
	}
	for _, w := range backlog.Statements {
		s.gauge(unsent, float64(w.Rows), w.Peer)
	}
	s.gauge(validations, float64(backlog.Validations.Rows))
	s.gauge(lateness, age(now, backlog.Validations.Oldest))
	s.gauge(levelJobs, float64(backlog.LevelJobs.Rows))
	s.gauge(levelAge, age(now, backlog.LevelJobs.Oldest))
	s.gauge(journalSize, float64(size))
	return nil
}

func (s *source) askFiles(ctx context.Context) error {
	n, err := s.Blobs.Room(ctx)
	if err == nil {
		s.gauge(free, float64(n))
	}
	return err
}

// askLinks gives a 0 to peers that should be there and are not.
func (s *source) askLinks() {
	state := map[string]float64{}
	for _, peer := range s.Peers() {
		state[peer] = 0
	}
	for _, peer := range s.Connected() {
		state[peer] = 1
	}
	for peer, value := range state {
		s.gauge(link, value, peer)
	}
}

// age is how long ago a time was, in seconds; 0 where there is none, or a clock differs.
func age(now time.Time, micros int64) float64 {
	if micros == 0 {
		return 0
	}
	return max(0, now.Sub(time.UnixMicro(micros)).Seconds())
}

func (s *source) askZones(now time.Time) {
	if s.Zones == nil {
		return
	}
	for _, z := range s.Zones() {
		s.gauge(zoneEpoch, float64(z.Epoch), z.Zone)
		if z.Epoch > 0 {
			s.gauge(zoneAge, now.Sub(time.UnixMicro(z.Issued)).Seconds(), z.Zone)
		}
	}
}

func (s *source) askCertificate(now time.Time) {
	if s.Binding == nil {
		return
	}
	b := s.Binding()
	bound := 0.0
	if b.Bound {
		bound = 1
	}
	s.gauge(certBound, bound)
	s.gauge(certEnds, b.Ends.Sub(now).Seconds())
}
